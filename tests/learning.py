"""Small layers that learn, drawn at random, for parity tests."""

from __future__ import annotations

import numpy as np

from onespike_lava.layers import Window
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import Rule
from onespike_lava.learning.stack import Stage

RULE = Rule(
    threshold=900, winners=3, radius=1, slowest=9, fastest=7, doubling=5, prune=60, stop=0, look=7
)
"""One whose every part matters within some ten samples."""


def drawn(seed: int = 0, samples: int = 30, shape=(2, 9, 8)):
    """A layer of six channels and samples of it: most of 8 steps have spikes of equal rank."""
    rng = np.random.default_rng(seed)
    times = rng.integers(1, 8, (samples, *shape)).astype(np.uint8)
    times[rng.random(times.shape) < 0.5] = 0
    layer = Plastic.drawn((6, shape[0], 3, 4), Window(padding=(1, 0, 2, 1)), seed)
    return layer, times


def stages(prune: int = 60):
    """Two layers with pools, which learn within some thirty samples."""
    common = {"radius": 1, "slowest": 9, "fastest": 7, "doubling": 8, "stop": 0, "look": 10}
    first = Rule(threshold=700, winners=3, prune=prune, samples=40, **common)
    second = Rule(threshold=1500, winners=2, prune=prune, samples=30, **common)
    return Stage(6, 3, 1, 2, first), Stage(5, 3, 1, 2, second)
