"""Linear rewriting is float64 until weights become integers or the network runs."""

import numpy as np

from exporters import convert
from exporters.graph import Graph, Node
from exporters.passes.pipeline import prepare
from exporters.quantization.sources import Linear, Source
from tests.chains import Chain
from tests.sources import cnn, images


def double(node, key="weight"):
    return node.params[key].astype(np.float64)


def test_two_maps_compose_in_float64():
    graph = Chain((5,)).linear("one", outputs=7).linear("two").graph()
    found = prepare(graph)[0].node("two")
    one, two = graph.node("one"), graph.node("two")
    assert found.params["weight"].dtype == np.float64
    assert (found.params["weight"] == double(two) @ double(one)).all()
    assert (found.params["bias"] == double(two) @ double(one, "bias") + double(two, "bias")).all()


def test_every_pass_keeps_what_another_computed():
    """An average pool in a linear map behind a batch norm in a convolution, all at once."""
    chain = Chain((2, 9, 9)).conv("conv").relu().pool("avg", "avgpool", kernel=(3, 3))
    chain.norm("norm").linear("one", outputs=6).linear("two")
    graph = chain.graph()
    found = prepare(graph, "merge")[0].node("two").params["weight"]
    norm, inner = graph.node("norm"), double(graph.node("two")) @ double(graph.node("one"))
    scale = double(norm, "gamma") / np.sqrt(double(norm, "var") + norm.attrs["eps"])
    planes = inner.reshape(4, 3, 3, 3) * scale[:, None, None]
    expected = planes.repeat(3, axis=2).repeat(3, axis=3) / 9
    np.testing.assert_allclose(found, expected.reshape(4, -1), rtol=1e-13)


def test_an_average_pool_divides_in_float64():
    chain = Chain().conv("conv").relu().pool("avg", "avgpool", kernel=(3, 3)).linear()
    found = prepare(chain.graph())[0].node("avg").params["weight"]
    assert found.dtype == np.float64
    assert (found == 1 / 9).all()


def test_corrected_weights_stay_float64():
    found = convert(cnn(), images(80)).prepared
    assert found.node("conv2").exact
    assert found.node("conv2").params["weight"].dtype == np.float64
    rounded = found.node("conv2").params["weight"].astype(np.float32)
    assert (rounded != found.node("conv2").params["weight"]).any()


def test_what_a_silent_source_adds_is_float64():
    weight = np.array([1 / 3, 1 / 7, -1 / 9]).reshape(1, 3, 1, 1)
    low = np.array([0.1, 0.3, 0.7])
    source = Source(0, (3, 2, 2), np.ones(3), low, 8, 2.0, 8, True, 255.0)
    found = Linear(source, weight).offset((1, 2, 2))
    np.testing.assert_allclose(found, weight.reshape(-1) @ low, rtol=1e-14)


def test_an_exact_node_is_evaluated_in_float32():
    weight = np.array([[1 / 3, 2 / 3]])
    nodes = [
        Node("x", "input", attrs={"shape": (2,)}),
        Node("y", "linear", ("x",), {"weight": weight}, exact=True),
    ]
    x = np.random.default_rng(0).normal(size=(9, 2)).astype(np.float32)
    found = Graph(tuple(nodes), "y").evaluate(x)
    single = Node("y", "linear", ("x",), {"weight": weight})
    assert found.dtype == np.float32
    assert (found == Graph((nodes[0], single), "y").evaluate(x)).all()
    assert nodes[1].single.params["weight"].dtype == np.float32


def test_edits_do_not_copy_weights():
    node = Node("y", "linear", ("x",), {"weight": np.ones((3, 2))})
    assert node.with_inputs("z").params["weight"] is node.params["weight"]
