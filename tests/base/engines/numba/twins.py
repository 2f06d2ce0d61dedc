"""Obvious twins of all that is written in LLVM IR: the same records, plain loops."""

from dataclasses import replace

import numpy as np

from onespike_lava.engines.numba.kernels import job, walk
from onespike_lava.engines.numba.kernels.loops import buffers, neurons, operate, pools
from onespike_lava.engines.numba.kernels.operations import OPERATIONS
from onespike_lava.engines.numba.kernels.records import (
    LANES,
    NONE,
    Block,
    Neurons,
    Segment,
    Tiles,
)
from onespike_lava.engines.numba.plan import planner
from onespike_lava.engines.numba.plan.packing import LINE
from onespike_lava.engines.numba.plan.picking import choice
from onespike_lava.engines.numba.plan.winograd import tiling
from onespike_lava.layers import Firing, Reset, Threshold, Window
from tests.networks import Maker, TimedMaker, random_samples


def take_over():
    """The twins in place of the originals, in a process without the compiler."""
    walk.connect, walk.claim, buffers.count_64 = connect, claim, count_64
    walk.update, walk.record, pools.largest_16 = update, record_at, largest_16
    walk.transform, walk.multiply = transform, multiply
    for module in (walk, operate):
        module.holds, module.fields = holds, fields


def holds(operation, row):
    """Whether a row is of an operation."""
    return OPERATIONS[row[0]] is operation


def fields(operation, row):
    """A row as the record of its operation."""
    return operation(*(int(number) for number in row[1 : 1 + len(operation._fields)]))


def count_64(arena, offset):
    """How many of 64 bytes are not 0."""
    return int(np.count_nonzero(arena[offset : offset + LINE]))


def largest_16(arena, to, at, rows, columns, down, right):
    """The largest under each tap of a window."""
    starts = [int(at) + r * down + k * right for r in range(rows) for k in range(columns)]
    taps = [arena[start : start + LANES] for start in starts]
    arena[int(to) : int(to) + LANES] = np.max(taps, axis=0)


def connect(kind, width, constants, arena, record, unit, first, last):
    """One block of channels, pixel by pixel, channel by channel."""
    block = record_at(Block, constants, record)
    assert block.width == width
    for pixel in range(first, last):
        for lane in range(width * LANES):
            potential = int(start(block, constants, arena, unit, pixel, lane))
            ways = [added] * block.dots + [added_by_pick] * block.picks
            for number, add in enumerate(ways + [added_by_channel] * block.channels):
                at = block.segments + 8 * len(Segment._fields) * number
                segment = record_at(Segment, constants, at)
                potential += add(kind, width, segment, constants, arena, unit, pixel, lane)
            finish(block, constants, arena, unit, pixel, lane, potential)


def update(
    kind, width, constants, arena, record, first, pixels, current, stride, state, frame, fresh
):
    """A step of neurons that are alike in all steps, by the loop that serves every setting."""
    made = record_at(Neurons, constants, record)
    numbers, wide = constants.view(np.int32), arena.view(np.int32)
    place = (first, pixels, current, stride, state, frame - (0 if fresh else made.output_frame))
    neurons.advance(numbers, arena, wide, made, width, 1 if fresh else 2, *place, 0)


B = np.array(
    [
        (4, 0, -5, 0, 1, 0),
        (0, -4, -4, 1, 1, 0),
        (0, 4, -4, -1, 1, 0),
        (0, -2, -1, 2, 1, 0),
        (0, 2, -1, -2, 1, 0),
        (0, 4, 0, -5, 0, 1),
    ]
)
"""Of inputs, as Lavin and Gray give it."""

A = np.array([(1, 1, 1, 1, 1, 0), (0, 1, -1, 2, -2, 0), (0, 1, 1, 4, 4, 0), (0, 1, -1, 8, -8, 1)])
"""Of products."""

G = np.array([(6, 0, 0), (-4, -4, -4), (-4, 4, -4), (1, 2, 4), (1, -2, 4), (0, 0, 24)])
"""Of weights, 24 times as large."""

PARTS = np.array([1, 4, 4, 1, 1, 4])
"""What rows of `G` have too much of what the kernel's have, which are whole numbers already."""


def planes_of(tiles, arena, count):
    """Inputs of a strip's tiles, int16[36, tiles, channels]."""
    size = 2 * count * tiles.channels
    planes = [arena[tiles.inputs + q * tiles.plane :][:size] for q in range(36)]
    return [plane.view(np.int16).reshape(count, tiles.channels) for plane in planes]


def transform(kind, constants, arena, record, unit, first, count):
    """Inputs of tiles, window by window."""
    tiles = record_at(Tiles, constants, record)
    planes = planes_of(tiles, arena, count)
    for t in range(count):
        at = number(constants, tiles.table + 4 * (first + t)) + tiles.source + unit * tiles.stride
        for c in range(tiles.channels):
            rows, columns = np.mgrid[:6, :6]
            window = arena[at + rows * tiles.line + columns * tiles.pixel + c].astype(int)
            for q, value in enumerate((B @ window @ B.T).reshape(-1)):
                planes[q][t, c] = value


def multiply(kind, constants, arena, record, block, count):
    """A block's sums, exactly, in Python's integers."""
    tiles, lanes = record_at(Tiles, constants, record), (2 if kind == "vnni" else 1) * LANES
    size = 36 * tiles.channels * lanes
    weights = constants[tiles.weights + 2 * size * block :][: 2 * size].view(np.int16)
    weights = weights.reshape(36, tiles.channels // 2, lanes, 2).transpose(0, 1, 3, 2)
    weights = weights.reshape(36, tiles.channels, lanes).astype(int)
    bias = constants[tiles.bias + 4 * lanes * block :][: 4 * lanes].view(np.int32)
    planes = planes_of(tiles, arena, count)
    found = arena[tiles.sums :][: 4 * count * 36 * lanes].view(np.int32).reshape(count, 36, lanes)
    parts = np.multiply.outer(PARTS, PARTS).reshape(-1, 1, 1)
    products = parts * np.stack([p.astype(int) @ w for p, w in zip(planes, weights, strict=True)])
    for t in range(count):
        for c in range(lanes):
            sums = A @ products[:, t, c].reshape(6, 6) @ A.T
            assert not (sums % 24**2).any()
            found[t, :16, c] = sums.reshape(-1) // 24**2 + bias[c]


def claim(counter, size):
    """Take the next samples."""
    first = int(counter[0])
    counter[0] += size
    return first


def record_at(record, constants, at):
    count = len(record._fields)
    return record(*(int(v) for v in constants[at : at + 8 * count].view(np.int64)))


def number(memory, at):
    return int(memory[at : at + 4].view(np.int32)[0])


def start(block, constants, arena, unit, pixel, lane):
    memory = arena if block.bias_moves else constants
    offset = number(constants, block.bias_pixels + 4 * pixel)
    return number(memory, block.bias + unit * block.bias_stride + offset + 4 * lane)


def window(segment, constants, unit, pixel, run):
    place = number(constants, segment.pixels + 4 * pixel)
    tap = int(constants[segment.taps + 8 * run :][:8].view(np.int64)[0])
    return segment.start + unit * segment.stride + place + tap


def added(kind, width, segment, constants, arena, unit, pixel, lane):
    total = 0
    for run in range(segment.runs):
        at = window(segment, constants, unit, pixel, run)
        for k in range(segment.size):
            weight = dot_weight(kind, width, segment, constants, run * segment.size + k, lane)
            total += int(arena[at + k]) * weight
    return total


def dot_weight(kind, width, segment, constants, k, lane):
    four, inside = divmod(k, 4)
    if kind == "vnni":  # int8[four, width, 16, 4]
        at = (four * width * LANES + lane) * 4 + inside
        return int(constants[segment.weights + at : segment.weights + at + 1].view(np.int8)[0])
    pair, half = divmod(inside, 2)  # int16[four, 2, 2 * width * 8, 2]
    at = ((four * 2 + half) * width * LANES + lane) * 2 + pair
    return int(constants[segment.weights + 2 * at :][:2].view(np.int16)[0])


def added_by_pick(kind, width, segment, constants, arena, unit, pixel, lane):
    """Bytes of a window of 64 or 16 that an output picks, by fours or pairs."""
    size, each, lanes, step = (64, 4, 16, 128) if kind == "vnni" else (16, 2, 8, 48)
    total = 0
    for run in range(segment.runs):
        at = window(segment, constants, unit, pixel, run)
        place = segment.weights + (run * width * LANES // lanes + lane // lanes) * step
        index = constants[place : place + size][lane % lanes * each :][:each]
        kept = constants[place + size : place + step]
        kept = kept.view(np.int8 if kind == "vnni" else np.int16)[lane % lanes * each :][:each]
        total += int(arena[at + index.astype(int)].astype(int) @ kept.astype(int))
    return total


def added_by_channel(kind, width, segment, constants, arena, unit, pixel, lane):
    total = 0
    for run in range(segment.runs):
        sent = int(arena[window(segment, constants, unit, pixel, run) + lane])
        at = segment.weights + run * width * LANES + lane
        total += sent * int(constants[at : at + 1].view(np.int8)[0])
    return total


def finish(block, constants, arena, unit, pixel, lane, potential):
    if block.potential != NONE:
        offset = number(constants, block.potential_pixels + 4 * pixel)
        at = block.potential + unit * block.potential_stride + offset + 4 * lane
        arena[at : at + 4].view(np.int32)[0] = potential
    if block.output == NONE:
        return
    offset = number(constants, block.output_pixels + 4 * pixel)
    at = block.output + unit * block.output_stride + offset + lane
    if block.keep and arena[at]:
        return
    arena[at] = 0
    for phase in range(block.first, block.last):
        limit = number(constants, block.limits + 4 * (phase * block.width * LANES + lane))
        if potential >= limit:
            arena[at] = number(constants, block.values + 4 * phase)
            return


def twin_difference(kind):
    """How a whole network on the twins differs from the same on engine `numpy`."""
    make = Maker(np.random.default_rng(1), 3, 1.3, "graded")
    at = make.conv(make.input((2, 4, 3)), 17, window=Window((1, 1), (1, 0, 1, 1)))
    at = make.conv(make.residual(at, at), 2, (2, 2), groups=1)
    make.readout(at)
    return difference(make.network(), kind, 1)


def picked_difference(kind):
    """The same of a network of few live weights, whose outputs pick their inputs."""
    make = Maker(np.random.default_rng(1), 3, 1.3, "graded")
    at = make.conv(make.input((2, 4, 3)), 36, window=Window((1, 1), (1, 0, 1, 1)), sparse=0.8)
    make.readout(make.dense(make.residual(at, at), 17))
    choice.PICK[kind] = 0
    return difference(make.network(), kind, 1)


def tiled_difference(kind):
    """The same of a network with a convolution by tiles, beside which another one arrives."""
    make = Maker(np.random.default_rng(1), 3, 1.3, "graded")
    at = make.conv(make.input((2, 5, 6)), 32)
    at = make.residual(at, at)
    make.layers[at] = replace(make.layers[at], bias=np.arange(32, dtype=np.int32))
    make.readout(at, 2)
    tiling._pays = lambda *_: True
    return difference(make.network(), kind, 3)


def stepping_difference(kind):
    """The same of a network that steps, of neurons in vectors and one by one."""
    make = TimedMaker(np.random.default_rng(2), 3)
    at = make.conv(make.input((2, 4, 3), "constant"), 17, window=Window((1, 1), (1, 0, 1, 1)))
    plain = {"threshold": Threshold(np.full(17, 900, np.int32)), "reset": Reset("zero")}
    make.layers[at] = replace(make.layers[at], firing=Firing(), **plain)
    make.readout(make.dense(make.pool(at), 5))
    return difference(make.network(), kind, 0)


def difference(network, kind, wait):
    """Scores that differ from those of engine `numpy`."""
    x = random_samples(network, 2)
    expected = network.run(x, "numpy", wait).scores
    made = planner.compile_network(network, wait, False, kind)
    views = (made.constants, made.numbers, *made.take())
    todo = job.job(0, 2, 2, 2, job.FLOAT32, made.steps, made.span)
    data = job.raw(x.astype(np.float32))
    found, counts = np.zeros_like(expected), np.zeros(len(network.layers), np.int64)
    step = walk._walk(kind, 0)
    step(
        made.rows, *views, data, todo, made.grid, found, counts, np.zeros(1), np.empty(0, np.uint8)
    )
    return int(np.count_nonzero(found != expected))
