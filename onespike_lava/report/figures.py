"""The figures of a report, drawn from its data."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.report import steps
from onespike_lava.report.data import Comparison, Report
from onespike_lava.report.drawing import (
    ABOVE,
    BLUE,
    GREY,
    ORANGE,
    WIDTH,
    Figure,
    axes,
    finished,
    short,
)
from onespike_lava.report.outcomes import Case
from onespike_lava.report.pictures import picture, pictures
from onespike_lava.report.rasters import raster

ROW = 0.22
"""Height of a layer's row in inches."""

HISTOGRAMS = 12
"""Most layers that have a histogram of their own."""


def by_layer(report: Report) -> dict[str, Figure]:
    """Layer -> when its neurons spike, of the `HISTOGRAMS` layers of most neurons.

    A histogram of phases; of networks that step the firing rate in each step.
    """
    wide = sorted(report.network.layers[:-1], key=lambda layer: -prod(layer.shape))
    shown = {layer.name for layer in wide[:HISTOGRAMS]}
    found = {}
    for place, (name, counts) in enumerate(report.phases.items()):
        if name not in shown:
            continue
        if report.network.steps:
            found[name] = steps.rate(f"rates-{place:02d}", name, report.rates[name])
        else:
            found[name] = _phases(f"phases-{place:02d}", name, counts)
    return found


def _phases(title: str, name: str, counts: NDArray[np.int64]) -> Figure:
    alt = f"Histogram of spike phases of layer {name}: {_in_words(counts)}."
    return Figure(title, alt, lambda: _histogram(counts))


def _in_words(counts: NDArray[np.int64]) -> str:
    if not counts[1:].any():
        return "no spikes"
    share = counts[1:].max() / counts[1:].sum()
    return f"most spikes in phase {counts[1:].argmax() + 1}, {share:.0%} of them"


def _histogram(counts: NDArray[np.int64]) -> Any:
    figure, axis = axes(2.1, 1.3)
    total = max(int(counts[1:].sum()), 1)
    axis.bar(range(1, len(counts)), 100 * counts[1:] / total, color=BLUE)
    axis.set(xlabel="phase", ylabel="% of spikes", xlim=(0.3, len(counts) - 0.3))
    axis.set_xticks(np.unique([1, len(counts) // 2, len(counts) - 1]))
    return finished(figure)


def coding_error(found: Comparison) -> Figure:
    """Coding error of each hidden layer."""
    alt = "Bars of the coding error of each hidden layer; the table beside it has the numbers."
    values = [100 * layer.error for layer in found.layers]
    return Figure(
        "coding-error", alt, lambda: _bars(found, values, "coding error, % of activations")
    )


def losses(found: Comparison) -> Figure:
    """Squared logit error of each layer alone, and up to it."""
    alt = (
        "Mean squared logit error over the layers: of each layer coded alone, and of the integer "
        "network up to it; the table beside it has the numbers."
    )
    return Figure("losses", alt, lambda: _losses(found))


def _losses(found: Comparison) -> Any:
    figure, axis = axes(WIDTH, 0.9 + ROW * len(found.layers))
    places = np.arange(len(found.layers))
    axis.barh(places, [layer.alone for layer in found.layers], color=BLUE, label="layer alone")
    up_to = [layer.up_to for layer in found.layers]
    axis.plot(up_to, places, "o-", ms=3.5, lw=1.2, color=ORANGE, label="up to the layer")
    axis.set(xlabel="mean squared logit error", ylim=(len(places) - 0.4, -0.6), xlim=(0, None))
    axis.set_yticks(places, [short(layer.name) for layer in found.layers])
    axis.legend(**ABOVE)
    return finished(figure)


def _bars(found: Comparison, values: list[float], label: str) -> Any:
    figure, axis = axes(WIDTH, 0.8 + ROW * len(values))
    places = np.arange(len(values))
    axis.barh(places, values, color=BLUE)
    axis.set(xlabel=label, ylim=(len(values) - 0.4, -0.6))
    axis.set_yticks(places, [short(layer.name) for layer in found.layers])
    return finished(figure)


def energy(report: Report) -> Figure:
    """Energy of each layer in the source network and in this one, INT8."""
    alt = (
        f"Bars of the energy of each layer per sample in INT8: {report.source}'s beside "
        f"{report.subject}'s; the table beside it has the numbers."
    )
    return Figure("energy", alt, lambda: _energy(report))


def _energy(report: Report) -> Any:
    found = report.evaluation.energy
    layers = [layer for layer in found.layers if layer.macs or layer.exact or layer.input_macs]
    figure, axis = axes(WIDTH, 0.9 + 1.4 * ROW * len(layers))
    places = np.arange(len(layers))
    spent = [found.picojoules(layer)["int8"] for layer in layers]
    for shift, key, colour, label in (
        (-0.2, "ann", GREY, report.source),
        (0.2, "snn", BLUE, report.subject),
    ):
        values = [each[key] / 1e3 for each in spent]
        axis.barh(places + shift, values, 0.4, color=colour, label=label.removeprefix("the "))
    axis.set(xlabel="energy per sample, nanojoules (INT8)", ylim=(len(layers) - 0.4, -0.6))
    axis.set_yticks(places, [short(layer.name) for layer in layers])
    axis.legend(**ABOVE)
    return finished(figure)


def cases(report: Report) -> list[tuple[Case, Figure | None]]:
    """Each sample of `Outcomes.cases`, and its picture where it is one."""
    found: list[tuple[Case, Figure | None]] = []
    for place, case in enumerate(report.outcomes.cases):
        drawn = None
        if case.picture is not None:
            drawn = picture(f"sample-{place:02d}", case.index, case.picture)
        found.append((case, drawn))
    return found


def every(report: Report) -> list[Figure]:
    """All figures that the report's data give."""
    found = [*by_layer(report).values(), raster(report.raster), energy(report)]
    found += [figure for _, figure in cases(report) if figure is not None]
    if report.pictures is not None:
        found.append(pictures(report.pictures))
    if report.evaluation.over_steps is not None:
        found.append(steps.accuracy(report.evaluation.over_steps))
    if report.comparison is not None and report.comparison.layers:
        found += [coding_error(report.comparison), losses(report.comparison)]
    return found
