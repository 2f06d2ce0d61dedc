"""Graph networks of torch: what is read is what torch computes; the rest is refused."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

import torch

from exporters.gcn import convert
from onespike_lava.errors import UnsupportedError
from tests.exporters.gcn.modules import Plain, Rich, build, graph, scores_of


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_source_computes_what_torch_does(seed, bias):
    adjacency, x = graph(seed)
    module = build(seed=seed, bias=bias)
    found = convert(module, x, adjacency=adjacency)
    expected = scores_of(module, x, adjacency)
    logits = found.source.evaluate(x)
    softmax = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    np.testing.assert_allclose(softmax, expected, rtol=1e-4, atol=1e-4)
    assert found.account == {
        "dropout": "dropped (dropout)",
        "log_softmax": "dropped (log_softmax)",
        "gc1": "converted",
        "gc2": "converted",
    }


def test_other_orders_and_layers_are_the_same_function():
    adjacency, x = graph()
    module = build(Rich)
    found = convert(module, x, adjacency=adjacency)
    expected = scores_of(module, x, adjacency)
    np.testing.assert_allclose(found.source.evaluate(x), expected, rtol=1e-4, atol=1e-4)
    names = [layer.name for layer in found.network.layers]
    assert names == ["input", "lin1.map", "lin1", "lin2.map", "lin2", "head"]
    assert isinstance(found.network.output_scale, float)  # the head's scores share one scale


class Residual(Plain):
    def forward(self, x, adjacency):
        h = torch.relu(self.gc1(x, adjacency))
        return self.gc2(h + h, adjacency)


class Twice(Plain):
    def forward(self, x, adjacency):
        return self.gc2(torch.relu(adjacency @ self.gc1(x, adjacency)), adjacency)


class EndsInRelu(Plain):
    def forward(self, x, adjacency):
        return torch.relu(self.gc1(x, adjacency))


class Alone(Plain):
    def forward(self, x, adjacency):
        return torch.relu(torch.mm(x, self.gc1.weight)) @ self.gc2.weight


class Gated(Plain):
    def forward(self, x, adjacency):
        return self.gc2(torch.sigmoid(self.gc1(x, adjacency)), adjacency)


class Hidden(Plain):
    def forward(self, x, adjacency):
        return self.gc2(torch.relu(self.gc1(x, adjacency)), adjacency) + len(self._buffers)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            Residual,
            r"^add_1 \(add\): adds two values of the nodes; only a bias may be added; `onesp",
        ),
        (Twice, r"^matmul: a second sum over neighbours without a ReLU in between; give their"),
        (EndsInRelu, r"^output: a ReLU; end the network with the scores before it$"),
        (Alone, r"^model: no sum over neighbours; use exporters\.export for it$"),
        (Gated, r"^sigmoid \(sigmoid\): not supported; rewrite it with supported operations; `"),
        (Hidden, r"^add(_\d)? \(add\): adds two values of the nodes"),
    ],
)
def test_what_is_no_such_network_is_refused_by_name(kind, message):
    adjacency, x = graph()
    with pytest.raises(UnsupportedError, match=message):
        convert(build(kind), x, adjacency=adjacency)
