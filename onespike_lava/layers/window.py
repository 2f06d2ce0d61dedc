"""How a kernel slides over a plane: the one place that turns windows into indices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from onespike_lava.layers.base import Shape

Tap = tuple[int, int, tuple[slice, slice]]
"""Row and column in a kernel, and the part of a padded plane that lies under them."""


@dataclass(frozen=True)
class Window:
    """How a kernel slides: convolutions and pools alike.

    stride, dilation : (rows, columns)
    padding          : silent rows and columns (top, left, bottom, right)
    """

    stride: tuple[int, int] = (1, 1)
    padding: tuple[int, int, int, int] = (0, 0, 0, 0)
    dilation: tuple[int, int] = (1, 1)

    def padded(self, shape: Shape) -> Shape:
        """(C, H, W) with the silent rows and columns."""
        top, left, bottom, right = self.padding
        return (shape[0], shape[1] + top + bottom, shape[2] + left + right)

    def pad(self, values: NDArray[Any], fill: float = 0) -> NDArray[Any]:
        """Values [..., H, W] with `fill` in the silent rows and columns; as given without any."""
        if not any(self.padding):
            return values
        top, left, bottom, right = self.padding
        before = [(0, 0)] * (values.ndim - 2)
        widths = (*before, (top, bottom), (left, right))
        return np.pad(values, widths, constant_values=fill)

    def output_size(self, size: Shape, kernel: Shape) -> tuple[int, int]:
        """Rows and columns of the output for an input of `size`; below 1 where none fits."""
        top, left, bottom, right = self.padding
        rows = (size[0] + top + bottom - self._extent(0, kernel)) // self.stride[0]
        columns = (size[1] + left + right - self._extent(1, kernel)) // self.stride[1]
        return rows + 1, columns + 1

    def _extent(self, axis: int, kernel: Shape) -> int:
        """Rows (axis 0) or columns from the first to the last that a kernel covers."""
        return self.dilation[axis] * (kernel[axis] - 1) + 1

    def under(self, axis: int, tap: int, size: int) -> slice:
        """What lies under one row (axis 0) or column of a kernel, in padded rows or columns.

        One for each of the `size` rows or columns of the output.
        """
        first = tap * self.dilation[axis]
        return slice(first, first + (size - 1) * self.stride[axis] + 1, self.stride[axis])

    def sources(self, axis: int, tap: int, size: int) -> NDArray[np.int64]:
        """The same as rows or columns of the plane itself, int64[size]; outside it is padding."""
        under = self.under(axis, tap, size)
        return np.arange(under.start, under.stop, under.step) - self.padding[axis]

    def taps(self, kernel: Shape, size: Shape) -> Iterator[Tap]:
        """Every position of a kernel, and what lies under it for an output of `size`."""
        for row in range(kernel[0]):
            for column in range(kernel[1]):
                yield row, column, (self.under(0, row, size[0]), self.under(1, column, size[1]))

    def view(self, values: NDArray[Any], kernel: Shape) -> NDArray[Any]:
        """What lies under each position of a kernel, a view [N, C, rows, columns, *kernel].

        values : [N, C, H, W]
        """
        padded = self.pad(values)
        extent = (self._extent(0, kernel), self._extent(1, kernel))
        view = sliding_window_view(padded, extent, axis=(2, 3))  # type: ignore[call-overload]
        (down, across), (apart, beside) = self.stride, self.dilation
        strided: NDArray[Any] = view[:, :, ::down, ::across, ::apart, ::beside]
        return strided

    def overlaps(self, axis: int, kernel: Shape, source: Shape, target: Shape) -> NDArray[np.int64]:
        """For each row (axis 0) or column of a kernel the outputs for which it is on the source.

        source, target : (C, H, W)
        """
        stride, last = self.stride[axis], target[1 + axis] - 1
        taps = np.arange(kernel[axis], dtype=np.int64) * self.dilation[axis]
        before = self.padding[axis] - taps  # the first of `last + 1` outputs lies at -before
        first = np.maximum(-(-before // stride), 0)
        until = np.minimum((before + source[1 + axis] - 1) // stride, last)
        found: NDArray[np.int64] = np.maximum(until - first + 1, 0)
        return found


PLAIN = Window()
"""Stride 1, no padding."""
