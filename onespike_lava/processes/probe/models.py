"""Models of `Probe`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.layers.codes import noted
from onespike_lava.neurons import clock
from onespike_lava.processes.probe.process import Probe


class AbstractProbeModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Codes and the number of spikes."""

    s_in: Any = None
    codes: Any = None
    spikes: Any = None

    def run_spk(self) -> None:
        """Note the neurons that spike in this step."""
        params = self.proc_params
        self.codes = params["noted"]  # what Lava made of the Var is not seen by the host
        payloads = self.s_in.recv()
        spiking, kept = payloads != 0, params["kept"]
        sample, phase = clock(self.time_step, params["start"], params["period"])
        if not 0 <= sample < len(self.codes):
            return
        self.spikes += np.count_nonzero(spiking)
        if not kept:
            self.codes[sample][spiking] += noted(phase, params["bits"])
        elif phase <= kept:
            self.codes[sample, phase - 1] = payloads


@implements(proc=Probe, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyProbeModelFixed(AbstractProbeModel):
    """Integer payloads."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    codes: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int64)
    spikes: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int64)


@implements(proc=Probe, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyProbeModelFloat(AbstractProbeModel):
    """Real payloads."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    codes: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int64)
    spikes: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int64)
