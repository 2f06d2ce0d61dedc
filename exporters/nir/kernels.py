"""Connections in the forms that NIR has: square kernels padded alike on both sides, matrices.

NIR's convolution takes one padding per axis, and its reader derives both sides of the output
from a kernel's rows and knows no groups. Zeros added to a kernel make it fit, exactly.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import (
    CONNECTIONS,
    Connection,
    Registry,
    Shape,
    Sparse,
    Synapse,
    Window,
)

Floats = NDArray[np.float32]

SIDE_LIMIT = 256
"""Largest side of a kernel that is looked for."""


@dataclass(frozen=True)
class Square:
    """How a kernel and its padding grow to the form of NIR.

    side   : of the square kernel
    before : rows of zeros above it, columns of zeros to its left
    """

    side: int
    before: tuple[int, int]

    def padding(self, window: Window) -> tuple[int, int]:
        """Silent rows and columns on either side."""
        (above, left), (high, wide) = self.before, window.dilation
        return window.padding[0] + high * above, window.padding[1] + wide * left

    def kernel(self, weight: NDArray[np.int8], groups: int) -> Floats:
        """The kernel among zeros and without groups, float32[O, I, side, side]."""
        widths = [
            (zeros, self.side - taps - zeros)
            for zeros, taps in zip(self.before, weight.shape[2:], strict=True)
        ]
        return np.pad(spread(weight, groups), ((0, 0), (0, 0), *widths))


def square(sides: Shape, window: Window, plane: Shape) -> Square | None:
    """The smallest square that gives the same outputs; None where none of `SIDE_LIMIT` does.

    sides : rows and columns of the kernel
    plane : rows and columns of the source

    An even side beside an odd one cannot be helped at stride 1.
    """
    for side in range(max(sides), SIDE_LIMIT + 1):
        above = _zeros_before(0, side, sides, window, plane)
        left = _zeros_before(1, side, sides, window, plane)
        if above is not None and left is not None:
            return Square(side, (above, left))
        if side > 2 * max(sides) + max(window.padding):
            break
    return None


def _zeros_before(axis: int, side: int, sides: Shape, window: Window, plane: Shape) -> int | None:
    """Zeros before the kernel that make symmetric padding give the same outputs."""
    taps, size = sides[axis], plane[axis]
    first, last = window.padding[axis], window.padding[axis + 2]
    stride, dilation = window.stride[axis], window.dilation[axis]
    outputs = (size + first + last - dilation * (taps - 1) - 1) // stride
    for zeros in range(side - taps + 1):
        padded = size + 2 * (first + dilation * zeros)
        if (padded - dilation * (side - 1) - 1) // stride == outputs:
            return zeros
    return None


def spread(weight: NDArray[np.int8], groups: int) -> Floats:
    """A grouped kernel as one of all channels, float32[O, I, rows, columns]."""
    outputs, inputs = weight.shape[0] // groups, weight.shape[1]
    full = np.zeros((weight.shape[0], groups * inputs, *weight.shape[2:]), np.float32)
    for group in range(groups):
        rows = slice(group * outputs, (group + 1) * outputs)
        full[rows, group * inputs : (group + 1) * inputs] = weight[rows]
    return full


MATRICES: Registry[Callable[[Any, Shape], Floats]] = Registry("NIR", CONNECTIONS)


def as_matrix(synapse: Connection, source: Shape) -> Floats:
    """The connection as a matrix of flattened layers, float32[O, I]; order C, H, W."""
    return MATRICES.of(synapse)(synapse, source)


@MATRICES.add(Synapse)
def _of_kernel(synapse: Synapse, source: Shape) -> Floats:
    if synapse.kind == "dense":
        return synapse.weight.astype(np.float32)
    target, sides = synapse.output_shape(source), synapse.weight.shape[2:]
    seen = [  # the rows and columns of the kernel that ever lie on the source
        np.flatnonzero(synapse.window.overlaps(axis, sides, source, target)) for axis in (0, 1)
    ]
    full = spread(synapse.weight[:, :, seen[0]][..., seen[1]], synapse.groups)
    outputs, inputs = full.shape[:2]
    rows, columns = target[1:]
    silent = prod(source[1:])  # the place of padding, dropped at the end
    places = synapse.window.pad(np.arange(silent).reshape(source[1:]), silent)
    matrix = np.zeros((outputs, rows * columns, inputs, silent + 1), np.float32)
    for at, column_at in np.ndindex(*full.shape[2:]):
        row, column = int(seen[0][at]), int(seen[1][column_at])
        under = synapse.window.under(0, row, rows), synapse.window.under(1, column, columns)
        read = places[under].reshape(-1)
        matrix[:, np.arange(rows * columns), :, read] = full[:, :, at, column_at]
    return matrix[..., :-1].reshape(outputs * rows * columns, inputs * silent)


@MATRICES.add(Sparse)
def _of_places(synapse: Sparse, source: Shape) -> Floats:
    channels, rows = synapse.output_shape(source)[:2]
    places = prod(source[1:])
    row = np.repeat(np.arange(rows), np.diff(synapse.indptr))
    matrix = np.zeros((channels, rows, channels, len(synapse.signs), places), np.float32)
    for channel in range(channels):
        for number, sign in enumerate(synapse.signs):
            matrix[channel, row, channel, number, synapse.indices] = (
                synapse.weight.astype(np.float32) * sign
            )
    return matrix.reshape(channels * rows, -1)
