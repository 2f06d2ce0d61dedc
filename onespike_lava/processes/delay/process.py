"""Process `Delay`: a delay line for skip paths and axons."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from numpy.typing import ArrayLike

from onespike_lava.errors import OptionError
from onespike_lava.layers import Shape


class Delay(AbstractProcess):  # type: ignore[misc]
    """Delay line, `s_out(t) = s_in(t - steps)`, for the shorter path into a neuron, or axons.

    shape : of the layer
    steps : one number, at least 1, or int[*shape], of each neuron, at least 0 and one above it;
            else `OptionError`

    `extent` is the shortest and the longest delay.
    """

    def __init__(self, *, shape: Shape, steps: ArrayLike, **parameters: Any) -> None:
        super().__init__(shape=shape, **parameters)
        late = np.asarray(steps)
        self.extent = least, most = int(late.min()), int(late.max())
        if least < 0 or most < 1:
            raise OptionError(f"steps: a delay of {most} steps is below 1; connect directly")
        self.s_in = InPort(shape=tuple(shape))
        self.s_out = OutPort(shape=tuple(shape))
        self.late = Var(shape=late.shape or (1,), init=late)
        self.line = Var(shape=(most + (least == 0), *shape), init=0)
