"""Constants as the kernels read them: one block of memory of weights and tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.records import LANES, PIXELS, REDUCED
from onespike_lava.engines.numba.kernels.tile import TILES

BUCKET_COUNT = 32
"""Entries of a table that two registers hold."""

BUCKET_ROOM = 2.0**-12
"""Least distance of a threshold from the edge of a bucket, as a share of it. A potential comes
within `3 * 2**-24` of where it belongs: the rounded reciprocal of its base, a fused sum."""

LINE = 64
"""Bytes of a cache line; constants start at multiples."""


class Constants:
    """Gathers arrays into one block of bytes; equal arrays share a place."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.places: dict[bytes, int] = {}
        self.size = 0

    def add(self, values: Any, dtype: type[np.generic]) -> int:
        """Place an array and return its offset in bytes, a multiple of 64."""
        content = np.ascontiguousarray(values, dtype).tobytes()
        if content not in self.places:
            self.places[content] = self.size
            padded = content.ljust(-(-len(content) // LINE) * LINE, b"\0")
            self.parts.append(padded)
            self.size += len(padded)
        return self.places[content]

    def block(self) -> NDArray[np.uint8]:
        """Everything so far as uint8[size], at an address that is a multiple of 64."""
        block = aligned(self.size)
        block[:] = np.frombuffer(b"".join(self.parts), np.uint8)
        return block


def aligned(size: int) -> NDArray[np.uint8]:
    """uint8[size] of zeros at an address that is a multiple of 64, `size` one of 4."""
    memory = np.zeros(size + LINE, np.uint8)
    start = -memory.ctypes.data % LINE
    return memory[start : start + size]


def up(number: int, unit: int) -> int:
    """The next multiple of a unit."""
    return -(-number // unit) * unit


def widths_of(kind: str, outputs: int, per_group: int) -> Iterator[tuple[int, int]]:
    """Blocks `(first channel, vectors)` of a layer; a wide one must not span groups.

    It would read the inputs of both groups, half of them times 0.
    """
    start = 0
    while start < outputs:
        left = up(outputs - start, LANES) // LANES
        fits = [w for w in TILES[kind] if w <= left and (w == 1 or per_group % (w * LANES) == 0)]
        yield start, max(fits)
        start += max(fits) * LANES


def dot_weights(kind: str, weight: NDArray[np.int8]) -> NDArray[Any]:
    """Weights of a block in the order of the kernel.

    weight : int8[width * 16, taps, inputs], inputs a multiple of 4

    `vnni`: int8[taps, inputs / 4, width, 16, 4]; `portable`: int16[taps, inputs / 4, 2,
    2 * width, 8, 2], inputs 0 and 2 of each four before 1 and 3.
    """
    outputs, taps, inputs = weight.shape
    if kind == "vnni":
        split = weight.reshape(outputs // LANES, LANES, taps, inputs // REDUCED, REDUCED)
        return np.ascontiguousarray(split.transpose(2, 3, 0, 1, 4))
    split = weight.reshape(outputs // 8, 8, taps, inputs // REDUCED, 2, 2)
    return np.ascontiguousarray(split.transpose(2, 3, 5, 0, 1, 4).astype(np.int16))


def channel_weights(weight: NDArray[np.int8]) -> NDArray[np.int8]:
    """int8[taps, width * 16] of int8[width * 16, taps]."""
    return np.ascontiguousarray(weight.T)


def pixel_table(images: int, step: int, offsets: NDArray[Any]) -> NDArray[np.int32]:
    """Offsets of a unit's pixels, int32[images * len(offsets) + 16], the last one repeated.

    step    : bytes between images
    offsets : of one image's pixels in order
    """
    table = (np.arange(images)[:, None] * step + offsets).reshape(-1)
    return np.pad(table, (0, PIXELS), mode="edge").astype(np.int32)


def runs(taps: NDArray[np.int64], size: int) -> tuple[NDArray[np.int64], int]:
    """Windows as few runs of equal length, for long loops: offsets and bytes of a run.

    Rows of a window that follow each other without a gap in memory are one run.

    taps : offsets of a window's positions, int64[rows, columns]
    size : bytes that are read at each
    """
    rows, columns = taps.shape
    if (np.diff(taps, axis=1) == size).all():
        taps, size = taps[:, :1], size * columns
    if taps.shape[1] == 1 and (np.diff(taps[:, 0]) == size).all():
        taps, size = taps[:1], size * rows
    return taps.reshape(-1), size


@dataclass(frozen=True)
class Buckets:
    """A search that asks for one threshold: the bucket of a potential knows which.

    scale : of a potential in units of its base, before it is sorted into buckets
    table : int32, first `[low, high, offset, shift]` in 16 numbers; then for each of 32 buckets its
            threshold, float32, what is left where that is reached, and where it is not

    A bucket is the top bits of the float32 number `scale * potential / base + offset`, shifted down
    by `shift` and cut to `low .. high`; its entries stand at its last 5 bits.
    """

    scale: float
    table: NDArray[np.int32]


def buckets(thresholds: NDArray[np.int32], values: NDArray[np.int32]) -> Buckets | None:
    """The buckets of thresholds that do not increase, and what their phases leave in the output.

    None where no scale puts each threshold into a bucket of its own. Thresholds keep a distance
    from the edges of buckets that is far above what rounding moves a potential by: so a potential
    beside an edge finds the same phase from either side.
    """
    return _buckets(tuple(thresholds.tolist()), tuple(values.tolist()))


@lru_cache
def _buckets(thresholds: tuple[int, ...], values: tuple[int, ...]) -> Buckets | None:
    limits = np.unique(thresholds)
    reached = np.array([0, *(values[thresholds.index(limit)] for limit in limits.tolist())])
    # offsets lead from buckets of equal ratio to those of equal width
    ways = product((2, 3, 4, 5), np.linspace(0, 0.9, 19), np.linspace(1.01, 1.99, 50))
    for bits, share, most in ways:
        scale, offset = most * (1 - share) / limits[-1], np.float32(most * share)
        at, room = _bucket(scale * limits + float(offset), bits)
        apart = len(set(at.tolist())) == len(at) and at[-1] - at[0] < BUCKET_COUNT
        if apart and room >= BUCKET_ROOM:
            return Buckets(scale, _bucket_table(limits, reached, at, offset, 23 - bits))
    return None


def _bucket(values: NDArray[np.float64], bits: int) -> tuple[NDArray[np.int64], float]:
    """Buckets of numbers above 0, and the least distance of one from an edge, as a share of it."""
    mantissa, exponent = np.frexp(values)  # 0.5 <= mantissa < 1
    place = (2 * mantissa - 1) * 2**bits
    room = np.abs(place - np.rint(place)) / 2**bits
    return ((exponent + 126) << bits) + np.floor(place).astype(np.int64), float(room.min())


def _bucket_table(
    limits: NDArray[np.int64],
    reached: NDArray[np.int64],
    at: NDArray[np.int64],
    offset: np.float32,
    shift: int,
) -> NDArray[np.int32]:
    """See `Buckets`; `reached` is what is left below all thresholds and from each on."""
    head = np.zeros(LANES, np.int32)
    head[:2], head[2:3], head[3] = (at[0], at[-1]), np.array([offset]).view(np.int32), shift
    rows = np.zeros((3, BUCKET_COUNT), np.int32)
    for bucket in range(at[0], at[-1] + 1):
        below = int(np.searchsorted(at, bucket))
        own = below < len(at) and at[below] == bucket
        limit = np.float32(limits[below] if own else np.inf)
        place = bucket % BUCKET_COUNT
        rows[0, place] = np.array([limit]).view(np.int32)[0]
        rows[1, place], rows[2, place] = reached[below + own], reached[below]
    return np.concatenate([head, rows.reshape(-1)])


def halving_levels(phases: int) -> int:
    """Levels of a search by halving: 15 thresholds and one on top, or 31; 0 for more phases."""
    return 4 if phases <= 16 else 5 if phases <= 31 else 0


def halving_table(thresholds: NDArray[np.int32], values: NDArray[np.int32]) -> NDArray[np.int32]:
    """Table of a search by halving, as the kernel reads it; thresholds in bits of float32.

    thresholds, values : int32[phases], thresholds not increasing

    With `s` the thresholds in rising order, filled with infinity, a neuron's rank is the number
    of those that it reaches. The table holds the thresholds of the first two levels and the one
    on top (4 of 16 places), then for each further level of step `b` the threshold `s[rank + b -
    1]` by rank, at last the value by rank.
    """
    levels = halving_levels(len(thresholds))
    size = 1 << levels
    rising = np.full(3 * size, np.inf, np.float32)
    rising[: len(thresholds)] = thresholds[::-1]
    half = size // 2
    parts = [np.zeros(LANES, np.float32)]
    parts[0][:4] = rising[[half - 1, half // 2 - 1, half + half // 2 - 1, size - 1]]
    for level in range(2, levels):
        start = (half >> level) - 1
        parts.append(rising[start : start + size])
    by_rank = np.zeros(2 * LANES, np.int32)
    by_rank[1 : len(values) + 1] = values[::-1]
    return np.concatenate([*(part.view(np.int32) for part in parts), by_rank])
