"""Models of `OneSpike`: bit-accurate integers and real numbers, both on `neurons.advance`."""

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
from onespike_lava.limits import STATE_BITS, STATE_LIMIT
from onespike_lava.neurons import Arithmetic, Membrane, Neuron, State, advance, fixed, floating
from onespike_lava.processes.neuron.process import OneSpike


class AbstractOneSpikeModel(PyLoihiProcessModel):  # type: ignore[misc]
    """One step of the neuron; subclasses name the number type."""

    a_in: Any = None
    s_out: Any = None
    v: Any = None
    v_previous: Any = None
    fired: Any = None
    bias: Any = None
    threshold_base: Any = None
    threshold_table: Any = None
    payload: Any = None

    def arithmetic(self, growth: Growth | None) -> Arithmetic:
        """How potentials grow in the number type of the model."""
        raise NotImplementedError

    def check(self) -> None:
        """Refuse potentials that the number type cannot hold; real numbers hold all."""

    def neuron(self) -> Neuron:
        """The layer's constants, as the Vars hold them now."""
        get = self.proc_params.get
        arithmetic = self.arithmetic(get("growth"))
        membrane = Membrane(self.bias, get("phases"), get("start"), arithmetic)
        base, table = self.threshold_base, self.threshold_table
        return Neuron(membrane, base, table, self.payload, get("wait"), get("max_spikes"))

    def run_spk(self) -> None:
        """Integrate what arrives, then send the payloads of the neurons that spike."""
        arriving = self.a_in.recv()
        state = State(self.v, self.v_previous, self.fired)
        sent, state = advance(self.neuron(), state, self.time_step, arriving)
        self.v, self.v_previous, self.fired = state
        self.s_out.send(np.zeros_like(self.v) if sent is None else sent)
        self.check()


@implements(proc=OneSpike, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PyOneSpikeModelFixed(AbstractOneSpikeModel):
    """Integers as on the chip: 24-bit states, growth rounded. Raises on overflow."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    v: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)
    v_previous: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)
    fired: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=6)
    bias: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)
    threshold_base: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)
    threshold_table: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)
    payload: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=8)

    def arithmetic(self, growth: Growth | None) -> Arithmetic:
        """Integers, growth rounded to the nearest."""
        return fixed(growth)

    def check(self) -> None:
        """Raise `OverflowError` for a potential beyond the 24-bit state."""
        largest = int(np.abs(self.v).max())
        if largest >= STATE_LIMIT:
            raise OverflowError(
                f"potential: {largest} exceeds the state limit of {STATE_LIMIT} ({STATE_BITS} "
                "bits signed); use smaller weights, payloads or biases"
            )


@implements(proc=OneSpike, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyOneSpikeModelFloat(AbstractOneSpikeModel):
    """Real numbers: no rounding, no limits."""

    a_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    s_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)
    v: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)
    v_previous: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)
    fired: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32)
    bias: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)
    threshold_base: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)
    threshold_table: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)
    payload: np.ndarray[Any, Any] = LavaPyType(np.ndarray, float)

    def arithmetic(self, growth: Growth | None) -> Arithmetic:
        """Real numbers."""
        return floating(growth)
