"""Process `OneSpike`: a layer of neurons that spike at most once a sample."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from numpy.typing import ArrayLike

from onespike_lava.errors import OptionError
from onespike_lava.layers import Growth, Shape
from onespike_lava.model import checked_wait
from onespike_lava.neurons import threshold_row


class OneSpike(AbstractProcess):  # type: ignore[misc]
    """One-spike neurons, `V(0) = bias; V(t) = grow(V(t-1)) + a_in(t)`, `t = 1..T` (Eq. 1).

    A neuron sends `payload[k - 1]` at the first output phase `k` with `V(T_w + k) >= base *
    table[k - 1]` (Sec. III, Alg. 1), then nothing until the next sample, `T` steps later.

    shape           : of the layer
    threshold_base  : scalar or [*shape]
    threshold_table : [T]; in membrane weighting also [steps, T], of which `wait` picks the row
    payload         : [T], not 0: Lava takes a zero for silence
    bias            : scalar or [*shape], the potential at the start of each sample
    wait            : `T_w` in 0..T, phases between first input and first output
    start           : the step before the first integration step, `Slot.integrate`
    growth          : of the potential in membrane weighting
    max_spikes      : spikes that a neuron may send in a sample; with more than one left it fires
                      at `2 base payload[k - 1]` and falls by that (soft reset), graded only

    Raises `OptionError` for a wait outside 0..T and for payloads that do not fit.
    """

    def __init__(
        self,
        *,
        shape: Shape,
        threshold_base: ArrayLike,
        threshold_table: ArrayLike,
        payload: ArrayLike,
        bias: ArrayLike = 0,
        wait: int,
        start: int = 0,
        growth: Growth | None = None,
        max_spikes: int = 1,
        **parameters: Any,
    ) -> None:
        payloads, table = np.asarray(payload), np.asarray(threshold_table)
        phases = len(payloads)
        options = {"wait": wait, "start": start, "growth": growth, "max_spikes": max_spikes}
        super().__init__(shape=shape, phases=phases, **options, **parameters)
        if table.shape[-1] != phases or not payloads.all():
            raise OptionError(
                f"payload: {payloads.tolist()} must hold a value other than 0 for each of the "
                f"{table.shape[-1]} phases of the threshold table"
            )
        checked_wait(wait, phases, "neuron")
        if not 1 <= max_spikes <= (1 if growth else phases):
            raise OptionError(
                f"max_spikes: {max_spikes} is outside 1..{phases}, the neuron's phases, or above 1 "
                "in membrane weighting"
            )
        row = threshold_row(table, growth if table.ndim == 2 else None, wait)
        self.shape = tuple(shape)
        self.a_in = InPort(shape=self.shape)
        self.s_out = OutPort(shape=self.shape)
        self.v = Var(shape=self.shape, init=0)
        self.v_previous = Var(shape=self.shape, init=0)
        self.fired = Var(shape=self.shape, init=0)
        self.bias = Var(shape=self.shape, init=np.broadcast_to(bias, self.shape))
        self.threshold_base = Var(self.shape, init=np.broadcast_to(threshold_base, self.shape))
        self.threshold_table = Var(shape=(phases,), init=row)
        self.payload = Var(shape=(phases,), init=payloads)
