"""Both layers learn in Lava and in the compiled engine: `python in_lava.py`, a line each.

200 MNIST images a layer, pruning on, at the fastest rate, so that much of it happens within them.
Ends with an error where one weight differs.
"""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import data
import numpy as np

from exporters.training import stdp
from exporters.training.stdp import RECIPE
from onespike_lava.learning import engine
from onespike_lava.learning.stack import passed
from onespike_lava.processes.learning.run import learn

SAMPLES = 200


def main() -> None:
    """Compare, print."""
    x, _, _, _ = data.split()
    times, layers, stages = stdp.encode(x[:SAMPLES], RECIPE.contrast), [], []
    below = times
    for number, given in enumerate(RECIPE.stages, 1):
        stage = replace(given, rule=replace(given.rule, slowest=given.rule.fastest))
        stages.append(stage)
        first = stage.drawn(below.shape[1], (0, number - 1))
        expected = engine.advance(first, below, stage.rule, SAMPLES)
        began = time.perf_counter()
        found = learn(stages, [*layers, first], times, RECIPE.contrast.steps, SAMPLES)
        spent = time.perf_counter() - began
        same = np.array_equal(found.weight, expected.weight)
        print(
            f"layer {number}: {found.weight.size} weights after {SAMPLES} samples, "
            f"{np.count_nonzero(found.weight != first.weight)} moved, "
            f"{np.count_nonzero(~found.live)} pruned, Lava and Numba agree: {same}; "
            f"{spent:.0f} s in Lava",
            flush=True,
        )
        if not same or not np.array_equal(found.live, expected.live):
            sys.exit(f"layer {number}: Lava and Numba differ")
        layers.append(expected)
        below, _ = passed(stage, expected, below)


if __name__ == "__main__":
    main()
