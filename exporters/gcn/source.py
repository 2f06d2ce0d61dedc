"""A graph convolutional network as data: maps of features and sums over neighbours in turn."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import DataError
from onespike_lava.system.parts import need

Floats = NDArray[np.float64]
Observer = Callable[[str, Floats], Floats]


@dataclass(frozen=True, eq=False)
class GraphLayer:
    """`A (X W + inner) + outer`, with a ReLU behind it unless it is the last.

    name      : of the layer; its map's is `map_name`
    weight    : float64[outputs, inputs], None for the identity
    inner     : float64[outputs], bias before the sum over neighbours
    outer     : float64[outputs], bias behind it
    adjacency : SciPy CSR float64[nodes, nodes], None where the layer has no such sum
    """

    name: str
    weight: Floats | None
    inner: Floats
    outer: Floats
    adjacency: Any | None

    @property
    def map_name(self) -> str:
        """Name of `X W`, a layer of its own (Sec. IV-D)."""
        return f"{self.name}.map"

    def mapped(self, x: Floats) -> Floats:
        """`X W + inner`, float64[nodes, outputs] of float64[nodes, inputs]."""
        return (x if self.weight is None else x @ self.weight.T) + self.inner

    def summed(self, mapped: Floats) -> Floats:
        """The layer's value float64[nodes, outputs] before its ReLU."""
        total: Floats = mapped if self.adjacency is None else self.adjacency @ mapped
        return total + self.outer


@dataclass(frozen=True, eq=False)
class GraphNetwork:
    """Layers in a row over the nodes of one graph.

    notes : what became of parts of the source that are none here
    """

    layers: tuple[GraphLayer, ...]
    notes: dict[str, str]

    def evaluate(self, x: Floats, observe: Observer | None = None) -> Floats:
        """Scores float64[nodes, classes] of features x : float64[nodes, inputs].

        `observe(name, value)` sees the value of each map and, behind its ReLU, of each layer
        but the last, and returns what the network goes on with.
        """
        seen = observe or (lambda name, value: value)
        for layer in self.layers:
            mapped = layer.mapped(x)
            if layer.adjacency is not None:
                mapped = seen(layer.map_name, mapped)
            x = layer.summed(mapped)
            if layer is not self.layers[-1]:
                x = seen(layer.name, np.maximum(x, 0.0))
        return x

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one evaluation; rows of an identity are only looked up."""
        total = 0
        for layer in self.layers:
            if layer.weight is not None:
                total += layer.weight.size * self.nodes
            if layer.adjacency is not None:
                total += layer.adjacency.nnz * len(layer.outer)
        return total

    @property
    def nodes(self) -> int:
        """Nodes of the graph."""
        return next(each.adjacency.shape[0] for each in self.layers if each.adjacency is not None)

    def digest(self) -> str:
        """SHA-256 over all parameters and matrices, as 64 hexadecimal digits."""
        total = hashlib.sha256()
        for layer in self.layers:
            total.update(repr((layer.name, layer.weight is None)).encode())
            arrays = [layer.inner, layer.outer]
            if layer.weight is not None:
                arrays.append(layer.weight)
            for array in arrays:
                total.update(array.astype("<f4").tobytes())
            if layer.adjacency is not None:
                total.update(layer.adjacency.data.astype("<f4").tobytes())
                total.update(layer.adjacency.indices.astype("<i4").tobytes())
                total.update(layer.adjacency.indptr.astype("<i8").tobytes())
        return total.hexdigest()


def as_adjacency(given: Any) -> Any:
    """A square matrix as SciPy CSR float64 with sorted rows: SciPy sparse, torch sparse, an array.

    Entry `[i, j]` weighs what node `i` receives from node `j`. Raises `DataError`, and
    `MissingPartError` without SciPy.
    """
    sparse = need("scipy.sparse", "adjacency", extra="graph").sparse
    if hasattr(given, "to_sparse_coo"):  # torch
        coo = given.detach().cpu().to_sparse_coo().coalesce()
        parts = (coo.values().numpy(), tuple(coo.indices().numpy()))
        given = sparse.coo_matrix(parts, tuple(coo.shape))
    try:
        matrix = sparse.csr_matrix(given, dtype=np.float64)
        if given is None:
            raise TypeError
    except (TypeError, ValueError):
        raise DataError(
            f"adjacency: {type(given).__name__} is no matrix; give a scipy sparse matrix"
        ) from None
    if matrix.shape[0] != matrix.shape[1] or not matrix.shape[0]:
        raise DataError(f"adjacency: {list(matrix.shape)} is not square; give [nodes, nodes]")
    if not np.isfinite(matrix.data).all():
        raise DataError("adjacency: holds NaN or infinite values; clean the data")
    matrix = matrix.copy()
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def as_features(given: Any, nodes: int) -> Floats:
    """Features float64[nodes, inputs] of an array, dense or SciPy sparse; raises `DataError`."""
    values = np.asarray(given.toarray() if hasattr(given, "toarray") else given)
    if values.dtype.kind not in "fiub" or values.ndim != 2 or len(values) != nodes:
        raise DataError(
            f"features: {values.dtype}{list(values.shape)} are not numbers [{nodes}, F], one row "
            "per node of the adjacency; give None for the identity"
        )
    if not np.isfinite(values).all():
        raise DataError("features: hold NaN or infinite values; clean the data")
    return values.astype(np.float64) + 0.0  # no -0.0, which a sparse matrix does not keep
