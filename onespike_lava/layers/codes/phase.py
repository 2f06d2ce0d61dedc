"""Phase codes: of one spike a sample, and of several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.base import Shape
from onespike_lava.layers.codes.code import Code, Codes


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
