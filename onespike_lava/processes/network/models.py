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
from lava.proc.dense.process import Dense
from lava.utils.weightutils import SignMode

from onespike_lava.dynamics import code_bits
from onespike_lava.layers import MaxPool, Readout, Spiking, Synapse, per_neuron
from onespike_lava.processes.conv.process import Conv
from onespike_lava.processes.delay.process import Delay
from onespike_lava.processes.network.process import OneSpikeNetwork
from onespike_lava.processes.neuron.process import OneSpike
from onespike_lava.processes.pool.process import Pool
from onespike_lava.processes.probe.process import Probe
from onespike_lava.processes.readout.process import Readout as ReadoutProcess
from onespike_lava.processes.steps import NetworkSteps, Recorder
from onespike_lava.schedule import Slot, schedule


@implements(proc=OneSpikeNetwork, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt")
class PyOneSpikeNetworkModel(PyLoihiProcessModel):  # type: ignore[misc]
    """All layers in one operating-system process."""

    inp: PyInPort = LavaPyType(PyInPort.VEC_DENSE, np.int32, precision=24)
    out: PyOutPort = LavaPyType(PyOutPort.VEC_DENSE, np.int32, precision=24)
    spikes: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int64)
    codes: np.ndarray[Any, Any] = LavaPyType(np.ndarray, np.int64)

    def __init__(self, proc_params: Any) -> None:
        super().__init__(proc_params)
        network, wait = proc_params["network"], proc_params["wait"]
        self.network_steps = NetworkSteps(network, wait)
        self.recorder = Recorder(network, wait, proc_params["samples"])
        self.silence = np.zeros(network.readout.shape, np.int32)

    def run_spk(self) -> None:
        """Take in the input's payloads, send the scores that are complete."""
        sent = self.network_steps.step(self.time_step, self.inp.recv())
        codes = self.codes if self.proc_params["record"] else None
        self.recorder.note(self.time_step, sent, self.spikes, codes)
        self.out.send(self.silence if sent[-1] is None else sent[-1])


@implements(proc=OneSpikeNetwork, protocol=LoihiProtocol)
@tag("fixed_pt")
class SubOneSpikeNetworkModel(AbstractSubProcessModel):  # type: ignore[misc]
    """One Process per synapse, delay, layer and, where spikes are counted, probe.

    Dense synapses are Lava's own `Dense`. Attributes are `layer_<i>`, `synapse_<i>_<j>`,
    `delay_<i>_<j>` and `probe_<i>`, with positions of the network.
    """

    def __init__(self, process: OneSpikeNetwork) -> None:
        params = process.proc_params
        self.network, self.wait = params["network"], params["wait"]
        self.slots = schedule(self.network, self.wait)
        self.outputs = [process.inp]  # of each layer, in order
        for position in range(len(self.slots)):
            if position > 0:
                self._add_layer(position)
            if params["samples"] and position < len(self.slots) - 1:
                self._add_probe(position, params["samples"])
        self.outputs[-1].connect(process.out)

    def _add(self, name: str, process: Any) -> Any:
        setattr(self, name, process)
        return process

    def _add_layer(self, position: int) -> None:
        layer, slot = self.network.layers[position], self.slots[position]
        if isinstance(layer, MaxPool):
            source = self.network.layers[layer.source]
            pool = Pool(
                input_shape=source.shape,
                shape=layer.shape,
                kernel=layer.kernel,
                window=layer.window,
                phases=self.network.phases,
                start=slot.fire,
                name=layer.name,
            )
            self._add(f"layer_{position}", pool)
            self.outputs[layer.source].connect(pool.s_in)
        else:
            neurons = self._add(f"layer_{position}", self._neurons(layer, slot))
            for index, synapse in enumerate(layer.synapses):
                label = f"{position}_{index}"
                self._add_synapse(label, synapse, slot.delays[index] - 1, neurons)
        self.outputs.append(getattr(self, f"layer_{position}").s_out)

    def _neurons(self, layer: Spiking | Readout, slot: Slot) -> OneSpike | ReadoutProcess:
        common: dict[str, Any] = {
            "shape": layer.shape,
            "bias": per_neuron(layer.bias, layer.shape),
            "start": slot.integrate,
            "growth": layer.growth,
            "name": layer.name,
        }
        if isinstance(layer, Readout):
            return ReadoutProcess(phases=self.network.phases, **common)
        return OneSpike(
            threshold_base=per_neuron(layer.threshold_base, layer.shape),
            threshold_table=layer.threshold_table,
            payload=layer.payload,
            wait=self.wait,
            max_spikes=layer.max_spikes,
            **common,
        )

    def _add_synapse(self, label: str, synapse: Synapse, delay: int, neurons: Any) -> None:
        source = self.outputs[synapse.source]
        shape = self.network.layers[synapse.source].shape
        if delay:
            line = self._add(f"delay_{label}", Delay(shape=shape, steps=delay))
            source.connect(line.s_in)
            source = line.s_out
        connection = self._add(f"synapse_{label}", connection_of(synapse, shape))
        flat = synapse.kind == "dense" and len(shape) > 1
        (source.flatten() if flat else source).connect(connection.s_in)
        connection.a_out.connect(neurons.a_in)

    def _add_probe(self, position: int, samples: int) -> None:
        layer, slot = self.network.layers[position], self.slots[position]
        probe = Probe(
            shape=layer.shape,
            samples=samples,
            phases=self.network.phases,
            start=slot.fire,
            bits=code_bits(layer),
        )
        self._add(f"probe_{position}", probe)
        self.outputs[position].connect(probe.s_in)


def connection_of(synapse: Synapse, shape: tuple[int, ...]) -> Conv | Dense:
    """The Process of a synapse from a source of a shape.

    Lava's Dense drops the lowest bit of mixed-sign weights: twice the weights, with an
    exponent of -1, are exact.
    """
    if synapse.kind == "conv":
        return Conv(
            weight=synapse.weight, input_shape=shape, window=synapse.window, groups=synapse.groups
        )
    return Dense(
        weights=2 * synapse.weight.astype(np.int32),
        weight_exp=-1,
        sign_mode=SignMode.MIXED,
        num_message_bits=24,
    )
