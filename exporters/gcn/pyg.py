"""PyTorch Geometric's `GCNConv`, read without importing that library."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from exporters.gcn.chain import Chain
from onespike_lava.errors import UnsupportedError

GCN_CONV = "GCNConv"
LIBRARIES = ("torch_geometric", "dgl")


def is_graph_library(module: Any) -> bool:
    """Whether a module is one of a graph library's own, not one that a model derived from it."""
    return type(module).__module__.split(".")[0] in LIBRARIES


def title_of(module: Any) -> str:
    """Class of a graph library's module, empty for others."""
    return type(module).__name__ if is_graph_library(module) else ""


def read_gcn_conv(
    module: Any, name: str, x: Any, edge_index: Any = None, edge_weight: Any = None
) -> Chain:
    """`D^-1/2 (A + I) D^-1/2 X W^T + b` (Kipf and Welling 2017), with the module's options."""
    if not isinstance(x, Chain) or edge_index is None:
        raise UnsupportedError(
            "is not called with the features and the edges of the model; pass it both"
        )
    if module.flow != "source_to_target":
        raise UnsupportedError(f"flow {module.flow!r}; only 'source_to_target' is supported")
    weighted = edge_weight is not None  # without weights all edges count 1, loops too
    matrix = partial(
        normalised,
        weighted=weighted,
        normalise=bool(module.normalize),
        loops=bool(module.add_self_loops) * (2.0 if module.improved and weighted else 1.0),
    )
    weight = module.lin.weight.detach().numpy()
    bias = module.bias
    summed = x.map(name, weight).then("sum", name, matrix)
    return summed if bias is None else summed.bias(name, bias.detach().numpy())


def normalised(adjacency: Any, *, weighted: bool, normalise: bool, loops: float) -> Any:
    """What `GCNConv` sums with, SciPy CSR float64[nodes, nodes].

    weighted  : the module is given the weights of the edges, else they count 1
    normalise : scale by `D^-1/2` from both sides
    loops     : weight of an edge from a node to itself where there is none, 0 for no such edges
    """
    from scipy import sparse  # type: ignore[import-untyped]

    matrix = adjacency.copy()
    if not weighted:
        matrix.data[:] = 1.0
    if not normalise:
        return matrix
    if loops:
        own = matrix.diagonal()
        held = np.zeros(len(own), bool)
        rows = np.repeat(np.arange(len(own)), np.diff(matrix.indptr))
        held[rows[rows == matrix.indices]] = True
        matrix = matrix + sparse.diags(np.where(held, 0.0, loops))
    degree = np.asarray(matrix.sum(1)).reshape(-1)
    scale = np.divide(1.0, np.sqrt(degree), out=np.zeros_like(degree), where=degree > 0)
    scaled = sparse.csr_matrix(sparse.diags(scale) @ matrix @ sparse.diags(scale))
    scaled.sort_indices()
    return scaled
