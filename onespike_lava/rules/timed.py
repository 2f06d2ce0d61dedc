"""Rules of the layers of networks that step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import cast

import numpy as np

from onespike_lava.errors import warn
from onespike_lava.layers import (
    RESETS,
    TAKES,
    Firing,
    Integers,
    Reset,
    Shape,
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.layers.timed import DECAYS, ONE
from onespike_lava.limits import (
    DELAY_MAX,
    FRACTION_BITS_MAX,
    PAYLOAD_MAX,
    STATE_LIMIT,
    SUM_LIMIT,
)
from onespike_lava.model import Model
from onespike_lava.rules.arrays import array_kind, by_place, integers, positive
from onespike_lava.rules.layers import (
    BOUND,
    FIELDS,
    SEVERAL,
    SHAPES,
    SOURCES,
    TABLES,
    nothing,
    plane,
    synapse_shapes,
)
from onespike_lava.rules.recurrence import (
    ROWS_MAX,
    WORK_MAX,
    largest_input,
    largest_state,
    proof_rows,
)

Neurons = Timed | TimedReadout

SEVERAL.add(Sum)(nothing)
TABLES.add(Sum)(nothing)
BOUND.add(Sum)(nothing)
FIELDS.add(Sum)(plane)


@SHAPES.add(Sum)
def _sum_shapes(network: Model, layer: Sum) -> Iterator[str]:
    for source in layer.added:
        found = network.layers[source]
        if found.shape != layer.shape:
            yield f"adds {found.name} of shape {found.shape} to shape {layer.shape}; use one shape"


@SOURCES.add(Sum)
def _sum_sources(network: Model, layer: Sum) -> Iterator[str]:
    position = next(at for at, each in enumerate(network.layers) if each is layer)
    most = int(network.code(position).payloads.max())
    if most > PAYLOAD_MAX:
        yield (
            f"its sources send up to {most} in a step, the largest payload is {PAYLOAD_MAX}; add "
            "fewer, or give their neurons synapses of their own"
        )


@FIELDS.add(Timed)
def _hidden(network: Model, layer: Timed) -> Iterator[str]:
    return _fields(network, layer, _firing(layer))


@FIELDS.add(TimedReadout)
def _output(network: Model, layer: TimedReadout) -> Iterator[str]:
    return _fields(network, layer, _readout(layer))


def _fields(network: Model, layer: Neurons, own: Iterator[str]) -> Iterator[str]:
    """What both classes have, and what is a class's own."""
    odd = list(plane(network, layer))
    yield from odd
    if odd:
        return
    yield from _integration(network, layer)
    shape, reset = layer.shape, layer.reset
    named = {
        "drive": layer.integration.drive,
        "threshold base": layer.threshold.base if layer.threshold else None,
        "reset base": reset.base,
        "floor": layer.firing.floor,
    }
    for name, values in named.items():
        if values is not None:
            yield from integers(name, values, shape)
    yield from _table("payload", layer.firing.payload, None, network.phases)  # what sums add
    if reset.kind not in RESETS:
        yield f"reset: {reset.kind!r} is not one of {', '.join(RESETS)}"
    yield from positive(np.asarray(layer.scale))
    yield from own


def _integration(network: Model, layer: Neurons) -> Iterator[str]:
    parts, channels = layer.integration, layer.shape[0]
    yield from integers("bias", parts.bias, layer.shape)
    for name, keep in (("keep_u", parts.keep_u), ("keep_v", parts.keep_v)):
        if keep.dtype != np.int32 or keep.shape not in ((1,), (channels,)):
            yield f"{name}: {array_kind(keep)} is not int32[1] or int32[{channels}]"
        elif not 0 <= keep.min() <= keep.max() <= ONE:
            yield f"{name}: {keep.min()}..{keep.max()} is outside 0..{ONE}; {ONE} keeps all"
    if not 0 <= parts.fraction_bits <= FRACTION_BITS_MAX:
        yield (f"fraction_bits: {parts.fraction_bits} is outside 0..{FRACTION_BITS_MAX}; use fewer")
    if parts.rounding not in DECAYS:
        yield f"rounding: {parts.rounding!r} is not one of {', '.join(DECAYS)}"
    if (parts.growth is None) != (network.weighting == "graded"):
        yield f"growth: must be {'absent' if parts.growth else 'present'} in this weighting"


def _firing(layer: Timed) -> Iterator[str]:
    if layer.threshold is None:
        yield "threshold: absent; give one"
    forms = (layer.shape[:1], by_place(layer.shape))
    if layer.scale.shape not in forms or layer.scale.dtype != np.float64:
        yield f"scale: {array_kind(layer.scale)} is not float64[{layer.shape[0]}]"


def _readout(layer: TimedReadout) -> Iterator[str]:
    if layer.take not in TAKES:
        yield f"take: {layer.take!r} is not one of {', '.join(TAKES)}"
    if layer.group < 1 or layer.shape[0] % layer.group:
        yield f"group: {layer.group} does not divide {layer.shape[0]}, the outputs; choose another"
    scales, places = np.asarray(layer.scale), by_place(layer.shape)
    if scales.shape not in ((), places):
        yield f"scale: {array_kind(scales)} is not one number or float64{list(places)}"


@SHAPES.add(Timed, TimedReadout)
def _shapes(network: Model, layer: Neurons) -> Iterator[str]:
    yield from synapse_shapes(network, layer)
    for synapse in layer.synapses:
        delay, shape = synapse.delay, network.layers[synapse.source].shape
        if delay is None:
            continue
        if delay.dtype != np.int32 or delay.shape not in ((1,), shape):
            yield f"delay: {array_kind(delay)} is not int32[1] or int32{list(shape)}"
        elif not 0 <= delay.min() <= delay.max() <= DELAY_MAX:
            yield f"delay: {delay.min()}..{delay.max()} is outside 0..{DELAY_MAX} steps; use less"


@SEVERAL.add(Timed, TimedReadout)
def _several(network: Model, layer: Neurons) -> Iterator[str]:
    firing, reset, growth = layer.firing, layer.reset, layer.growth
    if not 0 <= firing.max_spikes <= network.phases:
        yield (
            f"max_spikes: {firing.max_spikes} is outside 0..{network.phases} (steps); 0 stands "
            "for all of them"
        )
    if not 1 <= firing.max_count <= PAYLOAD_MAX:
        yield f"max_count: {firing.max_count} is outside 1..{PAYLOAD_MAX}; use fewer"
    if reset.kind == "level" and (firing.max_count > 1 or firing.max_spikes < 2):
        yield "reset: level needs two spikes or more, one a step; use keep, zero or subtract"
    if reset.kind != "subtract" and (reset.base is not None or reset.table is not None):
        yield f"reset: {reset.kind} takes no amount; leave base and table out"
    if layer.threshold is None and (reset != Reset() or replace(firing, floor=None) != Firing()):
        yield "threshold: absent, though its neurons reset or send; give one"
    once = layer.threshold is None or firing.max_spikes == 1
    if growth and (layer.needs_no_wait or reset.kind != "keep" or not once):
        yield "growth: serves neurons of one spike alone, without leak, drive, reset or delays"
    elif growth and growth.fraction_bits != layer.integration.fraction_bits:
        yield f"fraction_bits: not {growth.fraction_bits}, those of the growth; use one number"


@SOURCES.add(Timed, TimedReadout)
def _sources(network: Model, layer: Neurons) -> Iterator[str]:
    growth = layer.growth
    for source in layer.sources if growth else ():
        assert growth is not None
        steps = network.code(source).steps
        if growth.steps != steps:
            yield f"growth: {growth.steps} steps, but its source sends in {steps}"
    if growth and not (0 <= growth.fraction_bits <= 8 and 1 <= growth.exponent <= 16):
        yield f"growth: fraction bits {growth.fraction_bits} or exponent {growth.exponent} is odd"
    elif growth and not 1.0 < growth.base <= 2.0:
        yield f"growth: base {growth.base:g} is outside (1, 2]; export again"


@TABLES.add(Timed, TimedReadout)
def _tables(network: Model, layer: Neurons) -> Iterator[str]:
    firing, threshold, reset, phases = layer.firing, layer.threshold, layer.reset, network.phases
    rows = None if layer.growth is None else (layer.growth.steps, phases)
    tables: list[tuple[str, Integers, Shape | None]] = []
    tables += [("threshold table", threshold.table, rows)] if threshold else []
    tables += [] if reset.table is None else [("reset table", reset.table, None)]
    odd = [text for each in tables for text in _table(*each, phases)]
    yield from odd
    if odd:
        return
    top = 1 if layer.growth else PAYLOAD_MAX
    low, high = int(firing.payload.min()), int(firing.payload.max()) * firing.max_count
    if low < 1 or high > top:
        yield f"payload: {low}..{high} is outside 1..{top} (0 is silence); use a smaller one"
    if threshold and (threshold.table.min() < 1 or threshold.base.min() < 1):
        yield "threshold: not positive, a resting neuron would fire; use a higher one"
    amounts = [each for each in (reset.base, reset.table) if each is not None]
    if any(each.min() < 0 for each in amounts):
        yield "reset: an amount below 0 would raise the potential; use 0 or more"
    if threshold and firing.floor is not None and firing.floor.max() >= threshold.base.min():
        yield (
            f"floor: {firing.floor.max()} is not below the smallest threshold "
            f"{threshold.base.min()}, a resting neuron would fire; use a lower one"
        )


def _table(name: str, table: Integers, rows: Shape | None, phases: int) -> Iterator[str]:
    shapes = [(1,), (phases,)] if rows is None else [rows]
    if table.dtype != np.int32 or table.shape not in shapes:
        wanted = " or ".join(f"int32{list(shape)}" for shape in shapes)
        yield f"{name}: {array_kind(table)} is not {wanted}"


@BOUND.add(Timed, TimedReadout)
def _bounds(network: Model, layer: Neurons) -> Iterator[str]:
    sums = largest_input(network, layer)
    if sums >= SUM_LIMIT:
        yield f"input of a step: {sums} can reach {SUM_LIMIT}; scale the weights down"
        return
    rows = proof_rows(network, layer)
    if rows > ROWS_MAX or rows * network.phases > WORK_MAX:
        yield (
            f"neurons: {rows} of different constants in {network.phases} steps exceed {ROWS_MAX}, "
            f"or {WORK_MAX} times steps; use values per channel"
        )
        return
    for name, value in _constants(layer):
        if value >= STATE_LIMIT:
            yield f"{name}: {value} exceeds the state limit of {STATE_LIMIT} (24 bits signed); " + (
                "use a smaller scale"
            )
            return
    largest = largest_state(network, layer) if network.proven else 0
    if largest >= STATE_LIMIT:
        yield (
            f"potential: {largest} can reach the state limit of {STATE_LIMIT} (24 bits signed) "
            f"within {network.phases} steps; use fewer fraction bits or a smaller scale"
        )


def _constants(layer: Neurons) -> Iterator[tuple[str, int]]:
    """Magnitudes of what states are compared with or moved by."""
    parts, reset = layer.integration, layer.reset
    found = {"bias": parts.bias, "drive": parts.drive, "floor": layer.firing.floor}
    for name, values in found.items():
        if values is not None:
            yield name, int(np.abs(values.astype(np.int64)).max())
    if layer.threshold_range is not None:
        yield "threshold", layer.threshold_range[1]
        assert layer.threshold is not None
        bases = layer.threshold.base if reset.base is None else reset.base
        table = layer.threshold.table if reset.table is None else reset.table
        yield "reset", int(bases.max()) * int(table.max())


def warn_of_states(network: Model) -> None:
    """Warn of layers whose states may leave 24 bits, of a network that is not proven."""
    if network.proven:
        return
    for index, layer in enumerate(network.layers):
        if layer.synapses:
            largest = largest_state(network, cast("Neurons", layer))
            if largest >= STATE_LIMIT:
                warn(
                    f"layer {index} ({layer.name}): a state can reach {largest}, the limit is "
                    f"{STATE_LIMIT} (24 bits signed); runs check it and stop there"
                )
