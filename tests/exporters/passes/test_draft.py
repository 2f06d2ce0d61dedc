"""The draft that the passes edit: shapes are inferred once a change, readers are known."""

import numpy as np
import pytest

from exporters.graph import Graph, Node, infer_shape
from exporters.passes.draft import Draft
from exporters.passes.pipeline import prepare


def dense(layers):
    """A densely connected network: each convolution reads all before it."""
    random = np.random.default_rng(0)
    nodes, have = [Node("x", "input", attrs={"shape": (2, 4, 4)})], ["x"]
    for number in range(layers):
        source, channels = have[-1], 2 * len(have)
        if number > 1:
            source, channels = f"cat{number}", 2 * (len(have) - 1)
            nodes.append(Node(source, "concat", tuple(have[1:])))
        weight = random.normal(size=(2, 2 if number < 2 else channels, 1, 1))
        nodes.append(Node(f"conv{number}", "conv", (source,), {"weight": weight}))
        nodes.append(Node(f"relu{number}", "relu", (f"conv{number}",)))
        have.append(f"relu{number}")
    nodes.append(Node("fc", "linear", (have[-1],), {"weight": random.normal(size=(3, 32))}))
    return Graph(tuple(nodes), "fc")


@pytest.mark.parametrize("layers", [16, 66])
def test_shapes_are_inferred_a_few_times_a_node(layers, monkeypatch):
    """198 nodes become 2,000 at the larger size, by a pass over them for each concatenation."""
    graph, inferred = dense(layers), []

    def counted(node, inputs):
        inferred.append(node.name)
        return infer_shape(node, inputs)

    monkeypatch.setattr("exporters.graph.graph.infer_shape", counted)
    monkeypatch.setattr("exporters.passes.draft.infer_shape", counted, raising=False)
    prepared, _ = prepare(graph)
    assert len(inferred) < 4 * len(prepared.nodes)


def test_shapes_follow_every_edit():
    draft = Draft.of(dense(4))
    assert draft.shapes()["relu0"] == (2, 4, 4)
    draft.put(Node("conv0", "conv", ("x",), {"weight": np.ones((2, 2, 1, 1))}, {"stride": (2, 2)}))
    draft.redirect("fc", "relu0")
    assert draft.shapes()["relu0"] == (2, 2, 2)


def test_readers_come_in_the_order_of_their_names():
    draft = Draft.of(dense(4))
    assert [node.name for node in draft.readers("relu0")] == ["conv1", "cat2", "cat3"]
    draft.put(draft.nodes["conv1"].with_inputs("x"))
    assert [node.name for node in draft.readers("relu0")] == ["cat2", "cat3"]
    assert [node.name for node in draft.readers("x")] == ["conv0", "conv1"]
    draft.put(draft.nodes["conv1"].with_inputs("relu0", "relu0"))
    del draft.nodes["cat2"]
    assert [node.name for node in draft.readers("relu0")] == ["conv1", "cat3"]
    assert draft.only_reader("conv0") == draft.nodes["relu0"]
