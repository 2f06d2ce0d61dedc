"""Values of one node on all samples, in a file: part by part, never all of them in memory."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.codes import Code
from onespike_lava.layers import Shape

Values = NDArray[np.float32]

BATCH = 64
"""Samples that are computed together at most."""

PART_BYTES = 2**26
"""Memory that the largest value of the samples computed together may take, in float32."""


def parts(count: int, shapes: Sequence[Shape]) -> list[slice]:
    """Consecutive parts of `count` samples whose nodes have values of these shapes.

    Of `BATCH` samples, of fewer where one sample's largest value is large.
    """
    largest = np.dtype(np.float32).itemsize * max(prod(shape) for shape in shapes)
    size = max(1, min(BATCH, PART_BYTES // largest))
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]


class Stored:
    """Values float32[N, *shape], written in order and read by parts.

    Reads and writes, not mappings: what a process maps counts as its memory.
    """

    dtype: type[np.generic] = np.float32

    def __init__(self, path: Path, shape: Shape) -> None:
        self.path, self.shape = path, shape
        self.size = prod(shape) * np.dtype(self.dtype).itemsize
        self.stream = path.open("xb+", buffering=0)

    def append(self, values: NDArray[Any]) -> None:
        """Write the next part."""
        left = np.ascontiguousarray(values, self.dtype).data.cast("B")
        while left:
            left = left[self.stream.write(left) :]

    def __getitem__(self, part: slice) -> Values:
        """Values float32[n, *shape] of a part."""
        return self._read(part)

    def _read(self, part: slice) -> NDArray[Any]:
        found = np.empty((part.stop - part.start, *self.shape), self.dtype)
        self.stream.seek(part.start * self.size)
        left = found.data.cast("B")
        while left:
            left = left[self.stream.readinto(left) :]
        return found

    def remove(self) -> None:
        """Take the file away."""
        self.stream.close()
        self.path.unlink()


class Ranks(Stored):
    """The same of values that a code carries: a byte each, the rank of its level, 0 of silence.

    Larger values have larger ranks, so a maximum of values is one of ranks.
    """

    dtype = np.uint8

    def __init__(self, path: Path, shape: Shape, code: Code) -> None:
        super().__init__(path, shape)
        self.code = code

    def __getitem__(self, part: slice) -> Values:
        """Values float32[n, *shape] of a part."""
        return self.code.of_ranks(self._read(part))

    def ranks(self, part: slice) -> Values:
        """Ranks of a part, as numbers that a max pool takes."""
        return self._read(part).astype(np.float32)
