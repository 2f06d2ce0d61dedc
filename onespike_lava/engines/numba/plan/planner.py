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

PLANS.add(Input)(InputPlan)
PLANS.add(Spiking)(SpikingPlan)
PLANS.add(MaxPool)(PoolPlan)
PLANS.add(Readout)(ReadoutPlan)
PLANS.refuse(Timed, Sum, TimedReadout)

ARENA_BYTES = 256 * 1024
"""Memory that a thread's images may take together; some of a second-level cache."""

IMAGE_BYTES = 2**28
"""Most memory of an image: every offset fits the int32 of the tables, in values of 4 bytes too."""

GROUP = 16
"""Most images that go through a layer together: a block's weights are fetched once for all of
them, and layers of few pixels fill their tiles."""


def compile_network(network: Model, wait: int, record: bool, kind: str) -> Program | None:
    """Lay out a network for a wait `T_w`, with or without recorded codes.

    None where the kernels cannot run a layer (`Plan.served`), or where an image takes more than
    `IMAGE_BYTES`. Raises `UnsupportedError` for a layer of a class that has no plan.
    """
    assembly = Assembly(network, wait, kind)
    plans = [PLANS.of(layer)(assembly, i, layer) for i, layer in enumerate(network.layers)]
    if not all(plan.served for plan in plans):
        return None
    assembly.codes = _needs_codes(network, plans, record)
    assembly.outputs = _outputs(network, plans)
    if not _placed(assembly, plans):
        return None
    recorded = _assembled(assembly, plans, record)
    return _program(assembly, recorded)


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
        buffer = Buffer(shape, up(shape[0], plan.unit), padding, 1, index, deaths[index])
        outputs.append([replace(buffer) for _ in range(plan.planes)])
    return outputs


def _placed(assembly: Assembly, plans: list[Plan]) -> bool:
    """Place all buffers for a group of images; False where one image takes too much."""
    buffers = [buffer for planes in assembly.outputs for buffer in planes]
    buffers += [buffer for plan in plans for buffer in plan.memory()]
    image = place(buffers)
    assembly.group = max(1, min(GROUP, ARENA_BYTES // image))
    assembly.scratch = image * assembly.group
    for buffer in buffers:
        buffer.start *= assembly.group
    return image <= IMAGE_BYTES


def _assembled(assembly: Assembly, plans: list[Plan], record: bool) -> int:
    """Add all operations; returns the bytes of recorded codes per image."""
    recorded = 0
    for index, plan in enumerate(plans):
        plan.assemble()
        planes = assembly.outputs[index]
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
    inputs = prod(network.input.shape)
    return Program(
        kind=assembly.kind,
        rows=rows_of(assembly.operations),
        constants=constants,
        numbers=constants.view(np.int32),
        grid=_grid(network.input),
        arena=assembly.scratch + up(inputs, LINE),
        group=assembly.group,
        recorded=recorded,
        work=assembly.work,
        inputs=inputs,
        outputs=prod(network.readout.shape),
        layers=len(network.layers) - 1,
    )


def _grid(layer: Input) -> NDArray[np.float64]:
    """Low and step of each run of equal ones, float64[2, runs]."""
    return np.array(np.broadcast_arrays(layer.low, layer.step))
