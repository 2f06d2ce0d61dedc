"""The binary code of the input."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.codes.code import Code, Codes


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
