"""The operations of a program but `connect`: plain loops over a group of images.

Each takes the row of the program with its parameters, in the order of its docstring. Offsets are
bytes in the arena or in the constants; `numbers` and `wide` are int32 views of the constants and
the arena. Indices are unsigned, which spares the loops the check for negative ones.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from onespike_lava.engines.numba.intrinsics import count_64

LOAD, CLEAR, PHASES, BITS, CONNECT, SEARCH, POOL, GROW, TALLY, RECORD, SCORES = range(11)
"""Codes of operations, the first column of a program's rows."""

PARAMETERS = 17
"""Columns of a program."""

u = np.uint64
plain = njit(nogil=True)


@plain
def load(arena, data, row, first, images):  # type: ignore[no-untyped-def]
    """Input integers uint8[N, C * H * W] into a padded buffer; returns their bits that are 1.

    start, image, line : offset of the first value, bytes of an image and of a padded row
    pixel              : bytes of a pixel, C and silent channels
    channels, height, width
    """
    start, image, line, pixel, channels, height, width = row[1:8]
    bits = 0
    for n in range(images):
        for c in range(channels):
            for y in range(height):
                source = u((c * height + y) * width)
                target = u(start + n * image + y * line + c)
                for x in range(width):
                    value = data[u(first + n), source + u(x)]
                    arena[target + u(x * pixel)] = value
                    value = value - ((value >> 1) & 0x55)
                    value = (value & 0x33) + ((value >> 2) & 0x33)
                    bits += (value + (value >> 4)) & 0x0F
    return bits


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
def record(constants, arena, recorded, row, images):  # type: ignore[no-untyped-def]
    """Codes channel first from a buffer.

    target              : offset in `recorded` of the group's uint8[images, C, H, W]
    start, image, line, pixel : of the buffer, as in `load`
    channels, height, width
    table               : uint8[256] in the constants, the code of each byte
    """
    target, start, image, line, pixel, channels, height, width, table = row[1:10]
    for n in range(images):
        for c in range(channels):
            for y in range(height):
                to = u(target + ((n * channels + c) * height + y) * width)
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
    constants, numbers, arena, wide, data, row, first, images, scores, spikes, recorded
):
    """Do one row of a program, whichever operation it is."""
    code = row[0]
    if code == LOAD:
        spikes[0] += load(arena, data, row, first, images)
    elif code == CLEAR:
        clear(arena, row, images)
    elif code == PHASES:
        phases(constants, arena, row, images)
    elif code == BITS:
        bits(arena, row, images)
    elif code == SEARCH:
        search(numbers, arena, wide, row, images)
    elif code == POOL:
        pool(arena, row, images)
    elif code == GROW:
        grow(wide, row, images)
    elif code == TALLY:
        spikes[row[3]] += tally(arena, row, images)
    elif code == RECORD:
        record(constants, arena, recorded, row, images)
    else:
        score(wide, scores, row, first, images)
