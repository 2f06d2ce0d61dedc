"""Layers with their states, one time step after the other; those of timed neurons in `timed`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import numpy as np

from onespike_lava.layers import (
    LAYERS,
    Growth,
    Input,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    beside,
    per_neuron,
)
from onespike_lava.model import Model
from onespike_lava.neurons import (
    Arithmetic,
    Membrane,
    Neuron,
    State,
    Values,
    advance,
    clock,
    fixed,
    floating,
    kept,
    pool,
    read_out,
    threshold_row,
    window_maximum,
)
from onespike_lava.neurons.timed import Decay
from onespike_lava.schedule import Slot, period


class Numbers(NamedTuple):
    """The number type of a run.

    state      : of potentials and payloads
    product    : in which weights and payloads are multiplied
    arithmetic : how potentials grow
    timed      : of the states of timed neurons, which need 36 bits where they decay
    decay      : what is kept of these; None for what the file says
    """

    state: Any
    product: Any
    arithmetic: Callable[[Growth | None], Arithmetic]
    timed: Any
    decay: Decay | None


FIXED = Numbers(np.int32, np.float32, fixed, np.int64, None)
"""Integers as on the chip; products in float32 are exact below 2**24."""

FLOATING = Numbers(np.float64, np.float64, floating, np.float64, kept)
"""Real numbers: growth and decay without rounding."""


@dataclass(frozen=True)
class Place:
    """A layer's position in its network, when it works there, and with which numbers."""

    network: Model
    position: int
    slot: Slot
    wait: int
    numbers: Numbers

    @property
    def phases(self) -> int:
        """`T`."""
        return self.network.phases

    @property
    def period(self) -> int:
        """Steps from one sample to the next."""
        return period(self.network)

    def last(self, layer: Spiking) -> int:
        """The layer's own step in which the last of its sources' spikes may arrive."""
        return max(self.network.code(source).steps for source in layer.sources)


class LayerSteps(Protocol):
    """A layer with its state.

    complete : its own step before which it looks at nothing that has arrived of a sample, and
               behind which nothing arrives; None where there is none
    """

    complete: int | None

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """What it sends in a step, [*shape], None for nothing; `arriving` is None without input."""


STEPS: Registry[Callable[[Any, Place], LayerSteps]] = Registry("leaf of engine lava", LAYERS)
"""From a layer and its place to the layer with its state."""


@STEPS.add(Input)
class InputSteps:
    """The input, whose payloads come from outside."""

    complete: int | None = None

    def __init__(self, layer: Input, place: Place) -> None:
        pass

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """What arrives."""
        return arriving


@STEPS.add(Spiking)
class SpikingSteps:
    """A spiking layer with its state."""

    def __init__(self, layer: Spiking, place: Place) -> None:
        numbers, wait = place.numbers, place.wait
        bias = per_neuron(layer.bias, layer.shape).astype(numbers.state)
        early = layer.growth is not None or wait < place.last(layer) - 1
        self.complete = None if early else min(wait + 1, place.phases)
        self.neuron = Neuron(
            Membrane(bias, place.phases, place.slot.integrate, numbers.arithmetic(layer.growth)),
            beside(layer.threshold_base, layer.shape),
            threshold_row(layer.threshold_table, layer.growth, wait),
            layer.payload,
            wait,
            layer.max_spikes,
        )
        rest = np.zeros(layer.shape, numbers.state)
        self.state = State(rest, rest, rest.astype(np.uint8))

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """Payloads [*shape], None if no neuron spikes; `arriving` is None without input."""
        sent, self.state = advance(self.neuron, self.state, step, arriving)
        return sent


@STEPS.add(Readout)
class ReadoutSteps:
    """The output layer with its state."""

    def __init__(self, layer: Readout, place: Place) -> None:
        numbers, start = place.numbers, place.slot.integrate
        bias = per_neuron(layer.bias, layer.shape).astype(numbers.state)
        self.complete = None if layer.growth else place.phases
        self.membrane = Membrane(bias, place.phases, start, numbers.arithmetic(layer.growth))
        self.potential: Values = np.zeros(layer.shape, numbers.state)

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """Scores [*shape] as a sample is complete, else None."""
        scores, self.potential = read_out(self.membrane, self.potential, step, arriving)
        return scores


@STEPS.add(MaxPool)
class PoolSteps:
    """A max pool with its state."""

    complete: int | None = None

    def __init__(self, layer: MaxPool, place: Place) -> None:
        self.layer, self.start, self.period = layer, place.slot.fire, place.period
        self.first = place.network.code(layer.source).first
        self.fired = np.zeros(layer.shape, bool)

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """Payloads [*shape] of the windows that spike, None if none does.

        Where neurons spike once a sample, of those that do for the first time.
        """
        largest: Values = np.zeros(self.layer.shape, np.int32)
        if arriving is not None:
            size = self.layer.shape[1:]
            largest = window_maximum(arriving, self.layer.kernel, self.layer.window, size)
        sent = largest
        if self.first:
            first_phase = clock(step, self.start, self.period)[1] == 1
            sent, self.fired = pool(largest, self.fired, first_phase)
        return sent if sent.any() else None
