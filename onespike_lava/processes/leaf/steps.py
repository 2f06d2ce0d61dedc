"""A whole network, one time step after the other, in one operating-system process.

Each layer works in its own slot of `schedule(network, wait)`, exactly as a network of single
Lava Processes does: samples follow each other every `T` steps, every synapse adds one step.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
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
    Sum,
    Timed,
    TimedReadout,
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
    pool,
    read_out,
    threshold_row,
    window_maximum,
)
from onespike_lava.processes.leaf.linear import linear
from onespike_lava.schedule import Slot, schedule


class Numbers(NamedTuple):
    """The number type of a run.

    state      : of potentials and payloads
    product    : in which weights and payloads are multiplied
    arithmetic : how potentials grow
    """

    state: Any
    product: Any
    arithmetic: Callable[[Growth | None], Arithmetic]


FIXED = Numbers(np.int32, np.float32, fixed)
"""Integers as on the chip; products in float32 are exact below 2**24."""

FLOATING = Numbers(np.float64, np.float64, floating)
"""Real numbers: growth without rounding."""


class LayerSteps(Protocol):
    """A layer with its state."""

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """What it sends in a step, [*shape], None for nothing; `arriving` is None without input."""


STEPS: Registry[Callable[[Any, Slot, int, int, Numbers], LayerSteps]] = Registry(
    "leaf of engine lava", LAYERS
)
"""From a layer, its slot, the phases, the wait and the numbers to the layer with its state."""

STEPS.refuse(Timed, Sum, TimedReadout)


@STEPS.add(Input)
class InputSteps:
    """The input, whose payloads come from outside."""

    def __init__(self, layer: Input, slot: Slot, phases: int, wait: int, numbers: Numbers) -> None:
        pass

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """What arrives."""
        return arriving


@STEPS.add(Spiking)
class SpikingSteps:
    """A spiking layer with its state."""

    def __init__(
        self, layer: Spiking, slot: Slot, phases: int, wait: int, numbers: Numbers
    ) -> None:
        bias = per_neuron(layer.bias, layer.shape).astype(numbers.state)
        self.neuron = Neuron(
            Membrane(bias, phases, slot.integrate, numbers.arithmetic(layer.growth)),
            per_neuron(layer.threshold_base, layer.shape),
            threshold_row(layer.threshold_table, layer.growth, wait),
            layer.payload,
            wait,
            layer.max_spikes,
        )
        rest = np.zeros(layer.shape, numbers.state)
        self.state = State(rest, rest, rest.astype(np.uint8))

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """Payloads [*shape], None if no neuron spikes; `arriving` is None without input."""
        given = 0 if arriving is None else arriving
        sent, self.state = advance(self.neuron, self.state, step, given)
        return sent


@STEPS.add(Readout)
class ReadoutSteps:
    """The output layer with its state."""

    def __init__(
        self, layer: Readout, slot: Slot, phases: int, wait: int, numbers: Numbers
    ) -> None:
        bias = per_neuron(layer.bias, layer.shape).astype(numbers.state)
        self.membrane = Membrane(bias, phases, slot.integrate, numbers.arithmetic(layer.growth))
        self.potential: Values = np.zeros(layer.shape, numbers.state)

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """Scores [*shape] as a sample is complete, else None."""
        given = 0 if arriving is None else arriving
        scores, self.potential = read_out(self.membrane, self.potential, step, given)
        return scores


@STEPS.add(MaxPool)
class PoolSteps:
    """A max pool with its state."""

    def __init__(
        self, layer: MaxPool, slot: Slot, phases: int, wait: int, numbers: Numbers
    ) -> None:
        self.layer, self.start, self.phases = layer, slot.fire, phases
        self.fired = np.zeros(layer.shape, bool)

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """Payloads [*shape] of the windows that spike for the first time, None if none does."""
        largest: Values = np.zeros(self.layer.shape, np.int32)
        if arriving is not None:
            size = self.layer.shape[1:]
            largest = window_maximum(arriving, self.layer.kernel, self.layer.window, size)
        first_phase = clock(step, self.start, self.phases)[1] == 1
        sent, self.fired = pool(largest, self.fired, first_phase)
        return sent if sent.any() else None


class NetworkSteps:
    """All layers of a network with their states, and what is on its way between them."""

    def __init__(self, network: Model, wait: int, numbers: Numbers = FIXED) -> None:
        self.network, self.numbers = network, numbers
        self.slots = schedule(network, wait)
        self.layers = [
            STEPS.of(layer)(layer, slot, network.phases, wait, numbers)
            for layer, slot in zip(network.layers, self.slots, strict=True)
        ]
        self.synapses = [
            [
                linear(synapse, network.layers[synapse.source].shape, numbers.product)
                for synapse in layer.synapses
            ]
            for layer in network.layers
        ]
        reach = 1 + max(delay for slot in self.slots for delay in slot.delays)
        # What each layer has sent, newest first.
        self.sent: list[deque[Values | None]] = [deque([None] * reach, reach) for _ in self.slots]

    def step(self, step: int, data: Values) -> list[Values | None]:
        """What each layer sends in a step, None for nothing; of the readout: the scores.

        `data` is [*shape], the payloads of the input.
        """
        arriving = data if data.any() else None
        for position, layer in enumerate(self.layers):
            if position:
                arriving = self._arriving(position)
            self.sent[position].appendleft(layer.step(step, arriving))
        return [line[0] for line in self.sent]

    def _arriving(self, position: int) -> Values | None:
        layer, delays = self.network.layers[position], self.slots[position].delays
        if not layer.synapses:  # a pool passes on what its source sends
            return self.sent[layer.sources[0]][delays[0]]
        total: Values | None = None
        for source, delay, product in zip(
            layer.sources, delays, self.synapses[position], strict=True
        ):
            sent = self.sent[source][delay]
            if sent is not None:
                added = product(sent)
                total = added if total is None else total + added
        return None if total is None else total.astype(self.numbers.state)
