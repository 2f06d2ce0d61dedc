"""Models of `OneSpikeNetwork`: one operating-system process, or one per layer and synapse."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.model.py.model import PyLoihiProcessModel
from lava.magma.core.model.py.ports import PyInPort, PyOutPort
from lava.magma.core.model.py.type import LavaPyType
from lava.magma.core.model.sub.model import AbstractSubProcessModel
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol

from onespike_lava.processes.constants import check_score
from onespike_lava.processes.graph import build, open_inputs
from onespike_lava.processes.leaf.network import NetworkSteps
from onespike_lava.processes.leaf.recorder import Recorder
from onespike_lava.processes.leaf.steps import FIXED, FLOATING, Numbers
from onespike_lava.processes.network.process import OneSpikeNetwork
from onespike_lava.processes.probe.process import Probe
from onespike_lava.schedule import period, schedule


class AbstractOneSpikeNetworkModel(PyLoihiProcessModel):  # type: ignore[misc]
    """All layers in one operating-system process; subclasses name the number type."""

    inp: Any = None
    out: Any = None
    numbers: Numbers

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        network, wait = proc_params["network"], proc_params["wait"]
        self.network_steps = NetworkSteps(network, wait, self.numbers)
        notes = (proc_params[name] for name in ("samples", "spikes", "scores", "codes"))
        self.recorder = Recorder(network, wait, *notes)
        self.silence = np.zeros(network.readout.scores, self.numbers.state)

    def run_spk(self) -> None:
        """Take in the input's payloads, send the scores that are complete."""
        scores = self.silence
        try:
            sent = self.network_steps.step(self.time_step, self.inp.recv())
            complete = self.recorder.note(self.time_step, sent)
            if complete is not None and self.out.csp_ports:
                check_score(complete)
                scores = complete
        finally:  # whoever reads the scores must not wait for ever
            self.out.send(scores)


@implements(proc=OneSpikeNetwork, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyOneSpikeNetworkModelFixed(AbstractOneSpikeNetworkModel):
    """Integers as on the chip."""

    numbers = FIXED
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)


@implements(proc=OneSpikeNetwork, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PyOneSpikeNetworkModelFloat(AbstractOneSpikeNetworkModel):
    """Real numbers: what membrane weighting rounds is exact to 53 bits."""

    numbers = FLOATING
    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, float)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, float)


@implements(proc=OneSpikeNetwork, protocol=LoihiProtocol)
@tag("fixed_pt", "floating_pt")
class SubOneSpikeNetworkModel(AbstractSubProcessModel):  # type: ignore[misc]
    """One Process per synapse, delay, layer and, where spikes are counted, probe.

    Attributes are `layer_<i>`, a `Block`, and `probe_<i>`, with positions of the network.
    """

    def __init__(self, process: OneSpikeNetwork) -> None:
        params = process.proc_params
        network, wait, samples = params["network"], params["wait"], params["samples"]
        blocks = build(network, wait, first=1)
        for port in open_inputs(blocks, first=1):
            process.inp.connect(port)
        blocks[-1].out.connect(process.out)
        for position, block in enumerate(blocks, start=1):
            setattr(self, f"layer_{position}", block)
        slots = schedule(network, wait)
        outputs = [process.inp, *(block.out for block in blocks[:-1])]
        for position, output in enumerate(outputs if samples else ()):
            layer = network.layers[position]
            probe = Probe(
                shape=layer.shape,
                samples=samples,
                phases=network.phases,
                start=slots[position].fire,
                bits=network.code(position).places,
                kept=network.code(position).kept,
                period=period(network),
            )
            setattr(self, f"probe_{position}", probe)
            output.connect(probe.s_in)
