"""The ends of a program: samples in, codes and scores out."""

from __future__ import annotations

import numpy as np

from onespike_lava.engines.numba.kernels.job import FLOAT32, FORM, ORIGIN, TOTAL
from onespike_lava.engines.numba.kernels.loops.grid import integers_of
from onespike_lava.engines.numba.kernels.loops.plain import plain, u


@plain
def load(arena, data, job, grid, worst, p, first, images):  # type: ignore[no-untyped-def]
    """Do a `Load`; returns how many bits of the integers are 1, and how many values lay outside.

    The integers come first in the order of the samples, where encoding and counting run in
    vectors, and are then spread over the buffer, channels last.
    """
    count = p.channels * p.height * p.width
    ones, outside = 0, 0
    for n in range(images):
        at = (first - job[ORIGIN] + n) * count
        if job[FORM] == FLOAT32:
            outside += integers_of(data, at, count, grid, p.top, arena, p.scratch, worst)
        else:
            for i in range(count):
                arena[u(p.scratch + i)] = data[u(at + i)]
        ones += bits_of(arena, p.scratch, count)
        for c in range(p.channels):
            for y in range(p.height):
                source = u(p.scratch + (c * p.height + y) * p.width)
                target = u(p.start + n * p.image + y * p.line + c)
                for x in range(p.width):
                    arena[target + u(x * p.pixel)] = arena[source + u(x)]
    return ones, outside


@plain
def bits_of(arena, start, count):  # type: ignore[no-untyped-def]
    """How many bits of some bytes are 1: the spikes of a binary code.

    Neighbouring bits are added, then pairs, then fours, all within a byte: additions run in
    vectors, for which few processors have an instruction that counts bits.
    """
    ones = 0
    for i in range(count):
        value = arena[u(start + i)]
        value = value - ((value >> 1) & np.uint8(0x55))
        value = (value & np.uint8(0x33)) + ((value >> 2) & np.uint8(0x33))
        ones += (value + (value >> 4)) & np.uint8(0x0F)
    return ones


@plain
def record(constants, arena, recorded, job, p, first, images):  # type: ignore[no-untyped-def]
    """Do a `Record`. Codes lie layer by layer for the whole run, so that each is one array."""
    layer = p.before * job[TOTAL] + p.skip
    for n in range(images):
        for c in range(p.channels):
            for y in range(p.height):
                to = u(layer + (first + n) * p.size + (c * p.height + y) * p.width)
                at = u(p.start + n * p.image + y * p.line + c)
                for x in range(p.width):
                    recorded[to + u(x)] = constants[u(p.table) + u(arena[at + u(x * p.pixel)])]


@plain
def score(wide, scores, p, first, images):  # type: ignore[no-untyped-def]
    """Do a `Scores`."""
    for n in range(images):
        for c in range(p.channels):
            for i in range(p.pixels):
                value = wide[u(p.potential // 4 + (n * p.pixels + i) * p.pixel + c)]
                scores[u(first + n), u(c * p.pixels + i)] = value
