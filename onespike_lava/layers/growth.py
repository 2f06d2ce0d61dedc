"""Growth of potentials in membrane weighting."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Growth:
    """Growth of the potential per step in membrane weighting, `(V * mantissa + half) >> exponent`.

    fraction_bits : synaptic input enters shifted left by so many bits
    steps         : steps in which the source can still send, `T_src` of Sec. III-B2
    """

    mantissa: int
    exponent: int
    fraction_bits: int
    steps: int

    @property
    def base(self) -> float:
        """The base that the integers realise."""
        return self.mantissa / 2.0**self.exponent

    def grown(self, potential: NDArray[np.integer[Any]]) -> NDArray[np.int64]:
        """Potentials one step later, int64 of the same shape, rounded to the nearest integer.

        Flooring instead would change a code in six (Sec. III-B2 has real numbers).
        """
        half = 1 << (self.exponent - 1)
        return (potential.astype(np.int64) * self.mantissa + half) >> self.exponent
