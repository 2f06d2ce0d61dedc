"""The input layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.base import Shape
from onespike_lava.layers.codes import BinaryCode, Code, HeldCode, LatencyCode, StepCode
from onespike_lava.layers.layer import Layer

CODINGS = ("binary", "constant", "once", "latency", "events")
"""What an input may send of its integers; all but the first in networks that step."""


@dataclass(frozen=True, eq=False, repr=False)
class Input(Layer):
    """Data as integers `n` of `bits` places, `x = low + step * n`.

    shape  : of one sample, (C, H, W) or (F,)
    bits   : phases of the binary code, `T_in`; of other codes the places of the largest integer
    low    : float64[C] or float64[1], the value of integer 0 per channel
    step   : float64[C] or float64[1], the difference of neighbouring integers
    coding : what it sends of `n`, one of `CODINGS`:
             `binary` several spikes a sample, phase `j` worth `2**-j` (Sec. III-A)
             `constant` the whole of `n` in every step (direct coding)
             `once` the whole of `n` in step 1
             `latency` one spike of payload 1 in step `n`; nothing for 0
             `events` given from outside: a sample is [T, *shape], a payload for every step
    """

    role: ClassVar[str] = "input"

    name: str
    shape: Shape
    bits: int
    low: NDArray[np.float64]
    step: NDArray[np.float64]
    coding: str = "binary"

    @property
    def kind(self) -> str:
        """`input`."""
        return "input"

    def code(self, passed: Sequence[Code], weighting: str, phases: int) -> Code:
        """The code of its integers."""
        if self.coding == "constant":
            return HeldCode(self.bits, phases)
        if self.coding == "once":
            return HeldCode(self.bits, 1)
        if self.coding == "latency":
            return LatencyCode(min(phases, 2**self.bits - 1))
        if self.coding == "events":
            return StepCode((2**self.bits - 1,) * phases)
        return BinaryCode(self.bits, unary=weighting == "membrane")

    def sample_shape(self, phases: int) -> Shape:
        """Shape of one sample from outside: of events also its steps, (T, *shape)."""
        return (phases, *self.shape) if self.coding == "events" else self.shape

    def state_bits(self, wait: int) -> int:
        """None: it is sent from outside."""
        return 0
