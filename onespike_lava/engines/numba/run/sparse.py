"""Sums over the rows of a sparse synapse, compiled, on the threads of the process.

Networks of graphs run on engine `numpy` but for these sums, which take most of their time.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from itertools import count
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

from onespike_lava.engines.numba.run.workers import share
from onespike_lava.layers import Sparse

PART = 64
"""Rows that a thread takes at a time."""

THREAD_WORK = 20_000_000
"""Products that are worth one more thread."""


def product(synapse: Sparse, values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Row sums float32[places, columns] of values float32[source places, columns].

    Exact in any order: the network's bound keeps every partial sum below 2**24, up to which
    float32 holds all integers.
    """
    rows = len(synapse.indptr) - 1
    sums = np.zeros((rows, values.shape[1]), np.float32)
    parts, add = count(), adder()

    def work() -> None:
        while (first := next(parts) * PART) < rows:
            last = min(first + PART, rows)
            add(synapse.weight, synapse.indices, synapse.indptr, values, first, last, sums)

    share(work, 1 + synapse.weight.size * values.shape[1] // THREAD_WORK)
    return sums


@cache
def adder() -> Callable[..., None]:
    """The compiled loop, from the cache on disk where there is one."""
    try:
        compiled: Callable[..., None] = njit(nogil=True, cache=True)(_add)
    except RuntimeError:  # no folder can be written to
        compiled = njit(nogil=True)(_add)
    return compiled


def _add(
    weight: Any, indices: Any, indptr: Any, values: Any, first: int, last: int, sums: Any
) -> None:
    """Add the rows `first <= row < last` of weight times values to `sums`."""
    for row in range(first, last):
        for entry in range(indptr[row], indptr[row + 1]):
            factor = np.float32(weight[entry])
            place = indices[entry]
            for column in range(values.shape[1]):
                sums[row, column] += factor * values[place, column]
