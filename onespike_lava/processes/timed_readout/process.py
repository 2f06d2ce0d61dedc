"""Process `TimedReadout`: output neurons of networks that step."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from onespike_lava import layers
from onespike_lava.layers import Firing, Integration, Reset, Shape, Threshold
from onespike_lava.neurons import Stream
from onespike_lava.processes.constants import check, hold, options


class TimedReadout(AbstractProcess):  # type: ignore[misc]
    """Output layer of timed neurons: sends scores in a sample's last step, else zeros.

    shape       : of the neurons; that of the scores is smaller by `group`
    phases      : steps of a sample, `T`
    integration, threshold, reset, firing : as of a `Timed`; without threshold none fires
    take        : `last`, `sum` or `maximum` of the potentials, each before its reset
    group       : neighbouring channels, or features, whose scores are added
    start       : the step before the first integration step, `Slot.integrate`; the scores of
                  sample `n` leave at step `start + n * period + T`
    period      : steps from one sample to the next; None takes `T`

    Vars hold constants and state as those of a `Timed`, and what is `taken` so far.
    """

    def __init__(
        self,
        *,
        shape: Shape,
        phases: int,
        integration: Integration,
        take: str = "last",
        group: int = 1,
        threshold: Threshold | None = None,
        reset: Reset | None = None,
        firing: Firing | None = None,
        start: int = 0,
        period: int | None = None,
        **parameters: Any,
    ) -> None:
        shape = tuple(shape)
        ends = (take, group, threshold, reset or Reset(), firing or Firing())
        layer = layers.TimedReadout("neurons", shape, (), integration, 1.0, *ends)
        stream = Stream(start, phases if period is None else period)
        super().__init__(**options(layer, phases, stream), **parameters)
        check(layer, phases, stream)
        self.shape = shape
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=layer.scores)
        self.taken = Var(shape=shape, init=0)
        hold(self, layer, phases)
