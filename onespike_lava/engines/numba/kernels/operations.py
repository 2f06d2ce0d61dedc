"""The operations of a program, one record each; `rows` carries them to the compiled loops.

A new operation is a record here, or in `stepping` one of networks that step, named in `Operation`,
its loop in `loops`, and the branch of `loops.operate` that calls it.

Offsets count bytes from the start of the arena, the memory of a group of images, or of the
constants where a field says so. `image` and `line` are the bytes of an image and of a padded row
of a buffer, `pixel` those of a pixel, its channels and silent ones.
"""

from __future__ import annotations

from typing import NamedTuple, get_args

from onespike_lava.engines.numba.kernels.stepping import (
    Add,
    Advance,
    Border,
    Delay,
    Emit,
    First,
    Sample,
    Take,
    Trains,
)


class Load(NamedTuple):
    """Samples into a padded buffer, as integers of the input's grid.

    start   : offset of the first value
    scratch : offset of one image's integers in the order of the samples
    top     : the largest integer
    """

    start: int
    image: int
    line: int
    pixel: int
    channels: int
    height: int
    width: int
    scratch: int
    top: int


class Clear(NamedTuple):
    """Silence a buffer, since what lies around its values is never written."""

    start: int
    image: int


class Phases(NamedTuple):
    """What codes `after < code <= until` send, 0 for all others, into a buffer of one geometry.

    values : constants, uint8[phases]
    """

    source: int
    target: int
    image: int
    after: int
    until: int
    values: int


class Bits(NamedTuple):
    """Integers cut to the bits of a mask; where `unit` is not 0, that for any bit of it."""

    source: int
    target: int
    image: int
    mask: int
    unit: int


class Connect(NamedTuple):
    """One block of channels: all synapses, the decision, what remains.

    record   : constants, a `records.Block`
    width    : its vectors
    pixels   : of an image
    together : images of a unit
    """

    record: int
    width: int
    pixels: int
    together: int


class Winograd(NamedTuple):
    """A layer whose 3x3 convolution is computed by tiles, strip by strip, then block by block.

    A strip is whole rows of tiles, of one image or of several; its pixels follow each other.

    tiles    : constants, a `records.Tiles`
    record   : constants, a `records.Block` for each block
    size     : bytes between these
    blocks   : how many there are
    width    : vectors of each
    pixels   : of an image
    together : images of a unit
    strip    : rows of tiles of a strip
    rows, columns : of tiles of an image
    line     : pixels of a row of an image
    """

    tiles: int
    record: int
    size: int
    blocks: int
    width: int
    pixels: int
    together: int
    strip: int
    rows: int
    columns: int
    line: int


class Search(NamedTuple):
    """First phases that are reached, for thresholds per neuron: `V >= base * table[k]`.

    potential           : int32[image, H * W, C]
    start               : offset of the first output
    base, table         : constants, int32[H * W, C] and int32[phases]
    first, last, values, keep : as in `records.Block`
    """

    potential: int
    start: int
    image: int
    line: int
    height: int
    width: int
    pixel: int
    base: int
    table: int
    first: int
    last: int
    values: int
    keep: int


class Several(NamedTuple):
    """Phases of several spikes with soft reset, which lowers the potentials.

    potential .. keep : as in `Search`, but for its `start`
    most              : spikes that a neuron may send
    planes            : constants, int32[most], offset of the first output of each spike
    resets            : constants, int32[phases], by which times `base` a spike lowers the
                        potential; the last one obeys `table` and lowers nothing
    """

    potential: int
    image: int
    line: int
    height: int
    width: int
    pixel: int
    base: int
    table: int
    first: int
    last: int
    values: int
    keep: int
    most: int
    planes: int
    resets: int


class Pool(NamedTuple):
    """Largest payload of each window or, where `codes`, the smallest code that is not 0.

    source, image, line : offset of the first window, geometry of the source
    start, out, below   : the same of the output
    height, width       : of the output
    rows, columns       : of a window
    down, right         : its stride
    apart, beside       : its dilation
    """

    source: int
    image: int
    line: int
    start: int
    out: int
    below: int
    height: int
    width: int
    pixel: int
    rows: int
    columns: int
    down: int
    right: int
    apart: int
    beside: int
    codes: int


class Grow(NamedTuple):
    """One step of growth in membrane weighting, of `layers.Growth`.

    size : potentials of an image
    """

    potential: int
    size: int
    mantissa: int
    exponent: int


class Tally(NamedTuple):
    """Count the spikes in a buffer for a layer."""

    start: int
    image: int
    layer: int


class Record(NamedTuple):
    """Codes channel first from a buffer.

    before     : bytes of codes of an image that are recorded in front of this layer's
    skip, size : bytes of the layer's codes of an image before this buffer's, and in all
    start      : offset of the first value
    table      : constants, uint8[256], the code of each byte
    """

    before: int
    skip: int
    size: int
    start: int
    image: int
    line: int
    pixel: int
    channels: int
    height: int
    width: int
    table: int


class Scores(NamedTuple):
    """Potentials of the readout, channel first.

    pixels : of an image
    """

    potential: int
    pixel: int
    channels: int
    pixels: int


Operation = (
    Load
    | Clear
    | Phases
    | Bits
    | Connect
    | Winograd
    | Search
    | Several
    | Pool
    | Grow
    | Tally
    | Record
    | Scores
    | Sample
    | Emit
    | Border
    | Delay
    | Advance
    | First
    | Add
    | Trains
    | Take
)

OPERATIONS: tuple[type[Operation], ...] = get_args(Operation)
"""Every operation; its place is the first number of its rows."""
