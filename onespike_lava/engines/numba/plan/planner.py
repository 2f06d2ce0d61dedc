"""From a network to a program: buffers, constants and the rows that the compiled walk follows."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels import operations as ops
from onespike_lava.engines.numba.plan.blocks import SILENT, Decision, blocks
from onespike_lava.engines.numba.plan.buffers import Buffer, layer_buffers, place
from onespike_lava.engines.numba.plan.connections import Layout
from onespike_lava.engines.numba.plan.packing import LINE, Constants, up
from onespike_lava.engines.numba.plan.program import Program
from onespike_lava.engines.numba.plan.schedule import (
    Step,
    keeps_codes,
    sent_values,
    steps,
)
from onespike_lava.layers import BinaryCode, Input, MaxPool, Readout, Spiking, per_neuron
from onespike_lava.model import Model

ARENA_BYTES = 256 * 1024
"""Memory that a thread's images may take together; some of a second-level cache."""

IMAGE_BYTES = 2**28
"""Most memory of an image: every offset fits the int32 of the tables, in values of 4 bytes too."""

GROUP = 16
"""Most images that go through a layer together."""


def compile_network(network: Model, wait: int, record: bool, kind: str) -> Program | None:
    """Lay out a network for a wait `T_w`, with or without recorded codes.

    None where an image takes more than `IMAGE_BYTES`.
    """
    planner = _Planner(network, wait, record, kind)
    return planner.program() if planner.image <= IMAGE_BYTES else None


class _Planner:
    def __init__(self, network: Model, wait: int, record: bool, kind: str):
        self.network, self.wait, self.record, self.kind = network, wait, record, kind
        self.codes = keeps_codes(network, wait, record)
        self.constants = Constants()
        self.rows: list[tuple[int, ...]] = []
        self.work = 0
        self.buffers = layer_buffers(network)
        self.potentials: dict[int, Buffer] = {}
        self.masked: dict[tuple[int, int, int], Buffer] = {}
        for index, layer in enumerate(network.layers):
            if isinstance(layer, (Spiking, Readout)):
                self._add_buffers(index, layer)
        planes = [plane for planes in self.buffers for plane in planes]
        every = [*planes, *self.potentials.values(), *self.masked.values()]
        self.image = place(every)
        self.group = max(1, min(GROUP, ARENA_BYTES // self.image))
        for buffer in every:
            buffer.start *= self.group
        self.scratch = self.image * self.group

    def _add_buffers(self, index: int, layer: Spiking | Readout) -> None:
        held = Layout(self.network, index, self.constants, self.kind, 1)
        todo = steps(self.network, layer, self.wait)
        if isinstance(layer, Readout) or len(todo) > 1 or self._apart(layer):
            self.potentials[index] = Buffer(held.shape, held.pixel, (0, 0, 0, 0), 4, index, index)
        for source in set(layer.sources):
            if not self._whole(layer, source, todo[0]):
                for plane, main in enumerate(self.buffers[source]):
                    self.masked[index, source, plane] = Buffer(
                        main.shape, main.pixel, main.padding, 1, index, index
                    )

    def _apart(self, layer: Spiking | Readout) -> bool:
        """Whether an operation of its own decides: thresholds per neuron, or several spikes."""
        if isinstance(layer, Readout):
            return False
        base = per_neuron(layer.threshold_base, layer.shape).reshape(layer.shape[0], -1)
        return layer.max_spikes > 1 or bool((base != base[:, :1]).any())

    def _whole(self, layer: Spiking | Readout, source: int, first: Step) -> bool:
        """Whether the source's buffer holds just what arrives in the first step."""
        if layer.growth is not None:
            return False
        code = self.network.code(source)
        return first.until >= code.steps if isinstance(code, BinaryCode) else not self.codes

    def program(self) -> Program:
        recorded = 0
        for index, layer in enumerate(self.network.layers):
            if isinstance(layer, Input):
                self._input(layer)
            elif isinstance(layer, MaxPool):
                self._pool(index, layer)
            elif isinstance(layer, (Spiking, Readout)):
                self._layer(index, layer)
            if index < len(self.buffers):
                for plane in self.buffers[index] if index else ():
                    self.rows.append((ops.TALLY, plane.start, plane.image, index))
                if self.record:
                    recorded += self._record(index, recorded)
        rows = np.zeros((len(self.rows), ops.PARAMETERS), np.int64)
        for place_, row in zip(rows, self.rows, strict=True):
            place_[: len(row)] = row
        constants = self.constants.block()
        return Program(
            self.kind,
            rows,
            constants,
            constants.view(np.int32),
            _grid(self.network.input),
            self.scratch + up(prod(self.network.input.shape), LINE),
            self.group,
            recorded,
            self.work,
            prod(self.network.input.shape),
            prod(self.network.readout.shape),
            len(self.buffers),
        )

    def _clear(self, buffer: Buffer) -> None:
        if any(buffer.padding):
            self.rows.append((ops.CLEAR, buffer.start, buffer.image))

    def _input(self, layer: Input) -> None:
        buffer = self.buffers[0][0]
        self._clear(buffer)
        place_ = (buffer.first, buffer.image, buffer.line, buffer.pixel)
        self.rows.append((ops.LOAD, *place_, *buffer.shape, self.scratch, 2**layer.bits - 1))

    def _pool(self, index: int, layer: MaxPool) -> None:
        source, target = self.buffers[layer.source][0], self.buffers[index][0]
        window = layer.window
        self._clear(target)
        self.rows.append(
            (
                ops.POOL,
                source.start + source.corner(window.padding),
                *(source.image, source.line),
                *(target.first, target.image, target.line),
                *(*target.shape[1:], target.pixel),
                *layer.kernel,
                *window.stride,
                *window.dilation,
                int(self.codes),
            )
        )

    def _record(self, index: int, before: int) -> int:
        """Rows that copy a layer's codes; returns their bytes per image."""
        planes, code = self.buffers[index], self.network.code(index)
        table = np.arange(256).astype(np.uint8)
        if not isinstance(code, BinaryCode):
            codes = np.arange(1, code.steps + 1)
            table[:] = 0
            table[codes if self.codes else code.payloads] = codes
        at = self.constants.add(table, np.uint8)
        size = prod(planes[0].shape)
        for number, plane in enumerate(planes):
            target = (before, number * size, len(planes) * size)
            held = (plane.first, plane.image, plane.line, plane.pixel)
            self.rows.append((ops.RECORD, *target, *held, *plane.shape, at))
        return len(planes) * size

    def _layer(self, index: int, layer: Spiking | Readout) -> None:
        layout = Layout(self.network, index, self.constants, self.kind, self.group)
        todo = steps(self.network, layer, self.wait)
        potential = self.potentials.get(index)
        for plane in self.buffers[index] if isinstance(layer, Spiking) else ():
            self._clear(plane)
        apart, decided = self._apart(layer), False
        self.work += len(todo) * layout.pixels * sum(w.weight.size for w in layout.wires)
        for number, step in enumerate(todo):
            last = number == len(todo) - 1
            self._grow(layer, potential, step, number)
            sources = self._arrivals(index, layout, step)
            decides = isinstance(layer, Spiking) and step.first < step.last
            decision = None
            if isinstance(layer, Spiking) and decides and not apart:
                decision = Decision(
                    self._table(layer),
                    self._values(layer),
                    step.first,
                    step.last,
                    decided,
                    self.buffers[index][0],
                )
            bias = self._bias(layout) if number == 0 else None
            store = apart or not last or isinstance(layer, Readout)
            for record, width in blocks(layout, sources, bias, decision, potential, store):
                self.rows.append((ops.CONNECT, record, width, layout.pixels, layout.together))
            if decides and apart:
                self._search(index, layout, step, decided)
            decided = decided or decides
        if isinstance(layer, Readout):
            assert potential is not None
            held = (potential.start, layout.pixel, layout.shape[0], layout.pixels)
            self.rows.append((ops.SCORES, *held))

    def _grow(
        self, layer: Spiking | Readout, potential: Buffer | None, step: Step, number: int
    ) -> None:
        if step.grows and number > 0:
            assert layer.growth is not None
            assert potential is not None
            count = potential.image // 4
            growth = (layer.growth.mantissa, layer.growth.exponent)
            self.rows.append((ops.GROW, potential.start, count, *growth))

    def _bias(self, layout: Layout) -> NDArray[np.int32]:
        bias, growth = layout.plane(layout.layer.bias), layout.layer.growth
        if growth is None:
            return bias
        half = 1 << (growth.exponent - 1)
        grown = (bias.astype(np.int64) * growth.mantissa + half) >> growth.exponent
        return grown.astype(np.int32)

    def _table(self, layer: Spiking) -> NDArray[np.int32]:
        """Threshold table of the phases in order, int32[T]; in membrane weighting for the wait."""
        if layer.growth is None:
            return layer.threshold_table
        phase = np.arange(self.network.phases)
        row = np.minimum(self.wait + phase + 1, layer.growth.steps) - 1
        table: NDArray[np.int32] = layer.threshold_table[row, phase]
        return table

    def _values(self, layer: Spiking) -> NDArray[np.int32]:
        if not self.codes:
            return layer.payload
        return np.arange(1, self.network.phases + 1, dtype=np.int32)

    def _search(self, index: int, layout: Layout, step: Step, keep: bool) -> None:
        layer, buffer = layout.layer, self.buffers[index][0]
        assert isinstance(layer, Spiking)
        base = layout.plane(layer.threshold_base, SILENT)
        row = (
            ops.SEARCH,
            self.potentials[index].start,
            *(buffer.first, buffer.image, buffer.line),
            *(*layout.shape[1:], layout.pixel),
            self.constants.add(base, np.int32),
            self.constants.add(self._table(layer), np.int32),
            *(step.first, step.last),
            self.constants.add(self._values(layer), np.int32),
            int(keep),
        )
        if layer.max_spikes > 1:
            firsts = [plane.first for plane in self.buffers[index]]
            resets = self.constants.add(2 * layer.payload, np.int32)
            planes = self.constants.add(firsts, np.int32)
            row = (ops.SEVERAL, *row[1:], layer.max_spikes, planes, resets)
        self.rows.append(row)

    def _arrivals(self, index: int, layout: Layout, step: Step) -> list[Buffer]:
        """The buffers that hold what the wires' sources send in a step."""
        made: dict[tuple[int, int], Buffer] = {}
        for wire in layout.wires:
            key = (wire.source, wire.plane)
            if key not in made:
                made[key] = self._arriving(index, *key, step)
        return [made[wire.source, wire.plane] for wire in layout.wires]

    def _arriving(self, index: int, source: int, plane: int, step: Step) -> Buffer:
        """The buffer that holds what a source sends in a step, made where need be."""
        layer, main = self.network.layers[index], self.buffers[source][plane]
        assert isinstance(layer, (Spiking, Readout))
        target = self.masked.get((index, source, plane))
        if target is None:
            return main
        code, fraction = self.network.code(source), None
        if layer.growth is not None:
            fraction = layer.growth.fraction_bits
        values = sent_values(self.network, source, fraction)
        row: tuple[int, ...] = (main.start, target.start, main.image)
        if isinstance(code, BinaryCode):
            mask = code.mask(step.after, step.until)
            row = (ops.BITS, *row, mask, 0 if fraction is None else values[0])
        else:
            table = self.constants.add(values, np.uint8)
            row = (ops.PHASES, *row, step.after, step.until, table)
        self.rows.append(row)
        return target


def _grid(layer: Input) -> NDArray[np.float64]:
    """Low and step of each run of equal ones, float64[2, runs]."""
    return np.array(np.broadcast_arrays(layer.low, layer.step))
