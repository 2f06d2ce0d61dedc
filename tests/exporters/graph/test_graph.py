"""Graph: construction-time checks, evaluation, observers, digest."""

import weakref

import numpy as np
import pytest

from exporters.graph import Graph, GraphError, Node
from onespike_lava.errors import DataError

INPUT = Node("x", "input", attrs={"shape": (2, 5, 6)})


def conv(name="conv", source="x", shape=(3, 2, 3, 3), **attrs):
    return Node(name, "conv", (source,), {"weight": np.ones(shape)}, attrs)


def small():
    relu = Node("relu", "relu", ("conv",))
    weight = np.arange(24.0).reshape(2, 12) - 11
    linear = Node("fc", "linear", ("relu",), {"weight": weight, "bias": [1.0, 2.0]})
    return Graph((INPUT, conv(shape=(1, 2, 3, 3)), relu, linear), "fc")


def test_shapes_consumers_and_nodes():
    graph = small()
    assert graph.shapes() == {"x": (2, 5, 6), "conv": (1, 3, 4), "relu": (1, 3, 4), "fc": (2,)}
    assert [node.name for node in graph.consumers()["conv"]] == ["relu"]
    assert graph.consumers()["fc"] == ()
    assert graph.node("relu").op == "relu"
    assert graph.input is INPUT
    assert str(graph.node("fc")) == "fc (linear)"


@pytest.mark.parametrize(
    ("nodes", "output", "message"),
    [
        ((), "x", "graph: the first node is not an input; put the input node first"),
        ((conv(),), "x", "graph: the first node is not an input; put the input node first"),
        (
            (INPUT, Node("x", "relu", ("x",))),
            "x",
            "x (relu): the name is taken by an earlier node; names must be unique",
        ),
        (
            (INPUT, Node("y", "input", attrs={"shape": (3,)})),
            "y",
            "y (input): a second input; only networks of one input are supported",
        ),
        (
            (INPUT, conv(source="z")),
            "conv",
            "conv (conv): reads 'z', which no earlier node is called",
        ),
        ((INPUT,), "y", "graph: output 'y' is no node; name one of the nodes"),
        (
            (INPUT, Node("y", "swish", ("x",))),
            "y",
            "y (swish): unknown operator; use one of add, areas, avgpool, batchnorm, concat, conv, "
            "flatten, identity, input, linear, maxpool, neuron, pad, relu, slice, total, "
            "unflatten, upsample, view",
        ),
        (
            (INPUT, conv(shape=(3, 4, 3, 3))),
            "conv",
            "conv (conv): input [2, 5, 6] does not fit weight [3, 4, 3, 3] of 1 groups",
        ),
        (
            (INPUT, conv(shape=(3, 2, 7, 3))),
            "conv",
            "conv (conv): input [2, 5, 6] is smaller than the kernel [7, 3]",
        ),
    ],
)
def test_refuses_what_contradicts_itself(nodes, output, message):
    with pytest.raises(GraphError) as error:
        Graph(nodes, output)
    assert str(error.value) == message


def test_parameters_are_read_only_copies():
    weight = np.ones((3, 2, 3, 3))
    node = Node("conv", "conv", ("x",), {"weight": weight})
    weight[:] = 7
    assert node.params["weight"].dtype == np.float32
    assert node.params["weight"].max() == 1
    with pytest.raises(ValueError, match="read-only"):
        node.params["weight"][:] = 0


def test_evaluates_in_float32():
    x = np.random.default_rng(0).normal(size=(3, 2, 5, 6))
    found = small().evaluate(x)
    sums = np.zeros((3, 3, 4))
    for i in range(3):
        for j in range(3):
            sums += x[:, :, i : i + 3, j : j + 4].sum(axis=1)
    expected = np.maximum(sums, 0).reshape(3, 12) @ (np.arange(24.0).reshape(2, 12) - 11).T
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected + np.array([1, 2]), rtol=1e-5)


def test_refuses_samples_of_another_shape():
    with pytest.raises(DataError) as error:
        small().evaluate(np.zeros((3, 2, 6, 5)))
    assert str(error.value) == (
        "x: shape (3, 2, 6, 5) does not match [N, 2, 5, 6]; give samples as the model was trained "
        "on"
    )


def test_observer_sees_all_and_replaces():
    seen = []

    def zero(node, value):
        seen.append((node.name, value.shape))
        return np.zeros_like(value) if node.name == "relu" else None

    found = small().evaluate(np.ones((2, 2, 5, 6)), zero)
    assert seen == [
        ("x", (2, 2, 5, 6)),
        ("conv", (2, 1, 3, 4)),
        ("relu", (2, 1, 3, 4)),
        ("fc", (2, 2)),
    ]
    np.testing.assert_array_equal(found, [[1, 2], [1, 2]])


def test_observer_must_keep_the_shape():
    with pytest.raises(GraphError) as error:
        small().evaluate(np.ones((2, 2, 5, 6)), lambda node, value: value[:1])
    assert str(error.value) == (
        "x (input): the observer returned shape [1, 2, 5, 6] for [2, 2, 5, 6]; keep the shape"
    )


def test_values_are_freed_after_their_last_use():
    alive = {}

    def observe(node, value):
        if node.name == "fc":
            assert alive["conv"]() is None
            assert alive["relu"]() is not None
        alive[node.name] = weakref.ref(value)

    small().evaluate(np.ones((2, 2, 5, 6)), observe)


def test_digest_depends_on_structure_settings_and_parameters():
    graphs = [
        small(),
        Graph((INPUT, conv()), "conv"),
        Graph((INPUT, conv(stride=(2, 1))), "conv"),
        Graph((INPUT, conv(name="c")), "c"),
        Graph((INPUT, conv(), Node("r", "relu", ("conv",))), "conv"),
        Graph((INPUT, conv(), Node("r", "relu", ("conv",))), "r"),
        Graph((INPUT, Node("conv", "conv", ("x",), {"weight": np.zeros((3, 2, 3, 3))})), "conv"),
    ]
    assert len({graph.digest() for graph in graphs}) == len(graphs)
    assert small().digest() == small().digest()
