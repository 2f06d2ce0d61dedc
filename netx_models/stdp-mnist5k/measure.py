"""What pruning while learning saves: `python measure.py` runs what is not kept yet, and prints.

Each variant learns with three seeds (first weights, and the order of the images), on one thread.
Results are kept in `../results/stdp-mnist5k.json` after every run; a run that was killed is made
again. `--table` prints the table of docs/stdp.md from what is kept, without the images; `--times`
takes the times of learning once more, on a machine that is quieter.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import data
import numpy as np

from exporters.training import stdp
from exporters.training.stdp import RECIPE, Recipe
from onespike_lava.energy import PICOJOULES
from onespike_lava.learning import engine
from onespike_lava.learning.network import features, fit, network
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import Times
from onespike_lava.learning.stack import passed, pruned_after
from onespike_lava.limits import WEIGHT_MAX
from onespike_lava.system.files import write_atomic

RESULTS = Path(__file__).resolve().parents[1] / "results" / "stdp-mnist5k.json"

SEEDS = (0, 1, 2)

LIMITS = {"0.1": 13, "0.3": 38, "0.5": 64, "0.6": 76, "0.7": 89}
"""Shares of the largest weight, and the weights below which a synapse is pruned."""

SAME = (1200, 900)
"""Samples of the two layers where all variants learn from as many."""

STRENGTHS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Penalties of the readout; each run takes what does best on `HELD_OUT` training images."""

HELD_OUT = 800

RUNS = 3
"""Times that each layer learns; the quickest counts."""

AFTER = ("0.3", "0.7")
"""Limits of pruning afterwards."""

BYTE_PICOJOULES = 10 / 8
"""Reading or writing a weight: 10 pJ for 64 bits of a cache of 8 KB, in the figure of Horowitz that
the energy of operations is from."""


def recipes() -> dict[str, Recipe]:
    """Variants that learn, by name; each is also pruned afterwards where it does not prune."""
    none = RECIPE.changed(prune=0)
    found = {"none": none}
    found |= {f"prune {name}": RECIPE.changed(prune=limit) for name, limit in LIMITS.items()}
    return found | {
        "none, same samples": fixed(none),
        "none, same samples, threshold 30": fixed(higher(none)),
        "prune 0.3, same samples": fixed(RECIPE.changed(prune=LIMITS["0.3"])),
        "prune 0.7, same samples": fixed(RECIPE),
    }


def higher(recipe: Recipe) -> Recipe:
    """The same with the highest threshold that was tried, which was not chosen for pruning."""
    first, second = recipe.stages
    rule = replace(second.rule, threshold=30 * WEIGHT_MAX + 1)
    return replace(recipe, stages=(first, replace(second, rule=rule)))


def fixed(recipe: Recipe) -> Recipe:
    """The same without a stop, for as many samples in every variant."""
    stages = [
        replace(stage, rule=replace(stage.rule, stop=0, samples=count))
        for stage, count in zip(recipe.stages, SAME, strict=True)
    ]
    return replace(recipe, stages=tuple(stages))


def main() -> None:
    """Run, keep, print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--table", action="store_true", help="print what is kept, run nothing")
    parser.add_argument("--times", action="store_true", help="take times anew, the least counts")
    kept: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    options = parser.parse_args()
    if options.times:
        warm()
        for seed in SEEDS:
            retime(kept, seed)
            save(kept)
    elif not options.table:
        warm()
        for seed in SEEDS:
            missing = {n: each for n, each in recipes().items() if f"{n}/{seed}" not in kept}
            if not missing:
                continue
            given = Given.of(seed)
            for name, recipe in missing.items():
                kept |= run(name, recipe, seed, given)
                save(kept)
                print(f"{name}, seed {seed}: {kept[f'{name}/{seed}']}", flush=True)
    print(table(kept))


def save(kept: dict[str, Any]) -> None:
    """Keep the results."""
    write_atomic(RESULTS, (json.dumps(kept, indent=1) + "\n").encode())


def retime(kept: dict[str, Any], seed: int) -> None:
    """Learn once more with each recipe that was measured; its times, if they are less now."""
    given = Given.of(seed)
    for name, recipe in recipes().items():
        _, spent = learnt(recipe, seed, given)
        for each in (name, *afterwards(name).values()):
            row = kept.get(f"{each}/{seed}", {})
            row |= {kind: min(row[kind], least) for kind, least in spent.items() if row}


def afterwards(name: str) -> dict[str, str]:
    """Limits of pruning what a variant has learnt, and what that is called."""
    if not name.startswith("none"):
        return {}
    return {share: name.replace("none", f"after {share}") for share in AFTER}


def warm() -> None:
    """Compile, so that no run's time has it."""
    times = np.ones((1, 2, 28, 28), np.uint8)
    stage = RECIPE.stages[0]
    rule = replace(stage.rule, samples=1)
    engine.spikes(engine.learn(stage.drawn(2, (0,)), times, rule), times, rule.threshold)


class Given(NamedTuple):
    """Images as steps of spikes, and their labels; all recipes code them alike."""

    times: Times
    y: Any
    test: Times
    y_test: Any

    @classmethod
    def of(cls, seed: int) -> Given:
        """In the order of a seed."""
        x, y, x_test, y_test = data.split(seed)
        return cls(stdp.encode(x), y, stdp.encode(x_test), y_test)


def run(name: str, recipe: Recipe, seed: int, given: Given) -> dict[str, Any]:
    """Learn once; of a variant without pruning also what pruning afterwards gives."""
    layers, spent = learnt(recipe, seed, given)
    found = {f"{name}/{seed}": measured(layers, recipe, given) | spent}
    for share, after in afterwards(name).items():
        less = pruned_after(layers, LIMITS[share])
        found[f"{after}/{seed}"] = measured(less, recipe, given) | spent
    return found


def learnt(recipe: Recipe, seed: int, given: Given) -> tuple[tuple[Plastic, ...], dict[str, float]]:
    """Layers that have learnt, and the least seconds that took, of the wall and of the CPU."""
    times, layers, spent = given.times, [], {"wall": 0.0, "cpu": 0.0}
    for number, stage in enumerate(recipe.stages):
        plastic, runs = stage.drawn(times.shape[1], (seed, number)), []
        for _ in range(RUNS):
            began, used = time.perf_counter(), time.process_time()
            found_layer = engine.learn(plastic, times, stage.rule)
            runs.append((time.perf_counter() - began, time.process_time() - used))
        for kind, best in zip(spent, map(min, zip(*runs, strict=True)), strict=True):
            spent[kind] += best
        layers.append(found_layer)
        times, _ = passed(stage, layers[-1], times)
    return tuple(layers), spent


def measured(layers: tuple[Plastic, ...], recipe: Recipe, given: Given) -> dict[str, Any]:
    """What layers that have learnt did, and what their network does on the test images."""
    steps, stages, y = recipe.contrast.steps, recipe.stages, given.y
    seen, _ = features(stages, layers, given.times)
    strength = max(STRENGTHS, key=lambda each: held_out(seen, y, steps, each))
    times = given.test
    made = network(stages, layers, times.shape[1:], steps, fit(seen, y, steps, strength))
    _, counts = features(stages, layers, times)
    return {
        "accuracy": float((made.predict(times) == given.y_test).mean()),
        "strength": strength,
        "live": sum(int(each.live.sum()) for each in layers),
        "connections": sum(each.live.size for each in layers),
        "integrations": sum(each.integrations for each in layers),
        "updates": sum(each.updates for each in layers),
        "samples": [each.samples for each in layers],
        "convergence": [each.history[-1].convergence for each in layers],
        "synops": sum(counts) / len(times),
    }


def held_out(seen: Any, y: Any, steps: int, strength: float) -> float:
    """Accuracy on training images that the readout was not fitted to."""
    readout = fit(seen[HELD_OUT:], y[HELD_OUT:], steps, strength)
    return float(right(seen[:HELD_OUT], y[:HELD_OUT], steps, readout).mean())


def right(seen: Any, y: Any, steps: int, readout: tuple[Any, Any]) -> Any:
    """Whether each sample is classified as it should be, by weights and bias of a readout."""
    weight, bias = readout
    judged = seen.reshape(len(seen), -1).astype(np.int64)
    scores = np.where(judged > 0, steps + 1 - judged, 0) @ weight.T.astype(np.int64) + steps * bias
    return scores.argmax(axis=1) == y


COLUMNS = (
    "variant",
    "accuracy",
    "connections",
    "samples",
    "integrations",
    "updates",
    "learning, microjoules",
    "wall seconds",
    "CPU seconds",
    "synops a sample",
)


def table(kept: dict[str, Any]) -> str:
    """Means over the seeds in Markdown; of the accuracy also its smallest and largest."""
    lines = [f"| {' | '.join(COLUMNS)} |", "|---" * len(COLUMNS) + "|"]
    names = dict.fromkeys(key.rpartition("/")[0] for key in kept)
    kinds = ("none", "after", "prune")
    for name in sorted(
        names, key=lambda each: ("same" in each, kinds.index(each.split()[0].strip(",")))
    ):
        rows = [kept[f"{name}/{seed}"] for seed in SEEDS if f"{name}/{seed}" in kept]
        good = [100 * row["accuracy"] for row in rows]
        live = 100 * mean(rows, "live") / mean(rows, "connections")
        samples = " + ".join(
            f"{np.mean(each):,.0f}" for each in zip(*(r["samples"] for r in rows), strict=True)
        )
        cells = (
            name,
            f"{np.mean(good):.2f} % ({min(good):.1f} .. {max(good):.1f})",
            f"{live:.2f} %",
            samples,
            f"{mean(rows, 'integrations') / 1e6:,.0f} M",
            f"{mean(rows, 'updates') / 1e6:.2f} M",
            f"{microjoules(rows):,.0f}",
            f"{mean(rows, 'wall'):.2f}",
            f"{mean(rows, 'cpu'):.2f}",
            f"{mean(rows, 'synops') / 1e3:,.0f} k",
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def mean(rows: list[dict[str, Any]], what: str) -> float:
    """Over the seeds."""
    return float(np.mean([row[what] for row in rows]))


def microjoules(rows: list[dict[str, Any]]) -> float:
    """Of learning: an integration reads a weight and adds it, an update reads, moves, writes it."""
    cost = PICOJOULES["int8"]
    integration = BYTE_PICOJOULES + cost["add"]
    update = 2 * BYTE_PICOJOULES + cost["multiply"] + cost["add"]
    spent = mean(rows, "integrations") * integration + mean(rows, "updates") * update
    return spent / 1e6


if __name__ == "__main__":
    main()
