"""A program in the making, and what each layer's plan adds to it."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from onespike_lava.engines.numba.kernels.operations import Clear, Operation
from onespike_lava.engines.numba.kernels.records import LANES
from onespike_lava.engines.numba.kernels.stepping import Border
from onespike_lava.engines.numba.plan.buffers import Buffer
from onespike_lava.engines.numba.plan.packing import Constants
from onespike_lava.engines.numba.plan.schedule import Step
from onespike_lava.engines.numba.plan.sent import SENT, Sent
from onespike_lava.layers import Window
from onespike_lava.model import Model


class Assembly:
    """A network on its way to a program; what is known only later starts empty.

    wait, kind : `T_w`, and the kind of kernels
    few        : whether samples are too few to share a fetch of the weights
    codes      : whether the arena holds codes, not payloads
    outputs    : buffers of each layer, one for each spike of a neuron; none of the readout
    group      : most images that go through a layer together
    scratch    : offset behind the buffers of a group, where the arena goes on
    working    : bytes from there that kernels need
    constants  : weights and tables so far
    operations : so far, in order
    work       : products of an image so far, about
    span       : of networks that step: steps that all layers go through before the next ones
    over       : whether each step has scores
    emitted    : frames of what an input of integers sends, None where no layer reads them
    """

    def __init__(
        self,
        network: Model,
        wait: int,
        kind: str,
        span: int = 1,
        over: bool = False,
        few: bool = False,
    ):
        self.network, self.wait, self.kind, self.few = network, wait, kind, few
        self.span, self.over = span, over
        self.emitted: Buffer | None = None
        self.codes = False
        self.outputs: list[list[Buffer]] = []
        self.group = self.scratch = self.working = self.work = 0
        self.constants = Constants()
        self.operations: list[Operation] = []

    def sent(self, position: int) -> Sent:
        """What the buffers of a layer hold."""
        code = self.network.code(position)
        return SENT.of(code)(code, self.codes)

    def clear(self, buffer: Buffer) -> None:
        """Silence what lies around a buffer's values, where anything does."""
        if any(buffer.padding) and self.network.steps:
            self.operations.append(border_of(buffer))
        elif any(buffer.padding):
            self.operations.append(Clear(buffer.start, buffer.image))


def border_of(buffer: Buffer) -> Border:
    """The operation that silences the padding of frames."""
    top, left, bottom, right = buffer.padding
    return Border(
        start=buffer.start,
        frame=buffer.image,
        line=buffer.line,
        rows=buffer.shape[1],
        top=top * buffer.line,
        bottom=bottom * buffer.line,
        left=left * buffer.pixel,
        right=right * buffer.pixel,
    )


class Plan(ABC):
    """What one layer needs, then its operations.

    First all plans are made, then their buffers are placed, then each adds its operations in the
    order of the layers.

    unit      : channels held are a multiple of it
    planes    : buffers of bytes that the layer fills, one for each spike of a neuron
    reads     : each source and the window that slides over it
    steps     : in which its neurons add up and decide
    ambiguous : whether two phases send the same, so that payloads do not tell them apart
    served    : whether the kernels can run the layer
    frames    : of each of its buffers
    stays     : whether they are needed from one span to the next
    """

    unit, planes = LANES, 1
    reads: Sequence[tuple[int, Window]] = ()
    steps: Sequence[Step] = ()
    ambiguous, served = False, True
    frames, stays = 1, False

    def __init__(self, assembly: Assembly, index: int):
        self.assembly, self.index = assembly, index

    def memory(self) -> list[Buffer]:
        """Buffers that only this layer needs; those that all layers fill are known by now."""
        return []

    @abstractmethod
    def assemble(self) -> None:
        """Add the layer's operations; all buffers are placed by now."""
