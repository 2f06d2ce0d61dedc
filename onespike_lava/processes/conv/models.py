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

from onespike_lava.layers import Synapse
from onespike_lava.processes.conv.process import Conv
from onespike_lava.processes.leaf.linear import Linear, linear
from onespike_lava.processes.weights import refuse_real


class AbstractConvModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Send the sums of the step before, then take in this step's payloads."""

    s_in: Any = None
    a_out: Any = None
    weight: Any = None
    a_buff: Any = None

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.product: Linear | None = None  # the Vars have no values yet

    def run_spk(self) -> None:
        """One step; the delay cuts cycles, as in Lava's own synapses."""
        self.a_out.send(self.a_buff)
        sent = self.s_in.recv()
        if self.product is None:
            self.product = self.laid_out()
        # A step without spikes costs nothing.
        sums = self.product(sent) if sent.any() else np.zeros_like(self.a_buff)
        self.a_buff = sums.astype(self.a_buff.dtype)

    def laid_out(self, product: Any = np.float32) -> Linear:
        """The convolution with the weights as they are now, in a type of products."""
        get = self.proc_params.get
        synapse = Synapse(0, self.weight, get("window"), get("groups"))
        return linear(synapse, tuple(get("input_shape")), product)


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


@implements(proc=Conv, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyConvModelFloat(AbstractConvModel):
    """Real payloads and weights."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    weight: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)
    a_buff: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)

    def laid_out(self, product: Any = np.float64) -> Linear:
        """The convolution in double precision."""
        return super().laid_out(product)
