"""A whole network, one time step after the other, in one operating-system process.

Each layer works in its own slot of `schedule(network, wait)`, exactly as a network of single
Lava Processes does: samples follow each other every `T` steps, every synapse adds one step.
"""

from __future__ import annotations

from collections import deque

import numpy as np

from onespike_lava.dynamics import (
    Membrane,
    Neuron,
    State,
    Values,
    advance,
    clock,
    code_bits,
    fixed,
    pool,
    read_out,
    spike_code,
    threshold_row,
    window_maximum,
)
from onespike_lava.engines.numpy import connect
from onespike_lava.layers import MaxPool, Readout, Spiking, per_neuron
from onespike_lava.network import Network
from onespike_lava.schedule import Slot, schedule


class SpikingSteps:
    """A spiking layer with its state."""

    def __init__(self, layer: Spiking, slot: Slot, phases: int, wait: int) -> None:
        self.neuron = Neuron(
            Membrane(
                per_neuron(layer.bias, layer.shape), phases, slot.integrate, fixed(layer.growth)
            ),
            per_neuron(layer.threshold_base, layer.shape),
            threshold_row(layer.threshold_table, layer.growth, wait),
            layer.payload,
            wait,
            layer.max_spikes,
        )
        rest = np.zeros(layer.shape, np.int32)
        self.state = State(rest, rest, rest.astype(np.uint8))

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """Payloads [*shape], None if no neuron spikes; `arriving` is None without input."""
        given = np.int32(0) if arriving is None else arriving
        sent, self.state = advance(self.neuron, self.state, step, given)
        return sent


class ReadoutSteps:
    """The output layer with its state."""

    def __init__(self, layer: Readout, slot: Slot, phases: int) -> None:
        bias = per_neuron(layer.bias, layer.shape)
        self.membrane = Membrane(bias, phases, slot.integrate, fixed(layer.growth))
        self.potential: Values = np.zeros(layer.shape, np.int32)

    def step(self, step: int, arriving: Values | None) -> Values | None:
        """Scores [*shape] as a sample is complete, else None."""
        given = np.int32(0) if arriving is None else arriving
        scores, self.potential = read_out(self.membrane, self.potential, step, given)
        return scores


class PoolSteps:
    """A max pool with its state."""

    def __init__(self, layer: MaxPool, slot: Slot, phases: int) -> None:
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

    def __init__(self, network: Network, wait: int) -> None:
        self.network = network
        self.slots = schedule(network, wait)
        self.layers = [
            _layer_steps(network, position, slot, wait)
            for position, slot in enumerate(self.slots)
            if position > 0
        ]
        reach = 1 + max(delay for slot in self.slots for delay in slot.delays)
        # What each layer has sent, newest first.
        self.sent: list[deque[Values | None]] = [deque([None] * reach, reach) for _ in self.slots]

    def step(self, step: int, data: Values) -> list[Values | None]:
        """What each layer sends in a step, None for nothing; of the readout: the scores.

        `data` is int32[*shape], the payloads of the input.
        """
        self.sent[0].appendleft(data if data.any() else None)
        for position, layer in enumerate(self.layers, start=1):
            self.sent[position].appendleft(layer.step(step, self._arriving(position)))
        return [line[0] for line in self.sent]

    def _arriving(self, position: int) -> Values | None:
        layer, delays = self.network.layers[position], self.slots[position].delays
        if isinstance(layer, MaxPool):
            return self.sent[layer.source][delays[0]]
        assert isinstance(layer, (Spiking, Readout))
        total: Values | None = None
        for synapse, delay in zip(layer.synapses, delays, strict=True):
            sent = self.sent[synapse.source][delay]
            if sent is not None:
                added = connect(synapse, sent[None].astype(np.float32))[0].astype(np.int32)
                total = added if total is None else total + added
        return total


def _layer_steps(
    network: Network, position: int, slot: Slot, wait: int
) -> SpikingSteps | ReadoutSteps | PoolSteps:
    layer = network.layers[position]
    if isinstance(layer, Spiking):
        return SpikingSteps(layer, slot, network.phases, wait)
    if isinstance(layer, Readout):
        return ReadoutSteps(layer, slot, network.phases)
    assert isinstance(layer, MaxPool)
    return PoolSteps(layer, slot, network.phases)


class Recorder:
    """Spike counts and codes of the first samples."""

    def __init__(self, network: Network, wait: int, samples: int) -> None:
        self.layers = network.layers[:-1]
        self.slots = schedule(network, wait)
        self.phases, self.samples = network.phases, samples
        ends = np.cumsum([np.prod(layer.shape) for layer in self.layers]).tolist()
        self.parts = [
            slice(end - int(np.prod(layer.shape)), end)
            for end, layer in zip(ends, self.layers, strict=True)
        ]

    def note(
        self, step: int, sent: list[Values | None], spikes: Values, codes: Values | None
    ) -> None:
        """Add a step to `spikes` [layers - 1] and to `codes` [samples, neurons of all layers]."""
        for index, layer in enumerate(self.layers):
            payloads = sent[index]
            sample, phase = clock(step, self.slots[index].fire, self.phases)
            if payloads is None or not 0 <= sample < self.samples:
                continue
            spikes[index] += np.count_nonzero(payloads)
            if codes is not None:
                bits = code_bits(layer)
                spiking = payloads.reshape(-1) != 0
                codes[sample, self.parts[index]][spiking] += spike_code(phase, bits)
