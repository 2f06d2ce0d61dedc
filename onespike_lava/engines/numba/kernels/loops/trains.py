"""Trains of networks that step: samples in, what is sent and recorded, scores out."""

from __future__ import annotations

import numpy as np

from onespike_lava.engines.numba.kernels.job import FLOAT32, FORM, ORIGIN, SPAN, TOTAL
from onespike_lava.engines.numba.kernels.loops.grid import integers_of
from onespike_lava.engines.numba.kernels.loops.plain import plain, u
from onespike_lava.engines.numba.kernels.records import BITS, HELD, NONE


@plain
def sample(arena, data, job, grid, worst, p, first, images, now):  # type: ignore[no-untyped-def]
    """Do a `Sample`; returns how many values lay outside."""
    count = p.channels * p.height * p.width
    frames = job[SPAN] if p.steps else 1
    outside = 0
    if now and not p.steps:
        return outside
    for n in range(images):
        for s in range(frames):
            start = p.start + (n * frames + s) * p.frame
            for i in range(p.frame):
                arena[u(start + i)] = 0
            if p.steps and now + s >= p.steps:
                continue
            number = first - job[ORIGIN] + n
            at = (number * p.steps + now + s if p.steps else number) * count
            if job[FORM] == FLOAT32:
                outside += integers_of(data, at, count, grid, p.top, arena, p.scratch, worst)
            else:
                for i in range(count):
                    arena[u(p.scratch + i)] = data[u(at + i)]
            put(arena, p, start + p.skip)
    return outside


@plain
def put(arena, p, start):  # type: ignore[no-untyped-def]
    """One frame of values, channel first in `scratch`, to its first value's place."""
    for c in range(p.channels):
        for y in range(p.height):
            at = u(p.scratch + (c * p.height + y) * p.width)
            to = u(start + y * p.line + c)
            for x in range(p.width):
                arena[to + u(x * p.pixel)] = arena[at + u(x)]


@plain
def emit(arena, job, p, images, now):  # type: ignore[no-untyped-def]
    """Do an `Emit`; returns how many spikes are sent."""
    count = 0
    for n in range(images):
        a = u(p.source + n * p.frame)
        for s in range(min(job[SPAN], p.steps - now)):
            for i in range(p.frame):
                count += sent_of(arena[a + u(i)], p, now + s + 1) != 0
        if p.target != NONE:
            for s in range(job[SPAN]):
                b = u(p.target + (n * job[SPAN] + s) * p.frame)
                for i in range(p.frame):
                    arena[b + u(i)] = sent_of(arena[a + u(i)], p, now + s + 1)
    return count


@plain
def sent_of(value, p, step):  # type: ignore[no-untyped-def]
    """What an integer sends in a step."""
    if step > p.length:
        return np.uint8(0)
    if p.code == HELD:
        return value
    if p.code == BITS:
        bit = value & np.uint8(1 << (p.length - step))
        return np.uint8(p.unit) if p.unit and bit else bit
    return np.uint8(value == step)


@plain
def delay(constants, arena, job, p, images, now):  # type: ignore[no-untyped-def]
    """Do a `Delay`."""
    span = job[SPAN]
    for n in range(images):
        ring = p.ring + n * p.depth * p.frame
        if now == 0:
            for i in range(p.depth * p.frame):
                arena[u(ring + i)] = 0
        for s in range(span):
            step, frame = now + s, (n * span + s) * p.frame
            newest = u(ring + step % p.depth * p.frame)
            silent = p.back and step == 0
            for i in range(p.frame):
                arena[newest + u(i)] = 0 if silent else arena[u(p.source + frame + i)]
            for i in range(p.frame):
                slot = (step + p.depth - constants[u(p.lateness + i)]) % p.depth
                arena[u(p.target + frame + i)] = arena[u(ring + slot * p.frame + i)]


@plain
def first_spike(arena, job, p, images, now):  # type: ignore[no-untyped-def]
    """Do a `First`."""
    for n in range(images):
        fired = u(p.fired + n * p.frame)
        if now == 0:
            for i in range(p.frame):
                arena[fired + u(i)] = 0
        for s in range(job[SPAN]):
            a = u(p.start + (n * job[SPAN] + s) * p.frame)
            for i in range(p.frame):
                sent = arena[a + u(i)]
                arena[a + u(i)] = sent if arena[fired + u(i)] == 0 else 0
                arena[fired + u(i)] |= sent


@plain
def add(arena, p, frames):  # type: ignore[no-untyped-def]
    """Do an `Add`."""
    for n in range(frames):
        for y in range(p.height):
            for x in range(p.width):
                a = u(p.source + n * p.source_frame + y * p.source_line + x * p.source_pixel)
                b = u(p.start + n * p.frame + y * p.line + x * p.pixel)
                for c in range(p.channels):
                    old = np.uint8(0) if p.fresh else arena[b + u(c)]
                    arena[b + u(c)] = old + arena[a + u(c)]


@plain
def trains(arena, recorded, job, p, first, images, now):  # type: ignore[no-untyped-def]
    """Do a `Trains`: layer by layer for the whole run, as `ends.record`."""
    layer = p.before * job[TOTAL]
    for n in range(images):
        for s in range(min(job[SPAN], p.steps - now)):
            frame = layer + ((first + n) * p.steps + now + s) * p.size
            start = p.start + (n * job[SPAN] + s) * p.frame
            for c in range(p.channels):
                for y in range(p.height):
                    to = u(frame + (c * p.height + y) * p.width)
                    at = u(start + y * p.line + c)
                    for x in range(p.width):
                        recorded[to + u(x)] = arena[at + u(x * p.pixel)]


@plain
def take(wide, scores, job, p, first, images, now):  # type: ignore[no-untyped-def]
    """Do a `Take`."""
    for n in range(images):
        for s in range(min(job[SPAN], p.steps - now)):
            step = now + s
            row = (first + n) * p.steps + step if p.over else first + n
            last = row - 1 if p.over else row
            frame = p.seen // 4 + (n * job[SPAN] + s) * p.pixels * p.pixel
            for g in range(p.channels // p.group):
                for i in range(p.pixels):
                    output, total = g * p.pixels + i, np.int64(0)
                    for c in range(g * p.group, (g + 1) * p.group):
                        value = wide[u(frame + i * p.pixel + c)]
                        if p.best != NONE:
                            b = u(p.best // 4 + (n * p.pixels + i) * p.pixel + c)
                            value = max(value, wide[b]) if step else value
                            wide[b] = value
                        total += value
                    if p.adds and step:
                        total += scores[u(last), u(output)]
                    scores[u(row), u(output)] = total
