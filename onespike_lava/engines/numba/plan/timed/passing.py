"""Layers without neurons of networks that step: the input, max pools and sums."""

from __future__ import annotations

from typing import Any

from onespike_lava.engines.numba.kernels.operations import Clear
from onespike_lava.engines.numba.kernels.records import (
    BITS,
    HELD,
    LANES,
    LATENCY,
    NONE,
    REDUCED,
)
from onespike_lava.engines.numba.kernels.stepping import Add, Emit, First, Sample
from onespike_lava.engines.numba.plan.assembly import Assembly
from onespike_lava.engines.numba.plan.buffers import Buffer
from onespike_lava.engines.numba.plan.moving import pool_of
from onespike_lava.engines.numba.plan.timed.trains import TrainsPlan, emits
from onespike_lava.layers import (
    PLAIN,
    BinaryCode,
    Input,
    LatencyCode,
    MaxPool,
    StepCode,
    Sum,
)


class TimedInputPlan(TrainsPlan):
    """Samples come in: events as they are, integers that become frames where these are read."""

    unit = REDUCED

    def __init__(self, assembly: Assembly, index: int, layer: Input):
        super().__init__(assembly, index)
        self.layer, self.code = layer, assembly.network.code(index)
        self.events = isinstance(self.code, StepCode)
        if not self.events:
            self.frames, self.stays = 1, self.lasting
        if any(0 in each.passes and not each.added for each in assembly.network.layers):
            self.unit = LANES  # a pool moves whole vectors of channels

    def memory(self) -> list[Buffer]:
        """See `Plan`."""
        made, (own,) = self.assembly, self.assembly.outputs[self.index]
        if self.events or not emits(made.network):
            return []
        shape = (own.shape, own.pixel, own.padding, 1, own.birth, own.death)
        made.emitted = Buffer(*shape, frames=made.span)
        return [made.emitted]

    def assemble(self) -> None:
        """See `Plan`."""
        made, (own,) = self.assembly, self.assembly.outputs[self.index]
        channels, height, width = own.shape
        steps = made.network.phases
        sample = Sample(
            start=own.start,
            frame=own.image,
            skip=own.first - own.start,
            line=own.line,
            pixel=own.pixel,
            channels=channels,
            height=height,
            width=width,
            scratch=made.scratch,
            top=2**self.layer.bits - 1,
            steps=steps if self.events else 0,
        )
        made.operations.append(sample)
        if not self.events:
            target = NONE if made.emitted is None else made.emitted.start
            made.operations.append(Emit(own.start, target, own.image, *self.sends(), steps))

    def sends(self) -> tuple[int, int, int]:
        """Code, length and unit of an `Emit`."""
        code: Any = self.code
        if isinstance(code, LatencyCode):
            return LATENCY, code.steps, 0
        if isinstance(code, BinaryCode):
            return BITS, code.steps, int(code.unary)
        return HELD, code.steps, 0


class TimedPoolPlan(TrainsPlan):
    """The largest payload of each window in each step, of single spikes the first."""

    def __init__(self, assembly: Assembly, index: int, layer: MaxPool):
        super().__init__(assembly, index)
        self.layer, self.reads = layer, ((layer.source, layer.window),)
        code = assembly.network.code(index)
        self.served, self.first = isinstance(code, StepCode), code.first
        self.fired: Buffer | None = None

    def memory(self) -> list[Buffer]:
        """See `Plan`."""
        if not self.first:
            return []
        self.fired = self.room(self.assembly.outputs[self.index][0], 1, 1, lasts=True)
        return [self.fired]

    def assemble(self) -> None:
        """See `Plan`."""
        made, (target,) = self.assembly, self.assembly.outputs[self.index]
        made.clear(target)
        made.operations.append(pool_of(self.layer, self.source(self.layer.source), target, 0))
        if self.fired is not None:
            made.operations.append(First(target.start, target.image, self.fired.start))


class SumPlan(TrainsPlan):
    """Payloads of several sources added."""

    def __init__(self, assembly: Assembly, index: int, layer: Sum):
        super().__init__(assembly, index)
        self.layer = layer
        self.reads = [(source, PLAIN) for source in layer.added]

    def assemble(self) -> None:
        """See `Plan`."""
        made, (target,) = self.assembly, self.assembly.outputs[self.index]
        sources = [self.source(position) for position in self.layer.added]
        if any(each.pixel < target.pixel for each in sources):
            made.operations.append(Clear(target.start, target.image))
        else:
            made.clear(target)
        for number, source in enumerate(sources):
            add = Add(
                source=source.first,
                source_frame=source.image,
                source_line=source.line,
                source_pixel=source.pixel,
                start=target.first,
                frame=target.image,
                line=target.line,
                pixel=target.pixel,
                channels=min(source.pixel, target.pixel),
                height=target.shape[1],
                width=target.shape[2],
                fresh=int(number == 0),
            )
            made.operations.append(add)
