"""The operations of a program but `connect`: plain loops over a group of images.

Each takes the row of the program with its parameters, in the order of its docstring. Offsets are
bytes in the arena or in the constants; `numbers` and `wide` are int32 views of the constants and
the arena. Indices are unsigned, which spares the loops the check for negative ones.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from onespike_lava.engines.numba.kernels.grid import integers_of
from onespike_lava.engines.numba.kernels.intrinsics import count_64
from onespike_lava.engines.numba.kernels.job import FLOAT32, FORM, ORIGIN, TOTAL

LOAD, CLEAR, PHASES, BITS, CONNECT, SEARCH, SEVERAL, POOL, GROW, TALLY, RECORD, SCORES = range(12)
"""Codes of operations, the first column of a program's rows."""

PARAMETERS = 17
"""Columns of a program."""

u = np.uint64
plain = njit(nogil=True, error_model="numpy", no_cpython_wrapper=True, no_cfunc_wrapper=True)
"""For functions that only compiled code calls."""


@plain
def load(arena, data, job, grid, worst, row, first, images):  # type: ignore[no-untyped-def]
    """Samples into a padded buffer as integers of the input grid.

    Returns how many of their bits are 1, and how many values lay outside the grid.

    start, image, line : offset of the first value, bytes of an image and of a padded row
    pixel              : bytes of a pixel, C and silent channels
    channels, height, width
    scratch, top       : offset of one image's integers in the order of the samples; largest integer
    """
    start, image, line, pixel, channels, height, width, scratch, top = row[1:10]
    count = channels * height * width
    ones, outside = 0, 0
    for n in range(images):
        at = (first - job[ORIGIN] + n) * count
        if job[FORM] == FLOAT32:
            outside += integers_of(data, at, count, grid, top, arena, scratch, worst)
        else:
            for i in range(count):
                arena[u(scratch + i)] = data[u(at + i)]
        ones += bits_of(arena, scratch, count)
        for c in range(channels):
            for y in range(height):
                source = u(scratch + (c * height + y) * width)
                target = u(start + n * image + y * line + c)
                for x in range(width):
                    arena[target + u(x * pixel)] = arena[source + u(x)]
    return ones, outside


@plain
def bits_of(arena, start, count):  # type: ignore[no-untyped-def]
    """How many bits of some bytes are 1."""
    ones = 0
    for i in range(count):
        value = arena[u(start + i)]
        value = value - ((value >> 1) & np.uint8(0x55))
        value = (value & np.uint8(0x33)) + ((value >> 2) & np.uint8(0x33))
        ones += (value + (value >> 4)) & np.uint8(0x0F)
    return ones


@plain
def clear(arena, row, images):  # type: ignore[no-untyped-def]
    """Silence a buffer. start, image : offset, bytes of an image."""
    start = u(row[1])
    for i in range(row[2] * images):
        arena[start + u(i)] = 0


@plain
def phases(constants, arena, row, images):  # type: ignore[no-untyped-def]
    """Payloads of the codes `after < code <= until`, 0 for all others.

    source, target, image : offsets of two buffers of one geometry, bytes of an image
    after, until, values  : phases; uint8[phases] in the constants
    """
    source, target, image, after, until, values = row[1:7]
    a, b = u(source), u(target)
    for k in range(after, until):
        code, value = np.uint8(k + 1), constants[u(values + k)]
        if k == after:
            for i in range(image * images):
                arena[b + u(i)] = value if arena[a + u(i)] == code else 0
        else:
            for i in range(image * images):
                old = arena[b + u(i)]
                arena[b + u(i)] = value if arena[a + u(i)] == code else old


@plain
def bits(arena, row, images):  # type: ignore[no-untyped-def]
    """Integers cut to the bits of a mask; where `unit` is not 0, that for any bit of it.

    source, target, image, mask, unit
    """
    source, target, image, mask, unit = row[1:6]
    a, b = u(source), u(target)
    for i in range(image * images):
        value = arena[a + u(i)] & np.uint8(mask)
        if unit and value:
            value = np.uint8(unit)
        arena[b + u(i)] = value


@plain
def search(numbers, arena, wide, row, images):  # type: ignore[no-untyped-def]
    """First phases that are reached, for thresholds per neuron: `V >= base * table[k]`.

    potential             : int32[image, H * W, C] in the arena
    start, image, line    : offset of the first output, bytes of an image and of a padded row
    height, width, channels
    base, table           : int32[H * W, C] and int32[phases] in the constants
    first, last, values, keep : as in `records.Block`
    """
    potential, start, image, line, height, width, channels = row[1:8]
    base, table, first, last, values, keep = row[8:14]
    for n in range(images):
        for y in range(height):
            for x in range(width):
                place = (y * width + x) * channels
                v = u(potential // 4 + n * height * width * channels + place)
                h = u(base // 4 + place)
                o = u(start + n * image + y * line + x * channels)
                for c in range(channels):
                    found = 0
                    for k in range(last - 1, first - 1, -1):
                        limit = np.int64(numbers[h + u(c)]) * numbers[u(table // 4 + k)]
                        found = numbers[u(values // 4 + k)] if wide[v + u(c)] >= limit else found
                    if keep == 0 or arena[o + u(c)] == 0:
                        arena[o + u(c)] = found


@plain
def several(numbers, arena, wide, row, images):  # type: ignore[no-untyped-def]
    """Phases of several spikes with soft reset, which lowers the potentials.

    The same as `search`, and
    most, planes : spikes that a neuron may send; int32[most] in the constants, offset of the first
                   output of each
    resets       : int32[phases], by which times `base` a spike lowers the potential; the last one
                   obeys `table` and lowers nothing
    """
    potential, _, image, line, height, width, channels = row[1:8]
    base, table, first, last, values, keep, most, planes, resets = row[8:17]
    for n in range(images):
        for y in range(height):
            for x in range(width):
                place = (y * width + x) * channels
                v = u(potential // 4 + n * height * width * channels + place)
                h = u(base // 4 + place)
                skip = n * image + y * line + x * channels
                for c in range(channels):
                    sent = 0
                    for i in range(most):
                        at = u(numbers[u(planes // 4 + i)] + skip + c)
                        if keep == 0:
                            arena[at] = 0
                        sent += arena[at] != 0
                    for k in range(first, last):
                        if sent == most:
                            break
                        factor = numbers[u((table if sent == most - 1 else resets) // 4 + k)]
                        limit = np.int64(numbers[h + u(c)]) * factor
                        if wide[v + u(c)] >= limit:
                            at = u(numbers[u(planes // 4 + sent)] + skip + c)
                            arena[at] = numbers[u(values // 4 + k)]
                            sent += 1
                            if sent < most:
                                wide[v + u(c)] -= np.int32(limit)


@plain
def pool(arena, row, images):  # type: ignore[no-untyped-def]
    """Largest payload of each window or, where `codes`, the smallest code that is not 0.

    source, image, line : offset of the first window, bytes of an image and of a padded row
    start, out, below   : the same of the output
    height, width, channels, rows, columns : of the output; the window's
    down, right, apart, beside, codes      : stride and dilation
    """
    source, image, line, start, out, below, height, width, channels, rows, columns = row[1:12]
    down, right, apart, beside, codes = row[12:17]
    flip = np.uint8(255 if codes else 0)  # 255 - (code - 1): the smallest code is the largest
    shift = np.uint8(1 if codes else 0)
    for n in range(images):
        for y in range(height):
            for x in range(width):
                to = u(start + n * out + y * below + x * channels)
                corner = source + n * image + y * down * line + x * right * channels
                for c in range(channels):
                    arena[to + u(c)] = 0
                for r in range(rows):
                    for k in range(columns):
                        at = u(corner + r * apart * line + k * beside * channels)
                        for c in range(channels):
                            value = np.uint8(arena[at + u(c)] - shift) ^ flip
                            arena[to + u(c)] = max(arena[to + u(c)], value)
                if codes:
                    for c in range(channels):
                        arena[to + u(c)] = np.uint8((arena[to + u(c)] ^ flip) + shift)


@plain
def grow(wide, row, images):  # type: ignore[no-untyped-def]
    """One step of growth in membrane weighting.

    potential, count, mantissa, exponent : offset, values per image, of `layers.Growth`
    """
    potential, count, mantissa, exponent = row[1:5]
    start, half = u(potential // 4), np.int64(1) << (exponent - 1)
    for i in range(count * images):
        wide[start + u(i)] = (np.int64(wide[start + u(i)]) * mantissa + half) >> exponent


@plain
def tally(arena, row, images):  # type: ignore[no-untyped-def]
    """Spikes in a buffer. start, image : offset, bytes of an image."""
    start, total = row[1], row[2] * images
    whole = total // 64
    count = 0
    for i in range(whole):
        count += count_64(arena, start + 64 * i)
    for i in range(64 * whole, total):
        count += arena[u(start + i)] != 0
    return count


@plain
def record(constants, arena, recorded, job, row, first, images):  # type: ignore[no-untyped-def]
    """Codes channel first from a buffer.

    before              : bytes of codes of an image that are recorded in front of this layer's
    skip, size          : bytes of the layer's codes of an image before this buffer's, and in all
    start, image, line, pixel : of the buffer, as in `load`
    channels, height, width
    table               : uint8[256] in the constants, the code of each byte
    """
    before, skip, size, start, image, line, pixel, channels, height, width, table = row[1:12]
    layer = before * job[TOTAL] + skip
    for n in range(images):
        for c in range(channels):
            for y in range(height):
                to = u(layer + (first + n) * size + (c * height + y) * width)
                at = u(start + n * image + y * line + c)
                for x in range(width):
                    recorded[to + u(x)] = constants[u(table) + u(arena[at + u(x * pixel)])]


@plain
def score(wide, scores, row, first, images):  # type: ignore[no-untyped-def]
    """Potentials of the readout, channel first.

    potential, pixel, channels, pixels : offset, channels held, channels, pixels of an image
    """
    potential, pixel, channels, pixels = row[1:5]
    for n in range(images):
        for c in range(channels):
            for p in range(pixels):
                value = wide[u(potential // 4 + (n * pixels + p) * pixel + c)]
                scores[u(first + n), u(c * pixels + p)] = value


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
    """Do one row of a program, whichever operation it is."""
    code = row[0]
    if code == LOAD:
        ones, outside = load(arena, data, job, grid, worst, row, first, images)
        found[0] += ones
        found[-1] += outside
    elif code == CLEAR:
        clear(arena, row, images)
    elif code == PHASES:
        phases(constants, arena, row, images)
    elif code == BITS:
        bits(arena, row, images)
    elif code == SEARCH:
        search(numbers, arena, wide, row, images)
    elif code == SEVERAL:
        several(numbers, arena, wide, row, images)
    elif code == POOL:
        pool(arena, row, images)
    elif code == GROW:
        grow(wide, row, images)
    elif code == TALLY:
        found[row[3]] += tally(arena, row, images)
    elif code == RECORD:
        record(constants, arena, recorded, job, row, first, images)
    else:
        score(wide, scores, row, first, images)
