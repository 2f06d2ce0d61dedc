"""Rules of a layer's arrays: types and dimensions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Integers, Shape


def array_kind(values: NDArray[np.generic]) -> str:
    """Type and dimensions, as messages show them."""
    return f"{values.dtype}{list(values.shape)}"


def by_place(shape: Shape) -> Shape:
    """Dimensions of values per place, (1, H, W)."""
    return (1, *shape[1:])


def integers(name: str, values: Integers, shape: Shape) -> Iterator[str]:
    """One int32 per channel, place or neuron."""
    if values.dtype != np.int32 or values.shape not in (shape[:1], shape, by_place(shape)):
        yield f"{name}: {array_kind(values)} is not int32[{shape[0]}] or int32{list(shape)}"


def positive(scales: NDArray[np.float64]) -> Iterator[str]:
    """Finite scales above 0."""
    if not (np.isfinite(scales).all() and (scales > 0).all()):
        yield "scale: not finite and positive; calibrate with other data"
