"""Models of `Encoder`; codes are the same in both number types."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.neurons import clock
from onespike_lava.processes.encoder.process import Encoder


class AbstractEncoderModel(PyLoihiProcessModel):  # type: ignore[misc]
    """What the present sample sends in each step."""

    a_in: Any = None
    s_out: Any = None
    samples: Any = None

    def run_spk(self) -> None:
        """Take in a sample as it begins, of events step by step; send this phase's payloads."""
        get = self.proc_params.get
        layer, phases = get("layer"), get("phases")
        sample, phase = clock(self.time_step, get("start"), get("period"))
        received = self.a_in.recv()
        if get("streams") and sample >= 0:
            self._take(received, phase)
        at = 0 if get("streams") else sample
        sent = np.zeros(layer.shape, np.int32)
        if sample >= 0 and at < len(self.samples):
            code = layer.code((), "membrane" if get("unary") else "graded", phases)
            sent = code.sent(self.samples[at : at + 1], phase - 1, phase, np.int32)[0]
        self.s_out.send(sent)

    def _take(self, received: Any, phase: int) -> None:
        get = self.proc_params.get
        layer, phases = get("layer"), get("phases")
        if layer.coding != "events":
            if phase == 1:
                self.samples = get("coding")(layer, received[None], phases).integers
        elif phase <= phases:
            now = get("coding")(layer, received[None, None], 1).integers
            self.samples[0, phase - 1] = now[0, 0]


@implements(proc=Encoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyEncoderModelFixed(AbstractEncoderModel):
    """Integer payloads. Values arrive in the number type of whoever sends them."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    samples: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.uint8)


@implements(proc=Encoder, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyEncoderModelFloat(AbstractEncoderModel):
    """Payloads as real numbers."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    samples: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.uint8)
