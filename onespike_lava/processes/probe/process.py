"""Process `Probe`: what a layer sent, as codes."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from onespike_lava.layers import Shape
from onespike_lava.processes.leaf.recorder import shared_zeros


class Probe(AbstractProcess):  # type: ignore[misc]
    """Recorder of a layer's spikes, with few values for the host to fetch.

    Fetching a Var costs about 15 us a value, so it keeps codes, not steps; the host that made the
    Probe reads them for nothing in `noted`, a plain array that the Probe's model writes to.

    shape   : of the layer
    samples : how many to record; what comes later is ignored
    phases  : `T`
    start   : the step before the layer's first output phase, `Slot.fire`
    bits    : places of a binary code (the input's `T_in`, or `T` where a neuron may spike
              several times), 0 for a one-spike code
    kept    : of networks that step, how many steps of a sample have their payloads kept instead
    period  : steps from one sample to the next; None takes `T`

    Var `codes` is [samples, *shape], the phase of the spike or the binary code's integer, 0
    = silent, or [samples, kept, *shape], payloads; `noted` is the same, int64. Var `spikes` is
    [1], all spikes counted one by one.
    """

    def __init__(
        self,
        *,
        shape: Shape,
        samples: int,
        phases: int,
        start: int = 0,
        bits: int = 0,
        kept: int = 0,
        period: int | None = None,
        **parameters: Any,
    ) -> None:
        period = phases if period is None else period
        given = {"start": start, "bits": bits, "kept": kept, "period": period}
        super().__init__(shape=shape, **given, **parameters)
        self.s_in = InPort(shape=tuple(shape))
        self.noted = shared_zeros((samples, *((kept,) if kept else ()), *shape), np.int64)
        self.proc_params["noted"] = self.noted
        self.codes = Var(shape=self.noted.shape, init=0)
        self.spikes = Var(shape=(1,), init=0)
