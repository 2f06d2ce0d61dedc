"""Figures of docs/training.md, drawn by `tables.py` of what the scripts of this folder measured."""

from __future__ import annotations

import re
import statistics
from collections.abc import Sequence
from typing import Any

import numpy as np
import runs
from matplotlib.ticker import NullLocator

from onespike_lava.report import drawing
from onespike_lava.report.drawing import axes, finished

FIGURES = runs.MODELS.parent / "docs" / "figures"
DEPTHS = (20, 56, 110)
Found = dict[str, Any]


def sew(found: Found) -> Any:
    """Accuracy over depth, a line for each join; bars reach from the worst seed to the best."""
    figure, axis = axes(5.2, 3.0)
    for kind in ("ADD", "IAND", "spiking", "plain"):
        runs_of = rf"{kind} %d, rate 0\.05, seed \d+"
        cells = {depth: shares(found, runs_of % depth) for depth in DEPTHS}
        ranged(axis, {depth: each for depth, each in cells.items() if each}, kind)
    axis.set(xlabel="layers", ylabel="test images right, %", ylim=(0, 100), xticks=DEPTHS)
    axis.legend(frameon=False, loc="lower left", bbox_to_anchor=(0.0, 0.12), ncols=2)
    return finished(figure)


def surrogates(found: Found) -> Any:
    """Accuracy of twenty plain layers over the measured factor."""
    figure, axis = axes(5.2, 3.0)
    for optimiser, marker in (("sgd", "o"), ("adam", "s")):
        for family, filled in (("SuperSpike", True), ("ATan", False)):
            points = sorted(
                (each["gain"], 100 * each["last"])
                for key, each in found.items()
                if key.startswith(family) and f" 20 layers, {optimiser}, seed" in key
            )
            axis.plot(
                *zip(*points, strict=True), marker, ms=4, label=f"{family}, {optimiser}",
                fillstyle="full" if filled else "none",
            )  # fmt: skip
    axis.axvspan(1.0, 1.4, color="grey", alpha=0.15, lw=0)
    axis.set(xlabel="factor of a layer", ylabel="test images right, %", ylim=(0, 100))
    axis.legend(frameon=False, loc="upper left")
    return finished(figure)


def tssl(found: Found) -> Any:
    """Accuracy of the variants; bars reach from the worst seed to the best."""
    import tssl

    figure, axis = axes(5.2, 2.2)
    names = [name for name in tssl.VARIANTS if shares(found, rf"{name}, seed \d+")]
    for place, name in enumerate(reversed(names)):
        each = shares(found, rf"{re.escape(name)}, seed \d+")
        middle = statistics.fmean(each)
        axis.errorbar(middle, place, xerr=spread(each), fmt="o", ms=4, color="C0", capsize=3)
        axis.annotate(f"{middle:.1f}", (middle, place), (0, 6), textcoords="offset points")
    axis.set(xlabel="test images right, %", xlim=(0, 100), ylim=(-0.5, len(names)))
    axis.set_yticks(range(len(names)), names[::-1])
    return finished(figure)


def crossing(found: Found) -> Any:
    """Accuracy over steps of the trained network and of the converted one."""
    figure, axis = axes(5.2, 3.0)
    cells = list(found.values())
    for kind in ("trained", "converted"):
        steps = list(cells[0][kind])
        ranged(axis, {int(t): [100 * each[kind][t] for each in cells] for t in steps}, kind)
    right = statistics.fmean(100 * each["ReLU"] for each in cells)
    axis.axhline(right, color="grey", lw=0.8, label="ReLU")
    single = statistics.fmean(100 * each["one-spike"] for each in cells)
    axis.plot([16], [single], "D", ms=5, label="one-spike, T = 16")
    axis.set(xlabel="steps", ylabel="test images right, %", xscale="log", ylim=(0, 103))
    axis.set_xticks([1, 4, 10, 32, 100, 320, 1000], ["1", "4", "10", "32", "100", "320", "1000"])
    axis.xaxis.set_minor_locator(NullLocator())
    axis.legend(frameon=False)
    return finished(figure)


def s2nn(found: Found) -> Any:
    """Accuracy of the neurons at one step; bars reach from the worst seed to the best."""
    import s2nn

    figure, axis = axes(5.2, 2.6)
    names = (*s2nn.SURROGATES, *s2nn.RIVALS)
    for optimiser, marker in (("sgd", "o"), ("adam", "s")):
        for place, name in enumerate(reversed(names)):
            each = shares(found, rf"{re.escape(name)}, {optimiser}, seed \d+")
            if each:
                axis.errorbar(
                    statistics.fmean(each), place, xerr=spread(each), fmt=marker, ms=4, capsize=3,
                    color="C0" if optimiser == "sgd" else "C1",
                )  # fmt: skip
    axis.set(xlabel="test images right, % (squares: AdamW)")
    axis.set_yticks(range(len(names)), names[::-1])
    return finished(figure)


def shares(found: Found, pattern: str) -> list[float]:
    """What the last epoch got right, in percent, of every run of a name."""
    return [100 * each["last"] for key, each in found.items() if re.fullmatch(pattern, key)]


def spread(values: Sequence[float]) -> list[list[float]]:
    """From the mean down to the least, and up to the most."""
    middle = statistics.fmean(values)
    return [[middle - min(values)], [max(values) - middle]]


def ranged(axis: Any, cells: dict[int, list[float]], label: str) -> None:
    """A line through the means, a bar from the least to the most at each place."""
    middle = [statistics.fmean(each) for each in cells.values()]
    bars = np.hstack([spread(each) for each in cells.values()])
    axis.errorbar(list(cells), middle, yerr=bars, fmt=".-", capsize=3, label=label)


DRAWN = {
    "sew": (
        sew,
        "Accuracy over depth: ADD and IAND level to 110 layers, the spiking ResNet below, the "
        "plain network at chance",
    ),
    "tssl": (
        tssl,
        "Accuracy with parts of the gradient left out: without the surrogate of silent neurons "
        "nothing is learnt, the others lie within three points",
    ),
    "s2nn": (
        s2nn,
        "Accuracy at one step: surrogates within a point of each other, binary networks below, "
        "ReLUs above",
    ),
    "surrogates": (
        surrogates,
        "Accuracy of twenty plain layers over the factor of a layer: only those from 1.2 to 1.75 "
        "train",
    ),
    "crossing": (
        crossing,
        "Accuracy over steps: the trained network ahead up to 4 steps, the converted one level "
        "from 10 on",
    ),
}


def drawn(name: str, found: Found) -> str:
    """Draw the figure of a section; the line that shows it, empty where it has none."""
    if name not in DRAWN:
        return ""
    draw, alt = DRAWN[name]
    with drawing.style():
        drawing.save(draw(found), FIGURES, f"training-{name}")
    return f"![{alt}](figures/training-{name}.svg)"
