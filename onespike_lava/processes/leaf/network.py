"""A whole network, one time step after the other, in one operating-system process.

Each layer works in its own slot of `schedule(network, wait)`, exactly as a network of single
Lava Processes does: samples follow each other every `period(network)` steps, every synapse adds
one.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from onespike_lava.layers import Connection
from onespike_lava.model import Model
from onespike_lava.neurons import Values, clock
from onespike_lava.processes.leaf import timed  # noqa: F401  its layers are entries of `STEPS`
from onespike_lava.processes.leaf.linear import Linear, linear
from onespike_lava.processes.leaf.steps import FIXED, STEPS, Numbers, Place
from onespike_lava.schedule import Slot, schedule


@dataclass(frozen=True)
class Axons:
    """What one source brings to a layer.

    source  : its position
    delay   : steps from a spike to its arrival, where all are alike
    product : of its synapse, None where a layer without neurons reads it
    late    : further delays of its neurons, None where they are alike
    """

    source: int
    delay: int
    product: Linear | None
    late: Any = None

    @classmethod
    def of(
        cls, network: Model, position: int, synapse: Connection, delay: int, numbers: Numbers
    ) -> Axons:
        """Those of a synapse of a layer."""
        shape = network.layers[synapse.source].shape
        product = linear(synapse, shape, numbers.product)
        # A layer's own spikes of this step come after what arrives: the newest are a step old.
        delay -= synapse.source == position
        late = synapse.delay
        if late is not None and late.size == 1:
            delay, late = delay + int(late.reshape(-1)[0]), None
        return cls(synapse.source, delay, product, late)

    @property
    def longest(self) -> int:
        """The longest delay of its neurons."""
        return self.delay + (0 if self.late is None else int(self.late.max()))

    def arriving(self, sent: Sequence[Values | None]) -> Values | None:
        """What arrives, from what the source has sent, newest first; None for nothing."""
        payloads = self.payloads(sent)
        if payloads is None or self.product is None:
            return payloads
        return self.product(payloads)

    def payloads(self, sent: Sequence[Values | None]) -> Values | None:
        """What the synapse takes in, from what the source has sent; None for nothing."""
        return sent[self.delay] if self.late is None else self._late(sent)

    def _late(self, sent: Sequence[Values | None]) -> Values | None:
        total: Values | None = None
        for late in np.unique(self.late).tolist():
            before = sent[self.delay + late]
            if before is not None:
                part = np.where(self.late == late, before, 0)
                total = part if total is None else total + part
        return total


class Gathering:
    """Payloads on their way to neurons that decide when all have arrived.

    Sums of integers are the same in any order: so payloads are added up before they are multiplied
    with weights, once a sample in place of once a step. The potential lacks them until then, when
    nothing looks at it.
    """

    def __init__(self, axons: Sequence[Axons], slot: Slot, phases: int, complete: int) -> None:
        self.axons, self.start, self.phases, self.complete = axons, slot.integrate, phases, complete
        self.held: list[Values | None] = [None] * len(axons)

    def arriving(self, step: int, sent: Sequence[Sequence[Values | None]]) -> Values | None:
        """Synaptic input of a sample in the step in which it is complete, else None."""
        sample, phase = clock(step, self.start, self.phases)
        if sample < 0 or phase > self.complete:
            return None
        for index, axons in enumerate(self.axons):
            payloads, before = axons.payloads(sent[axons.source]), self.held[index]
            if payloads is not None:
                self.held[index] = payloads if before is None else before + payloads
        if phase < self.complete:
            return None
        held, self.held = self.held, [None] * len(self.axons)
        products = [
            axons.product(payloads)
            for axons, payloads in zip(self.axons, held, strict=True)
            if payloads is not None and axons.product is not None
        ]
        return sum(products[1:], products[0]) if products else None


def check_parts(network: Model) -> None:
    """Raise `UnsupportedError` for a layer that has no part here."""
    for layer in network.layers:
        STEPS.of(layer)


class NetworkSteps:
    """All layers of a network with their states, and what is on its way between them."""

    def __init__(self, network: Model, wait: int, numbers: Numbers = FIXED) -> None:
        self.network, self.numbers = network, numbers
        self.slots = schedule(network, wait)
        self.layers = [
            STEPS.of(layer)(layer, Place(network, position, self.slots[position], wait, numbers))
            for position, layer in enumerate(network.layers)
        ]
        self.axons = [self._axons(position) for position in range(len(network.layers))]
        self.gathering = [self._gathering(position) for position in range(len(network.layers))]
        reaches = [1 for _ in self.slots]
        for axon in (axon for axons in self.axons for axon in axons):
            reaches[axon.source] = max(reaches[axon.source], 1 + axon.longest)
        # What each layer has sent, newest first, as long as another one waits for it.
        self.sent: list[deque[Values | None]] = [deque([None] * each, each) for each in reaches]

    def _axons(self, position: int) -> list[Axons]:
        layer, delays = self.network.layers[position], self.slots[position].delays
        if not layer.synapses:
            ends = zip(layer.sources, delays, strict=True)
            return [Axons(source, delay, None) for source, delay in ends]
        return [
            Axons.of(self.network, position, synapse, delay, self.numbers)
            for synapse, delay in zip(layer.synapses, delays, strict=True)
        ]

    def step(self, step: int, data: Values) -> list[Values | None]:
        """What each layer sends in a step, None for nothing; of the readout: the scores so far.

        `data` is [*shape], the payloads of the input.
        """
        arriving = data if data.any() else None
        for position, layer in enumerate(self.layers):
            if position:
                arriving = self._arriving(position, step)
            self.sent[position].appendleft(layer.step(step, arriving))
        return [line[0] for line in self.sent]

    def _gathering(self, position: int) -> Gathering | None:
        complete = self.layers[position].complete
        if complete is None:
            return None
        slot, phases = self.slots[position], self.network.phases
        return Gathering(self.axons[position], slot, phases, complete)

    def _arriving(self, position: int, step: int) -> Values | None:
        total: Values | None = None
        gathering = self.gathering[position]
        if gathering is not None:
            total = gathering.arriving(step, self.sent)
        else:
            for axons in self.axons[position]:
                added = axons.arriving(self.sent[axons.source])
                if added is not None:
                    total = added if total is None else total + added
        return None if total is None else total.astype(self.numbers.state)
