"""Pruned connections in the file: the live weights alone, read back as they were."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava import netx
from onespike_lava.errors import FormatError, InvalidNetworkError
from onespike_lava.layers import Input, Readout, Spiking, Synapse
from onespike_lava.network import Network
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.tree import to_tree
from tests.graphs import random_graph_network
from tests.networks import random_network, random_samples, random_timed_network
from tests.pruned import pruned

KEYS = ("weight_shape", "weight_live")


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.95])
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("kind", ["graded", "membrane", "timed", "graph"])
def test_what_is_written_is_read_in_every_bit(kind, seed, share):
    made = {"timed": random_timed_network, "graph": random_graph_network}
    plain = made[kind](seed) if kind in made else random_network(seed, kind)
    network = pruned(plain, share, seed)
    content = netx.to_bytes(network)
    again = netx.from_bytes(content)
    assert again == network
    assert netx.to_bytes(again) == content


def test_live_weights_of_0_stay_apart_from_pruned_ones():
    synapse = pruned(random_network(1)).layers[1].synapses[0]
    zeros = synapse.weight == 0
    assert (zeros & synapse.live).any()
    assert (zeros & ~synapse.live).any()
    found = netx.from_bytes(netx.to_bytes(pruned(random_network(1)))).layers[1].synapses[0]
    np.testing.assert_array_equal(found.live, synapse.live)


def test_the_file_holds_no_pruned_weight_and_others_are_as_before():
    plain = random_network(1)
    before, tree = to_tree(plain), to_tree(pruned(plain))
    assert not [path for path in before if path.endswith(KEYS)]
    layers = pruned(plain).layers
    shapes = [path for path in tree if path.endswith("weight_shape")]
    assert len(shapes) == sum(len(layer.synapses) for layer in layers)
    for path in shapes:
        place = path.split("/")
        synapse = layers[int(place[1])].synapses[int(place[3]) if len(place) == 5 else 0]
        weight, bits = (tree[path.replace("_shape", end)] for end in ("", "_live"))
        assert tuple(tree[path]) == synapse.weight.shape
        assert weight.tolist() == synapse.weight[synapse.live].tolist()
        assert bits.nbytes == -(-synapse.weight.size // 8)
    rest = [path for path in before if not path.endswith("weight")]
    assert all(tree[path].tobytes() == before[path].tobytes() for path in rest)


def test_a_file_of_few_live_weights_is_small():
    weight = np.zeros((100, 4000), np.int8)
    live = np.zeros(weight.shape, bool)
    live[:, ::40], weight[:, ::40] = True, 3
    layers = (
        Input("in", (4000,), 2, np.zeros(1), np.ones(1)),
        Readout("out", (100,), (Synapse(0, weight, live=live),), np.zeros(100, "i4"), 1.0),
    )
    network = Network(layers, 2, 2)
    whole = replace(network, layers=(layers[0], replace(layers[1], synapses=(Synapse(0, weight),))))
    apart = len(netx.to_bytes(whole)) - len(netx.to_bytes(network))
    assert apart > weight.size - live.sum() - weight.size // 8 - 2000
    x = random_samples(network, 3)
    np.testing.assert_array_equal(network.run(x).scores, whole.run(x).scores)


@pytest.mark.parametrize("engine", ["reference", "numpy", "numba"])
def test_engines_take_pruned_weights_as_zeros(engine):
    network = pruned(random_network(3))
    layers = tuple(
        replace(each, synapses=tuple(replace(one, live=None) for one in each.synapses))
        if isinstance(each, (Spiking, Readout))
        else each
        for each in network.layers
    )
    x = random_samples(network, 4)
    found, expected = network.run(x, engine), replace(network, layers=layers).run(x, "reference")
    np.testing.assert_array_equal(found.scores, expected.scores)


def fields():
    """Keys of a small dense connection, 4 of its 12 weights live."""
    weight = np.zeros((3, 4), np.int8)
    weight[0] = (1, 2, 0, 4)
    live = weight != 0
    live[2, 3] = True
    layers = (
        Input("in", (4,), 2, np.zeros(1), np.ones(1)),
        Readout("out", (3,), (Synapse(0, weight, live=live),), np.zeros(3, "i4"), 1.0),
    )
    return to_tree(Network(layers, 2, 2))


def test_bits_stand_from_the_lowest_on():
    tree = fields()
    assert tree["layer/1/weight"].tolist() == [1, 2, 4, 0]
    assert tree["layer/1/weight_live"].tolist() == [0b1011, 0b1000]
    assert tree["layer/1/weight_shape"].tolist() == [3, 4]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("weight", np.ones(3, "i1"), "weight: 3 weights are not 4, as many as live; write"),
        ("weight", np.ones(5, "i1"), "weight: 5 weights are not 4, as many as live; write"),
        ("weight", np.ones((2, 2), "i1"), r"weight: int8\[2, 2\] is not int8 \[n\]; write"),
        ("weight", np.ones(4, "i4"), r"weight: int32\[4\] is not int8 \[n\]; write"),
        ("weight_live", np.array([11, 8, 0], "i1"), "weight_live: 3 bytes are not 2, a bit for"),
        ("weight_live", np.array([11], "i1"), "weight_live: 1 bytes are not 2, a bit for each"),
        ("weight_live", np.array([11, 24], "i1"), "weight_live: bits behind the last weight are"),
        ("weight_live", np.array([11, -120], "i1"), "weight_live: bits behind the last weight"),
        ("weight_live", np.array([3, 8], "i1"), "weight: 4 weights are not 3, as many as live"),
        ("weight_live", np.array([11, 8], "i4"), r"weight_live: int32\[2\] is not int8 \[n\]"),
        ("weight_live", None, "weight_live: missing; write"),
        ("weight_shape", None, "weight_shape: missing; write"),
        ("weight_shape", np.array([12], "i4"), r"weight_shape: \[12\] is not \[O, I\] or \[O, I, "),
        ("weight_shape", np.array([-3, -4], "i4"), r"weight_shape: \[-3, -4\] is not \[O, I\]"),
        ("weight_shape", np.array([0, 4], "i4"), r"weight_shape: \[0, 4\] is not \[O, I\] or"),
        ("weight_shape", np.array([3, 4, 1], "i4"), r"weight_shape: \[3, 4, 1\] is not \[O, I\]"),
        ("weight_shape", np.array([3, 4], "i8"), r"weight_shape: int64\[2\] is not int32 \[n\]"),
        ("weight_shape", np.array([2**31 - 1] * 4, "i4"), r"weight_shape: \d+ weights exceed 268"),
    ],
)
def test_keys_that_contradict_each_other_are_refused(key, value, message):
    tree = fields()
    path = f"layer/1/{key}"
    if value is None:
        del tree[path]
    else:
        tree[path] = value
    with pytest.raises(FormatError, match=rf"layer/1/{message}"):
        from_tree(tree)


def test_a_connection_that_nothing_was_pruned_of_is_written_plain():
    tree = fields()
    tree["layer/1/weight"] = np.ones(12, "i1")
    tree["layer/1/weight_live"] = np.array([-1, 15], "i1")
    with pytest.raises(FormatError, match="nothing was pruned; leave both keys out"):
        from_tree(tree)


def test_another_shape_than_the_layer_reads_is_refused():
    tree = fields()
    tree["layer/1/weight_shape"] = np.array([4, 3], "i4")
    with pytest.raises(InvalidNetworkError, match=r"weight: \(4, 3\) does not connect 4 inputs"):
        from_tree(tree)


def test_a_matrix_of_places_is_not_pruned():
    tree = to_tree(random_graph_network(1))
    (place, *_) = [path for path in tree if path.endswith("indptr")]
    tree[place.replace("indptr", "weight_live")] = np.zeros(1, "i1")
    with pytest.raises(FormatError, match="weight_live: not in the format"):
        from_tree(tree)


@pytest.mark.parametrize(
    ("live", "message"),
    [
        (np.ones((3, 4), bool), "live: nothing was pruned; leave it out"),
        (np.zeros((3, 4), bool), "weight: 12 weights of pruned synapses are not 0; set them"),
        (np.zeros((4, 3), bool), r"live: bool\[4, 3\] is not bool\[3, 4\], the weight's shape"),
        (np.zeros((3, 4), "u1"), r"live: uint8\[3, 4\] is not bool\[3, 4\], the weight's shape"),
    ],
)
def test_marks_that_do_not_fit_are_no_network(live, message):
    synapse = Synapse(0, np.ones((3, 4), np.int8), live=live)
    layers = (
        Input("in", (4,), 2, np.zeros(1), np.ones(1)),
        Readout("out", (3,), (synapse,), np.zeros(3, "i4"), 1.0),
    )
    with pytest.raises(InvalidNetworkError, match=message):
        Network(layers, 2, 2)


def test_no_file_is_written_that_no_reader_takes(monkeypatch):
    network = pruned(random_network(1))
    monkeypatch.setattr("onespike_lava.netx.pruned.MOST", 100)
    with pytest.raises(FormatError, match=r"network: \d+ weights of pruned connections exceed 100"):
        netx.to_bytes(network)


def test_all_connections_together_take_no_more_than_there_may_be(monkeypatch):
    network = pruned(random_network(1))
    sizes = [each.weight.size for layer in network.layers for each in layer.synapses]
    tree = to_tree(network)
    monkeypatch.setattr("onespike_lava.netx.pruned.MOST", sum(sizes))
    assert from_tree(dict(tree)) == network
    monkeypatch.setattr("onespike_lava.netx.pruned.MOST", sum(sizes) - 1)
    with pytest.raises(FormatError, match=r"weight_shape: \d+ weights exceed \d+, what is left of"):
        from_tree(dict(tree))
