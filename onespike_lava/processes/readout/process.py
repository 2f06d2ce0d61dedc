"""Process `Readout`: output neurons that never spike."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from numpy.typing import ArrayLike

from onespike_lava.layers import Growth, Shape


class Readout(AbstractProcess):  # type: ignore[misc]
    """Output layer: sends its potential as a sample's last phase arrives, else zeros.

    shape  : of the layer
    phases : `T`
    bias   : scalar or [*shape], the potential at the start of each sample
    start  : the step before the first integration step, `Slot.integrate`; the scores of
             sample `n` leave at step `start + (n + 1) * T`
    growth : of the potential in membrane weighting
    """

    def __init__(
        self,
        *,
        shape: Shape,
        phases: int,
        bias: ArrayLike = 0,
        start: int = 0,
        growth: Growth | None = None,
        **parameters: Any,
    ) -> None:
        super().__init__(shape=shape, phases=phases, start=start, growth=growth, **parameters)
        self.a_in = InPort(shape=tuple(shape))
        self.s_out = OutPort(shape=tuple(shape))
        self.v = Var(shape=tuple(shape), init=0)
        self.bias = Var(shape=tuple(shape), init=np.broadcast_to(bias, tuple(shape)))
