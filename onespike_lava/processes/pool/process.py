"""Process `Pool`: the first spike, or the largest payloads, of each window."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from onespike_lava.layers import Shape, Window


class Pool(AbstractProcess):  # type: ignore[misc]
    """Max pool: passes each window's first spike, or in each step its largest payload, at once.

    input_shape : (C, H, W) of the source
    shape       : (C, rows, columns) of the pool
    kernel      : (rows, columns)
    window      : stride, padding and dilation
    phases      : `T`, or the steps from one sample to the next: so long a window that has
                  spiked is silent
    start       : the step before the source's first output phase, `Slot.fire`
    first       : of neurons that spike once a sample: the first spike alone
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
        first: bool = True,
        **parameters: Any,
    ) -> None:
        given = {"phases": phases, "start": start, "first": first}
        super().__init__(shape=shape, kernel=kernel, window=window, **given, **parameters)
        self.s_in = InPort(shape=tuple(input_shape))
        self.s_out = OutPort(shape=tuple(shape))
        self.fired = Var(shape=tuple(shape), init=0)
