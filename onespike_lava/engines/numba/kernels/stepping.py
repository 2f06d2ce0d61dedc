"""Operations of networks that step; `operations` lists them beside the others.

A frame is what the neurons of an image send in one step, as bytes. A program takes all layers
through a span of steps, then through the next: buffers of trains hold the frames of one span,
image by image, states lie beside them. `frame` is the bytes of a padded frame. Frames behind the
last step are silent.
"""

from __future__ import annotations

from typing import NamedTuple


class Sample(NamedTuple):
    """Samples into padded buffers: integers before the first step, events as frames.

    start      : of the buffer
    skip       : bytes from a frame's start to its first value
    line .. top : as in `operations.Load`
    steps      : of events the steps of a sample, 0 of integers
    """

    start: int
    frame: int
    skip: int
    line: int
    pixel: int
    channels: int
    height: int
    width: int
    scratch: int
    top: int
    steps: int


class Emit(NamedTuple):
    """What integers send in the steps of a span, and its count.

    source : integers, one frame an image
    target : frames, or `records.NONE` where they are only counted
    code   : a key of `records.EMITTED`
    length : steps in which the code sends
    unit   : what a bit carries in membrane weighting, 0 for its place value
    steps  : of a sample
    """

    source: int
    target: int
    frame: int
    code: int
    length: int
    unit: int
    steps: int


class Delay(NamedTuple):
    """What arrives over axons, each as late as its own delay.

    source, target : frames
    ring           : frames of `depth` earlier steps of an image
    lateness       : constants, uint8[frame], below `depth`
    back           : not 0 where the source is the layer itself: its frame is of the step before
    """

    source: int
    target: int
    ring: int
    frame: int
    depth: int
    lateness: int
    back: int


class Border(NamedTuple):
    """Silence the padding of frames, all that their layer does not write.

    top, bottom : bytes of the padding's rows
    left, right : bytes of its columns in each of `rows`
    """

    start: int
    frame: int
    line: int
    rows: int
    top: int
    bottom: int
    left: int
    right: int


class Advance(NamedTuple):
    """One block of channels through a span of steps: synaptic input, then the neurons.

    record   : constants, a `records.Block` that leaves its sums in `current`; `records.NONE`
               where all input is held
    neurons  : constants, a `records.Neurons`
    width    : vectors of the block
    pixels   : of a frame
    together : frames of a unit
    part     : pixels of a frame that are taken through all steps before the next ones
    current  : int32[places, width * LANES], synaptic input of a step
    held     : int32[image, pixels, held_pixel / 4], input that is the same in every step, or
               `records.NONE`
    held_image, held_pixel : bytes
    """

    record: int
    neurons: int
    width: int
    pixels: int
    together: int
    part: int
    current: int
    held: int
    held_image: int
    held_pixel: int


class First(NamedTuple):
    """Only the first spike of each neuron stays.

    fired : uint8[image, frame], which have spiked
    """

    start: int
    frame: int
    fired: int


class Add(NamedTuple):
    """Payloads of a source added to frames, or in place of them where `fresh`."""

    source: int
    source_frame: int
    source_line: int
    source_pixel: int
    start: int
    frame: int
    line: int
    pixel: int
    channels: int
    height: int
    width: int
    fresh: int


class Trains(NamedTuple):
    """Frames channel first from a buffer, as recorded.

    before : bytes of an image that are recorded in front of this layer's
    size   : bytes of this layer's frame
    steps  : of a sample
    """

    before: int
    size: int
    start: int
    frame: int
    line: int
    pixel: int
    channels: int
    height: int
    width: int
    steps: int


class Take(NamedTuple):
    """Scores from the potentials of output neurons, each before its reset.

    seen  : int32[frame, pixels, pixel]
    best  : int32[image, pixels, pixel], the largest so far, or `records.NONE`
    adds  : not 0 where potentials are summed over the steps
    group : channels whose scores are added
    steps : of a sample
    over  : not 0 where each step has scores
    """

    seen: int
    best: int
    adds: int
    pixel: int
    channels: int
    pixels: int
    group: int
    steps: int
    over: int
