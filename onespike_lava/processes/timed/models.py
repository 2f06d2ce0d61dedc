"""Models of `Timed`: bit-accurate integers and real numbers, both on `neurons.send`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.neurons import StreamState, send
from onespike_lava.processes.constants import Integers, Reals, neuron, state
from onespike_lava.processes.timed.process import Timed


class AbstractTimedModel(PyLoihiProcessModel):  # type: ignore[misc]
    """One step of the neurons; subclasses name the number type."""

    a_in: Any
    s_out: Any
    u: Any
    v: Any
    fired: Any
    v_previous: Any
    number: Any
    check: Any

    def run_spk(self) -> None:
        """Integrate what arrives, fire, send payloads."""
        arriving = self.a_in.recv().astype(self.number)
        held, sent = StreamState(state(self), self.v_previous), None
        stream = self.proc_params["stream"]
        try:
            sent, held = send(neuron(self), stream, held, self.time_step, arriving, self.check)
        finally:  # whoever reads its spikes must not wait for ever
            self.s_out.send(np.zeros_like(self.v) if sent is None else sent)
        (self.u, self.v, self.fired), self.v_previous = held


@implements(proc=Timed, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyTimedModelFixed(Integers, AbstractTimedModel):
    """Integers as on the chip: 24-bit states, decay rounded. Raises on overflow."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    v_previous: Any = LavaPyType(np.ndarray, np.int64, precision=24)


@implements(proc=Timed, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyTimedModelFloat(Reals, AbstractTimedModel):
    """Real numbers: no rounding, no limits."""

    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    v_previous: Any = LavaPyType(np.ndarray, float)
