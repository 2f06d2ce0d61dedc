"""Obvious twins of all that is written in LLVM IR: the same records, plain loops."""

from dataclasses import replace

import numpy as np

from onespike_lava.engines.numba.kernels import job, walk
from onespike_lava.engines.numba.kernels.loops import buffers, neurons, operate, pools
from onespike_lava.engines.numba.kernels.operations import OPERATIONS
from onespike_lava.engines.numba.kernels.records import LANES, NONE, Block, Neurons, Segment
from onespike_lava.engines.numba.plan import planner
from onespike_lava.engines.numba.plan.packing import LINE
from onespike_lava.layers import Firing, Reset, Threshold, Window
from tests.networks import Maker, TimedMaker, random_samples


def take_over():
    """The twins in place of the originals, in a process without the compiler."""
    walk.connect, walk.claim, buffers.count_64 = connect, claim, count_64
    walk.update, walk.record, pools.largest_16 = update, record_at, largest_16
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
            for number in range(block.dots + block.channels):
                at = block.segments + 8 * len(Segment._fields) * number
                segment = record_at(Segment, constants, at)
                dot = number < block.dots
                add = added if dot else added_by_channel
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
