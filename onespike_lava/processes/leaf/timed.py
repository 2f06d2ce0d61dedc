"""Layers of networks that step with their states."""

from __future__ import annotations

from functools import partial

import numpy as np

from onespike_lava.engines.timed.notes import check_state
from onespike_lava.layers import Sum, Timed, TimedReadout
from onespike_lava.neurons import Stream, StreamState, TimedNeuron, Values, read, send, silent
from onespike_lava.neurons.streams import Check, unchecked
from onespike_lava.processes.leaf.steps import FIXED, STEPS, Place


class _Neurons:
    """Timed neurons with their state."""

    complete: int | None = None

    def __init__(self, layer: Timed | TimedReadout, place: Place, wait: int) -> None:
        numbers, phases = place.numbers, place.phases
        self.number = numbers.timed
        self.stream = Stream(place.slot.integrate, place.period, wait)
        self.neuron = TimedNeuron.of(layer, phases, wait, numbers.decay, numbers.arithmetic)
        self.state: StreamState = silent(np.zeros(layer.shape, self.number))
        checked = numbers is FIXED and not place.network.proven
        self.check: Check = partial(check_state, layer.name) if checked else unchecked

    def arriving(self, arriving: Values | None) -> Values:
        """Synaptic input in the type of the states."""
        return np.zeros((), self.number) if arriving is None else arriving.astype(self.number)


@STEPS.add(Timed)
class TimedSteps(_Neurons):
    """A layer of timed neurons with its state."""

    def __init__(self, layer: Timed, place: Place) -> None:
        super().__init__(layer, place, place.wait)

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """Payloads [*shape], None if no neuron spikes."""
        given = self.arriving(arriving)
        sent, self.state = send(self.neuron, self.stream, self.state, step, given, self.check)
        return sent if sent is not None and sent.any() else None


@STEPS.add(TimedReadout)
class TimedReadoutSteps(_Neurons):
    """The output layer with its state."""

    def __init__(self, layer: TimedReadout, place: Place) -> None:
        super().__init__(layer, place, 0)
        self.layer = layer

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """Scores after this step of a sample, None outside."""
        ends = (self.state, step, self.arriving(arriving), self.check)
        scores: Values | None
        scores, self.state = read(self.neuron, self.stream, self.layer, *ends)
        return scores


@STEPS.add(Sum)
class SumSteps:
    """Spikes of several layers, added on their way."""

    complete: int | None = None

    def __init__(self, layer: Sum, place: Place) -> None:
        pass

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """What arrives."""
        return arriving
