"""Which synapses are summed over their live weights: where picking takes less time."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.picking.forms import Form, form_of
from onespike_lava.engines.numba.kernels.records import LANES, REDUCED
from onespike_lava.engines.numba.kernels.tile import TILES
from onespike_lava.engines.numba.plan.picking.sweep import Steps, sweep

PICK = {"vnni": 1.75, "portable": 1.2}
"""Time of a step of picking by that of a step of the dot product, which takes 4 inputs, by kind of
kernels: a tenth above what `tests/benchmarks/bench_pruned.py` measures, so that it surely pays."""


def picked(
    weight: NDArray[np.int8],
    groups: int,
    taps: NDArray[np.int64],
    blocks: Sequence[tuple[int, int]],
    kind: str,
) -> tuple[Steps, ...]:
    """The steps of each block of a synapse, none where products with all inputs take less time.

    Arguments as in `sweep`; `kind` is that of the kernels.
    """
    form = form_of(kind)
    most = dense(weight, groups, blocks) / PICK[kind] if PICK[kind] else np.inf
    if form is None or _fewest(weight, blocks, form) >= most:
        return ()
    found = tuple(sweep(weight, groups, taps, blocks, form))
    return found if counted(found) < most else ()


def counted(steps: Sequence[Steps]) -> int:
    """Steps of all blocks, for each vector of outputs."""
    return sum(len(each.offsets) * each.index.shape[1] // LANES for each in steps)


def dense(weight: NDArray[np.int8], groups: int, blocks: Sequence[tuple[int, int]]) -> int:
    """Steps of the dot product of all blocks, for each vector of outputs."""
    sizes = ((vectors, reach(weight, groups, start, vectors * LANES)) for start, vectors in blocks)
    inputs = sum(vectors * (high - low) for vectors, (low, high) in sizes)
    return inputs // REDUCED * int(np.prod(weight.shape[2:]))


def reach(weight: NDArray[np.int8], groups: int, start: int, size: int) -> tuple[int, int]:
    """First and last input channel + 1 of a block's dot product, whole steps of it."""
    outputs, inputs = len(weight) // groups, weight.shape[1]
    last = min(start + size, len(weight)) - 1
    low = start // outputs * inputs // REDUCED * REDUCED
    return low, -(-(last // outputs + 1) * inputs // REDUCED) * REDUCED


def _fewest(weight: NDArray[np.int8], blocks: Sequence[tuple[int, int]], form: Form) -> int:
    """Steps that an output of each block needs at least, for each vector of outputs."""
    live = np.count_nonzero(weight.reshape(len(weight), -1), axis=1)
    sizes = ((vectors, live[start : start + vectors * LANES]) for start, vectors in blocks)
    return sum(vectors * -(-int(own.max()) // form.each) for vectors, own in sizes)


def fastest(weight: NDArray[np.int8], kind: str) -> float:
    """Time of a convolution of one group for a vector of outputs, in steps of its dot product."""
    outputs, inputs, rows, columns = weight.shape
    wide = max(TILES[kind]) * LANES
    blocks = [(start, wide // LANES) for start in range(0, outputs, wide)]
    lines = 2**16 * np.arange(rows)[:, None] + inputs * np.arange(columns)
    flat = weight.reshape(outputs, inputs, -1)
    steps = picked(flat, 1, lines.reshape(-1), blocks, kind)
    total = PICK[kind] * counted(steps) if steps else dense(flat, 1, blocks)
    return total / (len(blocks) * wide // LANES)
