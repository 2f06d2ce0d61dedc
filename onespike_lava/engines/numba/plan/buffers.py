"""Where values lie in the arena, the memory of one thread for a group of images."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.records import LANES, REDUCED
from onespike_lava.engines.numba.plan.packing import up
from onespike_lava.layers import Input, MaxPool, Shape, Spiking, Synapse
from onespike_lava.model import Model

Padding = tuple[int, int, int, int]


@dataclass
class Buffer:
    """Values `[image][row][column][channel]` with silent rows and columns around.

    shape        : of the layer, (C, H, W); (F,) counts as (F, 1, 1)
    pixel        : channels held
    padding      : rows and columns (top, left, bottom, right)
    item         : bytes of a value
    birth, death : first and last layer that needs it
    start        : offset in the arena, known once all are placed
    """

    shape: Shape
    pixel: int
    padding: Padding
    item: int
    birth: int
    death: int
    start: int = 0

    @property
    def line(self) -> int:
        """Bytes of a row."""
        return (self.shape[2] + self.padding[1] + self.padding[3]) * self.pixel * self.item

    @property
    def image(self) -> int:
        """Bytes of an image."""
        return (self.shape[1] + self.padding[0] + self.padding[2]) * self.line

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


def layer_buffers(network: Model) -> list[list[Buffer]]:
    """Buffers of bytes for each layer but the readout, padded as its consumers need.

    A layer has one, or one for each spike of a neuron: its first spikes, its second, and so on.
    """
    made = []
    for index, layer in enumerate(network.layers[:-1]):
        paddings, death = [(0, 0, 0, 0)], index
        for later, consumer in enumerate(network.layers):
            for part in _parts_from(consumer, index):
                paddings.append(part.window.padding)
                death = later
        padding = tuple(max(sides) for sides in zip(*paddings, strict=True))
        shape = spatial(layer.shape)
        pixel = up(shape[0], REDUCED if isinstance(layer, Input) else LANES)
        planes = layer.max_spikes if isinstance(layer, Spiking) else 1
        made.append([Buffer(shape, pixel, padding, 1, index, death) for _ in range(planes)])
    return made


def _parts_from(consumer: object, source: int) -> list[MaxPool | Synapse]:
    if isinstance(consumer, MaxPool):
        return [consumer] if consumer.source == source else []
    return [s for s in getattr(consumer, "synapses", ()) if s.source == source]


def place(buffers: list[Buffer]) -> int:
    """Give each buffer the lowest place that no other of its time holds; bytes of an image."""
    placed: list[Buffer] = []
    for buffer in sorted(buffers, key=lambda b: (b.birth, -b.image)):
        near = [b for b in placed if b.birth <= buffer.death and buffer.birth <= b.death]
        start = 0
        for other in sorted(near, key=lambda b: b.start):
            if start + buffer.image <= other.start:
                break
            start = max(start, other.start + up(other.image, LANES))
        buffer.start = start
        placed.append(buffer)
    return max(b.start + up(b.image, LANES) for b in placed)
