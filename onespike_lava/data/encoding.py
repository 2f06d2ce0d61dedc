"""Samples on the input grid: the integers that the input layer sends."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava.data.samples import BLOCK, check_finite, numeric
from onespike_lava.errors import warn
from onespike_lava.layers import Input

CLIPPED = 0.05
"""Data of which a larger share lies outside the grid are hardly on the network's scale."""

OFF = 0.05
"""Distance from the grid, in steps, from which on values do not lie on it."""


@dataclass(frozen=True)
class Coded:
    """Samples as the input layer's integers.

    integers : uint8[N, *shape]
    clipped  : how many values lay outside the input range
    rounding : largest distance of a value inside the range from its grid point, in steps
    """

    integers: NDArray[np.uint8]
    clipped: int
    rounding: float


def encode(layer: Input, x: ArrayLike, phases: int = 0) -> Coded:
    """Samples on the grid `low + step * n`, `n = 0 .. 2**bits - 1` (Sec. III-A).

    `x` is float[N, *shape], of events [N, phases, *shape]. Raises `DataError` where it does not
    fit.
    """
    samples = Samples(layer, x, phases)
    return Coded(samples[:], samples.clipped, samples.rounding)


def as_integers(layer: Input, x: ArrayLike, phases: int = 0) -> Coded:
    """Samples that are integers of the grid already, in whatever type they travel.

    `x` is numeric[N, *shape], of events [N, phases, *shape], rounded and clipped to
    `0 .. 2**bits - 1`; such integers in uint8 are taken as they are. Raises `DataError` where it
    does not fit.
    """
    values, top = numeric(x, layer.inside.sample_shape(phases)), 2**layer.bits - 1
    if values.dtype == np.uint8 and values.max(initial=0) <= top:
        return Coded(values, 0, 0.0)
    whole = np.rint(values)
    inside = np.clip(whole, 0, top)
    off = np.abs(values - whole)[whole == inside]
    clipped = int(np.count_nonzero(whole != inside))
    return Coded(inside.astype(np.uint8), clipped, float(off.max(initial=0)))


class Samples:
    """Samples that engines read block by block, as the input layer's integers.

    `samples[start:stop]` is uint8[stop - start, *shape]; nothing is encoded before it is read,
    so that memory does not grow with the number of samples.

    layer    : the input layer
    values   : numeric[N, *shape], as given; of events numeric[N, phases, *shape]
    clipped, rounding : as in `Coded`, of what was read so far
    """

    def __init__(self, layer: Input, x: ArrayLike, phases: int = 0):
        """Raise `DataError` where type or shape do not fit; `phases` are the network's steps."""
        self.layer, self.values = layer, numeric(x, layer.sample_shape(phases))
        self.clipped, self.rounding = 0, 0.0

    def __len__(self) -> int:
        return len(self.values)

    def __getitem__(self, block: slice) -> NDArray[np.uint8]:
        values = self.layer.arranged(self.values[block])
        integers = np.empty(values.shape, np.uint8)
        size = max(1, BLOCK // max(1, prod(values.shape[1:])))
        for start in range(0, len(values), size):
            part = slice(start, start + size)
            self._encode(values[part], integers[part])
        return integers

    def _encode(self, values: NDArray[Any], integers: NDArray[np.uint8]) -> None:
        axes = (-1,) + (1,) * (len(self.layer.shape) - 1)
        top = 2**self.layer.bits - 1
        exact = np.subtract(values, self.layer.low.reshape(axes), dtype=np.float64)
        exact /= self.layer.step.reshape(axes)
        rounded = np.rint(exact)
        inside = (rounded >= 0) & (rounded <= top)  # not so for NaN
        distance = np.subtract(exact, rounded, out=exact, where=inside)
        distance = np.abs(distance, out=distance).max(initial=0.0, where=inside)
        lost = int(inside.size - np.count_nonzero(inside))
        if lost and values.dtype.kind == "f" and not np.isfinite(values).all():
            check_finite(self.values)
        self.clipped, self.rounding = self.clipped + lost, max(self.rounding, float(distance))
        np.clip(rounded, 0, top, out=rounded)
        np.copyto(integers, rounded, casting="unsafe")

    @property
    def levels(self) -> int | None:
        """Steps of the grid between the lowest and the highest value; None of values on it."""
        if self.rounding <= OFF or not len(self.values):
            return None
        values = self.layer.arranged(self.values[:])
        axes = tuple(axis for axis in range(values.ndim) if axis != 1)
        ends = [np.asarray(find(values, axis=axes), float) for find in (np.min, np.max)]
        low, high = ((each - self.layer.low) / self.layer.step for each in ends)
        top = 2**self.layer.bits - 1
        return int(np.rint(high.clip(0, top).max()) - np.rint(low.clip(0, top).min()))

    def note(self, clipped: int, rounding: float) -> None:
        """What an engine found that encoded the values itself.

        Raises `DataError` where those outside are not even numbers.
        """
        if clipped:
            check_finite(self.values)
        self.clipped += clipped
        self.rounding = max(self.rounding, rounding)


def few_levels(bits: int) -> int:
    """Steps of a grid that are too few for values between its integers."""
    return min(16, 2**bits // 4)


def grid_text(layer: Input) -> str:
    """The input grid and its range, as messages show it."""
    high = layer.low + (2**layer.bits - 1) * layer.step
    ends = f"{layer.low.min():g}..{high.max():g}"
    if layer.low.size == 1:
        return f"the input grid {ends}"
    return f"the {'channels' if len(layer.shape) > 1 else 'features'}' input grids ({ends} in all)"


def warn_of_input(layer: Input, values: int, clipped: int, levels: int | None) -> None:
    """Warn of so many values that are hardly on the scale of the input grid."""
    way = "scale the data as the calibration samples were"
    if clipped > CLIPPED * values:
        warn(
            f"x: {clipped} of {values} values lie outside {grid_text(layer)} and are clipped; {way}"
        )
    elif levels is not None and levels < few_levels(layer.bits):
        warn(
            f"x: the values span {levels} of {2**layer.bits - 1} steps of {grid_text(layer)} and "
            f"lie between them; {way}"
        )


def decode(layer: Input, integers: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Values float64[N, *shape] that the input layer's integers stand for."""
    axes = (-1,) + (1,) * (len(layer.shape) - 1)
    return layer.low.reshape(axes) + layer.step.reshape(axes) * integers
