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

NONE = -1
"""Offset of a thing that a block does without."""


class Segment(NamedTuple):
    """One synapse as a block reads it.

    start    : arena, where the first pixel's window begins
    stride   : bytes between units of the source
    pixels   : constants, int32[pixels], from the start to each pixel's window
    taps     : constants, int64[runs], from a window's first byte to each run of inputs
    runs     : how many runs a window has
    size     : bytes of a run, for a dot product; not used channel by channel
    weights  : constants, `packing.dot_weights` or `packing.channel_weights`
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
    channels    : segments whose outputs read their own channel alone; they follow the dots
    segments    : constants, the records of both
    bias        : int32 values at the start, in the constants or, `bias_moves`, the arena
    bias_stride : bytes between units
    bias_pixels : constants, int32[pixels]
    limits      : constants, int32[phases, width * LANES] thresholds
    first, last : phases that are decided, `first <= phase < last`, counted from 0
    levels      : of the halving search, 4 or 5, or 0 to search phase by phase
    base, table : constants, float32[width * LANES] and `packing.halving_table`
    values      : constants, int32[phases], what a spike of the phase leaves in `output`
    output      : arena, uint8, or `NONE`
    output_stride, output_pixels : as for the bias
    keep        : not 0 where an earlier spike in `output` stays
    potential   : arena, int32, where the potentials go, or `NONE`
    potential_stride, potential_pixels : as for the bias
    """

    width: int
    dots: int
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
