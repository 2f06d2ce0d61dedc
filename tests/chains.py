"""Source graphs written node by node, and what the passes make of them."""

import numpy as np
import pytest

from exporters.graph import Graph, Node
from exporters.passes.pipeline import prepare
from onespike_lava.errors import UnsupportedError

SHAPE = (2, 8, 8)


class Chain:
    """A graph written node by node; each node reads the one before unless told."""

    def __init__(self, shape=SHAPE, seed=0):
        self.random = np.random.default_rng(seed)
        self.nodes = [Node("x", "input", attrs={"shape": shape})]

    def shape(self, name=None):
        name = name or self.nodes[-1].name
        return Graph(tuple(self.nodes), name).shapes()[name]

    def add(self, op, name, *inputs, params=None, **attrs):
        inputs = inputs or (self.nodes[-1].name,)
        self.nodes.append(Node(name, op, inputs, params or {}, attrs))
        return self

    def conv(self, name, *inputs, outputs=3, kernel=3, pad=1, groups=1, **attrs):
        source = self.shape(inputs[0] if inputs else None)
        weight = self.random.normal(size=(outputs, source[0] // groups, kernel, kernel))
        params = {"weight": weight, "bias": self.random.normal(size=outputs)}
        attrs = {"padding": (pad,) * 4, "groups": groups, **attrs}
        return self.add("conv", name, *inputs, params=params, **attrs)

    def linear(self, name="fc", *inputs, outputs=4):
        size = int(np.prod(self.shape(inputs[0] if inputs else None)))
        weight = self.random.normal(size=(outputs, size))
        params = {"weight": weight, "bias": self.random.normal(size=outputs)}
        return self.add("linear", name, *inputs, params=params)

    def norm(self, name, *inputs, gamma=None):
        channels = self.shape(inputs[0] if inputs else None)[0]
        gamma = self.random.normal(size=channels) if gamma is None else gamma
        params = {
            "gamma": gamma * np.ones(channels),
            "beta": self.random.normal(size=channels),
            "mean": self.random.normal(size=channels),
            "var": self.random.uniform(0.2, 2, size=channels),
        }
        return self.add("batchnorm", name, *inputs, params=params, eps=1e-3)

    def relu(self, name="relu", *inputs):
        return self.add("relu", name, *inputs)

    def pool(self, name="pool", op="maxpool", kernel=(2, 2), **attrs):
        return self.add(op, name, kernel=kernel, **attrs)

    def graph(self, output=None):
        return Graph(tuple(self.nodes), output or self.nodes[-1].name)


def prepared(chain, pool="own", double="none"):
    """Prepare, check the form and that the function is kept; returns names by op and account."""
    graph = chain.graph()
    result, account = prepare(graph, pool, double)
    x = np.random.default_rng(1).normal(size=(5, *graph.shapes()["x"])).astype(np.float32)
    expected = graph.evaluate(x)
    assert np.abs(expected).max() > 0.1
    found = result.evaluate(x).reshape(expected.shape)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4 * np.abs(expected).max())
    readers = result.consumers()
    for node in result.nodes:
        assert node.op in ("input", "conv", "linear", "relu", "maxpool", "add")
        if node.op in ("conv", "linear") and node.name != result.output:
            assert [each.op for each in readers[node.name]] in (["relu"], ["add"])
    assert set(account) == {node.name for node in graph.nodes}
    return [str(node) for node in result.nodes], account


def refusal(chain, pool="own"):
    with pytest.raises(UnsupportedError) as error:
        prepare(chain.graph(), pool)
    return str(error.value)


def doubled(times, op="add", shape=SHAPE):
    """`op(x, x)` of itself, so many times, and a linear map behind."""
    chain = Chain(shape)
    for number in range(times):
        name = chain.nodes[-1].name
        chain.add(op, f"f{number + 1}", name, name)
    return chain
