"""Samples and labels: checks, and the binary code of the input layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava.errors import DataError
from onespike_lava.layers import Input, Shape


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


def encode(layer: Input, x: ArrayLike) -> Coded:
    """Samples on the grid `low + step * n`, `n = 0 .. 2**bits - 1` (Sec. III-A).

    `x` is float[N, *shape]. Raises `DataError` where it does not fit.
    """
    values = check_samples(x, layer.shape)
    integers = np.empty(values.shape, np.uint8)
    clipped, rounding = 0, 0.0
    axes = (-1,) + (1,) * (len(layer.shape) - 1)
    low, step = layer.low.reshape(axes), layer.step.reshape(axes)
    top = 2**layer.bits - 1
    for start in range(0, len(values), 256):
        block = slice(start, start + 256)
        exact = (values[block].astype(np.float64) - low) / step
        rounded = np.rint(exact)
        inside = (rounded >= 0) & (rounded <= top)
        clipped += int(rounded.size - np.count_nonzero(inside))
        distance = np.abs(exact - rounded)
        rounding = max(rounding, float(distance.max(initial=0.0, where=inside)))
        integers[block] = np.clip(rounded, 0, top).astype(np.uint8)
    return Coded(integers, clipped, rounding)


def check_samples(x: ArrayLike, shape: Shape) -> NDArray[np.floating]:
    """Samples as a numeric array [N, *shape], else `DataError`."""
    values = np.asarray(x)
    if values.dtype.kind not in "fiub":
        raise DataError(f"x: type {values.dtype} is not numeric; give float32[N, ...]")
    if values.shape[1:] != tuple(shape) or values.ndim != len(shape) + 1:
        raise DataError(f"x: shape {values.shape} does not match [N, {_list(shape)}]; reshape it")
    if values.dtype.kind == "f" and not np.isfinite(values).all():
        bad = int(values.size - np.count_nonzero(np.isfinite(values)))
        raise DataError(f"x: {bad} values are NaN or infinite; clean the data")
    return values


def check_labels(y: ArrayLike, samples: int, classes: int) -> NDArray[np.int64]:
    """Labels as int64[samples] in 0..classes - 1, else `DataError`."""
    labels = np.asarray(y)
    if labels.dtype.kind not in "iu" or labels.shape != (samples,):
        raise DataError(
            f"y: {labels.dtype}{list(labels.shape)} is not one integer label per sample [{samples}]"
        )
    if samples and not 0 <= labels.min() <= labels.max() < classes:
        raise DataError(
            f"y: labels {labels.min()}..{labels.max()} are outside 0..{classes - 1}, the outputs "
            "of the network; renumber them"
        )
    return labels.astype(np.int64)


def _list(shape: Shape) -> str:
    return ", ".join(map(str, shape))
