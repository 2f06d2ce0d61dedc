"""Process `Delay`: a delay line for skip paths."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from onespike_lava.errors import OptionError
from onespike_lava.layers import Shape


class Delay(AbstractProcess):  # type: ignore[misc]
    """Delay line, `s_out(t) = s_in(t - steps)`, for the shorter path into a neuron.

    shape : of the layer
    steps : at least 1, else `OptionError`
    """

    def __init__(self, *, shape: Shape, steps: int, **parameters: Any) -> None:
        super().__init__(shape=shape, steps=steps, **parameters)
        if steps < 1:
            raise OptionError(f"steps: a delay of {steps} steps is below 1; connect directly")
        self.s_in = InPort(shape=tuple(shape))
        self.s_out = OutPort(shape=tuple(shape))
        self.line = Var(shape=(steps, *shape), init=0)
