"""Models of `Delay`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.processes.delay.process import Delay


class AbstractDelayModel(PyLoihiProcessModel):  # type: ignore[misc]
    """A ring of past payloads."""

    s_in: Any = None
    s_out: Any = None
    line: Any = None

    def run_spk(self) -> None:
        """Send the oldest payloads, then put the new ones in their place."""
        oldest = self.time_step % len(self.line)
        self.s_out.send(self.line[oldest].copy())
        self.line[oldest] = self.s_in.recv()


@implements(proc=Delay, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyDelayModelFixed(AbstractDelayModel):
    """Integer payloads."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    line: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)


@implements(proc=Delay, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyDelayModelFloat(AbstractDelayModel):
    """Real payloads."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    line: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)
