"""Process `PlasticConv`: a convolution whose shared weights learn from the winners it is told."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from onespike_lava.layers import Shape
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import Rule
from onespike_lava.processes.learning.winners.process import check_clock


class PlasticConv(AbstractProcess):  # type: ignore[misc]
    """A convolution that adds one step, like stock synapses, and learns after each sample.

    plastic     : weights, live marks, window, and how many samples it has learnt from
    rule        : how it learns
    input_shape : (I, H, W)
    steps       : of a sample, `T`
    start       : the step before the first sample's first spikes arrive
    period      : steps from one sample to the next; None takes `T`

    `s_in` takes spikes, `a_out` sends sums of weights, `won` takes what `Winners` sends one step
    after a sample's last spikes: [O, 3], for each channel row, column and step of its winner, 0 in
    place of the step for none. Vars `weight`, `live` and `samples` hold what is learnt. Pruned
    synapses are 0. Raises `OptionError` for steps or a period that do not fit.
    """

    def __init__(
        self,
        *,
        plastic: Plastic,
        rule: Rule,
        input_shape: Shape,
        steps: int,
        start: int = 0,
        period: int | None = None,
        **parameters: Any,
    ) -> None:
        period = steps if period is None else period
        given = {"window": plastic.window, "rule": rule, "input_shape": tuple(input_shape)}
        super().__init__(steps=steps, start=start, period=period, **given, **parameters)
        check_clock(steps, period)  # behind: Lava's own `__del__` needs what it sets up
        shape = plastic.output_shape(tuple(input_shape))
        self.s_in = InPort(shape=tuple(input_shape))
        self.won = InPort(shape=(shape[0], 3))
        self.a_out = OutPort(shape=shape)
        self.weight = Var(shape=plastic.weight.shape, init=plastic.weight)
        self.live = Var(shape=plastic.live.shape, init=plastic.live.astype(np.int8))
        self.samples = Var(shape=(1,), init=plastic.samples)
        self.times = Var(shape=tuple(input_shape), init=0)
        self.a_buff = Var(shape=shape, init=0)
