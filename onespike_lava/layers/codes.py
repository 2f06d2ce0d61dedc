"""Spike codes: what the neurons of a layer send in which step, and what an engine notes of it.

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
    def first(self) -> bool:
        """Whether a neuron sends one spike at most, so that a max pool may pass the first."""
        return False

    def shape(self, layer: Shape) -> Shape:
        """Shape of one sample's codes, of a layer of the given shape."""
        return layer

    def sent(self, codes: Codes, after: int, until: int, dtype: Any = np.int64) -> NDArray[Any]:
        """Sum of the payloads that each neuron sends in the steps `after < step <= until`.

        codes : uint8[N, *self.shape(layer)]; the result is [N, *layer]
        """
        return self._table(after, until).astype(dtype)[codes]

    def _table(self, after: int, until: int) -> NDArray[np.int64]:
        """What a byte of the codes stands for in these steps, int64[256] or as far as it goes."""
        raise NotImplementedError

    def counts(self, codes: Codes) -> NDArray[np.uint8]:
        """Spikes of each neuron, uint8[N, *layer]."""
        raise NotImplementedError

    def total(self, codes: Codes) -> int:
        """Spikes of all neurons and samples."""
        return int(np.count_nonzero(codes))

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
        """Codes uint8[N, *shape(layer)] from sums of `note`, [N, *layer]."""
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


@dataclass(frozen=True)
class BinaryCode(Code):
    """Integers of `bits` places, most significant first: several spikes a sample (Sec. III-A).

    Step `j` of 1..bits sends the bit of place `2**(bits - j)`. Codes are the integers.

    unary : a spike carries 1 (membrane weighting), not its place value (graded)
    """

    bits: int
    unary: bool = False

    @property
    def steps(self) -> int:
        """One a bit."""
        return self.bits

    @property
    def payloads(self) -> NDArray[np.int64]:
        """Place values, or ones."""
        values = 1 << np.arange(self.bits - 1, -1, -1, dtype=np.int64)
        return np.ones_like(values) if self.unary else values

    @property
    def most(self) -> int:
        """The sum of all place values: `2**bits - 1`, in membrane weighting of what grows."""
        return int((1 << self.bits) - 1)

    @property
    def unit(self) -> tuple[str, int, float]:
        """Base 2."""
        return ("binary", self.bits, 2.0)

    @property
    def places(self) -> int:
        """The integer itself."""
        return self.bits

    def mask(self, after: int, until: int) -> int:
        """Bits of an integer that the steps `after < step <= until` send."""
        return sum(1 << k for k in range(max(self.bits - until, 0), max(self.bits - after, 0)))

    def _table(self, after: int, until: int) -> NDArray[np.int64]:
        masked = np.arange(256) & self.mask(after, until)
        return (masked > 0).astype(np.int64) if self.unary else masked

    def counts(self, codes: Codes) -> NDArray[np.uint8]:
        """Bits that are 1."""
        bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1)
        return bits.sum(axis=1).astype(np.uint8)[codes]

    def total(self, codes: Codes) -> int:
        """Bits that are 1."""
        return int(np.unpackbits(codes.reshape(-1)).sum(dtype=np.int64))

    def in_step(self, codes: Codes, step: int) -> NDArray[np.bool_]:
        """Whether the step's bit is 1."""
        found: NDArray[np.bool_] = (codes >> (self.bits - step) & 1).astype(bool)
        return found

    def payload(self, integers: NDArray[Any], step: int) -> NDArray[np.int32]:
        """Payloads int32[*shape] of a step, for integers of any type; 0 behind the last bit."""
        if step > self.bits:
            return np.zeros(integers.shape, np.int32)
        place = self.bits - step
        set_bits: NDArray[np.int32] = (integers >> place).astype(np.int32) & 1
        return set_bits if self.unary else set_bits << place


@dataclass(frozen=True)
class PhaseCode(Code):
    """At most one spike a sample; its phase carries the value (Sec. III, Eq. 3 to 5).

    Codes are phases, 0 for silence.

    levels : what a spike of each phase carries, not increasing
    bits   : binary digits of the payload's unit
    base   : `Q` where it matters to the reader, in membrane weighting; else 0
    """

    levels: tuple[int, ...]
    bits: int
    base: float = 0.0

    @property
    def steps(self) -> int:
        """`T`."""
        return len(self.levels)

    @property
    def payloads(self) -> NDArray[np.int64]:
        """The levels."""
        return np.array(self.levels, np.int64)

    @property
    def most(self) -> int:
        """The first phase's payload."""
        return self.levels[0]

    @property
    def unit(self) -> tuple[str, int, float]:
        """Payload bits and, in membrane weighting, base."""
        return ("single", self.bits, self.base)

    @property
    def first(self) -> bool:
        """One spike at most."""
        return True

    def _table(self, after: int, until: int) -> NDArray[np.int64]:
        phase = np.arange(self.steps + 1)
        return np.where((phase > after) & (phase <= until), [0, *self.levels], 0)

    def counts(self, codes: Codes) -> NDArray[np.uint8]:
        """1 where a neuron is not silent."""
        return (codes != 0).astype(np.uint8)

    def by_step(self, codes: Codes) -> NDArray[np.int64]:
        """Spikes of each phase and, in entry 0, silent neurons, int64[T + 1]."""
        return np.bincount(codes.reshape(-1), minlength=self.steps + 1).astype(np.int64)

    def in_step(self, codes: Codes, step: int) -> NDArray[np.bool_]:
        """Whether the step is a neuron's phase."""
        found: NDArray[np.bool_] = codes == step
        return found


@dataclass(frozen=True)
class SeveralCode(PhaseCode):
    """Several spikes a sample, one a phase: the multi-spike phase code of Sec. II-B.

    Codes are uint8[N, max_spikes, *layer]: phases of a neuron's spikes in order, then zeros.
    """

    max_spikes: int = 2

    @property
    def most(self) -> int:
        """Of spikes in the first phases."""
        return sum(self.levels[: self.max_spikes])

    @property
    def places(self) -> int:
        """A place for each phase."""
        return self.steps

    @property
    def first(self) -> bool:
        """More than the first spike counts."""
        return False

    def shape(self, layer: Shape) -> Shape:
        """(max_spikes, *layer)."""
        return (self.max_spikes, *layer)

    def sent(self, codes: Codes, after: int, until: int, dtype: Any = np.int64) -> NDArray[Any]:
        """The sum over a neuron's spikes."""
        sums: NDArray[Any] = super().sent(codes, after, until, dtype).sum(axis=1)
        return sums

    def counts(self, codes: Codes) -> NDArray[np.uint8]:
        """Spikes of each neuron."""
        return np.count_nonzero(codes, axis=1).astype(np.uint8)

    def by_step(self, codes: Codes) -> NDArray[np.int64]:
        """Spikes of each phase and, in entry 0, silent neurons, int64[T + 1]."""
        found = super().by_step(codes)
        found[0] = np.count_nonzero(codes[:, 0] == 0)
        return found

    def in_step(self, codes: Codes, step: int) -> NDArray[np.bool_]:
        """Whether one of a neuron's spikes is in the step."""
        found: NDArray[np.bool_] = (codes == step).any(axis=1)
        return found

    def from_notes(self, notes: NDArray[np.integer[Any]]) -> Codes:
        """Phases in order from the places that are 1."""
        codes = np.zeros((len(notes), self.max_spikes, *notes.shape[1:]), np.uint8)
        sent = np.zeros(notes.shape, np.uint8)
        for phase in range(1, self.steps + 1):
            spikes = (notes & self.note(phase)) != 0
            for number in range(self.max_spikes):
                codes[:, number][spikes & (sent == number)] = phase
            sent += spikes
        return codes


CODES: tuple[type[Code], ...] = (BinaryCode, PhaseCode, SeveralCode)
"""Every class of codes."""
