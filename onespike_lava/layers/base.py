"""What all parts of an integer network share: read-only arrays, equality by value, shapes."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
from numpy.typing import NDArray

Shape = tuple[int, ...]
Integers = NDArray[np.int32]


class Frozen:
    """Read-only arrays and equality by value for dataclasses."""

    def __post_init__(self) -> None:
        """Replace every array by a read-only contiguous copy, where it is not one already."""
        for name, value in self._items():
            if isinstance(value, np.ndarray) and not _is_frozen(value):
                copy = np.array(value, order="C")
                copy.flags.writeable = False
                object.__setattr__(self, name, copy)

    def __eq__(self, other: object) -> bool:
        """Whether type and all fields agree, arrays in dtype, shape and every bit."""
        if not isinstance(other, Frozen) or type(self) is not type(other):
            return False
        return all(
            _same(mine, theirs)
            for (_, mine), (_, theirs) in zip(self._items(), other._items(), strict=True)
        )

    __hash__ = None  # type: ignore[assignment]

    def __repr__(self) -> str:
        """One line: type and fields, arrays by type and shape."""
        fields = ", ".join(f"{name}={_short(value)}" for name, value in self._items())
        return f"{type(self).__name__}({fields})"

    def _items(self) -> list[tuple[str, object]]:
        return [(f.name, getattr(self, f.name)) for f in fields(self)]  # type: ignore[arg-type]


def _is_frozen(value: NDArray[np.generic]) -> bool:
    flags = value.flags
    return flags.c_contiguous and flags.owndata and not flags.writeable


def _short(value: object) -> str:
    if not isinstance(value, np.ndarray):
        return repr(value)
    return f"{value.dtype}[{', '.join(map(str, value.shape))}]"


def _same(one: object, two: object) -> bool:
    if isinstance(one, np.ndarray) and isinstance(two, np.ndarray):
        return one.dtype == two.dtype and one.shape == two.shape and one.tobytes() == two.tobytes()
    return type(one) is type(two) and bool(one == two)


def times(shape: Shape) -> str:
    """A shape as people say it, `3x32x32`."""
    return "x".join(map(str, shape))


def beside(values: NDArray[np.int32], shape: Shape) -> NDArray[np.int32]:
    """Values per channel, place or neuron with axes such that they broadcast to a layer's shape."""
    if values.ndim == len(shape):
        return values
    return values.reshape((-1,) + (1,) * (len(shape) - 1))


def per_neuron(values: NDArray[np.int32], shape: Shape) -> NDArray[np.int32]:
    """Values per channel, place or neuron, as a read-only view of the layer's shape."""
    return values if values.shape == shape else np.broadcast_to(beside(values, shape), shape)
