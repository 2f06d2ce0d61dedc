"""Process `Conv`: a convolution of payloads, exact in integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from numpy.typing import ArrayLike

from onespike_lava.layers import Shape, Synapse, Window
from onespike_lava.processes.weights import check_int8, is_real


class Conv(AbstractProcess):  # type: ignore[misc]
    """Convolution (cross-correlation, as in torch) that adds one step, like stock synapses.

    weight      : [O, I / groups, rows, columns], int8 for the fixed-point model
    input_shape : (I, H, W), channels first
    window      : stride, padding (top, left, bottom, right) and dilation
    groups      : any divisor of I and O

    The fixed-point sums are exact while they stay below 2**24 in magnitude. Lava's own Conv
    takes `groups` in 8 bits, other layouts, and several times the time. Raises `OptionError`
    for integers outside int8.
    """

    def __init__(
        self,
        *,
        weight: ArrayLike,
        input_shape: Shape,
        window: Window | None = None,
        groups: int = 1,
        **parameters: Any,
    ) -> None:
        window, values = window or Window(), np.asarray(weight)
        given = {"input_shape": input_shape, "window": window, "groups": groups}
        super().__init__(real=is_real(values), **given, **parameters)
        check_int8(values)
        shape = Synapse(0, values, window, groups).output_shape(tuple(input_shape))
        self.s_in = InPort(shape=tuple(input_shape))
        self.a_out = OutPort(shape=shape)
        self.weight = Var(shape=values.shape, init=values)
        self.a_buff = Var(shape=shape, init=0)
