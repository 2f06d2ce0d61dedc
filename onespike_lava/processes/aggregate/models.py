"""Models of `Aggregate`: integers and real payloads, weights int8 in both."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.engines.products import connect
from onespike_lava.layers import Sparse
from onespike_lava.processes.aggregate.process import Aggregate


class AbstractAggregateModel(PyLoihiProcessModel):  # type: ignore[misc]
    """Send the sums of the step before, then take in this step's payloads."""

    s_in: Any = None
    a_out: Any = None
    a_buff: Any = None
    weight: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int8, precision=8)
    indices: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32)
    indptr: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32)
    signs: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int8, precision=2)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.synapse: Sparse | None = None  # the Vars have no values yet

    def run_spk(self) -> None:
        """One step; the delay cuts cycles, and a step without spikes costs nothing."""
        self.a_out.send(self.a_buff)
        sent = self.s_in.recv()
        if self.synapse is None:
            self.synapse = Sparse(0, self.weight, self.indices, self.indptr, self.signs)
        if sent.any():
            sums = connect(self.synapse, sent[None].astype(np.float32))[0]
            self.a_buff = sums.astype(self.a_buff.dtype)
        else:
            self.a_buff = np.zeros_like(self.a_buff)


@implements(proc=Aggregate, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyAggregateModelFixed(AbstractAggregateModel):
    """Integer payloads; float32 sums are exact below 2**24."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    a_buff: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)


@implements(proc=Aggregate, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyAggregateModelFloat(AbstractAggregateModel):
    """Real payloads, rounded to float32."""

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    a_buff: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)
