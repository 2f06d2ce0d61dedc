"""Layers of neurons: what arrives step by step, what is added up, what is decided."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.operations import Grow, Scores, Search, Several
from onespike_lava.engines.numba.kernels.records import LANES
from onespike_lava.engines.numba.kernels.tile import TILES
from onespike_lava.engines.numba.plan.assembly import Assembly, Plan
from onespike_lava.engines.numba.plan.blocks import (
    SILENT,
    Decision,
    blocks,
    connected,
    from_bias,
    from_potential,
)
from onespike_lava.engines.numba.plan.buffers import Buffer, spatial
from onespike_lava.engines.numba.plan.connections import Layout, wires_of
from onespike_lava.engines.numba.plan.packing import up
from onespike_lava.engines.numba.plan.schedule import Step, steps
from onespike_lava.engines.numba.plan.sent import held
from onespike_lava.engines.numba.plan.winograd.tiling import Tiling, room, serves
from onespike_lava.layers import Readout, Spiking, Synapse, per_neuron
from onespike_lava.neurons import fixed, threshold_row


class NeuronsPlan(Plan):
    """Neurons that add up what arrives, and decide nothing.

    keeps     : whether potentials are needed after the last step
    potential : buffer of int32, None where registers hold the potentials of the only step
    arriving  : by source and plane, the buffer of what is sent in a step where the source's own
                holds more than that
    """

    keeps = True

    def __init__(self, assembly: Assembly, index: int, layer: Spiking | Readout, wait: int):
        super().__init__(assembly, index)
        self.layer, self.growth = layer, layer.growth
        self.fraction = None if layer.growth is None else layer.growth.fraction_bits
        self.synapses = [each for each in layer.synapses if isinstance(each, Synapse)]
        self.reads = [(synapse.source, synapse.window) for synapse in self.synapses]
        sparse = len(self.synapses) < len(layer.synapses)
        self.served = not sparse and (self.fraction or 0) < 8  # what a spike sends fits a byte
        self.steps = steps(assembly.network, layer, wait)
        self.potential: Buffer | None = None
        self.arriving: dict[tuple[int, int], Buffer] = {}

    def memory(self) -> list[Buffer]:
        """See `Plan`."""
        shape, index = spatial(self.layer.shape), self.index
        held = []
        if self.keeps or len(self.steps) > 1:
            self.potential = Buffer(shape, up(shape[0], LANES), (0, 0, 0, 0), 4, index, index)
            held.append(self.potential)
        for source in sorted(set(self.layer.sources)):
            if self.growth is None and self.assembly.sent(source).whole(self.steps[0]):
                continue
            for plane, main in enumerate(self.assembly.outputs[source]):
                self.arriving[source, plane] = replace(main, birth=index, death=index)
        return [*held, *self.arriving.values()]

    def assemble(self) -> None:
        """See `Plan`."""
        made = self.assembly
        wires = [w for each in self.synapses for w in wires_of(each, made.outputs[each.source])]
        layout = Layout(self.layer, wires, made.constants, made.kind, made.group)
        made.work += len(self.steps) * layout.products
        for plane in made.outputs[self.index]:
            made.clear(plane)
        for number, step in enumerate(self.steps):
            self._grow(number)
            self._connect(layout, number, self._sources(layout, step))
            self.decide_apart(layout, number)

    def decision(self, layout: Layout, number: int) -> Decision | None:
        """What the kernel of a step decides."""
        return None

    def decide_apart(self, layout: Layout, number: int) -> None:
        """Add the operation that decides after the kernel of a step, if any does."""

    def _grow(self, number: int) -> None:
        """Growth before a step; before the first it is the bias that grows, here in the plan."""
        if self.growth is not None and self.potential is not None and number > 0:
            start, size = self.potential.start, self.potential.image // self.potential.item
            grow = Grow(start, size, self.growth.mantissa, self.growth.exponent)
            self.assembly.operations.append(grow)

    def _connect(self, layout: Layout, number: int, sources: list[Buffer]) -> None:
        bias = fixed(self.growth).grow(layout.plane(self.layer.bias))
        store = self.keeps or number < len(self.steps) - 1
        decision = self.decision(layout, number)
        if number == 0:
            start = from_bias(layout, bias)
        else:
            assert self.potential is not None
            start = from_potential(layout, self.potential)
        made = blocks(layout, sources, start, decision, self.potential if store else None)
        self.assembly.operations += connected(layout, made)

    def _sources(self, layout: Layout, step: Step) -> list[Buffer]:
        """The buffers that hold what the wires' sources send in a step."""
        read = [(wire.source, wire.plane) for wire in layout.wires]
        made = {key: self._source(*key, step) for key in dict.fromkeys(read)}
        return [made[key] for key in read]

    def _source(self, source: int, plane: int, step: Step) -> Buffer:
        """The buffer that holds what a source sends in a step, filled where need be."""
        main, target = self.assembly.outputs[source][plane], self.arriving.get((source, plane))
        if target is None:
            return main
        sent, constants = self.assembly.sent(source), self.assembly.constants
        part = sent.part(main, target, step, self.fraction, constants)
        self.assembly.operations.append(part)
        return target


class ReadoutPlan(NeuronsPlan):
    """Potentials become scores; it decides nothing, so it waits for everything."""

    planes = 0

    def __init__(self, assembly: Assembly, index: int, layer: Readout):
        everything = assembly.network.code(layer.sources[0]).steps
        super().__init__(assembly, index, layer, everything)

    def assemble(self) -> None:
        """See `Plan`."""
        super().assemble()
        held = self.potential
        assert held is not None
        scores = Scores(held.start, held.pixel, held.shape[0], held.pixels)
        self.assembly.operations.append(scores)


class SpikingPlan(NeuronsPlan):
    """Potentials become spikes: in the kernel where one threshold serves a channel's neurons.

    Thresholds per neuron and several spikes, which lower potentials, are decided apart; then
    potentials are kept for that.
    """

    layer: Spiking

    def __init__(self, assembly: Assembly, index: int, layer: Spiking):
        super().__init__(assembly, index, layer, assembly.wait)
        self.planes = layer.max_spikes
        self.ambiguous = len(set(layer.payload)) < len(layer.payload)
        base = per_neuron(layer.threshold_base, layer.shape).reshape(layer.shape[0], -1)
        self.base = base[:, 0]
        self.keeps = layer.max_spikes > 1 or bool((base != base[:, :1]).any())
        self.tiled = self._tiled()
        if self.tiled is not None:
            window = room(self.tiled.window, layer.shape)
            self.reads = [*self.reads, (self.tiled.source, window)]

    def _tiled(self) -> Synapse | None:
        """The convolution that is computed by tiles, if one is."""
        layer = self.layer
        same = per_neuron(layer.bias, layer.shape).reshape(layer.shape[0], -1)
        if self.keeps or len(self.steps) > 1 or bool((same != same[:, :1]).any()):
            return None
        made = self.assembly
        served = (each for each in self.synapses if serves(each, layer.shape, made.kind, made.few))
        return next(served, None)

    def _connect(self, layout: Layout, number: int, sources: list[Buffer]) -> None:
        wires = [w for w in layout.wires if self.tiled and w.weight is self.tiled.weight]
        wide = all(vectors == max(TILES[layout.kind]) for _, vectors in layout.blocks)
        if len(wires) != 1 or not wide:  # several spikes have planes, groups narrow blocks
            super()._connect(layout, number, sources)
            return
        tiling = Tiling(self.assembly, layout, sources, wires[0])
        bias = fixed(self.growth).grow(layout.plane(self.layer.bias))[0]
        self.assembly.working = max(self.assembly.working, tiling.memory)
        self.assembly.operations.append(tiling.operation(bias, self.decision(layout, number)))

    def decision(self, layout: Layout, number: int) -> Decision | None:
        """See `NeuronsPlan`."""
        step = self.steps[number]
        if self.keeps or not step.decides:
            return None
        return Decision(
            self.base,
            self._thresholds(),
            self._values(),
            step.first,
            step.last,
            self._decided(number),
            self.assembly.outputs[self.index][0],
        )

    def decide_apart(self, layout: Layout, number: int) -> None:
        """See `NeuronsPlan`."""
        if self.keeps and self.steps[number].decides:
            several = self.layer.max_spikes > 1
            search = self._search(layout, number)
            self.assembly.operations.append(self._several(search) if several else search)

    def _search(self, layout: Layout, number: int) -> Search:
        step, buffer = self.steps[number], self.assembly.outputs[self.index][0]
        add, potential = self.assembly.constants.add, self.potential
        assert potential is not None
        return Search(
            potential=potential.start,
            start=buffer.first,
            image=buffer.image,
            line=buffer.line,
            height=layout.shape[1],
            width=layout.shape[2],
            pixel=layout.pixel,
            base=add(layout.plane(self.layer.threshold_base, SILENT), np.int32),
            table=add(self._thresholds(), np.int32),
            first=step.first,
            last=step.last,
            values=add(self._values(), np.int32),
            keep=int(self._decided(number)),
        )

    def _several(self, search: Search) -> Several:
        add, fields = self.assembly.constants.add, search._asdict()
        firsts = [plane.first for plane in self.assembly.outputs[self.index]]
        del fields["start"]
        resets = add(2 * self.layer.payload, np.int32)
        planes = add(firsts, np.int32)
        return Several(**fields, most=len(firsts), planes=planes, resets=resets)

    def _decided(self, number: int) -> bool:
        """Whether spikes of an earlier step may stand in the outputs."""
        return any(step.decides for step in self.steps[:number])

    def _thresholds(self) -> NDArray[np.int32]:
        """Threshold table of the phases in order, int32[T]; in membrane weighting for the wait."""
        return threshold_row(self.layer.threshold_table, self.growth, self.assembly.wait)

    def _values(self) -> NDArray[np.int32]:
        return held(self.layer.payload, self.assembly.codes)
