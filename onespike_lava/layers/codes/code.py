"""What every code answers for itself.

A code is all that a layer's readers know of its spikes. Engines record a neuron's spikes of one
sample in bytes, its codes; what these bytes mean is known here alone (`engines.reference` has
arithmetic of its own, as a yardstick).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.base import Shape
from onespike_lava.layers.growth import Growth

Codes = NDArray[np.uint8]


@dataclass(frozen=True)
class Code:
    """What a layer sends over the steps of one sample."""

    @property
    def steps(self) -> int:
        """Steps of a sample in which it can send, `T_src`."""
        raise NotImplementedError

    @property
    def payloads(self) -> NDArray[np.int64]:
        """What a spike of each step carries, int64[steps]."""
        raise NotImplementedError

    @property
    def most(self) -> int:
        """Largest sum of payloads that a neuron sends in a sample."""
        raise NotImplementedError

    def reach(self, growth: Growth | None) -> float:
        """Most that a neuron adds to a potential in one sample, per unit of weight."""
        return reach(self.places == self.steps, float(self.most), growth)

    @property
    def unit(self) -> tuple[str, int, float]:
        """Kind, unit and base of the spikes; synapses onto one neuron need equal ones."""
        raise NotImplementedError

    @property
    def places(self) -> int:
        """Places of the binary number in which engines note a sample's spikes, 0 for one spike."""
        return 0

    @property
    def kept(self) -> int:
        """Steps of a sample whose payloads engines keep one by one, 0 where they note numbers."""
        return 0

    @property
    def trains(self) -> bool:
        """Whether codes are trains, the payload of each step, not numbers of a whole sample."""
        return False

    @property
    def first(self) -> bool:
        """Whether a neuron sends one spike at most, so that a max pool may pass the first."""
        return False

    def shape(self, layer: Shape) -> Shape:
        """Shape of one sample's codes, of a layer of the given shape."""
        return layer

    def noted_shape(self, layer: Shape) -> Shape:
        """Shape of what engines note of one sample, of a layer of the given shape."""
        return (self.kept, *layer) if self.kept else layer

    def sent(self, codes: Codes, after: int, until: int, dtype: Any = np.int64) -> NDArray[Any]:
        """Sum of the payloads that each neuron sends in the steps `after < step <= until`.

        codes : uint8[N, *self.shape(layer)]; the result is [N, *layer]
        """
        return self._table(after, until).astype(dtype)[codes]

    def _table(self, after: int, until: int) -> NDArray[np.int64]:
        """What a byte of the codes stands for in these steps, int64[256] or as far as it goes."""
        raise NotImplementedError

    def train(self, codes: Codes, after: int, until: int) -> NDArray[np.uint8]:
        """Payloads of the steps `after < step <= until`, uint8[N, until - after, *layer].

        Nothing is sent before the first step and behind the last.
        """
        steps = range(after + 1, until + 1)
        sent = [self.sent(codes, max(k - 1, 0), max(k, 0), np.uint8) for k in steps]
        return np.stack(sent, axis=1)

    def counts(self, codes: Codes) -> NDArray[np.integer[Any]]:
        """Spikes of each neuron, [N, *layer]."""
        raise NotImplementedError

    def total(self, codes: Codes) -> int:
        """Spikes of all neurons and samples."""
        return int(np.count_nonzero(codes))

    def graded(self, codes: Codes) -> NDArray[np.integer[Any]]:
        """Spikes of each neuron whose payload is above 1, [N, *layer]."""
        steps = np.flatnonzero(self.payloads > 1) + 1
        found = np.zeros(self.counts(codes).shape, np.int64)
        for step in steps.tolist():
            found += self.in_step(codes, step)
        return found

    def by_step(self, codes: Codes) -> NDArray[np.int64]:
        """Spikes of each step and, in entry 0, neurons that stay silent, int64[steps + 1]."""
        sent = [np.count_nonzero(self.in_step(codes, k)) for k in range(1, self.steps + 1)]
        return np.array([np.count_nonzero(self.counts(codes) == 0), *sent], np.int64)

    def in_step(self, codes: Codes, step: int) -> NDArray[np.bool_]:
        """Which neurons spike in a step, bool[N, *layer]."""
        raise NotImplementedError

    def note(self, step: int) -> int:
        """What a spike of a step adds to the number that engines note of a sample."""
        return noted(step, self.places)

    def from_notes(self, notes: NDArray[np.integer[Any]]) -> Codes:
        """Codes uint8[N, *shape(layer)] from what was noted, [N, *noted_shape(layer)]."""
        return notes.astype(np.uint8)


def noted(step: int, places: int) -> int:
    """What a spike of a step adds to what is noted of a neuron.

    The step itself where a neuron spikes once, so that a second spike makes a wrong code. In a
    binary number of `places` the spike's place value; the 64th place is the sign of an int64.
    """
    if places == 0:
        return step
    place = 1 << places >> step
    return place - (1 << 64) if place == 1 << 63 else place


def reach(every_step: bool, most: float, growth: Growth | None) -> float:
    """Most that one source neuron adds to a potential in one sample, per unit of weight.

    every_step : it may send a spike in every step, not a single one in all
    most       : largest sum of payloads that it sends in a sample, in graded weighting
    growth     : of the potential in membrane weighting, where spikes carry 1
    """
    if growth is None:
        return most
    powers = growth.base ** np.arange(growth.steps, dtype=np.float64)
    return float(powers.sum() if every_step else powers[-1]) * 2.0**growth.fraction_bits
