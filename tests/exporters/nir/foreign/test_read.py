"""Graphs of other tools: their networks send every spike that NIR's equations do."""

import nir
import numpy as np
import pytest

pytest.importorskip("nir", reason="nir is not installed")

from hypothesis import given as drawing
from hypothesis import settings
from hypothesis import strategies as st

from exporters import read_nir, write_nir
from exporters.nir.file import Assumptions, read
from exporters.nir.foreign.weights import exact
from onespike_lava.errors import OneSpikeWarning, OptionError, UnsupportedError
from tests.exporters.nir.euler import Euler
from tests.exporters.nir.foreign.graphs import STEPS, Foreign, drawn, laid_flat
from tests.exporters.nir.stepping import DT, sayable_network, sent_to

READINGS = {
    "to zero": {"reset": "zero"},
    "gain in a step": {"reset": "zero", "if_r": "step"},
    "soft": {"reset": "subtract"},
    "soft with a floor": {"reset": "subtract", "floor": -1.0},
    "at most three": {"reset": "zero", "spikes": 3},
    "soft, many": {"reset": "subtract", "spikes": "many", "floor": -2.0},
}


def given(**options):
    return {"steps": STEPS, "dt": DT, "if_r": "second", "reset": "zero", **options}


def written(graph, folder):
    nir.write(folder / "foreign.nir", graph)
    return folder / "foreign.nir"


def check(network, graph, options, seed=0):
    """Every spike of every layer, and the scores, of spikes at random; how many there were."""
    rng = np.random.default_rng(seed)
    sent = (rng.random((network.phases, *network.input.shape)) < 0.3).astype(np.uint8)
    unsaid = {key: options[key] for key in options if key != "steps"}
    found = Euler(laid_flat(graph), **unsaid).run(sent)
    run = network.run(sent[None], engine="numpy", record=True)
    spikes = 0
    for layer in network.layers[1:-1]:
        trains = run.trains(layer.name)[0]
        assert (found[layer.name].reshape(trains.shape) == trains).all(), layer.name
        spikes += int(trains.sum())
    ends = found["out"].reshape(len(sent), -1)
    silent = network.readout.name != "out"  # potentials; else the output adds up
    assert (run.scores[0] * network.readout.scale == (ends[-1] if silent else ends.sum(0))).all()
    return spikes


@pytest.mark.parametrize("name", READINGS)
@pytest.mark.parametrize("seed", range(6))
@pytest.mark.filterwarnings("ignore::onespike_lava.errors.OneSpikeWarning")
def test_every_spike_is_that_of_the_equations(name, seed, tmp_path):
    options = given(**READINGS[name])
    plain = options.get("spikes", "one") == "one"
    graph = drawn(seed, reset=options["reset"], if_r=options["if_r"], starts=plain)
    network = read_nir(written(graph, tmp_path), **options)
    assert check(network, graph, options, seed) > 100


@pytest.mark.parametrize("seed", range(6))
def test_nodes_of_this_library_are_read_without_their_metadata(seed, tmp_path):
    network = sayable_network(seed, twice=False)
    path = tmp_path / "net.nir"
    write_nir(network, path, dt=DT)
    graph = nir.read(path)
    graph.metadata = {}
    for node in graph.nodes.values():
        node.metadata = {}
    found = read_nir(written(graph, tmp_path), **given())
    sent = sent_to(network, seed)[None]
    ours, theirs = (each.run(sent, engine="numpy", record=True) for each in (network, found))
    for place, layer in enumerate(network.layers[:-1]):
        if layer.kind != "sum":  # becomes synapses
            assert (ours.trains(layer.name) == theirs.trains(f"{place}_{layer.name}")).all()
    unit = network.readout.scale / 2**network.readout.integration.fraction_bits
    assert (ours.scores * unit == theirs.scores * found.readout.scale).all()


def test_what_was_assumed_is_told_and_kept(tmp_path):
    graph = drawn(3, starts=False)
    path = written(graph, tmp_path)
    network, told = read(path, Assumptions(**given(floor=-4.0, spikes=3)))
    texts = dict(network.provenance)
    assert texts["source"] == "nir"
    assert {f"nir_{line.partition(':')[0].replace('-', '_')}" for line in told} < set(texts)
    assert texts["nir_steps"] == "a sample has 7"
    assert texts["nir_if_r"] == "r of an IF or I is its gain in a second"
    assert texts["nir_spikes"] == "v / threshold rounded down, 3 a step at most"
    assert texts["nir_floor"] == "-4"
    write_nir(network, tmp_path / "own.nir")  # as our own it needs nothing
    assert read(tmp_path / "own.nir", Assumptions()) == (network, [])
    with pytest.raises(OptionError, match=r"own\.nir: steps, dt: the file says so itself; leave"):
        read_nir(tmp_path / "own.nir", steps=7, dt=DT)


@pytest.mark.parametrize(
    ("kinds", "wanted"),
    [
        ((nir.IF,), "--steps T, --if-r second|step, --reset zero|subtract"),
        ((nir.LIF,), "--steps T, --dt SECONDS, --reset zero|subtract"),
        ((nir.CubaLI,), "--steps T, --dt SECONDS"),
        ((nir.I,), "--steps T, --if-r second|step"),
        ((), "--steps T"),
    ],
)
def test_what_nir_leaves_open_is_asked_for(kinds, wanted, tmp_path):
    make = Foreign(0)
    at = make.dense(make.input(3), 3, 2, bias=False)
    for kind in kinds:
        at = make.add(make.neuron(kind, (2,)), at)
    path = written(make.end(at), tmp_path)
    with pytest.raises(OptionError, match="NIR does not say all of it; give ") as error:
        read_nir(path)
    assert str(error.value).endswith(f"give {wanted}")


def small(kind, **fields):
    """Two inputs, two neurons, weights 1, read out; other parameters 1."""
    names = {"tau", "r", "v_leak", "v_threshold", "v_reset", "tau_syn", "tau_mem", "w_in"}
    found = dict.fromkeys(names & set(kind.__dataclass_fields__), 1.0)
    found |= {key: 0.0 for key in ("v_leak", "v_reset") if key in found}
    found |= fields
    node = kind(**{key: np.broadcast_to(np.float32(v), 2).copy() for key, v in found.items()})
    make = Foreign(0)
    at = make.add(nir.Linear(np.eye(2, dtype=np.float32)), make.input(2))
    return make.end(make.add(node, at, name="n"))


def test_a_step_of_one_second_needs_no_gain(tmp_path):
    path = written(small(nir.IF, r=3, v_threshold=7), tmp_path)
    network = read_nir(path, steps=4, dt=1.0, reset="zero")
    assert network.layers[1].threshold.base.tolist() == [3, 3]  # 7 / 3, above it


def test_a_leak_to_another_potential_than_that_of_the_reset_is_a_drive(tmp_path):
    graph = small(nir.LIF, tau=2 * DT, v_leak=4, v_reset=-2, v_threshold=1.5)
    network = read_nir(written(graph, tmp_path), **given())
    assert network.layers[1].integration.drive.tolist() == [6 << 0] * 2
    assert check(network, graph, given()) > 3


def test_decays_that_are_no_4096ths_are_told(tmp_path):
    """LIF of 20 steps: 3891 / 4096 is kept of 0.95; few spikes differ."""
    graph = small(nir.LIF, tau=20 * DT, r=20, v_threshold=1.3)
    network, told = read(written(graph, tmp_path), Assumptions(**given(steps=100)))
    assert network.layers[1].integration.keep_v.tolist() == [3891]
    decay = (
        "decay: n keeps multiples of 1/4096 of its potential, up to 5e-05 from those of the file"
    )
    assert decay in told
    assert any(line == "digits: states of n are rounded to 8 binary places" for line in told)
    assert check(network, graph, given()) > 20


def test_constants_between_the_integers_are_told(tmp_path):
    path = written(small(nir.IF, r=1 / DT, v_threshold=1.3), tmp_path)
    _, told = read(path, Assumptions(**given(reset="subtract", floor=-0.7)))
    assert "grid: amounts of the reset and floors of n are rounded to its integers" in told
    _, told = read(path, Assumptions(**given()))  # a threshold alone lies between without harm
    assert not [line for line in told if line.startswith("grid")]


def test_weights_of_any_binary_grid_are_exact(tmp_path):
    for exponent in (-20, -7, 0, 11):
        graph = small(nir.IF, r=1 / DT, v_threshold=100 * 2.0**exponent)
        weight = np.array([[127, -128], [3, 0]]) * 2.0**exponent
        graph.nodes["linear.1"].weight = weight.astype(np.float32)
        found = read_nir(written(graph, tmp_path), **given()).layers[1]
        assert found.synapses[0].weight.tolist() == [[127, -128], [3, 0]]
        assert found.threshold.base.tolist() == [101, 101]
        assert (found.scale == 2.0**exponent).all()


@settings(max_examples=50, deadline=None)
@drawing(st.integers(0, 2**32 - 1), st.floats(1e-6, 1e3), st.booleans())
def test_int8_times_any_unit_is_found(seed, unit, alike):
    """As float32 has the products; one of them is odd, so that there is no larger unit."""
    rng = np.random.default_rng(seed)
    whole = [rng.integers(-127, 128, shape).astype(np.int8) for shape in ((3, 5), (3, 2, 2, 2))]
    whole[0][:, :2] = [127, 1]
    units = unit * (np.ones(3) if alike else rng.uniform(0.5, 2, 3))
    shaped = [units.reshape(-1, *[1] * (each.ndim - 1)) for each in whole]
    reals = [(w * u).astype(np.float32) for w, u in zip(whole, shaped, strict=True)]
    found, grid = exact("layer", [each.astype(np.float64) for each in reals], alike)
    assert all((one == two).all() for one, two in zip(found, whole, strict=True))
    assert np.allclose(grid, units, rtol=1e-6)


def test_another_quantiser_takes_real_weights(tmp_path):
    """To the nearest of 127 steps; the spikes are those of the graph with these weights."""
    make, rng = Foreign(7, leaks=False), np.random.default_rng(7)
    make.weight = lambda *shape: rng.normal(5, 20, shape).astype(np.float32)
    make.grid = 0
    at = make.input(9)
    for inputs in (9, 12):
        at = make.neurons(make.dense(at, inputs, 12, bias=False), shape=(12,), unit=9)
    graph = make.end(at)
    path = written(graph, tmp_path)
    with pytest.raises(UnsupportedError, match="are no int8 multiples of one number"):
        read_nir(path, **given())
    network = read_nir(path, int8=True, **given())
    for layer, name in zip(network.layers[1:], ("linear.1", "linear.3"), strict=False):
        real = graph.nodes[name].weight
        units = np.abs(real).max(axis=1, keepdims=True) / 127
        assert np.abs(layer.synapses[0].weight * units - real).max() <= units.max() / 2 + 1e-6
        graph.nodes[name].weight = layer.synapses[0].weight * units.astype(np.float64)
    assert check(network, graph, given()) > 30


def test_what_several_ways_bring_to_a_node_gets_its_bias_once(tmp_path):
    """Also that of a layer's own spikes, and twice where the ways part again behind it."""
    make = Foreign(4, leaks=False)
    at = make.dense(make.input(5), 5, 6)
    pair = [make.neurons(at, shape=(6,), unit=8) for _ in range(2)]
    joined = make.dense(pair[0], 6, 6)
    make.edges.append((pair[1], joined))
    parts = [make.add(nir.Scale(np.full(6, factor, np.float32)), joined) for factor in (1, 1)]
    last = make.neurons(*parts, shape=(6,), unit=8)
    make.edges.append((last, joined))
    graph = make.end(last)
    assert check(read_nir(written(graph, tmp_path), **given()), graph, given()) > 30


def test_a_bias_behind_a_factor_is_not_scaled(tmp_path):
    make = Foreign(5, leaks=False)
    one = make.neurons(make.dense(make.input(5), 5, 6), shape=(6,), unit=8)
    half = make.add(nir.Scale(np.full(6, 0.25, np.float32)), one)
    graph = make.end(make.neurons(make.dense(half, 6, 6), shape=(6,), unit=8))
    assert check(read_nir(written(graph, tmp_path), **given()), graph, given()) > 5


def test_delays_add_up(tmp_path):
    make = Foreign(6, leaks=False)
    at = make.neurons(make.dense(make.input(5), 5, 6), shape=(6,), unit=8)
    late = make.rng.integers(0, 3, 6) * np.float32(DT)
    for seconds in (late, np.full(6, DT, np.float32)):
        at = make.add(nir.Delay(seconds.astype(np.float32)), at)
    at = make.add(nir.Delay(np.full(6, 2 * DT, np.float32)), make.dense(at, 6, 6, bias=False))
    graph = make.end(make.neurons(at, shape=(6,), unit=8))
    network = read_nir(written(graph, tmp_path), **given())
    assert (network.layers[2].synapses[0].delay == np.rint(late / DT) + 3).all()
    assert check(network, graph, given()) > 10


def test_a_mean_pool_takes_no_weight_off_its_grid(tmp_path):
    """The ninth of a mean stands in the threshold."""
    make = Foreign(2)
    one = make.neurons(make.conv(make.input(1, 6, 6), 1, 2, bias=False), shape=(2, 6, 6))
    pool = make.add(nir.AvgPool2d(np.array([3, 3]), np.array([3, 3]), np.array([0, 0])), one)
    at = make.neurons(make.conv(pool, 2, 3, bias=False), shape=(3, 2, 2))
    flat = make.add(nir.Flatten(np.array([3, 1, 1]), 0), make.pool(at, nir.AvgPool2d))
    graph = make.end(make.dense(flat, 3, 4, bias=False))
    network = read_nir(written(graph, tmp_path), **given())
    assert network.layers[2].synapses[0].weight.shape == (3, 2, 9, 9)
    assert check(network, graph, given()) > 20


def test_counts_without_a_bound_are_not_proven_but_checked(tmp_path):
    make = Foreign(1, starts=False)
    at = make.input(40)
    for _ in range(3):
        at = make.dense(at, 40, 40, bias=False)
        at = make.neurons(at, shape=(40,), kind=nir.CubaLIF)
    path = written(make.end(at), tmp_path)
    with pytest.warns(OneSpikeWarning, match="a state can reach .*; runs check it and stop there"):
        network = read_nir(path, **given(spikes="many", steps=64))
    assert not network.proven
    assert read_nir(path, **given(spikes=2, steps=64)).proven
