"""The output layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.base import Integers, Shape
from onespike_lava.layers.codes import Code
from onespike_lava.layers.growth import Growth
from onespike_lava.layers.layer import Layer
from onespike_lava.layers.synapses import Connection
from onespike_lava.limits import STATE_BITS


def unblocked(values: NDArray[Any], blocks: tuple[int, int]) -> NDArray[Any]:
    """Planes [N, C b d, H, W] as [N, C, H b, W d], for blocks (b, d)."""
    if blocks == (1, 1):
        return values
    (down, across), (count, channels, rows, columns) = blocks, values.shape
    parts = values.reshape(count, channels // (down * across), down, across, rows, columns)
    moved = parts.transpose(0, 1, 4, 2, 5, 3)
    return moved.reshape(count, channels // (down * across), rows * down, columns * across)


@dataclass(frozen=True, eq=False, repr=False)
class Readout(Layer):
    """Output neurons that never spike; their last potentials are the scores.

    bias, growth : as in `Spiking`
    scale        : `logit = score * scale`, one number or float64[1, H, W], one per place
    blocks       : (rows, columns) of a larger plane that lie in channels: of (C b d, H, W) scores
                   the result is (C, H b, W d), row `y` of channel `c` is that of channel
                   `(c b + y % b) d + ...` in row `y // b`
    """

    role: ClassVar[str] = "output"
    stepping: ClassVar[bool | None] = False

    name: str
    shape: Shape
    synapses: tuple[Connection, ...] = field()  # no default: that of `Layer` would count as one
    bias: Integers
    scale: float | NDArray[np.float64]
    growth: Growth | None = None
    blocks: tuple[int, int] = (1, 1)

    @property
    def scores(self) -> Shape:
        """Shape of the scores, one of each neuron."""
        return self.shape

    @property
    def result(self) -> Shape:
        """Shape of the network's result: the scores, what lies in blocks in its place."""
        if self.blocks == (1, 1):
            return self.shape
        return unblocked(np.empty((0, *self.shape), np.bool_), self.blocks).shape[1:]

    def placed(self, scores: NDArray[Any]) -> NDArray[Any]:
        """Scores [N, outputs] in the order of `result`."""
        if self.blocks == (1, 1):
            return scores
        planes = scores.reshape(len(scores), *self.shape)
        return np.ascontiguousarray(unblocked(planes, self.blocks)).reshape(len(scores), -1)

    def code(self, passed: Sequence[Code], weighting: str, phases: int) -> None:
        """Nothing."""

    def state_bits(self, wait: int) -> int:
        """The potential."""
        return STATE_BITS
