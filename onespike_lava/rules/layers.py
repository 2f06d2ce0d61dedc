"""Rules of layers, stage by stage; a later stage relies on what the earlier ones found sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from onespike_lava.layers import CODINGS, LAYERS, Input, MaxPool, Readout, Registry, Shape, Spiking
from onespike_lava.limits import (
    INPUT_BITS_MAX,
    NEURONS_MAX,
    PAYLOAD_BITS_MAX,
    PAYLOAD_MAX,
    STATE_LIMIT,
)
from onespike_lava.model import Model
from onespike_lava.rules.arrays import array_kind, by_place, integers, positive
from onespike_lava.rules.bound import largest_potential
from onespike_lava.rules.synapses import CONNECTION_RULES
from onespike_lava.rules.windows import window_rules

Rule = Callable[[Model, Any], Iterator[str]]

FIELDS: Registry[Rule] = Registry("rules of fields", LAYERS)
SHAPES: Registry[Rule] = Registry("rules of shapes", LAYERS)
SEVERAL: Registry[Rule] = Registry("rules of several spikes", LAYERS)
SOURCES: Registry[Rule] = Registry("rules of sources", LAYERS)
TABLES: Registry[Rule] = Registry("rules of tables", LAYERS)
BOUND: Registry[Rule] = Registry("24-bit bound of layers", LAYERS)
STAGES = (FIELDS, SHAPES, SEVERAL, SOURCES, TABLES, BOUND)
"""In this order: shapes are computed from fields; what sources send depends on how often they may
spike; tables have a row for each step in which sources send; the bound multiplies it all."""


def layer_rules(network: Model) -> list[str]:
    """What the first stage that finds anything finds, with the layer's position and name."""
    for stage in STAGES:
        found = [
            f"layer {index} ({layer.name}): {message}"
            for index, layer in enumerate(network.layers)
            for message in stage.of(layer)(network, layer)
        ]
        if found:
            return found
    return []


def nothing(network: Model, layer: Any) -> Iterator[str]:
    """No rule in this stage."""
    yield from ()


SHAPES.add(Input)(nothing)
SEVERAL.add(Input, MaxPool, Readout)(nothing)
SOURCES.add(Input)(nothing)
TABLES.add(Input, MaxPool)(nothing)
BOUND.add(Input, MaxPool)(nothing)


def plane(network: Model, layer: Any) -> Iterator[str]:
    """Shape and size of any layer."""
    if not layer.shape or len(layer.shape) not in (1, 3) or min(layer.shape) < 1:
        yield (
            f"shape {layer.shape} is neither (C, H, W) nor (F,) of positive sizes; write the file "
            "again"
        )
    elif prod(layer.shape) > NEURONS_MAX:
        yield f"shape {layer.shape} has more than {NEURONS_MAX} neurons; use smaller layers"


FIELDS.add(MaxPool)(plane)


@FIELDS.add(Input)
def _input_fields(network: Model, layer: Input) -> Iterator[str]:
    odd = list(plane(network, layer))
    yield from odd
    if odd:
        return
    binary = layer.coding == "binary"
    limit = min(INPUT_BITS_MAX, network.phases) if binary else INPUT_BITS_MAX
    if not 1 <= layer.bits <= limit:
        yield f"input bits: {layer.bits} is outside 1..{limit}; use fewer bits or more phases"
    for name, values in (("low", layer.low), ("step", layer.step)):
        if values.shape not in ((1,), (layer.shape[0],)) or values.dtype != np.float64:
            yield f"{name}: {array_kind(values)} is not float64[1] or float64[{layer.shape[0]}]"
        elif not np.isfinite(values).all() or (name == "step" and values.min() <= 0):
            yield f"{name}: must be finite, a step positive; give another input range"
    if layer.coding not in CODINGS:
        yield f"coding: {layer.coding!r} is not one of {', '.join(CODINGS)}; use binary"
    elif not binary and network.weighting == "membrane":
        yield f"coding: {layer.coding} needs graded weighting; use binary"
    if layer.coding == "events" and ((layer.low != 0).any() or (layer.step != 1).any()):
        yield "low, step: events are payloads as they are; use 0 and 1"


def _neuron_fields(network: Model, layer: Spiking | Readout) -> Iterator[str]:
    """Bias, scale and growth of spiking and output neurons."""
    yield from integers("bias", layer.bias, layer.shape)
    yield from positive(np.asarray(layer.scale))
    if (layer.growth is None) != (network.weighting == "graded"):
        yield f"growth: must be {'absent' if layer.growth else 'present'} in this weighting"


@FIELDS.add(Readout)
def _readout_fields(network: Model, layer: Readout) -> Iterator[str]:
    odd = list(plane(network, layer))
    yield from odd
    if odd:
        return
    yield from _neuron_fields(network, layer)
    scales, places = np.asarray(layer.scale), by_place(layer.shape)
    if scales.shape not in ((), places):
        yield f"scale: {array_kind(scales)} is not one number or float64{list(places)}"


@FIELDS.add(Spiking)
def _spiking_fields(network: Model, layer: Spiking) -> Iterator[str]:
    odd = list(plane(network, layer))
    yield from odd
    if odd:
        return
    yield from _neuron_fields(network, layer)
    yield from integers("threshold_base", layer.threshold_base, layer.shape)
    forms = (layer.shape[:1], by_place(layer.shape))
    if layer.scale.shape not in forms or layer.scale.dtype != np.float64:
        yield f"scale: {array_kind(layer.scale)} is not float64[{layer.shape[0]}]"
    if not 1.0 < layer.base <= 2.0:
        yield f"base: {layer.base:g} is outside (1, 2]; export with another base"


@SHAPES.add(MaxPool)
def _pool_shapes(network: Model, layer: MaxPool) -> Iterator[str]:
    source = network.layers[layer.source].shape
    if len(source) != 3 or len(layer.shape) != 3:
        yield f"a max pool needs (C, H, W), found source {source} and shape {layer.shape}"
        return
    odd = list(window_rules(layer.window, layer.kernel, source, pools=True))
    yield from odd
    if odd:
        return
    expected: Shape = (source[0], *layer.window.output_size(source[1:], layer.kernel))
    if expected != layer.shape:
        yield f"shape {layer.shape} is not {expected}, what the pool of {source} gives"


@SHAPES.add(Spiking, Readout)
def synapse_shapes(network: Model, layer: Any) -> Iterator[str]:
    """What the synapses of a layer read and make."""
    for synapse in layer.synapses:
        source = network.layers[synapse.source].shape
        yield from CONNECTION_RULES.of(synapse)(synapse, source, layer.shape)


@SEVERAL.add(Spiking)
def _several(network: Model, layer: Spiking) -> Iterator[str]:
    if not 1 <= layer.max_spikes <= network.phases:
        yield f"max_spikes: {layer.max_spikes} is outside 1..{network.phases} (phases); use fewer"
    elif layer.max_spikes > 1 and layer.growth:
        yield "max_spikes: several spikes need graded weighting; export with that, or with one"


@SOURCES.add(MaxPool)
def _pool_sources(network: Model, layer: MaxPool) -> Iterator[str]:
    if layer.source == 0 and network.input.coding != "events":
        yield "a max pool of the input is not supported; pool the data before"
    elif not network.steps and not network.code(layer.source).first:
        sender = _sender(network, layer.source)
        yield (
            f"a max pool passes first spikes, but {sender.name} sends up to "
            f"{sender.max_spikes}; give that layer one spike"
        )


def _sender(network: Model, position: int) -> Any:
    """The layer whose spikes a max pool, or one of several, passes on."""
    layer = network.layers[position]
    while layer.passes:
        layer = network.layers[layer.passes[0]]
    return layer


@SOURCES.add(Spiking, Readout)
def _synapse_sources(network: Model, layer: Spiking | Readout) -> Iterator[str]:
    if len({network.code(source).unit for source in layer.sources}) > 1:
        yield (
            "its sources send different codes (input and hidden layers, or several payload "
            "units, or several bases in membrane weighting); give them one code"
        )
    steps = network.code(layer.sources[0]).steps
    if layer.growth and layer.growth.steps != steps:
        yield f"growth: {layer.growth.steps} steps, but its source sends in {steps}"


@TABLES.add(Readout)
def _growth(network: Model, layer: Spiking | Readout) -> Iterator[str]:
    growth = layer.growth
    if growth and not (0 <= growth.fraction_bits <= 8 and 1 <= growth.exponent <= 16):
        yield f"growth: fraction bits {growth.fraction_bits} or exponent {growth.exponent} is odd"
    elif growth and not 1.0 < growth.base <= 2.0:
        yield f"growth: base {growth.base:g} is outside (1, 2]; export again"


@TABLES.add(Spiking)
def _tables(network: Model, layer: Spiking) -> Iterator[str]:
    yield from _growth(network, layer)
    growth = layer.growth
    rows = (growth.steps,) if growth else ()
    for name, table, shape in (
        ("payload", layer.payload, (network.phases,)),
        ("threshold_table", layer.threshold_table, (*rows, network.phases)),
    ):
        if table.dtype != np.int32 or table.shape != shape:
            yield f"{name}: {array_kind(table)} is not int32{list(shape)}"
            return
    top = 1 if growth else PAYLOAD_MAX
    if layer.payload.min() < 1 or layer.payload.max() > top:
        yield (
            f"payload: {layer.payload.min()}..{layer.payload.max()} is outside 1..{top} (0 is "
            "silence); use fewer phases or other payload bits"
        )
    if (np.diff(layer.payload) > 0).any():
        yield "payload: increases from one phase to the next; sort it"
    if layer.threshold_table.min() < 1 or layer.threshold_base.min() < 1:
        yield "threshold: not positive, a resting neuron would fire; use fewer phases"
    if (np.diff(layer.threshold_table, axis=-1) > 0).any() and not growth:
        yield "threshold_table: increases from one phase to the next; sort it"
    if not 1 <= layer.payload_bits <= PAYLOAD_BITS_MAX:
        yield f"payload_bits: {layer.payload_bits} is outside 1..{PAYLOAD_BITS_MAX}"


@BOUND.add(Readout)
def _potential(network: Model, layer: Spiking | Readout) -> Iterator[str]:
    largest = largest_potential(network, layer)
    if largest >= STATE_LIMIT:
        yield (
            f"potential: {largest} can reach the state limit of {STATE_LIMIT} (24 bits signed); "
            "export with fewer payload bits"
        )


@BOUND.add(Spiking)
def _bounds(network: Model, layer: Spiking) -> Iterator[str]:
    yield from _potential(network, layer)
    threshold = layer.threshold_range[1]
    if threshold >= STATE_LIMIT:
        yield (
            f"threshold: {threshold} exceeds the state limit of {STATE_LIMIT} (24 bits signed); "
            "export with fewer payload bits"
        )
