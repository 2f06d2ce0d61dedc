"""Firing: when a neuron spikes and what it sends (Sec. III, Alg. 1)."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from onespike_lava.layers import Growth
from onespike_lava.neurons.clock import clock
from onespike_lava.neurons.integration import Membrane, Values, integrate


@dataclass(frozen=True)
class Neuron:
    """Constants of a layer of one-spike neurons.

    membrane        : how it integrates
    threshold_base  : [*shape], or what broadcasts to it
    threshold_table : [T]; the threshold of phase `k` is `base * table[k - 1]`
    payload         : [T], what a spike of phase `k` carries
    wait            : `T_w` in 0..T
    max_spikes      : spikes that a neuron may send in a sample, more than one only graded
    """

    membrane: Membrane
    threshold_base: Values
    threshold_table: Values
    payload: Values
    wait: int
    max_spikes: int = 1


class State(NamedTuple):
    """State of a layer of one-spike neurons, arrays [*shape].

    potential : of the sample that it integrates
    previous  : of the sample before, complete
    fired     : spikes so far for the sample that it sends
    """

    potential: Values
    previous: Values
    fired: Values


def fire(neuron: Neuron, state: State, step: int) -> tuple[Values | None, State]:
    """Payloads [*shape] of the neurons that spike in a step, None if none does (Alg. 1).

    A neuron spikes at the first phase whose threshold its potential reaches, once a sample.
    While it may send more than one spike, the threshold is what the spike stands for, and the
    potential falls by that (soft reset).
    """
    start, phases = neuron.membrane.start, neuron.membrane.phases
    sending, phase = clock(step, start + neuron.wait, phases)
    if sending < 0:
        return None, state
    integrating, _ = clock(step, start, phases)
    current = sending == integrating
    potential = state.potential if current else state.previous
    fired = np.zeros_like(state.fired) if phase == 1 else state.fired
    threshold = neuron.threshold_base * neuron.threshold_table[phase - 1]
    if neuron.max_spikes > 1:
        more = fired < neuron.max_spikes - 1
        reset = 2 * neuron.threshold_base * neuron.payload[phase - 1]
        threshold = np.where(more, reset, threshold)
    spikes = (potential >= threshold) & (fired < neuron.max_spikes)
    state = state._replace(fired=fired + spikes)
    if not spikes.any():
        return None, state
    if neuron.max_spikes > 1:
        fallen = potential - np.where(spikes & more, reset, 0)
        # With a wait, the sample that is being sent need not be the one that is integrated.
        state = state._replace(potential=fallen) if current else state._replace(previous=fallen)
    return spikes * neuron.payload[phase - 1], state


def advance(neuron: Neuron, state: State, step: int, arriving: Any) -> tuple[Values | None, State]:
    """One step of a layer: integrate, then fire. Returns payloads, or None, and the new state.

    `arriving` is None for nothing.
    """
    sample, phase = clock(step, neuron.membrane.start, neuron.membrane.phases)
    if sample >= 0 and phase == 1:
        state = state._replace(previous=state.potential)
    potential = integrate(neuron.membrane, state.potential, step, arriving)
    return fire(neuron, state._replace(potential=potential), step)


def threshold_row(table: Values, growth: Growth | None, wait: int) -> Values:
    """Per-phase threshold factors [T] for a wait.

    `table` is [T] graded, [steps, T] membrane: there row `min(T_w + k, steps)` serves phase
    `k` (Sec. III-B2).
    """
    if growth is None:
        return table
    phase = np.arange(1, table.shape[1] + 1)
    rows: Values = table[np.minimum(wait + phase, growth.steps) - 1, phase - 1]
    return rows
