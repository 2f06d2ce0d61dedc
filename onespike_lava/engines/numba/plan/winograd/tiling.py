"""Which layers are computed by tiles, and how: see `kernels.winograd`."""

from __future__ import annotations

from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.operations import Winograd
from onespike_lava.engines.numba.kernels.records import LANES, PIXELS, Block, Tiles
from onespike_lava.engines.numba.kernels.tile import TILES
from onespike_lava.engines.numba.kernels.winograd.tables import (
    OUTPUTS,
    POSITIONS,
    packed,
)
from onespike_lava.engines.numba.plan.assembly import Assembly
from onespike_lava.engines.numba.plan.blocks import Decision, Start, blocks
from onespike_lava.engines.numba.plan.buffers import Buffer
from onespike_lava.engines.numba.plan.connections import Layout, Wire
from onespike_lava.engines.numba.plan.packing import LINE, up
from onespike_lava.engines.numba.plan.picking.choice import fastest
from onespike_lava.layers import Shape, Synapse, Window

STRIP_BYTES = 384 * 1024
"""What a strip's values may take of the second-level cache, beside the weights that they meet."""

MOST_INPUTS = 128
"""Channels beyond which the weights, eight times as large as they were, stay in no cache."""

SLOWER = {"vnni": 1.0, "portable": 2.0}
"""How much longer than `_pays` counts a step takes beside tiles, where few weights live, by kind of
kernels: chosen so that tiles end where `tests/benchmarks/bench_pruned.py` has VGG's crossing."""


def serves(synapse: Synapse, shape: Shape, kind: str, few: bool) -> bool:
    """Whether a convolution is computed by tiles, and faster so; `few` as in `Assembly`."""
    plain = replace(synapse.window, padding=(0, 0, 0, 0)) == Window()
    if synapse.weight.shape[2:] != (3, 3) or not plain or synapse.groups > 1 or len(shape) != 3:
        return False
    outputs, inputs = synapse.weight.shape[:2]
    lanes = max(TILES[kind]) * LANES
    if outputs % lanes or inputs % (2 * LANES) or not _pays(inputs, outputs, shape, few):
        return False
    steps = SLOWER[kind] * fastest(synapse.weight, kind)
    return _pays(inputs, outputs, shape, few, steps)


def _pays(inputs: int, outputs: int, shape: Shape, few: bool, steps: float | None = None) -> bool:
    """Whether tiles take less time: cycles of a processor for 16 channels of all pixels.

    steps : what a pixel takes otherwise, two in a cycle; None for those of the dot product

    Of tiles these are products, both transforms, and the weights, which come from behind the
    second-level cache with 16 bytes a cycle, for four images at a time unless there are `few`.
    """
    tiles = -(-shape[1] // OUTPUTS) * -(-shape[2] // OUTPUTS)
    fetched = 2 * POSITIONS * LANES * inputs / 16 / (1 if few else 4)
    by_tiles = tiles * (9 * inputs + 110 + 68 * inputs / outputs) + fetched
    steps = 9 * inputs / 4 if steps is None else steps
    return inputs <= MOST_INPUTS and by_tiles < shape[1] * shape[2] * steps / 2


def room(window: Window, shape: Shape) -> Window:
    """A window with the padding that its tiles read beyond the last row and column."""
    top, left, bottom, right = window.padding
    beyond = (-shape[1] % OUTPUTS, -shape[2] % OUTPUTS)
    return replace(window, padding=(top, left, bottom + beyond[0], right + beyond[1]))


class Tiling:
    """A layer's tiles: where they lie, and in which strips they go through the kernel.

    layout, sources : of the layer, with all of its wires
    wire            : the one that is computed by tiles
    """

    def __init__(self, assembly: Assembly, layout: Layout, sources: list[Buffer], wire: Wire):
        self.assembly, self.layout, self.wire = assembly, layout, wire
        position = next(at for at, each in enumerate(layout.wires) if each is wire)
        self.source = sources[position]
        self.rest = copy(layout)
        self.rest.wires = [each for each in layout.wires if each is not wire]
        self.others = sources[:position] + sources[position + 1 :]
        self.vectors = max(TILES[layout.kind])
        assert all(vectors == self.vectors for _, vectors in layout.blocks)
        self.rows, self.columns = (-(-size // OUTPUTS) for size in layout.shape[1:])
        tile = POSITIONS * (2 * self.source.pixel + 4 * self.lanes)
        most = max(1, STRIP_BYTES // (tile * self.columns))
        whole = layout.together * self.rows
        self.strip = -(-whole // -(-whole // most))
        """Rows of tiles of a strip, the strips about equal."""

    @property
    def lanes(self) -> int:
        """Channels of a block."""
        return self.vectors * LANES

    def operation(self, bias: NDArray[np.int32], decision: Decision | None) -> Winograd:
        """Place the constants; `bias` is int32[channels held]."""
        layout, add = self.layout, self.layout.constants.add
        records = blocks(self.rest, self.others, self._start(), decision)
        return Winograd(
            tiles=add([self._tiles(bias)], np.int64),
            record=add(records, np.int64),
            size=8 * len(Block._fields),
            blocks=len(records),
            width=self.vectors,
            pixels=layout.pixels,
            together=layout.together,
            strip=self.strip,
            rows=self.rows,
            columns=self.columns,
            line=layout.shape[2],
        )

    def _tiles(self, bias: NDArray[np.int32]) -> Tiles:
        layout, source, add = self.layout, self.source, self.layout.constants.add
        step = (OUTPUTS, OUTPUTS)
        offsets = source.positions((self.rows, self.columns), step).reshape(-1)
        images = np.arange(layout.together)[:, None] * source.image
        return Tiles(
            source=source.start + source.corner(self.wire.window.padding),
            stride=layout.together * source.image,
            line=source.line,
            pixel=source.pixel,
            channels=source.pixel,
            table=add((images + offsets).reshape(-1), np.int32),
            weights=add(packed(self.wire.weight, self.lanes), np.int16),
            bias=add(bias, np.int32),
            inputs=self._inputs,
            plane=self._plane,
            sums=self._sums,
        )

    @property
    def _plane(self) -> int:
        """Bytes of a strip's inputs at one position.

        A line more than these are, or the 36 would share a few lines of the first-level cache.
        """
        return up(self.strip * self.columns, PIXELS) * 2 * self.source.pixel + LINE

    @property
    def _inputs(self) -> int:
        return up(self.assembly.scratch, LINE)

    @property
    def _sums(self) -> int:
        return self._inputs + POSITIONS * self._plane

    @property
    def memory(self) -> int:
        """Bytes of a thread's own that a strip takes."""
        tiles = up(self.strip * self.columns, PIXELS)
        return self._sums + tiles * POSITIONS * 4 * self.lanes - self.assembly.scratch

    def _start(self) -> Start:
        """The sums of a unit's pixels: tile by tile, from the first of its strip on."""
        height, width = self.layout.shape[1:]
        y, x = np.divmod(np.arange(height * width), width)
        rows = np.arange(self.layout.together)[:, None] * self.rows + y // OUTPUTS
        tiles = rows % self.strip * self.columns + x // OUTPUTS
        places = tiles * POSITIONS + y % OUTPUTS * OUTPUTS + x % OUTPUTS
        table = np.pad(4 * self.lanes * places.reshape(-1), (0, PIXELS), mode="edge")
        return Start(self._sums, self.layout.constants.add(table, np.int32), moves=1, skip=0)
