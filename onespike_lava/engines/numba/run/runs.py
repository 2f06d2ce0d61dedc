"""Running a program: samples in blocks, each shared among threads."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.data.encoding import Samples
from onespike_lava.engines.numba.kernels.job import FLOAT32, INTEGERS, job, raw
from onespike_lava.engines.numba.kernels.walk import walker
from onespike_lava.engines.numba.plan.program import Program
from onespike_lava.engines.numba.run.workers import share
from onespike_lava.engines.result import Codes, Data, Result, code_shapes
from onespike_lava.engines.timed.notes import Notes
from onespike_lava.layers import Shape
from onespike_lava.model import Model
from onespike_lava.system.progress import Count
from onespike_lava.system.threads import limit

THREAD_WORK = 10_000_000
"""Products that are worth one more thread, some 0.1 ms; to wake one takes a third of that."""

BLOCK_VALUES, BLOCK_WORK = 2**21, 2**35
"""Input values and products of the samples that are run before an interrupt is heard: some MB of
values where these must be copied, some 0.1 s."""


SINGLE = np.dtype(np.float32)
"""Values of it, in this machine's order of bytes, are encoded by compiled code."""

NOTHING = np.empty(0, np.uint8)
"""Where nothing is recorded."""

Counted = tuple[NDArray[np.int64], NDArray[np.float64]]
"""Spikes of each layer and values outside the grid; largest distance of one inside from it."""


def run_program(
    network: Model,
    program: Program,
    data: Data,
    record: bool,
    progress: Count,
    notes: Notes | None = None,
) -> Result:
    """Run every sample; compiled code encodes `Samples` of float32.

    notes : takes scores after each step, of a program that has them
    """
    samples = len(data)
    rows = samples * program.steps if program.over else samples
    scores = np.empty((rows, program.outputs), np.int64)
    recorded = np.empty(program.recorded * samples, np.uint8) if record else NOTHING
    counted = _nothing_counted(program)
    size = max(1, min(BLOCK_VALUES // program.inputs, BLOCK_WORK // program.work))
    progress(0, samples)
    for start in range(0, samples, size):
        block = slice(start, min(start + size, samples))
        _run_block(program, data, block, counted, (scores, recorded))
        progress(block.stop, samples)
    found = counted[0].tolist()
    if isinstance(data, Samples):
        data.note(found[-1], float(counted[1][0]))
    codes = _codes(recorded, samples, code_shapes(network)) if record else None
    if notes is not None and program.over:
        steps = scores.reshape(samples, program.steps, program.outputs)
        notes.note(steps)
        scores = steps[:, -1]
    return Result(scores, found[:-1], codes)


def _nothing_counted(program: Program) -> Counted:
    return np.zeros(program.layers + 1, np.int64), np.zeros(1)


def _run_block(
    program: Program, data: Data, block: slice, counted: Counted, into: tuple[NDArray[Any], ...]
) -> None:
    """Run one block on as many threads as its work is worth; adds to what is counted."""
    samples, threads = block.stop - block.start, 1
    if samples > 1 and program.work * samples >= 2 * THREAD_WORK:
        threads = min(program.work * samples // THREAD_WORK, limit(), samples)
    values, form = _values(data, block)
    size = max(1, min(program.group, -(-samples // threads)))
    todo = job(block.start, block.stop, size, len(data), form, program.steps, program.span)
    walk = walker(program.kind)
    found: list[Counted] = []

    def work(own: Counted | None = None) -> None:
        memory, counts = program.take(), own or _nothing_counted(program)
        held = (program.rows, program.constants, program.numbers, *memory)
        walk(*held, values, todo, program.grid, into[0], *counts, into[1])
        program.memories.append(memory)
        if own is None:
            found.append(counts)

    if threads == 1:
        work(counted)
        return
    share(work, threads)
    spikes, worst = counted
    for counts, distance in found:
        spikes += counts
        worst[0] = max(worst[0], distance[0])


def _values(data: Data, block: slice) -> tuple[NDArray[np.uint8], int]:
    """Bytes of a block and their type."""
    if isinstance(data, Samples) and data.values.dtype == SINGLE:
        return raw(data.layer.arranged(data.values[block])), FLOAT32
    return raw(data[block]), INTEGERS


def _codes(recorded: NDArray[np.uint8], samples: int, shapes: Sequence[Shape]) -> Codes:
    """Codes uint8[N, *shape] of each layer, one after the other in `recorded`."""
    at, codes = 0, []
    for each in shapes:
        shape = (samples, *each)
        codes.append(recorded[at : at + prod(shape)].reshape(shape))
        at += prod(shape)
    return codes
