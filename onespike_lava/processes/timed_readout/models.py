"""Models of `TimedReadout`: integers and real numbers, both on `neurons.read`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.neurons import StreamState, clock, read
from onespike_lava.processes.constants import Integers, Reals, check_score, neuron, state
from onespike_lava.processes.timed_readout.process import TimedReadout


class AbstractTimedReadoutModel(PyLoihiProcessModel):  # type: ignore[misc]
    """One step of the output layer; subclasses name the number type."""

    a_in: Any
    s_out: Any
    u: Any
    v: Any
    fired: Any
    taken: Any
    number: Any
    check: Any

    def run_spk(self) -> None:
        """Integrate what arrives; send the scores if the sample is complete."""
        arriving = self.a_in.recv().astype(self.number)
        held = StreamState(state(self), self.taken)
        layer, stream = self.proc_params["layer"], self.proc_params["stream"]
        sent = np.zeros(layer.scores, self.number)
        step, phases = self.time_step, self.proc_params["phases"]
        try:
            scores, held = read(neuron(self), stream, layer, held, step, arriving, self.check)
            if scores is not None and clock(step, stream.start, stream.period)[1] == phases:
                check_score(scores)
                sent = scores
        finally:  # whoever reads its scores must not wait for ever
            self.s_out.send(sent)
        (self.u, self.v, self.fired), self.taken = held


@implements(proc=TimedReadout, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyTimedReadoutModelFixed(Integers, AbstractTimedReadoutModel):
    """Integers as on the chip."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    taken: Any = LavaPyType(np.ndarray, np.int64)


@implements(proc=TimedReadout, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyTimedReadoutModelFloat(Reals, AbstractTimedReadoutModel):
    """Real numbers."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    taken: Any = LavaPyType(np.ndarray, float)
