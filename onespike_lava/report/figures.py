"""The figures of a report, drawn from its data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.report.data import Comparison, Raster, Report
from onespike_lava.report.drawing import BLUE, GREY, INK, ORANGE, quiet, subplots

WIDTH = 4.8
"""Of a broad figure in inches: at the size of the page's text it fits a telephone."""

ROW = 0.22
"""Height of a layer's row in inches."""

HISTOGRAMS = 24
"""Most layers that have a histogram of their own."""

RASTER, LEAST, MOST = 7.0, 0.26, 0.57
"""Height of all layers of a raster in inches, and the least and most of one."""

ABOVE: dict[str, Any] = {
    "loc": "lower left",
    "bbox_to_anchor": (0, 1),
    "ncols": 2,
    "borderaxespad": 0,
    "frameon": False,
    "labelcolor": INK,
}
"""A legend that hides no data."""


@dataclass(frozen=True)
class Figure:
    """A figure to be drawn.

    name : of its file, without an ending, and of its ids on a page
    alt  : what it shows, in words
    draw : makes it, a matplotlib figure
    """

    name: str
    alt: str
    draw: Callable[[], Any]


def phases(report: Report) -> dict[str, Figure]:
    """Layer -> histogram of its spike phases, of the `HISTOGRAMS` layers of most neurons."""
    wide = sorted(report.network.layers[:-1], key=lambda layer: -prod(layer.shape))
    shown = {layer.name for layer in wide[:HISTOGRAMS]}
    return {
        name: Figure(
            f"phases-{place:02d}",
            f"Histogram of spike phases of layer {name}: {_in_words(counts)}.",
            lambda counts=counts: _histogram(counts),  # type: ignore[misc]
        )
        for place, (name, counts) in enumerate(report.phases.items())
        if name in shown
    }


def _in_words(counts: NDArray[np.int64]) -> str:
    if not counts[1:].any():
        return "no spikes"
    share = counts[1:].max() / counts[1:].sum()
    return f"most spikes in phase {counts[1:].argmax() + 1}, {share:.0%} of them"


def _histogram(counts: NDArray[np.int64]) -> Any:
    figure, axis = _axes(2.1, 1.3)
    total = max(int(counts[1:].sum()), 1)
    axis.bar(range(1, len(counts)), 100 * counts[1:] / total, color=BLUE)
    axis.set(xlabel="phase", ylabel="% of spikes", xlim=(0.3, len(counts) - 0.3))
    axis.set_xticks(np.unique([1, len(counts) // 2, len(counts) - 1]))
    return _finished(figure)


def raster(found: Raster) -> Figure:
    """Spikes of one sample over the steps, layer above layer."""
    alt = (
        f"Raster of the first sample's spikes over {found.steps} steps, layer after layer from "
        "the input at the top to the last hidden layer at the bottom."
    )
    return Figure("raster", alt, lambda: _raster(found))


def _raster(found: Raster) -> Any:
    layers = len(found.marks)
    figure, axis = _axes(WIDTH, 0.9 + layers * min(MOST, max(LEAST, RASTER / layers)))
    top, ticks = 0, []
    for place, (name, marks) in enumerate(found.marks.items()):
        rows = top + marks[:, 0]
        x = np.repeat(marks[:, 1].astype(float), 3)
        y = np.stack([rows - 0.45, rows + 0.45, np.full(len(rows), np.nan)], axis=1)
        axis.plot(x, y.ravel(), lw=1.6, color=(BLUE, ORANGE)[place % 2])
        ticks.append((top + found.shown[name] / 2, name))
        top += found.shown[name] + 6
    axis.set(xlabel="step", xlim=(0, found.steps + 1), ylim=(top, -3))
    axis.set_yticks([at for at, _ in ticks], [_short(name) for _, name in ticks])
    axis.tick_params(axis="y", length=0)
    return _finished(figure)


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
    figure, axis = _axes(WIDTH, 0.9 + ROW * len(found.layers))
    places = np.arange(len(found.layers))
    axis.barh(places, [layer.alone for layer in found.layers], color=BLUE, label="layer alone")
    up_to = [layer.up_to for layer in found.layers]
    axis.plot(up_to, places, "o-", ms=3.5, lw=1.2, color=ORANGE, label="up to the layer")
    axis.set(xlabel="mean squared logit error", ylim=(len(places) - 0.4, -0.6), xlim=(0, None))
    axis.set_yticks(places, [_short(layer.name) for layer in found.layers])
    axis.legend(**ABOVE)
    return _finished(figure)


def _bars(found: Comparison, values: list[float], label: str) -> Any:
    figure, axis = _axes(WIDTH, 0.8 + ROW * len(values))
    places = np.arange(len(values))
    axis.barh(places, values, color=BLUE)
    axis.set(xlabel=label, ylim=(len(values) - 0.4, -0.6))
    axis.set_yticks(places, [_short(layer.name) for layer in found.layers])
    return _finished(figure)


def energy(report: Report) -> Figure:
    """Energy of each layer in the source network and in this one, INT8."""
    alt = (
        "Bars of the energy of each layer per sample in INT8: the source network's beside the "
        "one-spike network's; the table beside it has the numbers."
    )
    return Figure("energy", alt, lambda: _energy(report))


def _energy(report: Report) -> Any:
    found = report.evaluation.energy
    layers = [layer for layer in found.layers if layer.macs or layer.exact]
    figure, axis = _axes(WIDTH, 0.9 + 1.4 * ROW * len(layers))
    places = np.arange(len(layers))
    spent = [found.picojoules(layer)["int8"] for layer in layers]
    for shift, key, colour, label in (
        (-0.2, "ann", GREY, "source network"),
        (0.2, "snn", BLUE, "one-spike network"),
    ):
        values = [each[key] / 1e3 for each in spent]
        axis.barh(places + shift, values, 0.4, color=colour, label=label)
    axis.set(xlabel="energy per sample, nanojoules (INT8)", ylim=(len(layers) - 0.4, -0.6))
    axis.set_yticks(places, [_short(layer.name) for layer in layers])
    axis.legend(**ABOVE)
    return _finished(figure)


def every(report: Report) -> list[Figure]:
    """All figures that the report's data give."""
    found = [*phases(report).values(), raster(report.raster), energy(report)]
    if report.comparison is not None and report.comparison.layers:
        found += [coding_error(report.comparison), losses(report.comparison)]
    return found


def _axes(width: float, height: float) -> tuple[Any, Any]:
    figure, axis = subplots(figsize=(width, height))
    axis.spines[["top", "right"]].set_visible(False)
    axis.locator_params(axis="x", nbins=6)
    return figure, axis


def _finished(figure: Any) -> Any:
    with quiet():
        figure.tight_layout()
    return figure


def _short(name: str) -> str:
    """A name that leaves room for the data, on one line; a dollar opens no formula."""
    line = " ".join(name.split())
    line = line if len(line) <= 24 else f"{line[:12]}…{line[-11:]}"
    return line.replace("$", r"\$")
