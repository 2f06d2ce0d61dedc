"""Process `Pool`: the first spike of each window."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from onespike_lava.layers import Shape, Window


class Pool(AbstractProcess):  # type: ignore[misc]
    """Max pool of one-spike codes: passes each window's first spike, in the same step.

    input_shape : (C, H, W) of the source
    shape       : (C, rows, columns) of the pool
    kernel      : (rows, columns)
    window      : stride, padding and dilation
    phases      : `T`; the windows are ready again after as many steps
    start       : the step before the source's first output phase, `Slot.fire`
    """

    def __init__(
        self,
        *,
        input_shape: Shape,
        shape: Shape,
        kernel: tuple[int, int],
        window: Window,
        phases: int,
        start: int = 0,
        **parameters: Any,
    ) -> None:
        super().__init__(
            shape=shape, kernel=kernel, window=window, phases=phases, start=start, **parameters
        )
        self.s_in = InPort(shape=tuple(input_shape))
        self.s_out = OutPort(shape=tuple(shape))
        self.fired = Var(shape=tuple(shape), init=0)
