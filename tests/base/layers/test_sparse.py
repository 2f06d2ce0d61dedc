"""Sparse synapses: engines agree, the file keeps them, every rule names what breaks it."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.connectivity import fan_out, macs
from onespike_lava.engines import reference
from onespike_lava.engines import rows as vectorised
from onespike_lava.errors import FormatError, InvalidNetworkError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import Input, Readout, Sparse, Spiking
from onespike_lava.network import Network
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.reader import from_bytes
from onespike_lava.netx.tree import to_tree
from onespike_lava.netx.writer import to_bytes
from onespike_lava.rules import largest_potential
from onespike_lava.summary import summary
from tests.graphs import random_graph_network, random_sparse
from tests.networks import random_samples

SEEDS = range(8)


def as_matrix(synapse, places):
    """The synapse's matrix, int64[rows, places]."""
    rows = np.repeat(np.arange(len(synapse.indptr) - 1), np.diff(synapse.indptr))
    matrix = np.zeros((len(synapse.indptr) - 1, places), np.int64)
    matrix[rows, synapse.indices] = synapse.weight
    return matrix


@pytest.mark.parametrize(
    ("weighting", "several"), [("graded", False), ("graded", True), ("membrane", False)]
)
@pytest.mark.parametrize("seed", SEEDS)
def test_engines_equal_reference(seed, weighting, several):
    network = random_graph_network(seed, weighting, several=several)
    x = random_samples(network, 3, seed)
    for wait in {0, network.phases // 3, network.phases}:
        expected = network.run(x, "reference", wait, record=True)
        for engine in ("numpy", "numba"):
            found = network.run(x, engine, wait, record=True)
            assert first_difference(found, expected) is None
            assert found.spikes == expected.spikes


def test_every_layer_spikes():
    network = random_graph_network(1, phases=16)
    assert min(network.run(random_samples(network, 3)).spikes.values()) > 0


@pytest.mark.parametrize("seed", SEEDS)
def test_reference_is_a_matrix_product(seed):
    rng = np.random.default_rng(seed)
    synapse = random_sparse(rng, 0, 7, 10, signs=2)
    sent = rng.integers(0, 256, (3, 8, 5, 2))
    found = reference.connect(synapse, sent, synapse.output_shape((8, 5, 2)))
    flat = sent.reshape(3, 8, 10)
    expected = (flat[:, ::2] - flat[:, 1::2]) @ as_matrix(synapse, 10).T
    np.testing.assert_array_equal(found, expected[..., None])


@pytest.mark.parametrize("chunk", [1, 40, 10_000])
def test_chunks_do_not_change_sums(monkeypatch, chunk):
    rng = np.random.default_rng(0)
    synapse = random_sparse(rng, 0, 30, 20)
    values = rng.integers(0, 256, (20, 6)).astype(np.float32)
    monkeypatch.setattr(vectorised, "CHUNK_VALUES", chunk)
    expected = as_matrix(synapse, 20) @ values
    np.testing.assert_array_equal(vectorised.product(synapse, values), expected)


@pytest.mark.parametrize("weighting", ["graded", "membrane"])
def test_file_keeps_every_bit(weighting):
    network = random_graph_network(3, weighting)
    assert from_bytes(to_bytes(network)) == network


def test_keys_are_typed_and_complete():
    tree = to_tree(random_graph_network(1))
    path = next(name for name in tree if name.endswith("indptr"))
    for name in ("weight", "indices", "indptr", "signs"):
        key = path.replace("indptr", name)
        with pytest.raises(FormatError, match=rf"^{key}: (missing|float64)"):
            from_tree({place: value for place, value in tree.items() if place != key})
        with pytest.raises((FormatError, InvalidNetworkError), match="float64"):
            from_tree({**tree, key: tree[key].astype(np.float64)})


def small(synapse, shape=(2, 3, 1), source=(4, 3, 1), **fields):
    """Violations of a network whose readout is the synapse."""
    layer = Input("input", source, 8, np.zeros(1), np.ones(1))
    values = {"bias": np.zeros(shape[0], np.int32), "scale": 1.0, **fields}
    readout = Readout("out", shape, (synapse,), **values)
    try:
        Network((layer, readout), 8, 8)
    except InvalidNetworkError as error:
        return error.violations
    return ()


SOUND = Sparse(
    0,
    np.array([5, -6, 7], np.int8),
    np.array([0, 2, 1], np.int32),
    np.array([0, 2, 2, 3], np.int32),
    np.array([1, -1], np.int8),
)


def test_sound_one_passes():
    assert small(SOUND) == ()
    assert small(SOUND, scale=np.ones((1, 3, 1)), bias=np.zeros((1, 3, 1), np.int32)) == ()


def ints(*values):
    return np.array(values, np.int32)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"weight": np.ones(3)}, "weight: float64[3] is not int8[n]"),
        ({"indices": np.ones(3)}, "indices: float64[3] is not int32[n]"),
        (
            {"indices": ints(0, 1)},
            "indices: 2, indptr: 4 are not 3 (weights) and 4 (places + 1); write compressed "
            "sparse rows",
        ),
        (
            {"indptr": ints(0, 3, 2, 3)},
            "indptr: does not rise from 0 to 3; write compressed sparse rows",
        ),
        (
            {"indptr": ints(0, 2, 2, 2)},
            "indptr: does not rise from 0 to 3; write compressed sparse rows",
        ),
        ({"indices": ints(0, 3, 1)}, "indices: 0..3 are outside 0..2, the places"),
        ({"indices": ints(0, -1, 1)}, "indices: -1..1 are outside 0..2, the places"),
        (
            {"indices": ints(2, 2, 1)},
            "indices: do not rise within a row; sort them and sum duplicates",
        ),
        ({"signs": np.array([1, 2], np.int8)}, "signs: int8[2] of [1, 2] are not int8 1 or -1"),
        (
            {"signs": np.ones(4, np.int8)},
            "signs: 4 for each of 2 channels do not read (4, 3, 1)",
        ),
    ],
)
def test_broken_ones_are_named(change, message):
    way_out = "" if "; " in message else "; export the network again"
    assert small(replace(SOUND, **change)) == (f"layer 1 (out): {message}{way_out}",)


def test_shapes_are_checked():
    assert "needs (C, places, 1)" in small(SOUND, shape=(2, 1, 3))[0]
    assert "needs (C, places, 1)" in small(SOUND, source=(12,))[0]
    assert "indptr: 4 are not 3 (weights) and 5" in small(SOUND, shape=(2, 4, 1))[0]
    assert "is not one number or float64[1, 3, 1]" in small(SOUND, scale=np.ones(3))[0]


def test_bound_is_that_of_each_row():
    """The largest row sum of either sign over both signs, met by the worst input."""
    layer = Input("input", (4, 3, 1), 8, np.zeros(1), np.ones(1))
    bias = np.array([9, 0, 0], np.int32).reshape(1, 3, 1)
    network = Network((layer, Readout("out", (2, 3, 1), (SOUND,), bias, 1.0)), 8, 8)
    assert largest_potential(network, network.readout) == (5 + 6) * 255 + 9
    x = np.zeros((1, 4, 3, 1))
    x[0, ::2, 0], x[0, 1::2, 2] = 255, 255
    assert network.run(x).scores.max() == (5 + 6) * 255 + 9


def test_bound_refuses_a_row_too_heavy():
    many = 40_000
    heavy = Sparse(
        0,
        np.full(many, 100, np.int8),
        np.arange(many, dtype=np.int32),
        ints(0, many),
        np.ones(1, np.int8),
    )
    found = small(heavy, shape=(1, 1, 1), source=(1, many, 1))
    assert found[0].startswith("layer 1 (out): potential: 1020000000 can reach the state limit")
    light = replace(heavy, weight=np.zeros(many, np.int8))
    assert small(light, shape=(1, 1, 1), source=(1, many, 1)) == ()


def test_energy_counts_entries():
    assert fan_out(SOUND, (4, 3, 1), (2, 3, 1))[..., 0].tolist() == [[1, 1, 1]] * 4
    assert macs(SOUND, (2, 3, 1)) == 6


def test_constant_belongs_to_the_layer():
    network = random_graph_network(1, phases=16)
    layer = next(
        each for each in network.layers if isinstance(each, Spiking) and each.scale.ndim == 3
    )
    expected = 2 * 2**8 * layer.threshold_base[0, 0, 0] * layer.scale[0, 0, 0]
    assert layer.constant.tolist() == [expected] * layer.shape[0]


def test_summary_counts_entries_and_gives_the_extent_of_scales():
    network = random_graph_network(1)
    found = summary(network)
    assert found["layers"][2]["type"] == "sparse"
    assert found["layers"][2]["weights"] == len(network.layers[2].synapses[0].weight)
    assert found["output_scale"] == [network.readout.scale.min(), network.readout.scale.max()]
    assert network.output_scale.shape == (int(np.prod(network.readout.shape)),)


def test_bound_counts_signs_and_weights_of_either_sign():
    """Twice 10 by the positive signs, 3 by the negative one."""
    odd = Sparse(
        0, np.array([10, -3], np.int8), ints(0, 1), ints(0, 2), np.array([1, -1, 1], np.int8)
    )
    layer = Input("input", (3, 2, 1), 8, np.zeros(1), np.ones(1))
    readout = Readout("out", (1, 1, 1), (odd,), np.zeros(1, np.int32), 1.0)
    network = Network((layer, readout), 8, 8)
    assert largest_potential(network, readout) == 23 * 255
    x = np.zeros((1, 3, 2, 1))
    x[0, ::2, 0], x[0, 1, 1] = 255, 255
    assert network.run(x).scores.tolist() == [[23 * 255]]
