"""Which limit and threshold: `python choose.py` learns with each pair, and prints.

Training images alone: of the 4,000 the readout is fitted to 2,400, its penalty is what does best on
800 others, and 800 more judge. Each pair learns with three seeds, until it has converged. Results
are kept in `../results/stdp-mnist5k-choice.json` after every run; a run that was killed is made
again. `--table` prints the table of docs/stdp.md from what is kept, without the images.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import replace
from typing import Any

import data
from measure import LIMITS, RESULTS, SEEDS, mean, right

from exporters.training import stdp
from exporters.training.stdp import RECIPE, Recipe
from onespike_lava.learning.engine import learn
from onespike_lava.learning.network import fit
from onespike_lava.learning.stack import passed
from onespike_lava.limits import WEIGHT_MAX
from onespike_lava.system.files import write_atomic

KEPT = RESULTS.with_name("stdp-mnist5k-choice.json")

THRESHOLDS = (15, 20, 25, 30)
"""Of the second layer, in largest weights."""

STRENGTHS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Penalties of the readout."""

PART = 800
"""Images that choose a penalty, and as many that judge."""

WANTED = 0.072
"""Share of connections that the choice may have at most: that of the paper's abstract."""


def main() -> None:
    """Run, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true", help="print what is kept, run nothing")
    kept: dict[str, Any] = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    if not parser.parse_args().table:
        for seed in SEEDS:
            x, y, _, _ = data.split(seed)
            times = stdp.encode(x, RECIPE.contrast)
            for limit in {"none": 0, **LIMITS}:
                below = None
                for threshold in THRESHOLDS:
                    name = f"{limit}/{threshold}/{seed}"
                    if name not in kept:
                        recipe = changed(limit, threshold)
                        below = below or first(recipe, times, seed)
                        kept[name] = run(recipe, below, y, seed)
                        write_atomic(KEPT, (json.dumps(kept, indent=1) + "\n").encode())
                        print(f"{name}: {kept[name]}", flush=True)
    print(table(kept))


def changed(limit: str, threshold: int) -> Recipe:
    """The recipe with another limit of pruning, and another threshold of its second layer."""
    below, second = RECIPE.changed(prune=LIMITS.get(limit, 0)).stages
    rule = replace(second.rule, threshold=threshold * WEIGHT_MAX + 1)
    return replace(RECIPE, stages=(below, replace(second, rule=rule)))


def first(recipe: Recipe, times: Any, seed: int) -> tuple[Any, Any]:
    """The first layer, which does not depend on the threshold of the second, and its spikes."""
    stage = recipe.stages[0]
    layer = learn(stage.drawn(times.shape[1], (seed, 0)), times, stage.rule)
    return layer, passed(stage, layer, times)[0]


def run(recipe: Recipe, below: tuple[Any, Any], y: Any, seed: int) -> dict[str, Any]:
    """What both layers did, and how well a readout of them does on training images."""
    (layer, times), stage = below, recipe.stages[1]
    second = learn(stage.drawn(times.shape[1], (seed, 1)), times, stage.rule)
    seen, steps = passed(stage, second, times)[0], recipe.contrast.steps
    found = []
    for strength in STRENGTHS:
        readout = fit(seen[2 * PART :], y[2 * PART :], steps, strength)
        one, two = (
            float(right(seen[part], y[part], steps, readout).mean())
            for part in (slice(PART), slice(PART, 2 * PART))
        )
        found.append((one, two))
    layers = (layer, second)
    return {
        "accuracy": max(found, key=lambda each: each[0])[1],
        "live": sum(int(each.live.sum()) for each in layers),
        "connections": sum(each.live.size for each in layers),
        "integrations": sum(each.integrations for each in layers),
    }


def table(kept: dict[str, Any]) -> str:
    """Means over the seeds in Markdown: accuracy on training images held out, connections."""
    names = {limit: f"prune {limit}" if limit in LIMITS else limit for limit in ("none", *LIMITS)}
    lines = [f"| threshold | {' | '.join(names.values())} |", "|---" * (1 + len(names)) + "|"]
    for threshold in THRESHOLDS:
        cells = []
        for limit in names:
            rows = [kept[f"{limit}/{threshold}/{seed}"] for seed in SEEDS]
            live = mean(rows, "live") / mean(rows, "connections")
            cells.append(f"{100 * mean(rows, 'accuracy'):.2f} %, {100 * live:.1f} %")
        lines.append(f"| {threshold} | {' | '.join(cells)} |")
    return "\n".join(lines)


def chosen(kept: dict[str, Any]) -> tuple[str, int]:
    """Limit and threshold of the best accuracy among those with few enough connections."""
    best = {}
    for limit in LIMITS:
        for threshold in THRESHOLDS:
            rows = [kept[f"{limit}/{threshold}/{seed}"] for seed in SEEDS]
            if mean(rows, "live") <= WANTED * mean(rows, "connections"):
                best[limit, threshold] = mean(rows, "accuracy")
    return max(best, key=lambda each: best[each])


if __name__ == "__main__":
    main()
