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
    late: Any = None

    def run_spk(self) -> None:
        """Send what is due, and put the new payloads in the place of the oldest.

        The line is as long as the longest delay, one longer where a neuron has none: its payloads
        must come in before they are sent.
        """
        newest = self.time_step % len(self.line)
        if self.late.all():
            self.s_out.send(self._due())
            self.line[newest] = self.s_in.recv()
        else:
            self.line[newest] = self.s_in.recv()
            self.s_out.send(self._due())

    def _due(self) -> Any:
        at = (self.time_step - self.late) % len(self.line)
        if at.size == 1:
            return self.line[int(at[0])].copy()
        return np.take_along_axis(self.line, at[None], axis=0)[0]


@implements(proc=Delay, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyDelayModelFixed(AbstractDelayModel):
    """Integer payloads."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    line: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)
    late: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int64, precision=6)


@implements(proc=Delay, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyDelayModelFloat(AbstractDelayModel):
    """Real payloads."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    line: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)
    late: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int64)
