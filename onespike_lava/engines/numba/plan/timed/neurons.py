"""Layers of timed neurons: what arrives, from where and when, and the blocks that compute them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.records import LANES, NONE, ROWS, Block, Neurons
from onespike_lava.engines.numba.kernels.stepping import Advance, Delay, Take
from onespike_lava.engines.numba.plan.assembly import Assembly
from onespike_lava.engines.numba.plan.blocks import UNDECIDED, blocks, connected, from_bias
from onespike_lava.engines.numba.plan.buffers import Buffer, spatial
from onespike_lava.engines.numba.plan.connections import Layout, wires_of
from onespike_lava.engines.numba.plan.packing import pixel_table, up
from onespike_lava.engines.numba.plan.timed.tables import Tables
from onespike_lava.engines.numba.plan.timed.trains import PLACES, TrainsPlan, same_input
from onespike_lava.layers import Synapse, Timed, TimedReadout


@dataclass
class Axons:
    """What arrives over a synapse later than in the step of its source.

    arriving : frames of what arrives
    ring     : frames of earlier steps, as many as the longest delay and one
    """

    synapse: Synapse
    arriving: Buffer
    ring: Buffer

    def lateness(self, source: Buffer) -> NDArray[np.uint8]:
        """Steps of each byte of the source's frame, uint8[rows, columns, pixel], padding too."""
        top, left, bottom, right = source.padding
        rows, columns = source.shape[1] + top + bottom, source.shape[2] + left + right
        found = np.zeros((rows, columns, source.pixel), np.uint8)
        delay = self.synapse.delay
        if delay is not None:
            shape = source.shape if delay.size > 1 else (1, 1, 1)
            full = np.broadcast_to(delay.reshape(shape), source.shape).transpose(1, 2, 0)
            size = full.shape
            found[top : top + size[0], left : left + size[1], : size[2]] = full
        return found


class TimedPlan(TrainsPlan):
    """Neurons that integrate, fire, reset and send in every step.

    held    : synaptic input that is the same in every step, int32
    axons   : by synapse, where it recurs or is delayed
    states  : `u`, `v` and how often each has fired, where they stay from one span to the next
    """

    layer: Timed | TimedReadout

    def __init__(self, assembly: Assembly, index: int, layer: Timed | TimedReadout):
        super().__init__(assembly, index)
        self.layer, network = layer, assembly.network
        self.tables = Tables(layer, network.phases, assembly.wait)
        self.synapses = [each for each in layer.synapses if isinstance(each, Synapse)]
        self.reads = [(synapse.source, synapse.window) for synapse in self.synapses]
        sparse = len(self.synapses) < len(layer.synapses)
        waits = assembly.wait > 0 and self.lasting
        self.served = not sparse and not waits
        self.stays = index in layer.sources
        before = [each for each in self.synapses if each.source < index]
        self.same = [each for each in before if same_input(network, each)]
        self.moving = [each for each in self.synapses if each not in self.same]
        self.held: Buffer | None = None
        self.axons: dict[int, Axons] = {}
        self.states: list[Buffer | None] = [None, None, None]

    def memory(self) -> list[Buffer]:
        """See `Plan`."""
        shape = spatial(self.layer.shape)
        own = Buffer(shape, up(shape[0], LANES), (0, 0, 0, 0), 4, self.index, self.index)
        made = []
        if self.same:
            self.held = self.room(own, 4, 1, lasts=True)
            made.append(self.held)
        for number, synapse in enumerate(self.moving):
            if synapse.delay is not None or synapse.source == self.index:
                source = self.source(synapse.source)
                depth = 1 + (0 if synapse.delay is None else int(synapse.delay.max()))
                arriving = self.room(source, 1, self.assembly.span, lasts=False)
                axons = Axons(synapse, arriving, self.room(source, 1, depth, lasts=True))
                self.axons[number] = axons
                made += [axons.arriving, axons.ring]
        if self.lasting:
            filters = bool(self.layer.integration.keep_u.any())
            needed = (filters, True, self.tables.counts_steps)
            self.states = [self.room(own, 4, 1, lasts=True) if each else None for each in needed]
            made += [each for each in self.states if each is not None]
        return made

    def assemble(self) -> None:
        """See `Plan`."""
        made = self.assembly
        for plane in made.outputs[self.index]:
            made.clear(plane)
        for axons in self.axons.values():
            self._delay(axons)
        self._hold()
        sources = [
            self.axons[number].arriving if number in self.axons else self.source(each.source)
            for number, each in enumerate(self.moving)
        ]
        pairs = [
            (wire, source)
            for each, source in zip(self.moving, sources, strict=True)
            for wire in wires_of(each, [source])
        ]
        wires = [wire for wire, _ in pairs]
        pixels = spatial(self.layer.shape)[1] * spatial(self.layer.shape)[2]
        most = max(1, PLACES // pixels) if wires else 1
        layout = Layout(self.layer, wires, made.constants, made.kind, made.group * made.span, most)
        made.work += made.network.phases * layout.products
        self._advance(layout, [pairs[i][1] for i in layout.order])

    def _delay(self, axons: Axons) -> None:
        source = self.source(axons.synapse.source)
        made = self.assembly
        delay = Delay(
            source=source.start,
            target=axons.arriving.start,
            ring=axons.ring.start,
            frame=source.image,
            depth=axons.ring.frames,
            lateness=made.constants.add(axons.lateness(source), np.uint8),
            back=int(axons.synapse.source == self.index),
        )
        made.operations.append(delay)

    def _hold(self) -> None:
        """Sums of what is the same in every step, once."""
        if self.held is None:
            return
        made = self.assembly
        (buffer,) = made.outputs[0]
        wires = [wire for each in self.same for wire in wires_of(each, [buffer])]
        layout = Layout(self.layer, wires, made.constants, made.kind, made.group)
        nothing = from_bias(layout, layout.plane(np.zeros(1, np.int32)))
        found = blocks(layout, [buffer] * len(wires), nothing, None, self.held)
        made.operations += connected(layout, found)
        made.work += layout.products

    def _advance(self, layout: Layout, sources: list[Buffer]) -> None:
        shared = self.tables.fields(layout) | self.kept()
        rows, held = self.tables.rows(layout), self.held
        part = min(layout.pixels, PLACES)
        for start, vectors in layout.blocks:
            neurons = Neurons(**shared | self._of_block(layout, rows, start, vectors))
            record = self._record(layout, sources, start, vectors, part) if sources else NONE
            advance = Advance(
                record=record,
                neurons=layout.constants.add([neurons], np.int64),
                width=vectors,
                pixels=layout.pixels,
                together=layout.together,
                part=part,
                current=self.working(0),
                held=NONE if held is None else held.start + 4 * start,
                held_image=0 if held is None else held.image,
                held_pixel=0 if held is None else 4 * held.pixel,
            )
            self.assembly.operations.append(advance)

    def kept(self) -> dict[str, int]:
        """Fields of `Neurons` for potentials that are kept for an operation of their own."""
        return {"seen": NONE, "seen_frame": 0, "seen_pixel": 0}

    def _of_block(
        self, layout: Layout, rows: NDArray[np.int32], start: int, vectors: int
    ) -> dict[str, int]:
        """Fields of `Neurons` that each block has of its own."""
        channels, add = slice(start, start + vectors * LANES), layout.constants.add
        table = rows[:, :, channels]
        planes = self.assembly.outputs[self.index]
        output = planes[0] if planes else None
        positions: Any = 0 if output is None else output.positions(layout.shape[1:]).reshape(-1)
        found = {
            "table": add(table, np.int32),
            "spread": 4 * ROWS * vectors * LANES if len(table) > 1 else 0,
            "output": NONE if output is None else output.first + start,
            "output_frame": 0 if output is None else output.image,
            "output_pixels": add(np.broadcast_to(positions, layout.pixels), np.int32),
        }
        names, states = ("u", "v", "fired"), self.states
        if self.lasting:
            assert states[1] is not None
            places = [NONE if each is None else each.start + 4 * start for each in states]
            geometry = (states[1].image, 4 * states[1].pixel, 1)
        else:
            places = [self.working(number) for number in (1, 2, 3)]
            places[2] = places[2] if self.tables.counts_steps else NONE
            geometry = (0, 4 * vectors * LANES, 0)
        moving = zip(("state_image", "state_pixel", "moves"), geometry, strict=True)
        return found | dict(zip(names, places, strict=True)) | dict(moving)

    def _record(
        self, layout: Layout, sources: list[Buffer], start: int, vectors: int, part: int
    ) -> int:
        """A block whose sums go into a thread's own memory, place by place."""
        places = np.arange(layout.together * layout.pixels)
        inside = places % part if layout.together == 1 else places
        zeros = layout.constants.add(np.zeros(vectors * LANES), np.int32)
        add = layout.constants.add
        block = Block(
            width=vectors,
            segments=layout.segments(start, vectors, sources),
            bias=zeros,
            bias_moves=0,
            bias_stride=0,
            bias_pixels=add(pixel_table(1, 0, 0 * places), np.int32),
            output=NONE,
            potential=self.working(0),
            potential_stride=0,
            potential_pixels=add(pixel_table(1, 0, inside * 4 * vectors * LANES), np.int32),
            **layout.ways,
            **dict.fromkeys(UNDECIDED, 0),
        )
        return add([block], np.int64)


class TimedReadoutPlan(TimedPlan):
    """Output neurons: scores from their potentials of every step."""

    planes = 0
    layer: TimedReadout

    def __init__(self, assembly: Assembly, index: int, layer: TimedReadout):
        super().__init__(assembly, index, layer)
        self.seen: Buffer | None = None
        self.best: Buffer | None = None

    def memory(self) -> list[Buffer]:
        """See `Plan`."""
        shape = spatial(self.layer.shape)
        own = Buffer(shape, up(shape[0], LANES), (0, 0, 0, 0), 4, self.index, self.index)
        self.seen = self.room(own, 4, self.assembly.span, lasts=False)
        made = [*super().memory(), self.seen]
        if self.layer.take == "maximum":
            self.best = self.room(own, 4, 1, lasts=True)
            made.append(self.best)
        return made

    def kept(self) -> dict[str, int]:
        """See `TimedPlan`; the block's channels are added in `_of_block`."""
        assert self.seen is not None
        pixel = 4 * self.seen.pixel
        return {"seen": self.seen.start, "seen_frame": self.seen.image, "seen_pixel": pixel}

    def _of_block(
        self, layout: Layout, rows: NDArray[np.int32], start: int, vectors: int
    ) -> dict[str, int]:
        assert self.seen is not None
        found = super()._of_block(layout, rows, start, vectors)
        return found | {"seen": self.seen.start + 4 * start}

    def assemble(self) -> None:
        """See `Plan`."""
        super().assemble()
        assert self.seen is not None
        take = Take(
            seen=self.seen.start,
            best=NONE if self.best is None else self.best.start,
            adds=int(self.layer.take == "sum"),
            pixel=self.seen.pixel,
            channels=self.seen.shape[0],
            pixels=self.seen.pixels,
            group=self.layer.group,
            steps=self.assembly.network.phases,
            over=int(self.assembly.over),
        )
        self.assembly.operations.append(take)
