"""Maps that passes make carry no trained weights and say so; what was trained is never one."""

from dataclasses import replace

import numpy as np
import pytest

from exporters.calibration.moments import is_free
from exporters.conversion import convert
from exporters.graph import Graph, Node
from exporters.passes import algebra, prepare
from exporters.passes.compose import compose
from onespike_lava import energy, netx
from onespike_lava.loihi import sizes

RANDOM = np.random.default_rng(4)
PLANE = (3, 6, 6)
X = RANDOM.uniform(0, 1, size=(64, *PLANE)).astype(np.float32)


def conv(name, source, weight, groups=1, pad=0):
    params = {"weight": weight, "bias": RANDOM.normal(size=len(weight)) / 9}
    return Node(name, "conv", (source,), params, {"groups": groups, "padding": (pad,) * 4})


def relu(source):
    return Node(f"{source}.r", "relu", (source,))


def network(*between, last):
    """A first convolution, what is given, and a linear layer behind `last`."""
    first = conv("first", "x", RANDOM.normal(size=(4, 3, 3, 3)), pad=1)
    nodes = [Node("x", "input", attrs={"shape": PLANE}), first, relu("first"), *between]
    size = np.prod(Graph(tuple(nodes), last).shapes()[last])
    fc = Node("fc", "linear", (last,), {"weight": RANDOM.normal(size=(5, size)) / 9})
    return Graph((*nodes, fc), "fc")


def figures(found):
    """Layer -> its MACs."""
    silent = {layer.name: np.zeros(layer.shape, np.int64) for layer in found.layers[:-1]}
    return {row.name: row.macs for row in energy.energy(found, silent, 1).layers}


def depthwise():
    scale = conv("scale", "first.r", RANDOM.uniform(0.5, 2, size=(4, 1, 1, 1)), groups=4)
    return network(scale, relu("scale"), last="scale.r")


def test_a_trained_depthwise_convolution_of_one_weight_counts_and_is_corrected(tmp_path):
    source = depthwise()
    found = convert(source, X, phases=6, correct="weights")
    assert figures(found.network)["scale"] == 4 * 6 * 6
    assert dict(found.network.provenance)["trained_maps"] == "layer/2"
    before = source.node("scale").params["weight"]
    assert np.abs(found.prepared.node("scale").params["weight"] - before).max() > 0
    netx.save(found.network, tmp_path / "n.net")
    assert figures(netx.load(tmp_path / "n.net"))["scale"] == 4 * 6 * 6


def test_a_weight_of_a_trained_map_that_became_0_is_a_synapse_still():
    found = convert(depthwise(), X, phases=6).network
    layer = found.layers[2]
    weight = layer.synapses[0].weight.copy()
    weight[1] = 0
    layers = [*found.layers]
    layers[2] = replace(layer, synapses=(replace(layer.synapses[0], weight=weight),))
    pruned = replace(found, layers=tuple(layers))
    assert sizes.synapses(pruned, pruned.layers[2]) == 4 * 6 * 6
    bare = replace(pruned, provenance=())
    assert sizes.synapses(bare, bare.layers[2]) == 3 * 6 * 6  # the numbers alone say: a skip


def test_a_layer_pruned_to_a_weight_a_row_was_trained():
    weight = np.zeros((5, 8))
    weight[range(5), [1, 3, 3, 7, 0]] = RANDOM.normal(size=5)
    assert is_free(Node("fc", "linear", ("x",), {"weight": weight}))
    assert is_free(Node("fc", "linear", ("x",), {"weight": np.full((5, 8), 0.25)}))
    assert is_free(conv("c", "x", np.ones((4, 1, 3, 3)), groups=4))


def test_skips_pools_pads_and_slices_are_fixed():
    window = {"kernel": (2, 2), "stride": (2, 2)}
    cut = {"start": (0, 0, 0), "stop": (4, 6, 6), "step": (1, 2, 2)}
    source = network(
        conv("a", "first.r", RANDOM.normal(size=(4, 4, 3, 3)), pad=1),
        Node("sum", "add", ("a", "first.r")),
        relu("sum"),
        Node("pool", "avgpool", ("sum.r",), attrs=window),
        Node("cut", "slice", ("sum.r",), attrs=cut),
        Node("wide", "pad", ("cut",), attrs={"channels": (2, 1)}),
        conv("b", "pool", RANDOM.normal(size=(7, 4, 1, 1))),
        Node("both", "add", ("b", "wide")),
        relu("both"),
        last="both.r",
    )
    prepared, _ = prepare(source)
    free = [node.name for node in prepared.nodes if is_free(node)]
    assert free == ["first", "a", "b", "fc"]
    found = convert(source, X, phases=6).network
    assert "trained_maps" not in dict(found.provenance)
    macs = figures(found)
    assert macs["pool"] == 0
    assert macs["both"] == 7 * 4 * 3 * 3


@pytest.mark.parametrize("first", [True, False])
@pytest.mark.parametrize("second", [True, False])
@pytest.mark.parametrize("kind", ["conv", "linear", "both"])
def test_two_maps_as_one_are_fixed_where_both_are(kind, first, second):
    def made(name, kind, fixed):
        shape = (3, 4, 4) if kind == "conv" else (3,)
        node = algebra.identity_map(name, "x", shape)
        return node if fixed else replace(node, attrs={**node.attrs, "fixed": False})

    kinds = ("conv", "linear") if kind == "both" else (kind, kind)
    shape = (3, 1, 1) if kind == "both" else (3, 4, 4) if kind == "conv" else (3,)
    one, two = made("a", kinds[0], first), made("b", kinds[1], second)
    assert is_free(compose(one, two, shape)) != (first and second)


def test_graph_networks_say_what_was_trained():
    pytest.importorskip("torch")
    import torch
    from scipy import sparse

    from exporters import gcn
    from tests.exporters.gcn.modules import Plain

    torch.manual_seed(0)
    ring = sparse.csr_matrix(np.roll(np.eye(6), 1, 1) + np.roll(np.eye(6), -1, 1) + np.eye(6))
    features = RANDOM.uniform(0, 1, (6, 1)).astype(np.float32)
    found = gcn.convert(Plain(inputs=1, hidden=4).eval(), features, adjacency=ring).network
    assert dict(found.provenance)["trained_maps"] == "layer/1"
    assert figures(found)[found.layers[1].name] == 8 * 6
