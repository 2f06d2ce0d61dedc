"""Model of `PlasticConv` in exact integers, on the pure functions of `learning.rule`."""

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
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import Winner, updated
from onespike_lava.processes.leaf.linear import Linear, linear
from onespike_lava.processes.learning.plastic_conv.process import PlasticConv
from onespike_lava.processes.learning.winners.process import step_of


@implements(proc=PlasticConv, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyPlasticConvModelFixed(PyLoihiProcessModel):  # type: ignore[misc]
    """Weights of 0 .. 127, sums of int32; float32 products are exact below 2**24.

    The sums of the step before go out first, so that `Winners` can answer within the step; then
    the sample that has ended is learnt from, and only then the next one begins.
    """

    s_in: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    won: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    a_out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    weight: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int8, precision=8)
    live: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int8, precision=1)
    samples: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32)
    times: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.uint8, precision=8)
    a_buff: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int32, precision=24)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        self.product: Linear | None = None

    def run_spk(self) -> None:
        """One step."""
        self.a_out.send(self.a_buff)
        self._learn(self.won.recv())
        sent = self.s_in.recv()
        step = step_of(self.proc_params, self.time_step)
        if step == 1:
            self.times = np.zeros_like(self.times)
        if 1 <= step <= self.proc_params["steps"]:
            self.times = np.where((sent > 0) & (self.times == 0), step, self.times).astype(np.uint8)
        self.a_buff = np.zeros_like(self.a_buff)
        if sent.any():
            self.a_buff = self._product()(sent).astype(np.int32)

    def _learn(self, won: Any) -> None:
        """Move the weights at the step at which the winners of a sample come."""
        params = self.proc_params
        if step_of(params, self.time_step, late=1) != params["steps"]:
            return
        winners = [Winner(channel, *row) for channel, row in enumerate(won.tolist()) if row[2]]
        before = Plastic(
            self.weight, self.live.astype(bool), params["window"], int(self.samples[0])
        )
        after = updated(before, self.times, winners, params["rule"])
        self.samples = np.array([after.samples], np.int32)
        if winners:
            self.weight, self.live = np.array(after.weight), after.live.astype(np.int8)
            self.product = None

    def _product(self) -> Linear:
        """The convolution with the weights as they are now."""
        if self.product is None:
            synapse = Synapse(0, self.weight, self.proc_params["window"])
            self.product = linear(synapse, self.proc_params["input_shape"], np.float32)
        return self.product
