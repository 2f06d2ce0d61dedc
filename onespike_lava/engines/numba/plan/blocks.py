"""The records of one layer's blocks: where its channels start from and what they leave behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.operations import Connect
from onespike_lava.engines.numba.kernels.records import BY_BUCKET, LANES, NONE, Block
from onespike_lava.engines.numba.plan.buffers import Buffer
from onespike_lava.engines.numba.plan.connections import Layout
from onespike_lava.engines.numba.plan.packing import buckets, halving_levels, halving_table

SILENT = 2**31 - 1
"""Threshold of padding channels, which nothing reaches."""

UNDECIDED = (
    *("limits", "first", "last", "levels", "base", "table", "values"),
    *("output_stride", "output_pixels", "keep"),
)
"""Fields of a block that do not matter where nothing is decided."""


@dataclass(frozen=True)
class Decision:
    """Which phases are decided, and what a spike leaves.

    base        : int32[C], of each channel
    thresholds  : int32[phases], to be multiplied by the channels' bases
    values      : int32[phases], what `output` receives
    first, last : phases that are decided, `first <= phase < last`, counted from 0
    keep        : an earlier spike in `output` stays
    """

    base: NDArray[np.int32]
    thresholds: NDArray[np.int32]
    values: NDArray[np.int32]
    first: int
    last: int
    keep: bool
    output: Buffer

    @property
    def halves(self) -> bool:
        """Whether the phase is that of the rank among rising thresholds."""
        whole = self.first == 0 and self.last == len(self.thresholds) and not self.keep
        return whole and bool((np.diff(self.thresholds) <= 0).all())


@dataclass(frozen=True)
class Start:
    """What sums start from: values of each pixel in the constants or, `moves`, the arena.

    skip   : bytes from channel to channel, 0 where each block finds its own at the same place
    at     : offset of the first pixel's value for the first channel
    stride : bytes between units
    pixels : constants, int32[pixels]
    """

    at: int
    pixels: int
    moves: int = 0
    stride: int = 0
    skip: int = 4


def blocks(
    layout: Layout,
    sources: list[Buffer],
    start: Start,
    decision: Decision | None,
    potential: Buffer | None = None,
) -> list[Block]:
    """A layer's blocks.

    sources   : what each of the layout's wires reads
    decision  : or None where nothing is decided
    potential : buffer of int32 that receives the potentials, or None
    """
    shared = {
        **layout.ways,
        "bias_moves": start.moves,
        "bias_stride": start.stride,
        "bias_pixels": start.pixels,
        **_end(layout, potential),
    }
    made = []
    for first, vectors in layout.blocks:
        decided = _decision(layout, decision, slice(first, first + vectors * LANES))
        fields = shared | decided
        if potential is not None:
            fields["potential"] += 4 * first
        segments = layout.segments(first, vectors, sources)
        at = start.at + start.skip * first
        made.append(Block(width=vectors, segments=segments, bias=at, **fields))
    return made


def connected(layout: Layout, made: list[Block]) -> list[Connect]:
    """Place a layer's blocks; the operation of each."""
    add = layout.constants.add
    return [
        Connect(add([each], np.int64), each.width, layout.pixels, layout.together) for each in made
    ]


def _linear(layout: Layout) -> NDArray[np.int64]:
    return np.arange(layout.pixels) * 4 * layout.pixel


def _unit(layout: Layout) -> int:
    """Bytes of a unit's potentials."""
    return layout.together * layout.pixels * 4 * layout.pixel


def from_bias(layout: Layout, bias: NDArray[np.int32]) -> Start:
    """Sums that start from biases int32[H * W, channels held]."""
    linear = _linear(layout)
    same = bool((bias == bias[0]).all())
    at = layout.constants.add(bias[:1] if same else bias, np.int32)
    return Start(at, layout.table(0, linear * 0 if same else linear))


def from_potential(layout: Layout, potential: Buffer) -> Start:
    """Sums that go on where an earlier step ended."""
    linear = _linear(layout)
    moving = layout.table(len(linear) * 4 * layout.pixel, linear)
    return Start(potential.start, moving, moves=1, stride=_unit(layout))


def _end(layout: Layout, potential: Buffer | None) -> dict[str, int]:
    table = layout.table(layout.pixels * 4 * layout.pixel, _linear(layout))
    return {
        "potential": NONE if potential is None else potential.start,
        "potential_stride": _unit(layout),
        "potential_pixels": table,
    }


def _decision(layout: Layout, decision: Decision | None, channels: slice) -> dict[str, int]:
    """Fields of a block for its channels; all zero but `output` where nothing is decided."""
    if decision is None:
        return {"output": NONE, **dict.fromkeys(UNDECIDED, 0)}
    add, output = layout.constants.add, decision.output
    limits, base = _limits(layout, decision)
    levels, table = _search(layout, decision)
    bases = base[None, channels].astype(np.float64)
    if levels == BY_BUCKET:
        found = buckets(decision.thresholds, decision.values)
        assert found is not None
        bases = np.concatenate([bases, found.scale / bases])
    return {
        "limits": add(limits[:, channels], np.int32),
        "first": decision.first,
        "last": decision.last,
        "levels": levels,
        "base": add(bases, np.float32),
        "table": add(table, np.int32),
        "values": add(decision.values, np.int32),
        "output": output.first + channels.start,
        "output_stride": layout.together * output.image,
        "output_pixels": layout.table(output.image, output.positions(layout.shape[1:]).reshape(-1)),
        "keep": int(decision.keep),
    }


def _search(layout: Layout, decision: Decision) -> tuple[int, Any]:
    """`Block.levels` and the table of the search."""
    if not decision.halves or layout.kind != "vnni":
        return 0, []
    found = buckets(decision.thresholds, decision.values)
    if found is not None:
        return BY_BUCKET, found.table
    levels = halving_levels(len(decision.values))
    return levels, halving_table(decision.thresholds, decision.values) if levels else []


def _limits(layout: Layout, decision: Decision) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Thresholds int32[phases, channels held] and bases int32[channels held]."""
    channels = len(decision.base)
    # padding channels have potential 0, which a base of 0 would let reach any threshold
    base = np.pad(decision.base, (0, layout.pixel - channels), constant_values=1)
    limits = base * decision.thresholds[:, None]
    limits[:, channels:] = SILENT
    return limits, base
