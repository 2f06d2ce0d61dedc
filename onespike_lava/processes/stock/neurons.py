"""Neurons of networks that step as Lava's own: LIF, LIFReset and ATRLIF."""

from __future__ import annotations

from typing import Any

from lava.proc.atrlif.process import ATRLIF
from lava.proc.lif.process import LIF, LIFReset

from onespike_lava.layers.timed import ONE
from onespike_lava.loihi.populations import Composition, Population, exponents


def population(plan: Composition, one: Population, period: int, start: int) -> Any:
    """The Process of neurons of one threshold and leak.

    period : steps from one sample to the next
    start  : the step before the layer's first, at which states are as they begin
    """
    drive, shape = plan.drive[one.at], (one.at.size,)
    shifts = exponents(drive)
    given: dict[str, Any] = {"bias_mant": drive >> shifts, "bias_exp": shifts}
    if plan.subtracts:
        assert plan.initial is not None
        return ATRLIF(
            shape=shape,
            v=plan.initial[one.at],
            delta_i=(ONE - 1) / ONE,
            delta_v=0,
            delta_theta=0,
            delta_r=0,
            theta_0=one.threshold,
            theta_step=0,
            **given,
        )
    if not one.keep_v:
        return forgetful(one.at.size, one.threshold, **given)
    given |= {"du": ONE - 1 - one.keep_u, "dv": ONE - one.keep_v, "vth": one.threshold}
    if plan.initial is not None:  # a reset would come behind the host
        return LIF(shape=shape, **given)
    offset = (start + 1) % period
    return LIFReset(shape=shape, reset_interval=period, reset_offset=offset, **given)


def forgetful(neurons: int, threshold: int, **drive: Any) -> LIFReset:
    """A LIF that forgets everything each step: it spikes where a step's input is above."""
    given = {"du": ONE - 1, "dv": 0, "vth": threshold, "reset_interval": 1}
    return LIFReset(shape=(neurons,), **given, **drive)
