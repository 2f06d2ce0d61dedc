"""The input layer."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.base import Shape
from onespike_lava.layers.codes import BinaryCode, Code
from onespike_lava.layers.layer import Layer


@dataclass(frozen=True, eq=False)
class Input(Layer):
    """Data in binary code: several spikes a sample, phase `j` worth `2**-j` (Sec. III-A).

    shape : of one sample, (C, H, W) or (F,)
    bits  : phases of the code, `T_in`
    low   : float64[C] or float64[1], the value of integer 0 per channel
    step  : float64[C] or float64[1], the difference of neighbouring integers
    """

    name: str
    shape: Shape
    bits: int
    low: NDArray[np.float64]
    step: NDArray[np.float64]

    @property
    def kind(self) -> str:
        """`input`."""
        return "input"

    def code(self, passed: Sequence[Code], weighting: str) -> BinaryCode:
        """The binary code of its integers."""
        return BinaryCode(self.bits, unary=weighting == "membrane")

    def state_bits(self, wait: int) -> int:
        """None: it is sent from outside."""
        return 0
