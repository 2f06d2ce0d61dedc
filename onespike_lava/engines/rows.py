"""Sums over the rows of a sparse synapse, in NumPy alone.

All of a block's samples and channels lie side by side for each place, so that an entry of the
matrix moves one run of memory. Sums are exact in float32, as everywhere in engine `numpy`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Sparse

CHUNK_VALUES = 2**22
"""Values gathered at a time; a single row may need more."""

Product = Callable[[Sparse, NDArray[np.float32]], NDArray[np.float32]]
"""From a synapse and values float32[source places, columns] to float32[places, columns]."""


def aggregate(synapse: Sparse, sent: NDArray[np.float32], product: Product) -> NDArray[np.float32]:
    """Synaptic input float32[N, C, places, 1] from payloads float32[N, B * C, H, W]."""
    samples, read = len(sent), len(synapse.signs)
    channels = sent.shape[1] // read
    signed = sum(sign * sent[:, part::read] for part, sign in enumerate(synapse.signs.tolist()))
    columns = np.ascontiguousarray(signed.reshape(samples * channels, -1).T)
    return product(synapse, columns).T.reshape(samples, channels, -1, 1)


def product(synapse: Sparse, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Row sums float32[places, columns] of values float32[source places, columns]."""
    indptr = synapse.indptr
    sums = np.zeros((len(indptr) - 1, values.shape[1]), np.float32)
    for first, last in _chunks(indptr, CHUNK_VALUES // max(1, values.shape[1])):
        entries = slice(indptr[first], indptr[last])
        moved = values[synapse.indices[entries]]
        moved *= synapse.weight[entries, None]
        # `reduceat` knows no empty row: it would give what stands at its start
        held = first + np.flatnonzero(np.diff(indptr[first : last + 1]))
        if len(held):
            sums[held] = np.add.reduceat(moved, indptr[held] - indptr[first], axis=0)
    return sums


def _chunks(indptr: NDArray[np.int32], entries: int) -> Iterator[tuple[int, int]]:
    """Runs of rows `first <= row < last` of at most so many entries, at least one row."""
    first, rows = 0, len(indptr) - 1
    while first < rows:
        last = int(np.searchsorted(indptr, indptr[first] + entries, side="right")) - 1
        last = min(max(last, first + 1), rows)
        yield first, last
        first = last
