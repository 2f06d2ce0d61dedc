"""Values of the source network as its front ends see them: a node, a shape, an order.

A transpose or a reshape moves nothing: it changes how the elements of a node's value are counted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import prod

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Shape

Places = NDArray[np.int64]


class RefusedError(ValueError):
    """Why a front end cannot read a node; the builder puts its name and operator in front."""


@dataclass(frozen=True, repr=False)
class Ref:
    """The value of a node: its name, and its shape without the batch as the source sees it.

    order : int64[elements], for each element, in C order of `shape`, its place in the node's value
            in C order; None where the elements come in the node's own order

    Of a (C, H, W) in the node's order (C, L) may be the planes in one row, such as the
    (C, 1, L) of a 1-D network.
    """

    name: str
    shape: Shape
    order: Places | None = field(default=None, compare=False)

    def __repr__(self) -> str:
        """As error messages show it."""
        return self.name

    @property
    def places(self) -> Places:
        """The order as an array of the value's shape."""
        order = np.arange(prod(self.shape)) if self.order is None else self.order
        return order.reshape(self.shape)

    def ordered(self, places: Places) -> Ref:
        """A value of these elements of the node, an array of the value's shape."""
        return Ref(self.name, places.shape, np.ascontiguousarray(places).reshape(-1))

    def reshaped(self, shape: Sequence[int]) -> Ref:
        """The same elements in another shape."""
        return Ref(self.name, tuple(map(int, shape)), self.order)

    def transposed(self, axes: Sequence[int]) -> Ref:
        """Axes of a sample in another order."""
        if tuple(axes) == tuple(range(len(self.shape))):
            return self
        return self.ordered(self.places.transpose(axes))

    def first(self, axis: int) -> Ref:
        """One axis of a sample before the others."""
        rest = [each for each in range(len(self.shape)) if each != axis]
        return self.transposed((axis, *rest))

    def back(self, axis: int) -> Ref:
        """The first axis of a sample where `first` found it."""
        rest = list(range(1, len(self.shape)))
        return self.transposed((*rest[:axis], 0, *rest[axis:]))


@dataclass(frozen=True, repr=False)
class Rows(Ref):
    """A value whose axes but the last are counted into the batch, [N * L, F]; linear maps read it.

    whole : the value itself, [N, L, F]
    """

    whole: Ref = field(default_factory=lambda: Ref("", ()))


def planes_of(shape: Shape) -> Shape:
    """The shape of a node for a value of this shape: (F,), (C, 1, L) or (C, H, W)."""
    if len(shape) not in (1, 2, 3):
        raise RefusedError(
            f"a value of {len(shape) + 1} dimensions; only [N, F], [N, C, L] and [N, C, H, W] "
            "are supported, reshape it before"
        )
    return (shape[0], 1, shape[1]) if len(shape) == 2 else shape
