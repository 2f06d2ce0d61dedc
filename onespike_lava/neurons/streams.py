"""Timed neurons in a stream of samples: steps of the network's clock, as Lava runs them.

Samples follow each other every `period` steps. With `period` above `T` neurons rest between: what
axons bring behind a sample's last step is lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from onespike_lava.layers import TimedReadout
from onespike_lava.neurons.clock import clock
from onespike_lava.neurons.timed import TimedNeuron, TimedState, at_rest, charge, discharge

Check = Callable[..., None]
"""Told the step of the sample and its states, after integration and after firing."""


def unchecked(step: int, *states: Any) -> None:
    """Where a proof says that states fit."""


class Stream(NamedTuple):
    """When a layer works.

    start  : the step before its first integration step, `Slot.integrate`
    period : steps from one sample to the next, at least `T`
    wait   : `T_w`
    """

    start: int
    period: int
    wait: int = 0


class StreamState(NamedTuple):
    """State of a layer between two steps.

    neurons : current and potential of the sample that it integrates, steps fired of the one that
              it sends
    other   : of spiking neurons the potential of the sample before, complete; of output neurons
              what is taken so far
    """

    neurons: TimedState
    other: Any


def silent(zeros: Any) -> StreamState:
    """The state before the first sample; `zeros` has the states' shape and type."""
    return StreamState(TimedState(zeros, zeros, np.zeros(np.shape(zeros), np.int64)), zeros)


def send(
    neuron: TimedNeuron,
    stream: Stream,
    state: StreamState,
    step: int,
    arriving: Any,
    check: Check = unchecked,
) -> tuple[Any, StreamState]:
    """One step of a layer: integrate, then fire. Returns payloads, or None, and the new state."""
    sample, moment = clock(step, stream.start, stream.period)
    if sample < 0:
        return None, state
    held, previous = state
    if moment == 1:
        previous = held.potential
        held = at_rest(neuron, np.zeros_like(previous))._replace(fired=held.fired)
    if moment <= neuron.phases:
        held = charge(neuron, held, moment, arriving)
        check(moment, held.current, held.potential)
    sending, phase = clock(step, stream.start + stream.wait, stream.period)
    if sending < 0 or phase > neuron.phases:
        return None, StreamState(held, previous)
    if phase == 1:
        held = held._replace(fired=np.zeros_like(held.fired))
    if sending == sample:
        sent, held = discharge(neuron, held, phase)
        check(moment, held.potential)
        return sent, StreamState(held, previous)
    # It still fires for the sample before the one that it integrates.
    sent, before = discharge(neuron, held._replace(potential=previous), phase)
    return sent, StreamState(held._replace(fired=before.fired), before.potential)


def read(
    neuron: TimedNeuron,
    stream: Stream,
    layer: TimedReadout,
    state: StreamState,
    step: int,
    arriving: Any,
    check: Check = unchecked,
) -> tuple[Any, StreamState]:
    """One step of the output layer: scores so far [*layer.scores], None outside a sample.

    Those of a sample's step `T` are the network's.
    """
    sample, moment = clock(step, stream.start, stream.period)
    if sample < 0 or moment > neuron.phases:
        return None, state
    held, taken = state
    if moment == 1:
        held = at_rest(neuron, np.zeros_like(held.potential))
    held = charge(neuron, held, moment, arriving)
    check(moment, held.current, held.potential)
    taken = _taken(layer.take, taken if moment > 1 else None, held.potential)
    _, held = discharge(neuron, held, moment)
    check(moment, held.potential)
    return _grouped(layer, taken), StreamState(held, taken)


def _taken(take: str, before: Any, potential: Any) -> Any:
    """What is taken of the potentials up to now."""
    if before is None or take == "last":
        return potential
    return before + potential if take == "sum" else np.maximum(before, potential)


def _grouped(layer: TimedReadout, values: Any) -> Any:
    """Neighbours of a group added, [*layer.scores]."""
    count, *plane = layer.scores
    return values.reshape(count, layer.group, *plane).sum(axis=1)
