"""The records of one layer's synapses: blocks of channels and their segments."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.picking.forms import form_of
from onespike_lava.engines.numba.kernels.records import LANES, REDUCED, Segment
from onespike_lava.engines.numba.plan.buffers import Buffer, spatial
from onespike_lava.engines.numba.plan.packing import (
    Constants,
    channel_weights,
    dot_weights,
    pixel_table,
    runs,
    up,
    widths_of,
)
from onespike_lava.engines.numba.plan.picking.choice import counted, picked, reach
from onespike_lava.engines.numba.plan.picking.sweep import Steps, packed
from onespike_lava.layers import Layer, Synapse, Window, per_neuron

FEW_PIXELS = 256
"""Images are taken together until a unit has so many pixels, so that tiles are full."""


WAYS = ("dots", "picks", "channels")
"""Ways of adding up a synapse, in the order of a block's segments; fields of `Block`."""


@dataclass(frozen=True)
class Wire:
    """A synapse as a convolution of a buffer.

    weight    : int8[O, I / groups, rows, columns]; a dense one spans the whole source
    source    : position of the layer that it reads
    plane     : which of that layer's buffers
    taps      : int64[rows, columns], bytes from the first tap to each
    picks     : the steps of each block where outputs pick their inputs, else none
    """

    weight: NDArray[np.int8]
    window: Window
    groups: int
    source: int
    plane: int
    taps: NDArray[np.int64]
    picks: tuple[Steps, ...] = ()

    @property
    def channel(self) -> bool:
        """Whether output channel `c` reads input channel `c` alone."""
        return self.groups == len(self.weight) and self.weight.shape[1] == 1 < self.groups

    @property
    def way(self) -> str:
        """How a block adds it up, one of `WAYS`."""
        return "channels" if self.channel else "picks" if self.picks else "dots"


def wires_of(synapse: Synapse, sources: list[Buffer]) -> list[Wire]:
    """A synapse, dense or not, as a convolution of each of its source's buffers."""
    weight, groups = synapse.weight, synapse.groups
    if synapse.kind == "dense":
        weight, groups = weight.reshape(-1, *sources[0].shape), 1
    made, window = [], synapse.window
    for plane, buffer in enumerate(sources):
        taps = buffer.positions(weight.shape[2:], window.dilation)
        made.append(Wire(weight, window, groups, synapse.source, plane, taps))
    return made


def _share(group: int, most: int) -> int:
    """The largest number of images, at most `most`, that divides a group.

    A last unit of fewer would end in a tile that reaches beyond the group's memory.
    """
    return max(n for n in range(1, min(group, most) + 1) if group % n == 0)


class Layout:
    """What all blocks of one layer share: wires, units, tables of pixels.

    group : most images that go through a layer together, of trains frames
    most  : images that a unit may have, None for as many as make `FEW_PIXELS`
    """

    def __init__(
        self,
        layer: Layer,
        wires: list[Wire],
        constants: Constants,
        kind: str,
        group: int,
        most: int | None = None,
    ):
        self.layer, self.kind, self.constants = layer, kind, constants
        self.shape = spatial(layer.shape)
        self.pixels = self.shape[1] * self.shape[2]
        self.pixel = up(self.shape[0], LANES)
        self.together = _share(group, most or -(-FEW_PIXELS // self.pixels))
        grouped = [len(w.weight) // w.groups for w in wires if w.groups > 1 and not w.channel]
        per_group = int(np.gcd.reduce(grouped)) if grouped else 0
        self.blocks = list(widths_of(kind, self.shape[0], per_group))
        ready = self._picked(wires)
        self.order = sorted(range(len(wires)), key=lambda i: WAYS.index(ready[i].way))
        """Places of the wires among those that were given."""
        self.wires = [ready[i] for i in self.order]

    def _picked(self, wires: list[Wire]) -> list[Wire]:
        """The wires with their picks, where picking pays; planes of a source share them."""
        made: list[Wire] = []
        for wire in wires:
            alike = (w for w in made if w.weight is wire.weight and w.groups == wire.groups)
            same = next(alike, None)
            if same is not None and (same.taps == wire.taps).all():
                made.append(replace(wire, picks=same.picks))
            elif wire.channel:
                made.append(wire)
            else:
                weight = wire.weight.reshape(*wire.weight.shape[:2], -1)
                taps = wire.taps.reshape(-1)
                picks = picked(weight, wire.groups, taps, self.blocks, self.kind)
                made.append(replace(wire, picks=picks))
        return made

    @property
    def ways(self) -> dict[str, int]:
        """How many wires are added up in each way."""
        return {way: sum(wire.way == way for wire in self.wires) for way in WAYS}

    @property
    def products(self) -> int:
        """Products of an image; where outputs pick, those of as many steps of the dot product."""
        sizes = (self._steps(w) * REDUCED * LANES if w.picks else w.weight.size for w in self.wires)
        return self.pixels * sum(sizes)

    def _steps(self, wire: Wire) -> int:
        """Steps of picking, and one of each block where no weight lives."""
        return len(self.blocks) + counted(wire.picks)

    def table(self, step: int, offsets: Any) -> int:
        """Place a table of a unit's pixels."""
        return self.constants.add(pixel_table(self.together, step, offsets), np.int32)

    def plane(self, values: NDArray[np.int32], fill: int = 0) -> NDArray[np.int32]:
        """Values per channel or per neuron as int32[H * W, channels held]."""
        full = per_neuron(values, self.layer.shape).reshape(self.shape[0], -1).T
        return np.pad(full, ((0, 0), (0, self.pixel - self.shape[0])), constant_values=fill)

    def segments(self, start: int, vectors: int, sources: list[Buffer]) -> int:
        """Place the records of a block's segments; `sources` by layer, in the wires' order."""
        makes = {"dots": self._dot, "picks": self._pick, "channels": self._channel}
        records = [
            makes[w.way](w, buffer, start, vectors * LANES)
            for w, buffer in zip(self.wires, sources, strict=True)
        ]
        return self.constants.add(records, np.int64)

    def _dot(self, w: Wire, buffer: Buffer, start: int, size: int) -> Segment:
        low, block = self._inputs(w, start, size)
        taps, inputs = runs(w.taps, block.shape[2])
        weights = dot_weights(self.kind, block)
        return self._segment(
            w, buffer, low, taps, inputs, self.constants.add(weights, weights.dtype.type)
        )

    def _pick(self, w: Wire, buffer: Buffer, start: int, size: int) -> Segment:
        form = form_of(self.kind)
        assert form is not None
        steps = w.picks[self.blocks.index((start, size // LANES))]
        weights = self.constants.add(packed(steps, form), np.uint8)
        return self._segment(w, buffer, 0, steps.offsets, 0, weights)

    def _channel(self, w: Wire, buffer: Buffer, start: int, size: int) -> Segment:
        taps = w.taps.reshape(-1)
        block = np.zeros((size, len(taps)), np.int8)
        part = w.weight[start : start + size].reshape(-1, len(taps))
        block[: len(part)] = part
        weights = self.constants.add(channel_weights(block), np.int8)
        return self._segment(w, buffer, start, taps, 0, weights)

    def _inputs(self, w: Wire, start: int, size: int) -> tuple[int, NDArray[np.int8]]:
        """First input channel that a block reads, and its weights int8[size, taps, inputs].

        A block of 16 channels may span groups, or read from within one: its inputs reach from the
        first to the last that any of its groups reads, whole steps of the dot product, with
        weights of 0 where a channel does not read.
        """
        outputs, inputs = len(w.weight) // w.groups, w.weight.shape[1]
        end = min(start + size, len(w.weight))
        low, high = reach(w.weight, w.groups, start, size)
        taps = w.weight.shape[2] * w.weight.shape[3]
        block = np.zeros((size, taps, high - low), np.int8)
        for group in range(start // outputs, (end - 1) // outputs + 1):
            rows = slice(max(start, group * outputs), min(end, (group + 1) * outputs))
            at = slice(group * inputs - low, (group + 1) * inputs - low)
            part = w.weight[rows].reshape(-1, inputs, taps)
            block[rows.start - start : rows.stop - start, :, at] = part.transpose(0, 2, 1)
        return low, block

    def _segment(
        self, w: Wire, buffer: Buffer, low: int, taps: Any, size: int, weights: int
    ) -> Segment:
        offsets = buffer.positions(self.shape[1:], w.window.stride).reshape(-1)
        return Segment(
            start=buffer.start + buffer.corner(w.window.padding) + low,
            stride=self.together * buffer.image,
            pixels=self.table(buffer.image, offsets),
            taps=self.constants.add(taps, np.int64),
            runs=len(taps),
            size=size,
            weights=weights,
        )
