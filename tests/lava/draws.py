"""What Lava's learning connection rounds by."""

from __future__ import annotations

import numpy as np


def draws():
    """Its random number of each learning epoch, whose seed nobody can set."""
    rng = np.random.default_rng(2)
    rng.random(1)
    while True:
        yield float(rng.random(1)[0])
