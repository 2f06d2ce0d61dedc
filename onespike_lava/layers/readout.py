"""The output layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.base import Integers, Shape
from onespike_lava.layers.codes import Code
from onespike_lava.layers.growth import Growth
from onespike_lava.layers.layer import Layer
from onespike_lava.layers.synapses import Connection
from onespike_lava.limits import STATE_BITS


@dataclass(frozen=True, eq=False, repr=False)
class Readout(Layer):
    """Output neurons that never spike; their last potentials are the scores.

    bias, growth : as in `Spiking`
    scale        : `logit = score * scale`, one number or float64[1, H, W], one per place
    """

    role: ClassVar[str] = "output"
    stepping: ClassVar[bool | None] = False

    name: str
    shape: Shape
    synapses: tuple[Connection, ...] = field()  # no default: that of `Layer` would count as one
    bias: Integers
    scale: float | NDArray[np.float64]
    growth: Growth | None = None

    @property
    def scores(self) -> Shape:
        """Shape of the scores, one of each neuron."""
        return self.shape

    def code(self, passed: Sequence[Code], weighting: str, phases: int) -> None:
        """Nothing."""

    def state_bits(self, wait: int) -> int:
        """The potential."""
        return STATE_BITS
