"""Many alike connections of a layer are one in the file."""

import numpy as np
import pytest

from onespike_lava.errors import FormatError, OneSpikeError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import Readout, Synapse, Window
from onespike_lava.network import Network
from onespike_lava.netx import from_bytes, to_bytes
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.schema import JOINED_FROM
from onespike_lava.netx.tree import to_tree
from tests.networks import Maker, TimedMaker
from tests.pruned import pruned

SAME = Window((1, 1), (1, 1, 1, 1))


def concatenation(parts, dense=False, window=SAME):
    """Layers of unlike width, which the readout reads all."""
    make = Maker(np.random.default_rng(0), 8, 1.5, "graded")
    first = make.conv(make.input((2, 4, 4)), 3, window=SAME)
    ends = [make.conv(first, 1 + number, window=SAME) for number in range(parts)]
    rng, synapses = np.random.default_rng(1), []
    for place in ends:
        channels = make.layers[place].shape[0]
        shape = (5, channels * 16) if dense else (5, channels, 3, 3)
        weight = rng.integers(-5, 6, shape, np.int8)
        synapses.append(Synapse(place, weight) if dense else Synapse(place, weight, window))
    shape = (5,) if dense else synapses[0].output_shape((1, 4, 4))
    bias = np.zeros(5, np.int32)
    readout = Readout("out", shape, tuple(synapses), bias, 1.0)
    return Network((*make.layers, readout), 8, 8)


@pytest.mark.parametrize("dense", [False, True])
@pytest.mark.parametrize("window", [SAME, Window((2, 1), (0, 1, 0, 1))])
def test_many_connections_are_written_as_one(dense, window):
    network = concatenation(JOINED_FROM + 2, dense, window)
    tree, last = to_tree(network), f"layer/{len(network.layers) - 1}"
    assert not [path for path in tree if "/synapse/" in path]
    sources = tree[f"{last}/sources"].tolist()
    assert sources == [each.source for each in network.readout.synapses]
    again = from_bytes(to_bytes(network))
    assert again == network
    x = np.random.default_rng(2).integers(0, 256, (3, 2, 4, 4)) / 255.0
    one, two = (each.run(x, "numpy", record=True) for each in (network, again))
    assert first_difference(one, two) is None


def test_each_more_takes_no_more_objects():
    few, many = (len(to_tree(concatenation(parts))) for parts in (JOINED_FROM, 2 * JOINED_FROM))
    layer = len([path for path in to_tree(concatenation(1)) if path.startswith("layer/2/")])
    assert many - few == JOINED_FROM * layer


def test_few_or_unlike_connections_stay_apart():
    few = to_tree(concatenation(JOINED_FROM - 1))
    assert len([path for path in few if path.endswith("/groups") and "/synapse/" in path]) == (
        JOINED_FROM - 2
    )
    network = concatenation(JOINED_FROM)
    first, *others = network.readout.synapses
    other = Synapse(first.source, first.weight[:, :, 1:2, 1:2])
    unlike = Readout("out", network.readout.shape, (other, *others), network.readout.bias, 1.0)
    unlike = Network((*network.layers[:-1], unlike), network.phases, network.wait)
    assert [path for path in to_tree(unlike) if "/synapse/" in path]
    assert from_bytes(to_bytes(unlike)) == unlike


def test_connections_of_which_some_were_pruned_stay_apart():
    network = pruned(concatenation(JOINED_FROM))
    assert [path for path in to_tree(network) if "/synapse/" in path]
    assert from_bytes(to_bytes(network)) == network


def test_a_file_that_has_them_one_by_one_is_read():
    network = concatenation(JOINED_FROM)
    tree, last = dict(to_tree(network)), f"layer/{len(network.layers) - 1}"
    del tree[f"{last}/sources"]
    for number, each in enumerate(network.readout.synapses):
        at = last if number == 0 else f"{last}/synapse/{number}"
        tree[f"{at}/source"] = np.asarray(each.source, np.int32)
        tree[f"{at}/weight"] = each.weight
        tree[f"{at}/groups"] = np.asarray(1, np.int32)
        for key in ("stride", "padding", "dilation"):
            tree[f"{at}/{key}"] = tree[f"{last}/{key}"]
    assert from_tree(tree) == network


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda sources, weight: (sources[:3], weight), "3 are written one by one"),
        (lambda sources, weight: (sources + 90, weight), "are not earlier layers"),
        (lambda sources, weight: (sources, weight[:, 1:]), "does not read 15 inputs of all"),
    ],
)
def test_what_does_not_fit_is_refused(change, message):
    network = concatenation(JOINED_FROM)
    tree, last = dict(to_tree(network)), f"layer/{len(network.layers) - 1}"
    tree[f"{last}/sources"], tree[f"{last}/weight"] = change(
        tree[f"{last}/sources"], tree[f"{last}/weight"]
    )
    with pytest.raises(FormatError, match=message):
        from_tree(tree)


@pytest.mark.parametrize("shapes", [{1: ()}, {1: (2**21,) * 3, 2: (-(2**21), 2**21, 2**21)}])
@pytest.mark.parametrize("kind", ["conv", "dense"])
def test_sources_of_no_sound_shape_are_refused(kind, shapes):
    """Shapes are checked with the whole network, after the weight was divided among them."""
    network = concatenation(JOINED_FROM)
    tree, last = dict(to_tree(network)), f"layer/{len(network.layers) - 1}"
    if kind == "dense":
        tree[f"{last}/type"] = np.array([b"dense"])
        tree[f"{last}/weight"] = np.zeros((3, 16), np.int8)
        for key in ("stride", "padding", "dilation"):
            del tree[f"{last}/{key}"]
    for position, shape in shapes.items():
        tree[f"layer/{position}/shape"] = np.array(shape, np.int32)
    with pytest.raises(OneSpikeError):
        from_tree(tree)


def test_a_layer_that_reads_itself_too():
    make = TimedMaker(np.random.default_rng(0), 8)
    ends = [make.input((2,), "once"), *(make.dense(0, 3) for _ in range(JOINED_FROM))]
    ends.append(len(make.layers))
    synapses = [
        Synapse(at, np.ones((4, size), np.int8))
        for at, size in zip(ends, [2, *[3] * JOINED_FROM, 4], strict=True)
    ]
    make.neurons(synapses, (4,))
    make.readout(ends[-1])
    network = make.network()
    assert [path for path in to_tree(network) if path.endswith("/sources")]
    assert from_bytes(to_bytes(network)) == network
