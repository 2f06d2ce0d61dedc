"""Models of `Readout`: integers and real numbers, both on `neurons.read_out`."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.layers import Growth
from onespike_lava.neurons import Arithmetic, Membrane, fixed, floating, read_out
from onespike_lava.processes.readout.process import Readout


class AbstractReadoutModel(PyLoihiProcessModel):  # type: ignore[misc]
    """One step of the output layer; subclasses name the number type."""

    a_in: Any = None
    s_out: Any = None
    v: Any = None
    bias: Any = None

    def arithmetic(self, growth: Growth | None) -> Arithmetic:
        """How potentials grow in the number type of the model."""
        raise NotImplementedError

    def run_spk(self) -> None:
        """Integrate what arrives; send the potential if the sample is complete."""
        get = self.proc_params.get
        arithmetic = self.arithmetic(get("growth"))
        membrane = Membrane(self.bias, get("phases"), get("start"), arithmetic)
        scores, self.v = read_out(membrane, self.v, self.time_step, self.a_in.recv())
        self.s_out.send(np.zeros_like(self.v) if scores is None else scores)


@implements(proc=Readout, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyReadoutModelFixed(AbstractReadoutModel):
    """Integers as on the chip."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    v: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)
    bias: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)

    def arithmetic(self, growth: Growth | None) -> Arithmetic:
        """Integers, growth rounded to the nearest."""
        return fixed(growth)


@implements(proc=Readout, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyReadoutModelFloat(AbstractReadoutModel):
    """Real numbers."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    v: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)
    bias: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)

    def arithmetic(self, growth: Growth | None) -> Arithmetic:
        """Real numbers."""
        return floating(growth)
