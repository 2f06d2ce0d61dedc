"""Process `Block`: a layer of a network with the synapses and delays before it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import repeat
from typing import Any

import numpy as np
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
from onespike_lava.loihi.limits import LOIHI2
from onespike_lava.loihi.sizes import form, hops
from onespike_lava.model import Model
from onespike_lava.processes.aggregate.process import Aggregate
from onespike_lava.processes.conv.process import Conv
from onespike_lava.processes.delay.process import Delay
from onespike_lava.processes.dense.process import Dense
from onespike_lava.processes.encoder.process import Encoder
from onespike_lava.processes.matrices import matrix
from onespike_lava.processes.neuron.process import OneSpike
from onespike_lava.processes.pool.process import Pool
from onespike_lava.processes.readout.process import Readout as ReadoutProcess
from onespike_lava.processes.relay.process import Relay
from onespike_lava.processes.sparse.process import Sparse
from onespike_lava.processes.timed.process import Timed as TimedProcess
from onespike_lava.processes.timed_readout.process import TimedReadout as TimedReadoutProcess
from onespike_lava.schedule import Slot, period

SPARSE_BELOW = 0.1
"""Share of non-zero weights under which a dense synapse becomes a `Sparse` Process."""

SAMPLES = -1
"""Stands for samples where positions of layers are listed."""

SynapseProcess = Aggregate | Conv | Dense | Sparse


class Block(AbstractProcess):  # type: ignore[misc]
    """One layer of a network, made of a Process per synapse, delay and layer.

    network  : that holds the layer
    position : of the layer in it
    wait     : `T_w` of the run
    slot     : when the layer works
    sparse   : dense synapses as `Sparse`; else only those with few weights, or pruned to less
               than half
    integers : an input layer reads the integers of its code, not the source network's values

    Ports `inp` and, for further sources, `inp_1`, `inp_2` ... have the shapes of the sources,
    whose positions `reads` lists (-1 for samples); recurrent synapses need none. `out` has the
    layer's shape, that of the scores of a readout. `neuron` is the Process of the layer,
    `synapses` and `delays` are those before it, None where a source needs no delay, `relay_lines`
    those before a delay that is longer than a chip's synapse holds a spike back. `shape` is
    channels first, `title` the layer's name.
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
        self.relays: list[Relay] = []
        self.relay_lines: list[Delay] = []
        self.reads: list[int] = []
        self.neuron: Any = PARTS.of(layer)(layer, network, wait, slot, integers)
        self.out = OutPort(shape=self.neuron.s_out.shape)
        entry = self.neuron.s_in if hasattr(self.neuron, "s_in") else self.neuron.a_in
        if not position:
            self._inp(SAMPLES, layer.shape).connect(entry)
        ends = zip(layer.sources, layer.synapses or repeat(None), slot.delays, strict=False)
        for source, synapse, delay in ends:
            shape = network.layers[source].shape
            port = self.neuron.s_out if source == position else self._inp(source, shape)
            if synapse:
                self._add_synapse(synapse, port, delay - 1, sparse)
            else:  # spikes as they are
                self._apart(self._delayed(port, delay)).connect(entry)
        self.neuron.s_out.connect(self.out)

    @property
    def inputs(self) -> list[InPort]:
        """Ports `inp`, `inp_1` ... in the order of `reads`."""
        others = range(1, len(self.reads))
        return [self.inp, *(getattr(self, f"inp_{index}") for index in others)]

    @property
    def parts(self) -> dict[str, AbstractProcess]:
        """The Processes by name: neuron, synapse_<i>, delay_<i>, relay_<i>, line_<i>."""
        found = {"neuron": self.neuron}
        found |= {f"synapse_{index}": part for index, part in enumerate(self.synapses)}
        found |= {f"relay_{index}": part for index, part in enumerate(self.relays)}
        found |= {f"line_{index}": part for index, part in enumerate(self.relay_lines)}
        return found | {f"delay_{index}": part for index, part in enumerate(self.delays) if part}

    def _inp(self, source: int, shape: Shape) -> InPort:
        port = InPort(shape=shape)
        setattr(self, f"inp_{len(self.reads)}" if self.reads else "inp", port)
        self.reads.append(source)
        return port

    def _delayed(self, port: Any, steps: Any) -> Any:
        """The port itself, or that of the delay lines behind it.

        A line is no longer than a synapse of the chip holds a spike back; further ones before it
        are relays, whose own synapse takes a step more.
        """
        most = int(LOIHI2["delay"].number)
        relays = hops(np.asarray(steps))
        lines = [np.where(relays > each, most + 1, 0) for each in range(int(relays.max()))]
        lines.append(np.asarray(steps) - (most + 1) * relays)
        made = [Delay(shape=port.shape, steps=each) for each in lines if np.any(each)]
        self.relay_lines += made[:-1]
        self.delays.append(made[-1] if made else None)
        for line in made:
            port.connect(line.s_in)
            port = line.s_out
        return port

    def _apart(self, port: Any) -> Any:
        """The port, behind a relay if it reads what another does: Lava would join the two."""
        if self.delays[-1] or self.reads[-1] not in self.reads[:-1]:
            return port
        self.relays.append(Relay(shape=port.shape))
        port.connect(self.relays[-1].s_in)
        return self.relays[-1].s_out

    def _add_synapse(self, synapse: Connection, port: Any, delay: int, sparse: bool) -> None:
        shape = port.shape
        late = 0 if synapse.delay is None else synapse.delay
        source = self._delayed(port, delay + (late if np.size(late) > 1 else int(np.max(late))))
        connection = SYNAPSES.of(synapse)(synapse, shape, sparse)
        flat = connection.s_in.shape != shape
        (source.flatten() if flat else source).connect(connection.s_in)
        sums, target = connection.a_out, self.neuron.a_in
        (sums.reshape(target.shape) if sums.shape != target.shape else sums).connect(target)
        self.synapses.append(connection)


SYNAPSES: Registry[Callable[[Any, Shape, bool], SynapseProcess]] = Registry(
    "Processes of engine lava", layers.CONNECTIONS
)
"""From a connection, the shape of its source and `sparse` to its Process."""


@SYNAPSES.add(layers.Sparse)
def _aggregate(synapse: layers.Sparse, shape: Shape, sparse: bool) -> SynapseProcess:
    return Aggregate(synapse=synapse, input_shape=shape)


@SYNAPSES.add(layers.Synapse)
def _dense_or_conv(synapse: layers.Synapse, shape: Shape, sparse: bool) -> SynapseProcess:
    weight, taken = synapse.weight, form(synapse, shape)
    if synapse.kind == "conv":
        if taken.unrolled:
            return Sparse(weight=matrix(synapse, shape))
        weight, groups = taken.connection.weight, taken.connection.groups
        return Conv(weight=weight, input_shape=shape, window=synapse.window, groups=groups)
    few = (weight != 0).sum() < SPARSE_BELOW * weight.size
    return (Sparse if sparse or few or taken.unrolled else Dense)(weight=weight)


PARTS: Registry[Callable[[Any, Model, int, Slot, bool], Any]] = Registry(
    "Processes of engine lava", LAYERS
)
"""From a layer, its network, the wait, its slot and `integers` to the Process of its neurons."""


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
        phases=period(network),
        start=slot.fire,
        first=network.code(layer.source).first,
    )


@PARTS.add(Sum)
def _relay(layer: Sum, network: Model, wait: int, slot: Slot, integers: bool) -> Relay:
    return Relay(shape=layer.shape)


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


def _parts(layer: Timed | TimedReadout, network: Model, slot: Slot) -> dict[str, Any]:
    """What spiking and output neurons of networks that step share."""
    names = ("shape", "integration", "threshold", "reset", "firing")
    clock = {"phases": network.phases, "start": slot.integrate, "period": period(network)}
    return {name: getattr(layer, name) for name in names} | clock


@PARTS.add(Timed)
def _timed(layer: Timed, network: Model, wait: int, slot: Slot, integers: bool) -> TimedProcess:
    return TimedProcess(wait=wait, **_parts(layer, network, slot))


@PARTS.add(TimedReadout)
def _timed_readout(
    layer: TimedReadout, network: Model, wait: int, slot: Slot, integers: bool
) -> TimedReadoutProcess:
    return TimedReadoutProcess(take=layer.take, group=layer.group, **_parts(layer, network, slot))
