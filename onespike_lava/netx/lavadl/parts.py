"""Layers of a network that steps, as plain lava-dl files have them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

import numpy as np

from onespike_lava.layers import (
    Firing,
    Input,
    Integers,
    Layer,
    Reset,
    Shape,
    Synapse,
    Timed,
    TimedReadout,
    Window,
)
from onespike_lava.netx.lavadl.neuron import ADDER, Neuron
from onespike_lava.netx.lavadl.weights import SHIFT

UNIT = 1 / 4096
"""SLAYER's unit of potential: a weight of 64, shifted by 6, is 1."""

MIDDLE = 128
"""The input integer that stands for 0, of an input with neurons."""


def spikes(shape: Shape) -> Input:
    """An input of spikes, given from outside for every step."""
    return Input("input", shape, 1, np.zeros(1), np.ones(1), "events")


def driven(name: str, shape: Shape, neuron: Neuron, weight: int, bias: int) -> list[Layer]:
    """An input of real numbers `x` and its neurons, which `weight * x + bias` drives.

    The drive is a whole number, so `x` lies on the grid of `1 / weight`, 128 steps below 0 and
    127 above.
    """
    low, step = np.array([-MIDDLE / abs(weight)]), np.array([1 / abs(weight)])
    plane = shape if len(shape) == 3 else (1, 1, *shape)
    sign = 1 if weight > 0 else -1
    kernel = np.full((plane[0], 1, 1, 1), sign, np.int8)
    synapse = Synapse(0, kernel, Window(), plane[0])
    offset = np.array([bias - sign * MIDDLE], np.int32)
    return [
        Input("input", plane, 8, low, step, "constant"),
        timed(name, plane, (synapse,), neuron, SHIFT, offset),
    ]


def timed(
    name: str,
    shape: Shape,
    synapses: tuple[Synapse, ...],
    neuron: Neuron,
    bits: int,
    bias: Integers | None,
) -> Timed:
    """Neurons that fire and are set to 0."""
    parts, unit = neuron.integration(shape, bits, bias), np.full(shape[0], UNIT)
    limit = neuron.limit(shape)
    return Timed(name, shape, synapses, parts, limit, Reset("zero"), Firing(), unit)


def counter(synapse: Synapse, each: int) -> TimedReadout:
    """Output neurons that add what arrives; a logit is the mean count of `each` neurons."""
    shape = synapse.weight.shape[:1]
    parts = ADDER.integration(shape, 0, None)
    return TimedReadout("readout", shape, (synapse,), parts, 1 / each)


def is_counter(layer: Layer) -> bool:
    """Whether it counts each source neuron's spikes, which need no layer in the file."""
    first = layer.synapses[0]
    if layer.role != "output" or first.weight.ndim != 2:
        return False
    plain = counter(Synapse(first.source, np.eye(len(first.weight), dtype=np.int8)), 1)
    bare = tuple(replace(each, delay=None) for each in layer.synapses)
    return (
        replace(cast(TimedReadout, layer), name=plain.name, scale=plain.scale, synapses=bare)
        == plain
    )


def as_driven(layers: Sequence[Layer]) -> tuple[int, int] | None:
    """Weight and bias of an input with neurons, where the first layers are one, else None."""
    if layers[1].role != "hidden":
        return None
    source, layer = cast(Input, layers[0]), cast(Timed, layers[1])
    parts, sign = layer.integration, int(layer.synapses[0].weight.flat[0])
    weight = sign * round(1 / float(source.step.flat[0]))
    if weight == 0:
        return None
    drive = 0 if parts.drive is None else int(parts.drive.flat[0])
    bias = (drive >> SHIFT) + sign * MIDDLE
    neuron = Neuron(parts.keep_u, parts.keep_v, int(layer.threshold.base.flat[0]) >> SHIFT)
    rebuilt = driven(layer.name, source.shape, neuron, weight, bias)
    return (weight, bias) if list(layers[:2]) == rebuilt else None
