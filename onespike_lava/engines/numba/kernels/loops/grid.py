"""Values onto the input grid, the compiled twin of `onespike_lava.data.encoding.Samples`."""

from __future__ import annotations

import numpy as np

from onespike_lava.engines.numba.kernels.loops.plain import plain, u

ROUNDER = 1.5 * 2.0**52
"""Added and taken away again, it leaves the nearest integer, ties to even, of any number below
2**51 in magnitude, and a number as large of any other: in vectors, unlike `rint`."""


@plain
def integers_of(data, at, count, grid, top, arena, to, worst):  # type: ignore[no-untyped-def]
    """One sample's integers `rint((x - low) / step)` into the arena, in the sample's order.

    data, at : bytes of float32, and where this sample's `count` values begin, in values
    grid     : float64[2, runs], low and step of equal runs of values
    worst    : float64[1], raised to the largest distance of a value inside from its integer

    Returns how many values lay outside `0 .. top`. Distances are compared as integers of their
    bits, which are ordered alike, in vectors.
    """
    values, limit = data.view(np.float32), np.float64(top)
    outside, bits = 0, np.int64(0)
    length = count // grid.shape[1]
    for c in range(grid.shape[1]):
        low, step = grid[0, c], grid[1, c]
        for i in range(c * length, (c + 1) * length):
            exact = (np.float64(values[u(at + i)]) - low) / step
            whole = (exact + ROUNDER) - ROUNDER
            inside = (whole >= 0.0) & (whole <= limit)  # not so for NaN
            outside += 0 if inside else 1
            distance = np.float64(abs(exact - whole) if inside else 0.0)
            bits = max(bits, distance.view(np.int64))
            nearest = limit if whole > limit else 0.0
            arena[u(to + i)] = np.uint8(np.int32(whole if inside else nearest))
    worst[0] = max(worst[0], np.int64(bits).view(np.float64))
    return outside
