"""The timed neuron step by step: integrate, fire, reset, send (`layers.timed.parts`).

Steps and phases are those of one sample, from 1. States broadcast against the constants, so that
an axis of samples may stand in front. Integers need int64, since a state times `keep` has 36 bits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from onespike_lava.layers import Growth, Shape, Timed, TimedReadout, per_neuron
from onespike_lava.layers.timed import DECAYS, ONE
from onespike_lava.neurons.firing import threshold_row
from onespike_lava.neurons.integration import Arithmetic, Values, fixed

Decay = Callable[[Any, Any], Any]
"""From a state and `keep` to what is kept of it."""


def kept(values: Any, keep: Any) -> Any:
    """What is kept of real numbers or fractions."""
    return values * keep / ONE


@dataclass(frozen=True)
class TimedNeuron:
    """Constants of a layer of timed neurons; arrays [*shape], tables [T].

    A threshold of None never fires. `kind` is the reset's; other names are those of the parts.
    """

    bias: Values
    keep_u: Values
    keep_v: Values
    fraction_bits: int
    decay: Decay
    drive: Values
    grow: Arithmetic
    threshold: Values | None
    threshold_table: Values
    kind: str
    reset: Values | None
    reset_table: Values
    payload: Values
    max_spikes: int
    max_count: int
    floor: Values | None
    phases: int

    @classmethod
    def of(
        cls,
        layer: Timed | TimedReadout,
        phases: int,
        wait: int = 0,
        decay: Decay | None = None,
        grow: Callable[[Growth | None], Arithmetic] = fixed,
    ) -> TimedNeuron:
        """Those of a layer for a wait `T_w`; `decay` in place of the integers'."""
        parts, firing = layer.integration, layer.firing
        shape, found = layer.shape, layer.threshold
        one = np.ones(1, np.int64)
        base = None if found is None else _wide(found.base, shape)
        table = one if found is None else threshold_row(found.table, layer.growth, wait)
        thresholds = _row(table, phases)
        resets, reset = layer.reset.table, layer.reset.base
        return cls(
            bias=_wide(parts.bias, shape),
            keep_u=_wide(parts.keep_u, shape),
            keep_v=_wide(parts.keep_v, shape),
            fraction_bits=parts.fraction_bits,
            decay=decay or DECAYS[parts.rounding],
            drive=0 * one if parts.drive is None else _wide(parts.drive, shape),
            grow=grow(layer.growth),
            threshold=base,
            threshold_table=thresholds,
            kind=layer.reset.kind,
            reset=base if reset is None else _wide(reset, shape),
            reset_table=thresholds if resets is None else _row(resets, phases),
            payload=_row(firing.payload, phases),
            max_spikes=layer.spikes_limit(phases),
            max_count=firing.max_count,
            floor=None if firing.floor is None else _wide(firing.floor, shape),
            phases=phases,
        )


def _wide(values: Values, shape: Shape) -> Values:
    return per_neuron(values, shape).astype(np.int64)


def _row(table: Values, phases: int) -> Values:
    return np.broadcast_to(table, phases).astype(np.int64)


class TimedState(NamedTuple):
    """State of a layer of timed neurons.

    current, potential : `u` and `v`
    fired              : steps of the sample in which it has fired
    """

    current: Any
    potential: Any
    fired: Any


def at_rest(neuron: TimedNeuron, zeros: Any) -> TimedState:
    """The state in which a sample starts; `zeros` has the states' shape and type."""
    return TimedState(zeros, zeros + neuron.bias, np.zeros(np.shape(zeros), np.int64))


def charge(neuron: TimedNeuron, state: TimedState, step: int, arriving: Any) -> TimedState:
    """The state after a step of 1..T has integrated what arrives."""
    entered = arriving * (1 << neuron.fraction_bits)
    current = neuron.decay(state.current, neuron.keep_u) + entered
    potential = state.potential
    if step <= neuron.grow.steps:
        potential = neuron.grow.grow(potential)
    potential = neuron.decay(potential, neuron.keep_v) + current + neuron.drive
    return state._replace(current=current, potential=potential)


def discharge(neuron: TimedNeuron, state: TimedState, phase: int) -> tuple[Any, TimedState]:
    """What is sent in an output phase of 1..T, and the state after the reset and the floor."""
    potential, fired = state.potential, state.fired
    sent = np.zeros(np.shape(potential), np.int64)
    if neuron.threshold is not None:
        limit, amount = _limits(neuron, fired, phase)
        spikes = (potential >= limit) & (fired < neuron.max_spikes)
        number = spikes.astype(np.int64)
        if neuron.max_count > 1:
            number = np.where(spikes, np.minimum(potential // limit, neuron.max_count), 0)
        if neuron.kind == "zero":
            potential = np.where(spikes, 0 * potential, potential)
        elif neuron.kind != "keep":
            potential = potential - number * amount
        fired, sent = fired + spikes, number * neuron.payload[phase - 1]
    if neuron.floor is not None:
        potential = np.maximum(potential, neuron.floor)
    return sent, TimedState(state.current, potential, fired)


def _limits(neuron: TimedNeuron, fired: Any, phase: int) -> tuple[Any, Any]:
    """What a potential must reach in a phase, and what one spike takes off it."""
    assert neuron.threshold is not None
    limit = neuron.threshold * neuron.threshold_table[phase - 1]
    if neuron.kind != "level":
        return limit, neuron.reset * neuron.reset_table[phase - 1]
    level = 2 * neuron.threshold * neuron.payload[phase - 1]
    more = fired < neuron.max_spikes - 1
    return np.where(more, level, limit), np.where(more, level, 0)
