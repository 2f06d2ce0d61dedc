"""Process `Timed`: a layer of timed neurons."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from onespike_lava import layers
from onespike_lava.layers import Firing, Integration, Reset, Shape, Threshold
from onespike_lava.neurons import Stream
from onespike_lava.processes.constants import check, hold, options


class Timed(AbstractProcess):  # type: ignore[misc]
    """Timed neurons: integrate, fire, reset, send (`onespike_lava.layers.timed.parts`).

    LIF, CUBA and IF neurons with hard or soft reset, spike counts and one spike a sample are
    settings of it. A sample is over after `phases` steps; the next starts from rest.

    shape       : of the layer
    phases      : steps of a sample, `T`
    integration : bias, leak, filter, drive, fraction bits, growth
    threshold   : of each neuron and phase
    reset       : what a spike does to the potential
    firing      : payloads, most spikes, floor
    wait        : `T_w` in 0..T; 0 but for neurons that only add up
    start       : the step before the first integration step, `Slot.integrate`
    period      : steps from one sample to the next; None takes `T`

    Values of the parts are scalars in an array, per channel, place or neuron; real numbers only
    for the floating-point model. Vars hold them per neuron, and the state `u`, `v`, `v_previous`
    (of the sample before, with a wait) and `fired`. Raises `OptionError` for a wait or period
    that does not fit.
    """

    def __init__(
        self,
        *,
        shape: Shape,
        phases: int,
        integration: Integration,
        threshold: Threshold,
        reset: Reset | None = None,
        firing: Firing | None = None,
        wait: int = 0,
        start: int = 0,
        period: int | None = None,
        **parameters: Any,
    ) -> None:
        shape = tuple(shape)
        parts = (integration, threshold, reset or Reset(), firing or Firing())
        layer = layers.Timed("neurons", shape, (), *parts, np.ones(1))
        stream = Stream(start, phases if period is None else period, wait)
        super().__init__(**options(layer, phases, stream), **parameters)
        check(layer, phases, stream)
        self.shape = shape
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.v_previous = Var(shape=shape, init=0)
        hold(self, layer, phases, wait)
