"""From a network to a program: each layer by the plan of its class."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.operations import Record, Tally
from onespike_lava.engines.numba.kernels.rows import rows_of
from onespike_lava.engines.numba.plan.assembly import Assembly, Plan
from onespike_lava.engines.numba.plan.buffers import Buffer, place, spatial
from onespike_lava.engines.numba.plan.moving import InputPlan, PoolPlan
from onespike_lava.engines.numba.plan.neurons import ReadoutPlan, SpikingPlan
from onespike_lava.engines.numba.plan.packing import LINE, up
from onespike_lava.engines.numba.plan.program import Program
from onespike_lava.engines.numba.plan.timed.neurons import TimedPlan, TimedReadoutPlan
from onespike_lava.engines.numba.plan.timed.passing import SumPlan, TimedInputPlan, TimedPoolPlan
from onespike_lava.engines.numba.plan.timed.trains import WORKING, noted
from onespike_lava.layers import (
    LAYERS,
    Input,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.model import Model

PLANS: Registry[Callable[[Assembly, int, Any], Plan]] = Registry("engine numba", LAYERS)
"""Class of a layer -> its plan, given the assembly and the layer with its position."""

PLANS.add(Spiking)(SpikingPlan)
PLANS.add(Readout)(ReadoutPlan)
PLANS.add(Timed)(TimedPlan)
PLANS.add(Sum)(SumPlan)
PLANS.add(TimedReadout)(TimedReadoutPlan)


@PLANS.add(Input)
def _input(assembly: Assembly, index: int, layer: Input) -> Plan:
    chosen = TimedInputPlan if assembly.network.steps else InputPlan
    return chosen(assembly, index, layer)


@PLANS.add(MaxPool)
def _pool(assembly: Assembly, index: int, layer: MaxPool) -> Plan:
    chosen = TimedPoolPlan if assembly.network.steps else PoolPlan
    return chosen(assembly, index, layer)


ARENA_BYTES = 256 * 1024
"""Memory that a thread's images may take together; some of a second-level cache."""

IMAGE_BYTES = 2**28
"""Most memory of an image: every offset fits the int32 of the tables, in values of 4 bytes too."""

GROUP = 16
"""Most images that go through a layer together: a block's weights are fetched once for all of
them, and layers of few pixels fill their tiles."""


SPAN, SPAN_BYTES = 16, 4 * 2**20
"""Of networks that step: most steps that all layers go through before the next ones, for each of
which a block's weights are fetched anew; and what an image's frames of so many may take."""


def compile_network(
    network: Model, wait: int, record: bool, kind: str, over: bool = False, few: bool = False
) -> Program | None:
    """Lay out a network for a wait `T_w`, with or without recorded codes.

    With `over` scores after each step, of networks that step; with `few` for runs of fewer samples
    than share a fetch of the weights. None where the kernels cannot run a layer (`Plan.served`), or
    where an image takes more than `IMAGE_BYTES`. Raises `UnsupportedError` for a layer of a class
    that has no plan.
    """
    for span in spans(network, wait):
        assembly = Assembly(network, wait, kind, span, over, few)
        plans = [PLANS.of(layer)(assembly, i, layer) for i, layer in enumerate(network.layers)]
        if not all(plan.served for plan in plans):
            return None
        assembly.codes = _needs_codes(network, plans, record)
        assembly.outputs = _outputs(network, plans)
        image = _placed(assembly, plans)
        if image <= (SPAN_BYTES if span > 1 and wait == 0 else IMAGE_BYTES):
            recorded = _assembled(assembly, plans, record)
            return _program(assembly, recorded)
    return None


def spans(network: Model, wait: int) -> list[int]:
    """Steps of a span, the most first: parts of `T` that are about equal.

    With a wait, phases lie behind their steps: all go through a layer before the next one. What
    recurs comes out of the step before: one step after the other.
    """
    if not network.steps:
        return [1]
    layers, phases = enumerate(network.layers), network.phases
    if wait > 0:
        return [phases]
    if any(index in layer.sources for index, layer in layers):
        return [1]
    least = -(-phases // SPAN)
    parts = [least << k for k in range(13) if least << k < 2 * phases]
    return sorted({-(-phases // each) for each in parts}, reverse=True)


def _needs_codes(network: Model, plans: list[Plan], record: bool) -> bool:
    """Whether the arena must hold codes, not payloads.

    Where layers decide before all has arrived, or grow step by step, a phase's spikes must be
    told from the others'; so must those of phases that share a payload, where codes are recorded.
    """
    early = any(len(plan.steps) > 1 for plan in plans)
    ambiguous = record and any(plan.ambiguous for plan in plans)
    return early or ambiguous or network.weighting == "membrane"


def _outputs(network: Model, plans: list[Plan]) -> list[list[Buffer]]:
    """Buffers that each layer fills, padded as the windows that slide over them need."""
    paddings = [[(0, 0, 0, 0)] for _ in plans]
    deaths = list(range(len(plans)))
    for later, plan in enumerate(plans):
        for source, window in plan.reads:
            paddings[source].append(window.padding)
            deaths[source] = later
    outputs = []
    for index, (layer, plan) in enumerate(zip(network.layers, plans, strict=True)):
        top, left, bottom, right = (max(sides) for sides in zip(*paddings[index], strict=True))
        padding, shape = (top, left, bottom, right), spatial(layer.shape)
        times = (0, len(plans) - 1) if plan.stays else (index, deaths[index])
        buffer = Buffer(shape, up(shape[0], plan.unit), padding, 1, *times, frames=plan.frames)
        outputs.append([replace(buffer) for _ in range(plan.planes)])
    return outputs


def _placed(assembly: Assembly, plans: list[Plan]) -> int:
    """Place all buffers for a group of images; bytes of an image."""
    buffers = [buffer for planes in assembly.outputs for buffer in planes]
    buffers += [buffer for plan in plans for buffer in plan.memory()]
    image = place(buffers)
    arena = SPAN_BYTES // 4 if assembly.network.steps else ARENA_BYTES
    assembly.group = max(1, min(GROUP, arena // image))
    assembly.scratch = image * assembly.group
    for buffer in buffers:
        buffer.start *= assembly.group
    return image


def _assembled(assembly: Assembly, plans: list[Plan], record: bool) -> int:
    """Add all operations; returns the bytes of recorded codes per image."""
    recorded = 0
    for index, plan in enumerate(plans):
        plan.assemble()
        planes = assembly.outputs[index]
        if assembly.network.steps and planes:
            size, operations = noted(assembly, index, record, recorded)
            assembly.operations += operations
            recorded += size
            continue
        if index > 0:  # the input's spikes are bits, which are counted as it is loaded
            for plane in planes:
                assembly.operations.append(Tally(plane.start, plane.image, index))
        if record and planes:
            recorded += _record(assembly, index, planes, recorded)
    return recorded


def _record(assembly: Assembly, index: int, planes: Sequence[Buffer], before: int) -> int:
    """Add operations that copy a layer's codes; returns their bytes per image."""
    table = assembly.constants.add(assembly.sent(index).code_of(), np.uint8)
    size = prod(planes[0].shape)
    for number, plane in enumerate(planes):
        channels, height, width = plane.shape
        copy = Record(
            before=before,
            skip=number * size,
            size=len(planes) * size,
            start=plane.first,
            image=plane.image,
            line=plane.line,
            pixel=plane.pixel,
            channels=channels,
            height=height,
            width=width,
            table=table,
        )
        assembly.operations.append(copy)
    return len(planes) * size


def _program(assembly: Assembly, recorded: int) -> Program:
    network, constants = assembly.network, assembly.constants.block()
    inputs = up(prod(network.input.shape), LINE)
    working = 4 * WORKING if network.steps else 0
    return Program(
        kind=assembly.kind,
        rows=rows_of(assembly.operations),
        constants=constants,
        numbers=constants.view(np.int32),
        grid=_grid(network.input),
        arena=assembly.scratch + max(inputs + working, up(assembly.working, LINE)),
        group=assembly.group,
        recorded=recorded,
        work=assembly.work,
        inputs=prod(network.sample_shape),
        outputs=prod(network.readout.scores),
        layers=len(network.layers) - 1,
        steps=network.phases if network.steps else 1,
        span=assembly.span,
        over=assembly.over,
    )


def _grid(layer: Input) -> NDArray[np.float64]:
    """Low and step of each run of equal ones, float64[2, runs]."""
    return np.array(np.broadcast_arrays(layer.low, layer.step))
