"""What plans of networks that step share: buffers of frames, and which must stay."""

from __future__ import annotations

from math import prod

import numpy as np

from onespike_lava.engines.numba.kernels.operations import Operation, Record, Tally
from onespike_lava.engines.numba.kernels.records import LANES
from onespike_lava.engines.numba.kernels.stepping import Trains
from onespike_lava.engines.numba.plan.assembly import Assembly, Plan
from onespike_lava.engines.numba.plan.buffers import Buffer
from onespike_lava.engines.numba.plan.packing import LINE, up
from onespike_lava.layers import Connection, HeldCode, StepCode
from onespike_lava.model import Model

PLACES = 64
"""Most pixels, of one frame or of several small ones, that are taken through a step at once: their
input and states are to stay in the first-level cache."""

WORKING = 4 * PLACES * 2 * LANES
"""Bytes of one state, or of the input, of so many pixels, of a block's channels."""


def same_input(network: Model, synapse: Connection) -> bool:
    """Whether a synapse brings the same in every step: integers that are held."""
    code = network.code(synapse.source)
    return isinstance(code, HeldCode) and code.steps == network.phases and synapse.delay is None


def emits(network: Model) -> bool:
    """Whether any layer reads frames of what an input of integers sends."""
    for layer in network.layers[1:]:
        if 0 in layer.added:
            return True
        if any(each.source == 0 and not same_input(network, each) for each in layer.synapses):
            return True
    return False


class TrainsPlan(Plan):
    """A plan whose layer sends trains, the frames of a span at a time.

    lasting : whether states must stay from one span to the next
    """

    def __init__(self, assembly: Assembly, index: int):
        super().__init__(assembly, index)
        self.frames = assembly.span
        self.lasting = assembly.span < assembly.network.phases

    def room(self, like: Buffer, item: int, frames: int, lasts: bool) -> Buffer:
        """A buffer of a layer's own: from one span to the next where it `lasts`."""
        end = len(self.assembly.network.layers) - 1
        birth, death = (0, end) if lasts and self.lasting else (self.index, self.index)
        return Buffer(like.shape, like.pixel, like.padding, item, birth, death, frames=frames)

    def source(self, position: int) -> Buffer:
        """Frames of what a layer sends."""
        emitted = self.assembly.emitted if position == 0 else None
        return emitted or self.assembly.outputs[position][0]

    def working(self, number: int) -> int:
        """Offset of memory of a thread's own: its input, then its states."""
        inputs = up(prod(self.assembly.network.input.shape), LINE)
        return self.assembly.scratch + inputs + number * WORKING


def noted(assembly: Assembly, index: int, record: bool, before: int) -> tuple[int, list[Operation]]:
    """What is counted and recorded of a layer: bytes of an image, and operations."""
    network, (buffer,) = assembly.network, assembly.outputs[index]
    channels, height, width = buffer.shape
    code, made = network.code(index), list[Operation]()
    sends = isinstance(code, StepCode)
    if sends:
        made.append(Tally(buffer.start, buffer.image, index))
    size, shape = prod(buffer.shape), (buffer.line, buffer.pixel, channels, height, width)
    if record and sends:
        place = (before, size, buffer.first, buffer.image)
        made.append(Trains(*place, *shape, network.phases))
    elif record:
        table = assembly.constants.add(range(256), np.uint8)
        made.append(Record(before, 0, size, buffer.first, buffer.image, *shape, table))
    return (size * (network.phases if sends else 1) if record else 0), made
