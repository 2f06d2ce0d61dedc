"""The turns of an `Advance`: in which order synaptic input and neurons are computed.

Frames of many pixels are taken part by part: a part goes through all steps of a span, its states
in the first-level cache, before the next part begins. Of small frames several make a unit, so
that the tiles of `connect` are full.
"""

from __future__ import annotations

from onespike_lava.engines.numba.kernels.loops.neurons import advance, join, silence
from onespike_lava.engines.numba.kernels.loops.plain import plain
from onespike_lava.engines.numba.kernels.records import LANES, NONE


@plain
def turns(p, images, span):  # type: ignore[no-untyped-def]
    """How many turns an `Advance` takes."""
    if p.together > 1:
        return (images * span + p.together - 1) // p.together
    return images * span * ((p.pixels + p.part - 1) // p.part)


@plain
def turn_of(p, turn, images, span):  # type: ignore[no-untyped-def]
    """Unit, its first pixel and the one behind its last, and how many frames a turn has."""
    if p.together > 1:
        frames = min(p.together, images * span - turn * p.together)
        return turn, 0, frames * p.pixels, frames
    parts = (p.pixels + p.part - 1) // p.part
    first = turn // span % parts * p.part
    unit = turn // (span * parts) * span + turn % span
    return unit, first, min(first + p.part, p.pixels), 1


@plain
def place_of(wide, p, n, unit, first, last, number, span):  # type: ignore[no-untyped-def]
    """Where a frame of a turn is: its number, its pixels, input and its stride, states."""
    frame = unit * p.together + number
    pixels = p.pixels if p.together > 1 else last - first
    image = frame // span
    state = image * n.state_image + (first * n.state_pixel if n.moves else 0)
    held = p.held + image * p.held_image + first * p.held_pixel
    stride = 4 * p.width * LANES
    current = p.current + number * p.pixels * stride
    if p.held != NONE and p.record != NONE:
        join(wide, current, held, p.held_pixel, pixels, p.width)
    elif p.held != NONE:
        current, stride = held, p.held_pixel
    return frame, pixels, current, stride, state


@plain
def advance_apart(  # type: ignore[no-untyped-def]
    numbers, arena, wide, p, n, first, frame, pixels, current, stride, state, now, span
):
    """A frame's step where `update` does not serve, or none."""
    step = now + frame % span + 1
    if step > n.steps:
        silence(numbers, arena, n, p.width, first, pixels, frame * n.output_frame)
        return
    start, seen = (frame // span * span - now) * n.output_frame, frame * n.seen_frame
    place = (first, pixels, current, stride, state, start, seen)
    advance(numbers, arena, wide, n, p.width, step, *place)


@plain
def strips(p, images):  # type: ignore[no-untyped-def]
    """How many strips the images of a `Winograd` have."""
    each = (p.together * p.rows + p.strip - 1) // p.strip
    whole, rest = images // p.together, images % p.together
    return whole * each + (rest * p.rows + p.strip - 1) // p.strip


@plain
def strip_of(p, turn, images):  # type: ignore[no-untyped-def]
    """Unit, first tile and how many, first pixel and the one behind the last of a strip."""
    each = (p.together * p.rows + p.strip - 1) // p.strip
    unit = turn // each
    first = turn % each * p.strip
    last = min(first + p.strip, min(p.together, images - unit * p.together) * p.rows)
    start, end = pixel_of(p, first), pixel_of(p, last)
    return unit, first * p.columns, (last - first) * p.columns, start, end


@plain
def pixel_of(p, row):  # type: ignore[no-untyped-def]
    """The first pixel of a row of tiles, four pixels high, counted through a unit's images."""
    return row // p.rows * p.pixels + min(4 * (row % p.rows) * p.line, p.pixels)
