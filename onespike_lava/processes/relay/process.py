"""Process `Relay`: payloads of several layers added."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess

from onespike_lava.layers import Shape


class Relay(AbstractProcess):  # type: ignore[misc]
    """Sends in each step the sum of what arrives in it: spike-element-wise ADD, without a step.

    shape : of all that is connected to `s_in`
    """

    def __init__(self, *, shape: Shape, **parameters: Any) -> None:
        super().__init__(shape=shape, **parameters)
        self.s_in = InPort(shape=tuple(shape))
        self.s_out = OutPort(shape=tuple(shape))
