"""Layers that only move bytes: the input and max pools."""

from __future__ import annotations

from onespike_lava.engines.numba.kernels.operations import Load, Pool
from onespike_lava.engines.numba.kernels.records import REDUCED
from onespike_lava.engines.numba.plan.assembly import Assembly, Plan
from onespike_lava.engines.numba.plan.buffers import Buffer
from onespike_lava.layers import Input, MaxPool


class InputPlan(Plan):
    """Samples come in; few channels, which the dot products of the next layer take by fours."""

    unit = REDUCED

    def __init__(self, assembly: Assembly, index: int, layer: Input):
        super().__init__(assembly, index)
        self.layer = layer

    def assemble(self) -> None:
        """See `Plan`."""
        (buffer,) = self.assembly.outputs[self.index]
        channels, height, width = buffer.shape
        self.assembly.clear(buffer)
        load = Load(
            start=buffer.first,
            image=buffer.image,
            line=buffer.line,
            pixel=buffer.pixel,
            channels=channels,
            height=height,
            width=width,
            scratch=self.assembly.scratch,
            top=2**self.layer.bits - 1,
        )
        self.assembly.operations.append(load)


class PoolPlan(Plan):
    """The first spike of each window; a pool reads single spikes, one buffer."""

    def __init__(self, assembly: Assembly, index: int, layer: MaxPool):
        super().__init__(assembly, index)
        self.layer = layer
        self.reads = ((layer.source, layer.window),)

    def assemble(self) -> None:
        """See `Plan`."""
        source, target = (self.assembly.outputs[i][0] for i in (self.layer.source, self.index))
        self.assembly.clear(target)
        codes = int(self.assembly.codes)
        self.assembly.operations.append(pool_of(self.layer, source, target, codes))


def pool_of(layer: MaxPool, source: Buffer, target: Buffer, codes: int) -> Pool:
    """The operation of a max pool, of codes or payloads."""
    window = layer.window
    return Pool(
        source=source.start + source.corner(window.padding),
        image=source.image,
        line=source.line,
        start=target.first,
        out=target.image,
        below=target.line,
        height=target.shape[1],
        width=target.shape[2],
        pixel=target.pixel,
        rows=layer.kernel[0],
        columns=layer.kernel[1],
        down=window.stride[0],
        right=window.stride[1],
        apart=window.dilation[0],
        beside=window.dilation[1],
        codes=codes,
    )
