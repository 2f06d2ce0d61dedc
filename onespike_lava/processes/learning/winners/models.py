"""Model of `Winners` in integers: neurons as on the chip, the choice as a processor makes it."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.learning.rule import select
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.processes.learning.winners.process import Winners, step_of


@implements(proc=Winners, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyWinnersModelFixed(PyLoihiProcessModel):  # type: ignore[misc]
    """24-bit potentials; raises on overflow."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    won: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    first: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=1)
    v: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)
    times: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.uint8, precision=8)
    reached: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)

    def run_spk(self) -> None:
        """One step."""
        arriving = self.a_in.recv()
        spikes = np.zeros_like(self.v)
        won = np.zeros((len(self.v), 3), np.int32)
        first = np.zeros(len(self.v), np.int32)
        try:
            step = step_of(self.proc_params, self.time_step)
            if 1 <= step <= self.proc_params["steps"]:
                silent = step == 1 or not self.times.any()
                spikes = self._spiked(step, arriving)
                if silent and spikes.any():
                    first[select(self.times, self.reached, 1, 0)[0].channel] = 1
            if step == self.proc_params["steps"]:
                rule = self.proc_params["rule"]
                for each in select(self.times, self.reached, rule.winners, rule.radius):
                    won[each.channel] = each.row, each.column, each.step
        finally:  # whoever reads these must not wait for ever
            self.s_out.send(spikes)
            self.won.send(won)
            self.first.send(first)

    def _spiked(self, step: int, arriving: Any) -> Any:
        """Integrate; spikes of neurons that reach the threshold for the first time."""
        if step == 1:
            self.v, self.times = np.zeros_like(self.v), np.zeros_like(self.times)
        self.v = self.v + arriving
        if self.v.max(initial=0) >= STATE_LIMIT:
            raise OverflowError(f"potential: {self.v.max()} exceeds 24 bits; use fewer synapses")
        new = (self.times == 0) & (self.v >= self.proc_params["rule"].threshold)
        self.times = np.where(new, step, self.times).astype(np.uint8)
        self.reached = np.where(new, self.v, self.reached)
        return new.astype(np.int32)
