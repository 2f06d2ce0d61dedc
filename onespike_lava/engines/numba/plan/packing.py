"""Constants as the kernels read them: one block of memory of weights and tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.records import LANES, PIXELS, REDUCED
from onespike_lava.engines.numba.kernels.tile import TILES

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
