"""Graph networks of torch, and graphs for them."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

import torch
from scipy import sparse
from torch import nn
from torch.nn import functional as F  # noqa: N812

NODES = 40


class Convolution(nn.Module):
    """As in Kipf's pygcn."""

    def __init__(self, inputs, outputs, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs))
        self.bias = nn.Parameter(torch.randn(outputs)) if bias else None

    def forward(self, x, adjacency):
        out = torch.spmm(adjacency, torch.mm(x, self.weight))
        return out if self.bias is None else out + self.bias


class Plain(nn.Module):
    def __init__(self, inputs=5, hidden=16, bias=True):
        super().__init__()
        self.gc1 = Convolution(inputs, hidden, bias)
        self.gc2 = Convolution(hidden, 3, bias)

    def forward(self, x, adjacency):
        x = F.dropout(F.relu(self.gc1(x, adjacency)), 0.5, training=self.training)
        return F.log_softmax(self.gc2(x, adjacency), dim=1)


class Rich(nn.Module):
    """Aggregation first, Linear, batch norm, a layer without neighbours at the end."""

    def __init__(self):
        super().__init__()
        self.lin1, self.lin2 = nn.Linear(5, 12), nn.Linear(12, 8)
        self.norm, self.head = nn.BatchNorm1d(12), nn.Linear(8, 3)
        self.norm.running_mean.normal_()
        self.norm.running_var.uniform_(0.5, 2)
        self.norm.weight.data.normal_()

    def forward(self, x, a):
        x = torch.relu(self.norm(self.lin1(a @ x)))
        x = torch.sparse.mm(a, self.lin2(x)).relu()
        return self.head(x)


def graph(seed=0, nodes=NODES, density=0.2):
    rng = np.random.default_rng(seed)
    held = sparse.random(nodes, nodes, density, random_state=seed)
    weights = sparse.csr_matrix(held + held.T + sparse.identity(nodes))
    scale = sparse.diags(1 / np.sqrt(np.asarray(weights.sum(1)).ravel()))
    return sparse.csr_matrix(scale @ weights @ scale), rng.normal(size=(nodes, 5))


def build(kind=Plain, seed=0, **options):
    torch.manual_seed(seed)
    return kind(**options).eval()


def scores_of(module, x, adjacency):
    matrix = torch.tensor(adjacency.toarray()).float().to_sparse()
    with torch.no_grad():
        return module(torch.tensor(x).float(), matrix).numpy()


def network_scores(network, x):
    run = network.run(x)
    classes = network.readout.shape[0]
    return (run.scores * network.output_scale).reshape(classes, -1).T
