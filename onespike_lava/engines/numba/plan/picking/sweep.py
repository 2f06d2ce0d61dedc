"""What the outputs of a block pick in each step, and these steps as the kernel reads them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.picking.forms import Form
from onespike_lava.engines.numba.kernels.records import LANES

NOWHERE = 2**30
"""Behind the place of any input; windows may begin there."""

AT_ONCE = 2**22
"""Weights that are looked at together, more where one block has more; it bounds memory."""


@dataclass(frozen=True)
class Steps:
    """The steps of one block.

    offsets : int64[steps], from the first byte that a pixel may read to each window
    index   : uint8[steps, outputs, each], of the bytes in it
    weights : int8 of the same shape, 0 where an output picks fewer
    """

    offsets: NDArray[np.int64]
    index: NDArray[np.uint8]
    weights: NDArray[np.int8]


def sweep(
    weight: NDArray[np.int8],
    groups: int,
    taps: NDArray[np.int64],
    blocks: Sequence[tuple[int, int]],
    form: Form,
) -> list[Steps]:
    """The steps of each block.

    weight : int8[O, I / groups, taps]
    taps   : int64[taps], rising: bytes from a pixel's first tap to each
    blocks : first channel and vectors of each

    A window begins at the first input that any output of the block still has to read. Each output
    then picks the next inputs that it reads and that lie in it: outputs with few in one place may
    be ahead of others.
    """
    found: list[Steps] = []
    many = max(1, AT_ONCE // max(1, weight[0].size * LANES * blocks[0][1]))
    for first in range(0, len(blocks), many):
        found += _together(weight, groups, taps, blocks[first : first + many], form)
    return found


def _together(
    weight: NDArray[np.int8],
    groups: int,
    taps: NDArray[np.int64],
    blocks: Sequence[tuple[int, int]],
    form: Form,
) -> list[Steps]:
    """Some blocks, step by step in all of them."""
    places, values = _queues(weight, groups, taps, blocks, form.each)
    next_ones = np.zeros(places.shape[:2], np.int64)
    windows, indices, weights = [], [], []
    while True:
        spots = next_ones[:, :, None] + np.arange(form.each)
        near = np.take_along_axis(places, spots, 2)
        window = near[:, :, 0].min(1) // form.align * form.align
        if (window == NOWHERE).all():
            break
        inside = near - window[:, None, None]
        taken = (inside < form.window) & (near < NOWHERE)
        windows.append(window)
        indices.append(np.where(taken, inside, 0).astype(np.uint8))
        weights.append(np.where(taken, np.take_along_axis(values, spots, 2), 0))
        next_ones += taken.sum(2)
    return list(_split(blocks, places.shape[1], windows, indices, weights, form.each))


def _queues(
    weight: NDArray[np.int8],
    groups: int,
    taps: NDArray[np.int64],
    blocks: Sequence[tuple[int, int]],
    each: int,
) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
    """Places of the inputs that each output reads, in order, `NOWHERE` behind, and its weights.

    int32[blocks, outputs, inputs] and int8 of the same shape.
    """
    outputs, inputs = weight.shape[:2]
    size = LANES * max(vectors for _, vectors in blocks)
    first, end = blocks[0][0], min(outputs, blocks[-1][0] + LANES * blocks[-1][1])
    live = np.ascontiguousarray(weight[first:end].transpose(0, 2, 1))
    output, tap, channel = np.nonzero(live != 0)
    counts = np.bincount(output, minlength=end - first)
    order = np.arange(len(output)) - (np.cumsum(counts) - counts)[output]
    starts = np.array([start for start, _ in blocks])
    block = np.searchsorted(starts, output + first, "right") - 1
    lane = output + first - starts[block]
    group = (output + first) // (outputs // groups)
    places = np.full((len(blocks), size, counts.max(initial=0) + each), NOWHERE, np.int32)
    values = np.zeros(places.shape, np.int8)
    places[block, lane, order] = taps[tap] + group * inputs + channel
    values[block, lane, order] = live[output, tap, channel]
    return places, values


def _split(
    blocks: Sequence[tuple[int, int]],
    size: int,
    windows: list[NDArray[np.int32]],
    indices: list[NDArray[np.uint8]],
    weights: list[NDArray[np.int8]],
    each: int,
) -> Iterator[Steps]:
    """The steps block by block."""
    shape = (len(windows), len(blocks))
    offsets = np.array(windows, np.int64).reshape(shape)
    index = np.array(indices, np.uint8).reshape(*shape, size, each)
    weight = np.array(weights, np.int8).reshape(*shape, size, each)
    for number, (_, vectors) in enumerate(blocks):
        steps = slice(int((offsets[:, number] < NOWHERE).sum()))
        own = (steps, number, slice(LANES * vectors))
        yield Steps(offsets[steps, number], index[own], weight[own])


def packed(steps: Steps, form: Form) -> NDArray[np.uint8]:
    """Steps as the kernel reads them, uint8[steps, outputs / lanes, form.size].

    Of each register first all indices, then all weights.
    """
    count, outputs, each = steps.index.shape
    shape = (count, outputs // form.lanes, form.lanes * each)
    weights = steps.weights.astype(form.weight).reshape(shape).view(np.uint8)
    return np.concatenate([steps.index.reshape(shape), weights], 2)
