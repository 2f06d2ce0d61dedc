"""One step of timed neurons with every setting, number by number in int64.

What `update` serves, and most networks need no more, runs there in vectors.
"""

from __future__ import annotations

import numpy as np

from onespike_lava.engines.numba.kernels.loops.plain import plain, u
from onespike_lava.engines.numba.kernels.records import (
    AMOUNT,
    BIAS,
    DRIVE,
    FLOOR,
    KEEP,
    KEEP_U,
    KEEP_V,
    LANES,
    LEVEL,
    LIMIT,
    NONE,
    ZERO,
)


@plain
def advance(  # type: ignore[no-untyped-def]
    numbers, arena, wide, p, width, step, first, count, current, stride, state, frame, seen
):
    """A step of 1..T and, behind the last one, the phases that still fire.

    first, count    : pixels of a frame
    current, stride : bytes to the synaptic input of the first pixel, from pixel to pixel
    state           : bytes from `u`, `v` and `fired` to the first pixel's
    frame           : bytes from an image's first frame of trains to its first here
    seen            : bytes from the first potentials that are kept to this frame's
    """
    lanes = width * LANES
    for i in range(count):
        pixel = first + i
        table = (p.table + pixel * p.spread) // 4
        cell = (state + i * p.state_pixel) // 4
        place = frame + numbers[u(p.output_pixels // 4 + pixel)]
        for c in range(lanes):
            row = table + c
            arriving = wide[u((current + i * stride) // 4 + c)]
            integrate(numbers, wide, p, row, lanes, cell + c, step, np.int64(arriving))
            if p.seen != NONE:
                kept = (p.seen + seen + pixel * p.seen_pixel) // 4 + c
                wide[u(kept)] = wide[u(p.v // 4 + cell + c)]
            last = step - p.wait if step < p.steps else p.steps
            for phase in range(max(step - p.wait, 1), last + 1):
                sent = fire(numbers, wide, p, row, lanes, cell + c, phase)
                if p.output != NONE:
                    at = p.output + place + (phase - 1) * p.output_frame + c
                    arena[u(at)] = sent


@plain
def integrate(numbers, wide, p, row, lanes, cell, step, arriving):  # type: ignore[no-untyped-def]
    """Current and potential after a step; in the first one the states are new."""
    current = arriving << p.fraction
    if p.filters:
        at = u(p.u // 4 + cell)
        old = np.int64(wide[at]) if step > 1 else np.int64(0)
        current += decayed(old, numbers[u(row + KEEP_U * lanes)], p)
        wide[at] = current
    at = u(p.v // 4 + cell)
    v = np.int64(wide[at] if step > 1 else numbers[u(row + BIAS * lanes)])
    if step <= p.grown:
        v = (v * p.mantissa + (np.int64(1) << (p.exponent - 1))) >> p.exponent
    v = decayed(v, numbers[u(row + KEEP_V * lanes)], p)
    wide[at] = v + current + numbers[u(row + DRIVE * lanes)]
    if p.fired != NONE and step == 1:
        wide[u(p.fired // 4 + cell)] = 0


@plain
def decayed(values, keep, p):  # type: ignore[no-untyped-def]
    """What is kept of a state, rounded."""
    up = p.up | (p.up_below if values < 0 else 0)
    return (values * keep + up) >> 12


@plain
def fire(numbers, wide, p, row, lanes, cell, phase):  # type: ignore[no-untyped-def]
    """What is sent in an output phase; resets the potential."""
    at = u(p.v // 4 + cell)
    v, fired = np.int64(wide[at]), np.int64(0)
    if p.fired != NONE:
        fired = np.int64(wide[u(p.fired // 4 + cell)])
    base = np.int64(numbers[u(row + LIMIT * lanes)])
    limit = base * numbers[u(p.limits // 4 + phase - 1)]
    amount = np.int64(numbers[u(row + AMOUNT * lanes)]) * numbers[u(p.amounts // 4 + phase - 1)]
    payload = np.int64(numbers[u(p.payloads // 4 + phase - 1)])
    if p.kind == LEVEL:
        amount = 0
        if fired < p.most - 1:
            limit = amount = 2 * base * payload
    count = np.int64(0)
    if fired < p.most and v >= limit:
        count = min(v // limit, p.counts)
        if p.kind == ZERO:
            v = np.int64(0)
        elif p.kind != KEEP:
            v -= count * amount
        if p.fired != NONE:
            wide[u(p.fired // 4 + cell)] = fired + 1
    wide[at] = max(v, np.int64(numbers[u(row + FLOOR * lanes)]))
    return count * payload


@plain
def join(wide, current, held, stride, count, width):  # type: ignore[no-untyped-def]
    """Add input that is the same in every step to the synaptic input of `count` pixels."""
    lanes = width * LANES
    for i in range(count):
        a, b = u((current // 4) + i * lanes), u((held + i * stride) // 4)
        for c in range(lanes):
            wide[a + u(c)] += wide[b + u(c)]


@plain
def silence(numbers, arena, p, width, first, count, frame):  # type: ignore[no-untyped-def]
    """Nothing is sent by `count` pixels of a frame behind the last step."""
    if p.output != NONE:
        for pixel in range(first, first + count):
            at = p.output + frame + numbers[u(p.output_pixels // 4 + pixel)]
            for c in range(width * LANES):
                arena[u(at + c)] = 0
