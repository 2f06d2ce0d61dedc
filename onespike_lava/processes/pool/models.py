"""Models of `Pool`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.neurons import clock, pool, window_maximum
from onespike_lava.processes.pool.process import Pool


class AbstractPoolModel(PyLoihiProcessModel):  # type: ignore[misc]
    """The first spike of each window, once a sample, or the largest payload of each step."""

    s_in: Any = None
    s_out: Any = None
    fired: Any = None

    def run_spk(self) -> None:
        """Pass the windows that spike now, where it matters for the first time in the sample."""
        params = self.proc_params
        sent = self.s_in.recv()
        size = params["shape"][1:]
        largest = window_maximum(sent, params["kernel"], params["window"], size)
        if not params["first"]:
            self.s_out.send(largest)
            return
        _, phase = clock(self.time_step, params["start"], params["phases"])
        passed, self.fired = pool(largest, self.fired, phase == 1)
        self.s_out.send(passed)


@implements(proc=Pool, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyPoolModelFixed(AbstractPoolModel):
    """Integer payloads."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    fired: np.ndarray[Any, Any] = LavaPyType(np.ndarray, bool, precision=1)


@implements(proc=Pool, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyPoolModelFloat(AbstractPoolModel):
    """Real payloads."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    fired: np.ndarray[Any, Any] = LavaPyType(np.ndarray, bool)
