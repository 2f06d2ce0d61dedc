"""Which loop a row of a program asks for."""

from __future__ import annotations

from onespike_lava.engines.numba.kernels.job import SPAN
from onespike_lava.engines.numba.kernels.loops.buffers import (
    bits,
    border,
    clear,
    grow,
    phases,
    tally,
)
from onespike_lava.engines.numba.kernels.loops.ends import load, record, score
from onespike_lava.engines.numba.kernels.loops.firing import search, several
from onespike_lava.engines.numba.kernels.loops.plain import plain
from onespike_lava.engines.numba.kernels.loops.pools import pool
from onespike_lava.engines.numba.kernels.loops.trains import (
    add,
    delay,
    emit,
    first_spike,
    sample,
    take,
    trains,
)
from onespike_lava.engines.numba.kernels.operations import (
    Bits,
    Clear,
    Grow,
    Load,
    Phases,
    Pool,
    Record,
    Scores,
    Search,
    Several,
    Tally,
)
from onespike_lava.engines.numba.kernels.rows import fields, holds
from onespike_lava.engines.numba.kernels.stepping import (
    Add,
    Border,
    Delay,
    Emit,
    First,
    Sample,
    Take,
    Trains,
)


@plain
def operate(  # type: ignore[no-untyped-def]
    constants,
    numbers,
    arena,
    wide,
    data,
    job,
    grid,
    row,
    first,
    images,
    now,
    scores,
    found,
    worst,
    recorded,
):
    """Do one row of a program, whichever operation but `Connect` and `Advance` it is.

    `now` are the steps that went before. Operations on buffers take frames for images.
    """
    frames = images * job[SPAN]
    if holds(Load, row):
        ones, outside = load(arena, data, job, grid, worst, fields(Load, row), first, images)
        found[0] += ones
        found[-1] += outside
    elif holds(Clear, row):
        clear(arena, fields(Clear, row), frames)
    elif holds(Phases, row):
        phases(constants, arena, fields(Phases, row), images)
    elif holds(Bits, row):
        bits(arena, fields(Bits, row), images)
    elif holds(Search, row):
        search(numbers, arena, wide, fields(Search, row), images)
    elif holds(Several, row):
        several(numbers, arena, wide, fields(Several, row), images)
    elif holds(Pool, row):
        pool(arena, fields(Pool, row), frames)
    elif holds(Grow, row):
        grow(wide, fields(Grow, row), images)
    elif holds(Tally, row):
        counted = fields(Tally, row)
        found[counted.layer] += tally(arena, counted, frames)
    elif holds(Record, row):
        record(constants, arena, recorded, job, fields(Record, row), first, images)
    elif holds(Scores, row):
        score(wide, scores, fields(Scores, row), first, images)
    else:
        operate_steps(
            constants,
            arena,
            wide,
            data,
            job,
            grid,
            row,
            first,
            images,
            now,
            scores,
            found,
            worst,
            recorded,
        )


@plain
def operate_steps(  # type: ignore[no-untyped-def]
    constants, arena, wide, data, job, grid, row, first, images, now, scores, found, worst, recorded
):
    """Do one row of a network that steps."""
    if holds(Sample, row):
        p = fields(Sample, row)
        found[-1] += sample(arena, data, job, grid, worst, p, first, images, now)
    elif holds(Emit, row):
        found[0] += emit(arena, job, fields(Emit, row), images, now)
    elif holds(Border, row):
        border(arena, fields(Border, row), images * job[SPAN])
    elif holds(Delay, row):
        delay(constants, arena, job, fields(Delay, row), images, now)
    elif holds(First, row):
        first_spike(arena, job, fields(First, row), images, now)
    elif holds(Add, row):
        add(arena, fields(Add, row), images * job[SPAN])
    elif holds(Trains, row):
        trains(arena, recorded, job, fields(Trains, row), first, images, now)
    elif holds(Take, row):
        take(wide, scores, job, fields(Take, row), first, images, now)
