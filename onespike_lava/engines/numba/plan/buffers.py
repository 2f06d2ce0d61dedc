"""Where values lie in the arena, the memory of one thread for a group of images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.records import LANES
from onespike_lava.engines.numba.plan.packing import up
from onespike_lava.layers import Shape

Padding = tuple[int, int, int, int]


@dataclass
class Buffer:
    """Values `[image][row][column][channel]` with silent rows and columns around.

    shape        : of the layer, (C, H, W); (F,) counts as (F, 1, 1)
    pixel        : channels held
    padding      : rows and columns (top, left, bottom, right)
    item         : bytes of a value
    birth, death : first and last layer that needs it
    frames       : of an image: of trains the steps of a span, else 1
    start        : offset in the arena, known once all are placed
    """

    shape: Shape
    pixel: int
    padding: Padding
    item: int
    birth: int
    death: int
    start: int = 0
    frames: int = 1

    @property
    def line(self) -> int:
        """Bytes of a row."""
        return (self.shape[2] + self.padding[1] + self.padding[3]) * self.pixel * self.item

    @property
    def image(self) -> int:
        """Bytes of an image, of trains those of a frame."""
        return (self.shape[1] + self.padding[0] + self.padding[2]) * self.line

    @property
    def held(self) -> int:
        """Bytes of all frames of an image."""
        return self.frames * self.image

    @property
    def first(self) -> int:
        """Offset of the first value in the arena."""
        return self.start + self.corner((0, 0, 0, 0))

    @property
    def pixels(self) -> int:
        """Pixels of an image without padding."""
        return self.shape[1] * self.shape[2]

    def corner(self, padding: Padding) -> int:
        """Bytes from the buffer's start to the first window of a kernel with some padding."""
        top, left = self.padding[0] - padding[0], self.padding[1] - padding[1]
        return top * self.line + left * self.pixel * self.item

    def positions(self, size: Shape, stride: tuple[int, int] = (1, 1)) -> NDArray[np.int64]:
        """Offsets of `size` rows and columns, a stride apart, int64[rows, columns]."""
        rows = np.arange(size[0]) * stride[0] * self.line
        columns = np.arange(size[1]) * stride[1] * self.pixel * self.item
        return rows[:, None] + columns


def spatial(shape: Shape) -> Shape:
    """(C, H, W) of any layer."""
    return shape if len(shape) == 3 else (*shape, 1, 1)


def place(buffers: list[Buffer]) -> int:
    """Give each buffer the lowest place that no other of its time holds; bytes of an image."""
    placed: list[Buffer] = []
    for buffer in sorted(buffers, key=lambda b: (b.birth, -b.held)):
        near = [b for b in placed if b.birth <= buffer.death and buffer.birth <= b.death]
        start = 0
        for other in sorted(near, key=lambda b: b.start):
            if start + buffer.held <= other.start:
                break
            start = max(start, other.start + up(other.held, LANES))
        buffer.start = start
        placed.append(buffer)
    return max(b.start + up(b.held, LANES) for b in placed)
