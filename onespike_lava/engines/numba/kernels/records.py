"""What `connect` reads: records of int64 fields in the table of constants.

Offsets count bytes from the start of the constants or of the arena, the memory of a group of
images. A unit is the run of images that one table of pixels covers.
"""

from __future__ import annotations

from typing import NamedTuple

LANES = 16
"""Channels of a vector: the padding of channels in the arena, the unit of a block's width."""

REDUCED = 4
"""Inputs that one step of a dot product takes, as bytes; the padding of an input's channels."""

PIXELS = 16
"""Most pixels of a tile. Tables of pixels repeat their last entry so often: a last tile computes
that pixel again and stores the same, where fewer pixels would need a kernel of their own."""

BY_BUCKET = 1
"""In place of levels: one comparison, with the threshold of a potential's bucket."""

NONE = -1
"""Offset of a thing that a block does without."""


class Segment(NamedTuple):
    """One synapse as a block reads it.

    start    : arena, where the first pixel's window begins
    stride   : bytes between units of the source
    pixels   : constants, int32[pixels], from the start to each pixel's window
    taps     : constants, int64[runs], from a window's first byte to each run of inputs
    runs     : how many runs a window has, or steps of picking
    size     : bytes of a run, for a dot product; else not used
    weights  : constants, `packing.dot_weights`, `picking.sweep.packed` or
               `packing.channel_weights`
    """

    start: int
    stride: int
    pixels: int
    taps: int
    runs: int
    size: int
    weights: int


class Block(NamedTuple):
    """Channels of one layer that a kernel computes together.

    width       : vectors of `LANES` channels
    dots        : segments whose outputs read all inputs of a run
    picks       : segments whose outputs pick the inputs that they read; they follow the dots
    channels    : segments whose outputs read their own channel alone; they are last
    segments    : constants, the records of all
    bias        : int32 values at the start, in the constants or, `bias_moves`, the arena
    bias_stride : bytes between units
    bias_pixels : constants, int32[pixels]
    limits      : constants, int32[phases, width * LANES] thresholds
    first, last : phases that are decided, `first <= phase < last`, counted from 0
    levels      : of the halving search, 4 or 5, `BY_BUCKET`, or 0 to search phase by phase
    base, table : constants, float32[width * LANES] and `packing.halving_table`; of a search by
                  bucket float32[2, width * LANES], scaled reciprocals behind, and the table of
                  `packing.Buckets`
    values      : constants, int32[phases], what a spike of the phase leaves in `output`
    output      : arena, uint8, or `NONE`
    output_stride, output_pixels : as for the bias
    keep        : not 0 where an earlier spike in `output` stays
    potential   : arena, int32, where the potentials go, or `NONE`
    potential_stride, potential_pixels : as for the bias
    """

    width: int
    dots: int
    picks: int
    channels: int
    segments: int
    bias: int
    bias_moves: int
    bias_stride: int
    bias_pixels: int
    limits: int
    first: int
    last: int
    levels: int
    base: int
    table: int
    values: int
    output: int
    output_stride: int
    output_pixels: int
    keep: int
    potential: int
    potential_stride: int
    potential_pixels: int


class Tiles(NamedTuple):
    """A 3x3 convolution of one source by tiles, whose sums the blocks of its layer start from.

    source   : arena, where the first tile's window begins
    stride   : bytes between units of the source
    line, pixel : bytes from row to row and from pixel to pixel of the source
    channels : of the source
    table    : constants, int32[tiles], from the start to each tile's window
    weights  : constants, `winograd.tables.packed`
    bias     : constants, int32[channels held]
    inputs   : arena, int16[36, tiles of a strip, channels]
    plane    : bytes between two of these 36
    sums     : arena, int32[tiles of a strip, 36, channels of a block]
    """

    source: int
    stride: int
    line: int
    pixel: int
    channels: int
    table: int
    weights: int
    bias: int
    inputs: int
    plane: int
    sums: int


HELD, LATENCY, BITS = range(3)
"""What an `Emit` makes of integers: the integer itself, one spike in the step of its number, its
bits."""

KEEP, ZERO, SUBTRACT, LEVEL = range(4)
"""What a spike does to the potential (`layers.Reset`)."""

ROWS = 7
"""Rows of a table of neurons: bias, keep_u, keep_v, drive, threshold, reset, floor."""

BIAS, KEEP_U, KEEP_V, DRIVE, LIMIT, AMOUNT, FLOOR = range(ROWS)


class Neurons(NamedTuple):
    """A block of timed neurons; the tables of constants have its `width * LANES` channels.

    simple      : not 0 where `update` serves: every step alike, one spike in each
    table       : constants, int32[pixels or 1, ROWS, width * LANES]
    spread      : bytes between its pixels, 0 where all have the same
    filters     : not 0 where currents are kept
    leaks       : not 0 where potentials are not kept whole
    fraction    : bits by which synaptic input is shifted
    up, up_below : added to the 12 bits that decay cuts off, below zero `up_below` too: 4095 to
                  round up
    u, v, fired : arena, int32 states, or `NONE`
    state_image, state_pixel : bytes between images, pixels
    moves       : not 0 where all pixels have states, 0 where those of a part are enough
    output      : arena, uint8, or `NONE`
    output_frame, output_pixels : bytes between frames; constants, int32[pixels]
    seen        : arena, int32, where potentials before the reset are kept, or `NONE`
    seen_frame, seen_pixel : bytes
    kind        : of the reset, and whether what stays of the potential, `mask`, is all or nothing
    payload     : in `update`
    payloads, limits, amounts : constants, int32[steps] of the phases
    most, counts : steps that may fire, spikes of a step
    mantissa, exponent, grown : growth, and the steps that grow
    wait, steps : `T_w`, `T`
    """

    simple: int
    table: int
    spread: int
    filters: int
    leaks: int
    fraction: int
    up: int
    up_below: int
    u: int
    v: int
    fired: int
    state_image: int
    state_pixel: int
    moves: int
    output: int
    output_frame: int
    output_pixels: int
    seen: int
    seen_frame: int
    seen_pixel: int
    kind: int
    mask: int
    payload: int
    payloads: int
    limits: int
    amounts: int
    most: int
    counts: int
    mantissa: int
    exponent: int
    grown: int
    wait: int
    steps: int
