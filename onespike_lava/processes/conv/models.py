"""Models of `Conv`: exact integers and real numbers."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.engines.numpy import connect
from onespike_lava.layers import Synapse
from onespike_lava.processes.conv.process import Conv
from onespike_lava.processes.weights import refuse_real


class AbstractConvModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Send the sums of the step before, then take in this step's payloads."""

    s_in: Any = None
    a_out: Any = None
    weight: Any = None
    a_buff: Any = None

    def run_spk(self) -> None:
        """One step; the delay cuts cycles, as in Lava's own synapses."""
        self.a_out.send(self.a_buff)
        sent = self.s_in.recv()
        params = self.proc_params
        synapse = Synapse(0, self.weight, params["window"], params["groups"])
        self.a_buff = self.convolve(synapse, sent)

    def convolve(self, synapse: Synapse, sent: Any) -> Any:
        """Sums [O, rows, columns] of the model's number type."""
        raise NotImplementedError


@implements(proc=Conv, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyConvModelFixed(AbstractConvModel):
    """int8 weights, int32 sums; float32 products are exact below 2**24."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    weight: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int8, precision=8)
    a_buff: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)

    def __init__(self, proc_params: Any) -> None:
        refuse_real(proc_params)
        super().__init__(proc_params)

    def convolve(self, synapse: Synapse, sent: Any) -> Any:
        """Sums int32; a step without spikes costs nothing."""
        if not sent.any():
            return np.zeros_like(self.a_buff)
        return connect(synapse, sent[None].astype(np.float32))[0].astype(np.int32)


@implements(proc=Conv, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyConvModelFloat(AbstractConvModel):
    """Real payloads, weights rounded to float32."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    weight: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)
    a_buff: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)

    def convolve(self, synapse: Synapse, sent: Any) -> Any:
        """Sums float64."""
        return connect(synapse, sent[None])[0]
