"""Which loop a row of a program asks for."""

from __future__ import annotations

from onespike_lava.engines.numba.kernels.loops.buffers import bits, clear, grow, phases, tally
from onespike_lava.engines.numba.kernels.loops.ends import load, record, score
from onespike_lava.engines.numba.kernels.loops.firing import search, several
from onespike_lava.engines.numba.kernels.loops.plain import plain
from onespike_lava.engines.numba.kernels.loops.pools import pool
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
    scores,
    found,
    worst,
    recorded,
):
    """Do one row of a program, whichever operation but `Connect` it is."""
    if holds(Load, row):
        ones, outside = load(arena, data, job, grid, worst, fields(Load, row), first, images)
        found[0] += ones
        found[-1] += outside
    elif holds(Clear, row):
        clear(arena, fields(Clear, row), images)
    elif holds(Phases, row):
        phases(constants, arena, fields(Phases, row), images)
    elif holds(Bits, row):
        bits(arena, fields(Bits, row), images)
    elif holds(Search, row):
        search(numbers, arena, wide, fields(Search, row), images)
    elif holds(Several, row):
        several(numbers, arena, wide, fields(Several, row), images)
    elif holds(Pool, row):
        pool(arena, fields(Pool, row), images)
    elif holds(Grow, row):
        grow(wide, fields(Grow, row), images)
    elif holds(Tally, row):
        counted = fields(Tally, row)
        found[counted.layer] += tally(arena, counted, images)
    elif holds(Record, row):
        record(constants, arena, recorded, job, fields(Record, row), first, images)
    elif holds(Scores, row):
        score(wide, scores, fields(Scores, row), first, images)
