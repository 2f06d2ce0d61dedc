"""One walk through a network: what it finds, and that its memory is bounded."""

import tracemalloc
from functools import partial

import numpy as np
import pytest

from exporters import convert
from exporters.calibration import stored
from exporters.calibration.codes import Code
from exporters.calibration.moments import INPUTS_MAX, is_enough
from exporters.calibration.regression import RIDGE, Regression, outputs, places_of
from exporters.calibration.samples import FEW, WORK, enough
from exporters.calibration.stored import Ranks, Stored, parts
from exporters.graph import Graph, Node
from exporters.passes.pipeline import prepare
from exporters.passes.pools import MERGED_MAX
from exporters.recipe import Recipe
from onespike_lava.netx.tree import to_tree
from tests.sources import cnn, images, walked


@pytest.fixture
def traced():
    tracemalloc.start()
    yield
    tracemalloc.stop()


def peak(function):
    """What a call returns, and the most bytes that it holds on the way."""
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    found = function()
    return found, tracemalloc.get_traced_memory()[1] - before


def head(channels, side, classes=3, seed=0):
    """A convolution, an average pool of the whole plane and a linear layer."""
    rng = np.random.default_rng(seed)
    nodes = (
        Node("x", "input", attrs={"shape": (2, side, side)}),
        Node("conv", "conv", ("x",), {"weight": rng.normal(size=(channels, 2, 1, 1))}),
        Node("relu", "relu", ("conv",)),
        Node("pool", "avgpool", ("relu",), attrs={"kernel": (side, side)}),
        Node("flat", "flatten", ("pool",)),
        Node("fc", "linear", ("flat",), {"weight": rng.normal(size=(classes, channels))}),
    )
    return Graph(nodes, "fc")


def planes(samples, side, seed=0):
    whole = np.random.default_rng(seed).integers(0, 256, (samples, 2, side, side))
    return (whole / 255).astype(np.float32)


def test_five_times_the_samples_take_no_more_memory(traced):
    """But what the samples themselves take, as floats and as the input's integers."""
    graph = prepare(cnn())[0]
    walked(graph, images(64))
    few, many = (peak(partial(walked, graph, images(count)))[1] for count in (128, 640))
    assert many < 1.1 * few + 2 * images(512).nbytes


def test_what_is_found_does_not_depend_on_parts(monkeypatch):
    graph, x = prepare(cnn())[0], images(96)
    recipe, one, other = Recipe(correct="none", rounding="nearest"), {}, {}
    whole = walked(graph, x, recipe, one)
    monkeypatch.setattr(stored, "PART_BYTES", 4 * 8 * 8 * 8 * 5)
    assert len(parts(96, [(8, 8, 8)])) == 20
    by_parts = walked(graph, x, recipe, other)
    assert one
    for name, found in one.items():
        assert (found.maxima == other[name].maxima).all()
        assert (found.counts == other[name].counts).all()
        assert (whole.codes[name].levels == by_parts.codes[name].levels).all()


@pytest.mark.parametrize("more", [0, 1])
def test_a_pool_of_too_many_values_keeps_neurons_of_its_own(more):
    side = 8
    channels = MERGED_MAX // side**2 + more
    found = convert(head(channels, side), planes(30, side)).network
    assert ("pool" in {layer.name for layer in found.layers}) == bool(more)
    inputs = found.readout.synapses[0].weight.shape[1]
    assert inputs == (channels if more else channels * side**2)


def test_a_wide_head_holds_no_matrix_of_its_inputs(traced):
    """4,096 inputs merged from a pool: their squares alone would take 134 million bytes."""
    side, channels = 8, 64
    found, most = peak(lambda: convert(head(channels, side), planes(40, side)))
    assert found.network.readout.synapses[0].weight.shape[1] == side**2 * channels
    assert most < 8 * (side**2 * channels) ** 2 / 2


def test_too_many_inputs_have_no_moments():
    few, many = (
        Node("a", "linear", ("x",), {"weight": np.zeros((1, inputs))})
        for inputs in (INPUTS_MAX, INPUTS_MAX + 1)
    )
    assert is_enough(few, 4 * INPUTS_MAX)
    assert not is_enough(few, 4 * INPUTS_MAX - 1)
    assert not is_enough(many, 2**40)


def test_a_regression_is_ridge_regression(monkeypatch):
    rng = np.random.default_rng(0)
    node = Node("a", "linear", ("x",), {"weight": rng.normal(size=(3, 5)), "bias": np.ones(3)})
    inputs = rng.normal(size=(400, 5)).astype(np.float32) + np.float32(2)
    lacks = (inputs @ rng.normal(size=(5, 3)) + rng.normal(size=(400, 3))).astype(np.float32)
    monkeypatch.setattr("exporters.calibration.moments.ROWS_BYTES", 8 * 5 * 37)  # runs of 37 rows
    found = Regression(node, 400, "weights")
    for part in (slice(0, 150), slice(150, 400)):
        found.add(inputs[part], None, lacks[part])
    moved = found.solution()
    x, y = (each - each.mean(axis=0) for each in (inputs.astype(float), lacks.astype(float)))
    square = x.T @ x / 400
    damped = square + (RIDGE * np.trace(square) / 5 + 1e-12) * np.eye(5)
    change = np.linalg.solve(damped, x.T @ y / 400)
    assert np.allclose(moved.params["weight"] - node.params["weight"], change.T, atol=1e-9)
    bias = lacks.mean(axis=0) - inputs.mean(axis=0) @ change
    assert np.allclose(moved.params["bias"], 1 + bias, atol=1e-5)
    few = Regression(node, 19, "weights")
    few.add(inputs[:19], None, lacks[:19])
    assert (few.solution().params["weight"] == node.params["weight"]).all()


def test_drawn_outputs_are_those_of_the_map(monkeypatch):
    rng = np.random.default_rng(1)
    weight = rng.normal(size=(6, 2, 3, 3))
    attrs = {"groups": 2, "padding": (1, 0, 1, 2), "stride": (2, 1)}
    graph = Graph(
        (
            Node("x", "input", attrs={"shape": (4, 7, 6)}),
            Node("c", "conv", ("x",), {"weight": weight}, attrs),
        ),
        "c",
    )
    x = rng.normal(size=(5, 4, 7, 6)).astype(np.float32)
    whole = graph.evaluate(x)
    at = tuple(rng.integers(0, size, 40) for size in (5, *whole.shape[2:]))
    monkeypatch.setattr("exporters.calibration.moments.ROWS_BYTES", 8 * 36 * 7)  # runs of 7 rows
    found = outputs(graph.node("c"), x, at)
    assert np.allclose(found, whole[at[0], :, at[1], at[2]], rtol=1e-4, atol=1e-5)
    assert places_of(graph.node("c"), 1000) == 17  # 16,384 rows
    assert places_of(graph.node("c"), 1) == 128
    wide = Node("w", "conv", ("x",), {"weight": np.zeros((1, 64, 3, 3))})
    assert places_of(wide, 1000) == 37  # 64 rows for each of 576 weights


def test_ranks_are_what_the_code_carries(tmp_path):
    rng = np.random.default_rng(0)
    levels = np.append(np.sort(rng.uniform(0.01, 0.8, 16))[::-1], 0.0)
    code = Code(np.array([0.0, 1.5, 3e-5]), levels, True, 1.3)
    values = rng.uniform(0, 2, (4, 3, 5, 5)).astype(np.float32) * np.float32([[[[1.0]]]])
    edges = (code.constant[1] * code.thresholds).astype(np.float32)
    values[0, 1].flat[:16] = edges
    values[1, 1].flat[:16] = np.nextafter(edges, np.float32(0))
    values[2, 1].flat[:16] = np.nextafter(edges, np.float32(9))
    values[:, 0] = 0
    ranks = code.ranks(values)
    assert ranks.dtype == np.uint8
    assert ranks.max() == 16
    assert (code.of_ranks(ranks) == code.apply(values).astype(np.float32)).all()
    held = Ranks(tmp_path / "ranks", (3, 5, 5), code)
    held.append(ranks[:3])
    held.append(ranks[3:])
    assert (held[slice(2, 4)] == code.of_ranks(ranks[2:4])).all()
    assert (held.ranks(slice(0, 1)) == ranks[:1]).all()
    held.remove()
    assert not list(tmp_path.iterdir())


def test_stored_values_come_back(tmp_path):
    values = np.random.default_rng(0).normal(size=(7, 3)).astype(np.float32)
    held = Stored(tmp_path / "values", (3,))
    for part in (slice(0, 4), slice(4, 7)):
        held.append(values[part])
    assert (held[slice(3, 7)] == values[3:]).all()
    held.remove()


def test_work_bounds_the_samples():
    x = np.arange(1000.0)[:, None]
    assert enough(x, WORK // 1000) is x
    few = enough(x, WORK // 50)
    assert len(few) == 50
    assert few[0] == 0
    assert few[-1] == 999
    assert len(enough(x, WORK)) == FEW


def test_a_file_says_of_how_many_samples(monkeypatch):
    x = images(120)
    whole = dict(convert(cnn(), x).network.provenance)
    assert "calibration_used" not in whole
    monkeypatch.setattr("exporters.calibration.samples.WORK", 1)
    notes = dict(convert(cnn(), x).network.provenance)
    assert (notes["calibration_samples"], notes["calibration_used"]) == ("120", str(FEW))


def test_the_scratch_folder_is_empty_afterwards(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert to_tree(convert(cnn(), images(70)).network)
    assert not list(tmp_path.iterdir())
