"""Process `Winners`: one-spike neurons, and which of them learn from a sample."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from onespike_lava.errors import OptionError
from onespike_lava.layers import Shape
from onespike_lava.learning.rule import Rule


def check_clock(steps: int, period: int) -> None:
    """Raise `OptionError` for steps of a sample, and from one to the next, that do not fit."""
    if not 1 <= steps <= 255:
        raise OptionError(f"steps: {steps} is outside 1..255; give one of them")
    if period < steps:
        raise OptionError(f"period: {period} is below {steps}, the steps of a sample; leave it out")


def step_of(params: Any, time_step: int, late: int = 0) -> int:
    """Step within a sample for what arrives `late` steps later than spikes; 0 before the first."""
    since = time_step - params["start"] - late - 1
    return int(since % params["period"]) + 1 if since >= 0 else 0


class Winners(AbstractProcess):  # type: ignore[misc]
    """Neurons that add up, spike once and compete (`learning.rule.select`).

    shape  : (O, H, W)
    rule   : threshold, number of winners, radius
    steps, start, period : as in `PlasticConv`, whose `a_out` arrives one step later; `start` is the
             step before the first sums arrive

    `a_in` takes sums of weights, `s_out` sends spikes; `won` sends [O, 3] in the last step of a
    sample: row, column and step of each channel's winner, zeros for channels without one and in
    all other steps. `first` sends [O], 1 for the channel of a sample's first winner, in the step in
    which it spikes: the only winner of a layer of one place.
    """

    def __init__(
        self,
        *,
        shape: Shape,
        rule: Rule,
        steps: int,
        start: int = 0,
        period: int | None = None,
        **parameters: Any,
    ) -> None:
        period = steps if period is None else period
        given = {"rule": rule, "steps": steps, "start": start, "period": period}
        super().__init__(**given, **parameters)
        check_clock(steps, period)  # behind: Lava's own `__del__` needs what it sets up
        self.a_in = InPort(shape=shape)
        self.s_out = OutPort(shape=shape)
        self.won = OutPort(shape=(shape[0], 3))
        self.first = OutPort(shape=shape[:1])
        for name in ("v", "times", "reached"):
            setattr(self, name, Var(shape=shape, init=0))
