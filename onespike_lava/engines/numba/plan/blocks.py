"""The records of one layer's blocks: where its channels start from and what they leave behind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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


def blocks(
    layout: Layout,
    sources: list[Buffer],
    bias: NDArray[np.int32] | None,
    decision: Decision | None,
    potential: Buffer | None,
    store: bool,
) -> list[tuple[int, int]]:
    """Place a layer's blocks: (offset of the record, width) of each.

    sources   : what each of the layout's wires reads
    bias      : int32[H * W, channels held], or None to start from `potential`
    decision  : or None where nothing is decided
    potential : buffer of int32, or None
    store     : whether `potential` receives the potentials
    """
    shared = {
        "dots": sum(not w.channel for w in layout.wires),
        "channels": sum(w.channel for w in layout.wires),
        **_start(layout, bias, potential),
        **_end(layout, potential if store else None),
    }
    placed = []
    for start, vectors in layout.blocks:
        decided = _decision(layout, decision, slice(start, start + vectors * LANES))
        fields = shared | decided
        fields["bias"] += 4 * start
        if store:
            fields["potential"] += 4 * start
        segments = layout.segments(start, vectors, sources)
        record = Block(width=vectors, segments=segments, **fields)
        placed.append((layout.constants.add([record], np.int64), vectors))
    return placed


def _linear(layout: Layout) -> NDArray[np.int64]:
    return np.arange(layout.pixels) * 4 * layout.pixel


def _unit(layout: Layout) -> int:
    """Bytes of a unit's potentials."""
    return layout.together * layout.pixels * 4 * layout.pixel


def _start(
    layout: Layout, bias: NDArray[np.int32] | None, potential: Buffer | None
) -> dict[str, int]:
    linear = _linear(layout)
    if bias is None:
        assert potential is not None
        moving = layout.table(len(linear) * 4 * layout.pixel, linear)
        names = ("bias", "bias_moves", "bias_stride", "bias_pixels")
        return dict(zip(names, (potential.start, 1, _unit(layout), moving), strict=True))
    same = bool((bias == bias[0]).all())
    at = layout.constants.add(bias[:1] if same else bias, np.int32)
    table = layout.table(0, linear * 0 if same else linear)
    return {"bias": at, "bias_moves": 0, "bias_stride": 0, "bias_pixels": table}


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
