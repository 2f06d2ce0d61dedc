"""What is kept of a state from one step to the next, `x * keep / 4096`, in integers.

All three are monotone in `x`, which the 24-bit proof relies on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

ONE = 4096
"""`keep` of a state that does not decay."""

BITS = 12
"""`ONE` as a shift."""


def floor(values: Any, keep: Any) -> Any:
    """Rounded down; int64 of the same shape."""
    return values * keep >> BITS


def ceil(values: Any, keep: Any) -> Any:
    """Rounded up."""
    return -(-values * keep >> BITS)


def zero(values: Any, keep: Any) -> Any:
    """Rounded towards 0, as Lava and SLAYER do."""
    kept = np.abs(values) * keep >> BITS
    return np.where(values < 0, -kept, kept)


DECAYS: Mapping[str, Callable[[Any, Any], Any]] = {"floor": floor, "ceil": ceil, "zero": zero}
"""By the name of their rounding; values and keep are int64."""
