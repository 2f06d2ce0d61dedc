"""Models of `Encoder`; the code is the same in both number types."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.layers import BinaryCode
from onespike_lava.neurons import clock
from onespike_lava.processes.encoder.process import Encoder


class AbstractEncoderModel(PyLoihiProcessModel):  # type: ignore[misc]
    """One bit of the present sample in each step."""

    a_in: Any = None
    s_out: Any = None
    samples: Any = None

    def run_spk(self) -> None:
        """Take in a sample at its first phase; send the bit of this one."""
        params = self.proc_params
        layer = params["layer"]
        sample, phase = clock(self.time_step, params["start"], params["phases"])
        received = self.a_in.recv()
        if params["streams"] and sample >= 0 and phase == 1:
            self.samples = params["coding"](layer, received[None]).integers
        at = 0 if params["streams"] else sample
        if sample >= 0 and at < len(self.samples):
            sent = BinaryCode(layer.bits, params["unary"]).payload(self.samples[at], phase)
        else:
            sent = np.zeros(layer.shape, np.int32)
        self.s_out.send(sent)


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
