"""What a buffer holds: silenced, cut to what is sent in a step, grown, counted."""

from __future__ import annotations

import numpy as np

from onespike_lava.engines.numba.kernels.intrinsics import count_64
from onespike_lava.engines.numba.kernels.loops.plain import plain, u


@plain
def clear(arena, p, images):  # type: ignore[no-untyped-def]
    """Do a `Clear`."""
    silence(arena, p.start, p.image * images)


@plain
def border(arena, p, frames):  # type: ignore[no-untyped-def]
    """Do a `Border`."""
    for n in range(frames):
        start = p.start + n * p.frame
        silence(arena, start, p.top)
        silence(arena, start + p.frame - p.bottom, p.bottom)
        for y in range(p.rows):
            line = start + p.top + y * p.line
            silence(arena, line, p.left)
            silence(arena, line + p.line - p.right, p.right)


@plain
def silence(arena, start, size):  # type: ignore[no-untyped-def]
    """Zeros."""
    for i in range(size):
        arena[u(start) + u(i)] = 0


@plain
def phases(constants, arena, p, images):  # type: ignore[no-untyped-def]
    """Do a `Phases`: a pass for each phase, in vectors; a look-up would go byte by byte."""
    a, b = u(p.source), u(p.target)
    for k in range(p.after, p.until):
        code, value = np.uint8(k + 1), constants[u(p.values + k)]
        if k == p.after:  # the first pass overwrites what an earlier step left
            for i in range(p.image * images):
                arena[b + u(i)] = value if arena[a + u(i)] == code else 0
        else:
            for i in range(p.image * images):
                old = arena[b + u(i)]
                arena[b + u(i)] = value if arena[a + u(i)] == code else old


@plain
def bits(arena, p, images):  # type: ignore[no-untyped-def]
    """Do a `Bits`."""
    a, b = u(p.source), u(p.target)
    for i in range(p.image * images):
        value = arena[a + u(i)] & np.uint8(p.mask)
        if p.unit and value:
            value = np.uint8(p.unit)
        arena[b + u(i)] = value


@plain
def grow(wide, p, images):  # type: ignore[no-untyped-def]
    """Do a `Grow`, rounded as `Growth.grown` of `layers` does; the product needs int64."""
    start, half = u(p.potential // 4), np.int64(1) << (p.exponent - 1)
    for i in range(p.size * images):
        wide[start + u(i)] = (np.int64(wide[start + u(i)]) * p.mantissa + half) >> p.exponent


@plain
def tally(arena, p, images):  # type: ignore[no-untyped-def]
    """Do a `Tally`: 64 bytes at a time, the rest one by one, since what follows is not ours."""
    total = p.image * images
    whole = total // 64
    count = 0
    for i in range(whole):
        count += count_64(arena, p.start + 64 * i)
    for i in range(64 * whole, total):
        count += arena[u(p.start + i)] != 0
    return count
