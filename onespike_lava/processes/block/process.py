"""Process `Block`: a layer of a network with the synapses and delays before it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess

from onespike_lava import layers
from onespike_lava.layers import (
    LAYERS,
    Connection,
    Input,
    MaxPool,
    Readout,
    Registry,
    Shape,
    Spiking,
    Sum,
    Timed,
    TimedReadout,
    per_neuron,
)
from onespike_lava.model import Model
from onespike_lava.processes.aggregate.process import Aggregate
from onespike_lava.processes.conv.process import Conv
from onespike_lava.processes.delay.process import Delay
from onespike_lava.processes.dense.process import Dense
from onespike_lava.processes.encoder.process import Encoder
from onespike_lava.processes.neuron.process import OneSpike
from onespike_lava.processes.pool.process import Pool
from onespike_lava.processes.readout.process import Readout as ReadoutProcess
from onespike_lava.processes.sparse.process import Sparse
from onespike_lava.schedule import Slot

SPARSE_BELOW = 0.1
"""Share of non-zero weights under which a dense synapse becomes a `Sparse` Process."""

SynapseProcess = Aggregate | Conv | Dense | Sparse


class Block(AbstractProcess):  # type: ignore[misc]
    """One layer of a network, made of a Process per synapse, delay and layer.

    network  : that holds the layer
    position : of the layer in it
    wait     : `T_w` of the run
    slot     : when the layer works
    sparse   : dense synapses as `Sparse`; else only those with few weights
    integers : an input layer reads the integers of its code, not the source network's values

    Ports `inp` and, for further sources, `inp_1`, `inp_2` ... have the shapes of the sources;
    `out` has the layer's. `neuron` is the Process of the layer, `synapses` and `delays` are
    those before it, None where a source needs no delay. `shape` is channels first, `title`
    the layer's name.
    """

    def __init__(
        self,
        *,
        network: Model,
        position: int,
        wait: int,
        slot: Slot,
        sparse: bool = False,
        integers: bool = False,
    ) -> None:
        layer = network.layers[position]
        super().__init__(name=layer.name)
        self.title = layer.name
        self.shape: Shape = layer.shape
        self.synapses: list[SynapseProcess] = []
        self.delays: list[Delay | None] = []
        self.out = OutPort(shape=layer.shape)
        self.neuron: Any = PARTS.of(layer)(layer, network, wait, slot, integers)
        entry = self.neuron.s_in if hasattr(self.neuron, "s_in") else self.neuron.a_in
        if not layer.synapses:  # spikes of the only source, or samples
            shape = network.layers[layer.sources[0]].shape if layer.sources else layer.shape
            self._inp(0, shape).connect(entry)
        for index, synapse in enumerate(layer.synapses):
            shape = network.layers[synapse.source].shape
            self._add_synapse(index, synapse, shape, slot.delays[index] - 1, sparse)
        self.neuron.s_out.connect(self.out)

    @property
    def inputs(self) -> list[InPort]:
        """Ports `inp`, `inp_1` ... in the order of the layer's sources."""
        count = max(1, len(self.synapses))
        return [self.inp, *(getattr(self, f"inp_{index}") for index in range(1, count))]

    @property
    def parts(self) -> dict[str, AbstractProcess]:
        """The Processes of the block by name: neuron, synapse_<i>, delay_<i>."""
        found = {"neuron": self.neuron}
        found |= {f"synapse_{index}": part for index, part in enumerate(self.synapses)}
        return found | {f"delay_{index}": part for index, part in enumerate(self.delays) if part}

    def _inp(self, index: int, shape: Shape) -> InPort:
        port = InPort(shape=shape)
        setattr(self, f"inp_{index}" if index else "inp", port)
        return port

    def _add_synapse(
        self, index: int, synapse: Connection, shape: Shape, delay: int, sparse: bool
    ) -> None:
        source = self._inp(index, shape)
        line = Delay(shape=shape, steps=delay) if delay else None
        if line:
            source.connect(line.s_in)
            source = line.s_out
        connection = CONNECTIONS.of(synapse)(synapse, shape, sparse)
        flat = synapse.kind == "dense" and len(shape) > 1
        (source.flatten() if flat else source).connect(connection.s_in)
        connection.a_out.connect(self.neuron.a_in)
        self.delays.append(line)
        self.synapses.append(connection)


CONNECTIONS: Registry[Callable[[Any, Shape, bool], SynapseProcess]] = Registry(
    "Processes of engine lava", layers.CONNECTIONS
)


@CONNECTIONS.add(layers.Sparse)
def _aggregate(synapse: layers.Sparse, shape: Shape, sparse: bool) -> SynapseProcess:
    return Aggregate(synapse=synapse, input_shape=shape)


@CONNECTIONS.add(layers.Synapse)
def _dense_or_conv(synapse: layers.Synapse, shape: Shape, sparse: bool) -> SynapseProcess:
    weight = synapse.weight
    if synapse.kind == "conv":
        window, groups = synapse.window, synapse.groups
        return Conv(weight=weight, input_shape=shape, window=window, groups=groups)
    few = (weight != 0).sum() < SPARSE_BELOW * weight.size
    return (Sparse if sparse or few else Dense)(weight=weight)


PARTS: Registry[Callable[[Any, Model, int, Slot, bool], Any]] = Registry(
    "Processes of engine lava", LAYERS
)
"""From a layer, its network, the wait, its slot and `integers` to the Process of its neurons."""

PARTS.refuse(Timed, Sum, TimedReadout)


@PARTS.add(Input)
def _encoder(layer: Input, network: Model, wait: int, slot: Slot, integers: bool) -> Encoder:
    return Encoder.of(network, integers=integers, start=slot.fire)


@PARTS.add(MaxPool)
def _pool(layer: MaxPool, network: Model, wait: int, slot: Slot, integers: bool) -> Pool:
    return Pool(
        input_shape=network.layers[layer.source].shape,
        shape=layer.shape,
        kernel=layer.kernel,
        window=layer.window,
        phases=network.phases,
        start=slot.fire,
    )


def _common(layer: Spiking | Readout, slot: Slot) -> dict[str, Any]:
    """What spiking and output neurons share."""
    return {
        "shape": layer.shape,
        "bias": per_neuron(layer.bias, layer.shape),
        "start": slot.integrate,
        "growth": layer.growth,
    }


@PARTS.add(Readout)
def _readout(
    layer: Readout, network: Model, wait: int, slot: Slot, integers: bool
) -> ReadoutProcess:
    return ReadoutProcess(phases=network.phases, **_common(layer, slot))


@PARTS.add(Spiking)
def _one_spike(layer: Spiking, network: Model, wait: int, slot: Slot, integers: bool) -> OneSpike:
    return OneSpike(
        threshold_base=per_neuron(layer.threshold_base, layer.shape),
        threshold_table=layer.threshold_table,
        payload=layer.payload,
        wait=wait,
        max_spikes=layer.max_spikes,
        **_common(layer, slot),
    )
