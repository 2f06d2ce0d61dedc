"""Text GCN (Yao et al. 2019): two graph convolutions (Kipf and Welling 2017) without bias."""

from __future__ import annotations

import torch
from torch import nn

HIDDEN = 200


class GraphConvolution(nn.Module):
    """`A (X W)`: each node sums its neighbours' features, mapped linearly.

    weight : float32[inputs, outputs]
    """

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(inputs, outputs))
        nn.init.xavier_uniform_(self.weight)

    def forward(self, x: torch.Tensor, adjacency: torch.Tensor) -> torch.Tensor:
        """float32[nodes, outputs] of x float32[nodes, inputs], dense or sparse."""
        return torch.sparse.mm(adjacency, torch.mm(x, self.weight))


class TextGCN(nn.Module):
    """Class scores of all nodes of one graph."""

    def __init__(self, inputs: int, classes: int, hidden: int = HIDDEN) -> None:
        super().__init__()
        self.conv1 = GraphConvolution(inputs, hidden)
        self.dropout = nn.Dropout(0.5)
        self.conv2 = GraphConvolution(hidden, classes)

    def forward(self, x: torch.Tensor, adjacency: torch.Tensor) -> torch.Tensor:
        """Logits float32[nodes, classes] of x float32[nodes, inputs], the identity in Text GCN."""
        hidden = torch.relu(self.conv1(x, adjacency))
        return self.conv2(self.dropout(hidden), adjacency)
