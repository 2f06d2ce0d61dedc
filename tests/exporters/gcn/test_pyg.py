"""PyTorch Geometric's own modules, where it is installed."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")
pytest.importorskip("torch_geometric")

import torch
from scipy import sparse
from torch import nn
from torch.nn import functional as F  # noqa: N812
from torch_geometric import nn as geometric

from exporters.gcn import convert
from exporters.gcn.pyg import normalised
from onespike_lava.errors import UnsupportedError


class Weighted(nn.Module):
    def __init__(self, convolution=geometric.GCNConv, **options):
        super().__init__()
        self.conv1 = convolution(5, 16, **options)
        self.conv2 = convolution(16, 3, **options)

    def forward(self, x, edge_index, edge_weight=None):
        x = F.dropout(self.conv1(x, edge_index, edge_weight).relu(), training=self.training)
        return self.conv2(x, edge_index, edge_weight).log_softmax(dim=-1)


class Unweighted(Weighted):
    def forward(self, x, edge_index):
        return self.conv2(F.relu(self.conv1(x, edge_index)), edge_index)


def graph():
    rng = np.random.default_rng(0)
    dense = rng.random((40, 40)) * (rng.random((40, 40)) < 0.15)  # not symmetric
    dense[3, 3] = 2
    return sparse.csr_matrix(dense), rng.normal(size=(40, 5))


@pytest.mark.parametrize("kind", [Weighted, Unweighted])
@pytest.mark.parametrize(
    "options",
    [{}, {"improved": True}, {"normalize": False}, {"add_self_loops": False}, {"bias": False}],
)
def test_gcn_conv_is_read_with_its_options(kind, options):
    torch.manual_seed(0)
    adjacency, x = graph()
    module = kind(**options).eval()
    found = convert(module, x, adjacency=adjacency).source.evaluate(x)
    target, source = adjacency.nonzero()
    edges = torch.tensor(np.stack([source, target])).long()
    weights = torch.tensor(adjacency.data).float()
    given = (edges, weights) if kind is Weighted else (edges,)
    with torch.no_grad():
        expected = module(torch.tensor(x).float(), *given).numpy()
    if kind is Weighted:
        found = found - np.log(np.exp(found).sum(1, keepdims=True))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", ["GATConv", "SAGEConv", "GINConv"])
def test_other_graph_layers_are_refused_by_name(name):
    adjacency, x = graph()
    layer = getattr(geometric, name)
    build = layer if name != "GINConv" else lambda i, o: layer(nn.Linear(i, o))
    with pytest.raises(UnsupportedError, match=rf"^conv1 \({name}\): not supported; only graph"):
        convert(Unweighted(build), x, adjacency=adjacency)


def test_normalisation_is_that_of_the_library():
    from torch_geometric.nn.conv.gcn_conv import gcn_norm

    adjacency, _ = graph()
    target, source = adjacency.nonzero()
    edges = torch.tensor(np.stack([source, target])).long()
    edges, weights = gcn_norm(edges, torch.tensor(adjacency.data), 40)
    expected = np.zeros((40, 40))
    np.add.at(expected, (edges[1].numpy(), edges[0].numpy()), weights.numpy())
    found = normalised(adjacency, weighted=True, normalise=True, loops=1.0)
    np.testing.assert_allclose(found.toarray(), expected, rtol=1e-6)
