"""The paper's experiments on a network of this folder: `python measure.py resnet20-cifar10`.

Writes `results/NAME.json`, figure by figure as they come; a second call measures what is
missing. `python tables.py` makes the tables and figures of docs/results.md of them. Tables I,
VI, VII and VIII take all test images; Figs. 7, 8 and 9 the first of the validation images.
"""

from __future__ import annotations

import argparse
import datetime
import json
import platform
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import sources
from evaluate import RECIPES
from numpy.typing import NDArray

from exporters import PAPER, Conversion, convert
from exporters.fidelity import baseline
from exporters.fidelity.baseline import in_blocks, percent
from exporters.frontends.read import read
from exporters.graph import Node
from onespike_lava import coding
from onespike_lava.errors import OptionError
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.system.files import write_atomic
from onespike_lava.version import __version__

RESULTS = Path(__file__).resolve().parent / "results"

FEW = 1000
"""Validation images of a figure."""

WAITS = (4, 6, 8, 10, 12, 14, 16)
"""`T_w` of Table VIII."""

RANGE = [(phases, base) for base in (1.2, 1.3, 1.5) for phases in (8, 12, 16, 24, 32)]
"""`T` and `Q` of Fig. 8."""

BASES = [(phases, round(1.1 + 0.05 * n, 2)) for phases in (16, 24) for n in range(9)]
"""`T` and `Q` of Fig. 9."""

PAPER_16 = "paper, T = 16, Q = 1.3"
"""Recipe of Table VIII (waits)."""

SEARCHED = "paper, T = 16, Q by search"
"""The paper's recipe with the base of least logit error on validation images (Sec. IV-B2)."""

SEARCH = [round(1.18 + 0.02 * n, 2) for n in range(9)]
"""Bases of that search."""

AT_16 = (PAPER_16, SEARCHED, "default, T = 16")
"""Recipes of Table VI (real numbers beside integers)."""

POINTS = 300
"""Activations of a layer that Fig. 7 shows."""


class Results:
    """Figures of one network, on disk after each."""

    def __init__(self, name: str, command: str) -> None:
        RESULTS.mkdir(exist_ok=True)
        self.path = RESULTS / f"{name}.json"
        known = json.loads(self.path.read_text()) if self.path.is_file() else {}
        self.values: dict[str, Any] = known.get("figures", {})
        self.head = {"network": name, "command": command, "versions": versions()}

    def take(self, key: str, measure: Callable[[], Any]) -> Any:
        """The figure of a name, measured unless it is there."""
        if key not in self.values:
            self.values[key] = measure()
            date = datetime.date.today().isoformat()
            text = json.dumps({**self.head, "date": date, "figures": self.values}, indent=1)
            write_atomic(self.path, f"{text}\n".encode())
            print(f"{key}: {str(self.values[key])[:100]}", flush=True)
        return self.values[key]


def versions() -> dict[str, str]:
    """What the figures were measured with."""
    return {
        "onespike_lava": __version__, "numpy": np.__version__, "python": platform.python_version()
    }  # fmt: skip


def main() -> None:
    """Measure what is missing."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", choices=sources.NAMES)
    name = parser.parse_args().folder
    results = Results(name, f"python netx_models/measure.py {name}")
    base = search(results, sources.load(name, "validation"))
    tables(results, sources.load(name, "test"), base)
    figures(results, sources.load(name, "validation", limit=FEW, calibration=500))


def search(results: Results, source: sources.Source) -> float:
    """The base of least logit error on the source's images, T = 16, the paper's recipe."""
    errors = {}
    exact = logits(source)
    for base in SEARCH:
        key = f"logit error on {len(source.y)} validation images, T = 16, Q = {base}"
        errors[base] = results.take(key, lambda base=base: logit_error(source, exact, base))
    return min(errors, key=errors.__getitem__)


def logit_error(source: sources.Source, exact: NDArray[Any], base: float) -> float:
    """Mean squared error of the logits with the paper's recipe; `exact` are the source's."""
    network = convert(source.model, source.calibration, **PAPER, base=base).network
    scores = network.run(source.x).scores * network.output_scale
    return float(np.mean((scores - exact) ** 2))


def tables(results: Results, source: sources.Source, base: float) -> None:
    """Tables I, VI, VII and VIII; `base` is what the search found."""
    exact = logits(source)
    searched = {SEARCHED: {**PAPER, "base": base}}
    single = {"paper, T = 16, Q = 1.3, single-spike input": {**PAPER, "base": 1.3}}
    for recipe in single.values():
        recipe["input_coding"] = "single"
    for name, recipe in {**RECIPES, **searched, **single}.items():
        waits = WAITS if name == PAPER_16 else ()
        keys = [name, *(f"{name}, T_w = {wait}" for wait in waits)]
        if all(key in results.values for key in keys):
            continue
        found = convert(source.model, source.calibration, **recipe)
        reals = name in AT_16
        results.take(name, lambda found=found, reals=reals: row(found, source, exact, reals=reals))
        for wait, key in zip(waits, keys[1:], strict=True):
            results.take(key, lambda found=found, wait=wait: accuracy(found, source, wait))


def row(
    found: Conversion, source: sources.Source, exact: NDArray[Any], *, reals: bool
) -> dict[str, float]:
    """Accuracies in percent, spikes and energy of a conversion on all samples.

    With `reals` also the one-spike network in real numbers (`fp32`).
    """
    network = found.network
    whole = evaluate(network, source.x, source.y)
    scores = network.run(source.x).scores * network.output_scale
    figures = {
        "phases": network.phases,
        "base": found.recipe.q,
        "images": len(source.y),
        "ann": percent(exact, source.y),
        "int8": percent(scores, source.y),
        "error_int8": float(np.mean((scores - exact) ** 2)),
        "spikes_per_neuron": whole.spikes_per_neuron,
        "energy_fp32": whole.energy.ratios["fp32"],
        "energy_int8": whole.energy.ratios["int8"],
    }
    if reals:
        simulated = in_blocks(found.simulate, source.x)
        figures["fp32"] = percent(simulated, source.y)
        figures["error_fp32"] = float(np.mean((simulated - exact) ** 2))
    return figures


def accuracy(found: Conversion, source: sources.Source, wait: int) -> float:
    """Percent of samples classified right with a wait."""
    return percent(found.network.run(source.x, wait=wait).scores, source.y)


def figures(results: Results, source: sources.Source) -> None:
    """Figs. 7, 8 and 9."""
    for shift in (True, False):
        key = f"Fig. 7, {'with' if shift else 'without'} threshold shift"
        results.take(key, lambda shift=shift: activations(source, shift))
    ann = percent(logits(source), source.y)
    for phases, base in dict.fromkeys(RANGE + BASES):
        key = f"T = {phases}, Q = {base}"
        results.take(key, lambda phases=phases, base=base: loss(source, ann, phases, base))


def logits(source: sources.Source) -> NDArray[Any]:
    """The source network's logits, float32[N, classes]."""
    graph = read(source.model, source.x.shape[1:])
    return baseline.logits(source.model, graph, source.x)


def loss(source: sources.Source, ann: float, phases: int, base: float) -> dict[str, float] | None:
    """MAPE of Eq. 5 and points lost with the paper's recipe; None where payloads reach 0."""
    try:
        found = convert(source.model, source.calibration, **PAPER, phases=phases, base=base)
    except OptionError:
        return None
    lost = ann - percent(found.network.run(source.x).scores, source.y)
    return {"mape": 100 * coding.mape(phases, base), "loss": round(lost, 2)}


def activations(source: sources.Source, shift: bool) -> list[dict[str, Any]]:
    """Exact and coded values of a first, a middle and a late layer, and of the output."""
    recipe = {**PAPER, "base": 1.3, "shift": shift}
    found = convert(source.model, source.calibration, **recipe)
    relus = [node.name for node in found.prepared.nodes if node.op == "relu"]
    shown = [relus[0], relus[len(relus) // 2], relus[-1]]
    exact: dict[str, NDArray[Any]] = {}
    coded: dict[str, NDArray[Any]] = {}
    x = source.x[:32]
    exact["output"] = found.prepared.evaluate(x, keep(exact, shown))

    def code(node: Node, value: NDArray[Any]) -> NDArray[Any] | None:
        if node.op == "input":
            return found.coding.apply(value)
        if node.op != "relu":
            return None
        replaced = found.codes[node.name].apply(value)
        coded[node.name] = replaced
        return replaced

    coded["output"] = found.prepared.evaluate(x, code)
    random = np.random.default_rng(0)
    panels = []
    for name in [*shown, "output"]:
        one, two = exact[name].ravel(), coded[name].ravel()
        chosen = random.choice(one.size, min(POINTS, one.size), replace=False)
        panels.append(
            {
                "layer": name,
                "exact": [round(float(v), 4) for v in one[chosen]],
                "coded": [round(float(v), 4) for v in two[chosen]],
            }
        )
    return panels


def keep(
    values: dict[str, NDArray[Any]], names: list[str]
) -> Callable[[Node, NDArray[Any]], NDArray[Any] | None]:
    """An observer that keeps the values of some nodes."""

    def observe(node: Node, value: NDArray[Any]) -> None:
        if node.name in names:
            values[node.name] = value

    return observe


if __name__ == "__main__":
    main()
