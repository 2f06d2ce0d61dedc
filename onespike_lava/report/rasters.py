"""Rasters: spikes of one sample over the steps, layer above layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.report.data import Raster
from onespike_lava.report.drawing import BLUE, ORANGE, WIDTH, Figure, axes, finished, short

RASTER, LEAST, MOST = 7.0, 0.26, 0.57
"""Height of all layers of a raster in inches, and the least and most of one."""

APART = 100
"""Most steps that are drawn as marks of their own; of more those in a row make one bar."""

COLUMNS = 500
"""Places across of a raster of very many steps, each of several steps: as many as can be seen."""


def raster(found: Raster) -> Figure:
    """Spikes of one sample over the steps, layer above layer."""
    alt = (
        f"Raster of the first sample's spikes over {found.steps} steps, layer after layer from "
        "the input at the top to the last hidden layer at the bottom."
    )
    return Figure("raster", alt, lambda: _raster(found))


def _raster(found: Raster) -> Any:
    layers = len(found.marks)
    figure, axis = axes(WIDTH, 0.9 + layers * min(MOST, max(LEAST, RASTER / layers)))
    top, ticks = 0, []
    draw, width, ends = _ticks, 1.6, "projecting"
    if found.steps > APART:
        draw, width, ends = _bars, 0.7, "butt"
    for place, (name, marks) in enumerate(found.marks.items()):
        x, y = draw(marks, found.steps)
        colour = (BLUE, ORANGE)[place % 2]
        axis.plot(x.ravel(), top + y.ravel(), lw=width, color=colour, solid_capstyle=ends)
        ticks.append((top + found.shown[name] / 2, name))
        top += found.shown[name] + 6
    axis.set(xlabel="step", xlim=(0, found.steps + 1), ylim=(top, -3))
    axis.set_yticks([at for at, _ in ticks], [short(name) for _, name in ticks])
    axis.tick_params(axis="y", length=0)
    axis.locator_params(axis="x", integer=True)
    return finished(figure)


Lines = tuple[NDArray[np.float64], NDArray[np.float64]]


def _ticks(marks: NDArray[np.int64], steps: int) -> Lines:
    """A line down for each spike, and a gap."""
    rows = marks[:, 0]
    x = np.repeat(marks[:, 1].astype(float), 3)
    return x, np.stack([rows - 0.45, rows + 0.45, np.full(len(rows), np.nan)], axis=1)


def _bars(marks: NDArray[np.int64], steps: int) -> Lines:
    """A line across for the spikes of a neuron in steps that follow each other, and a gap."""
    size = -(-steps // COLUMNS)
    spikes = np.unique(np.stack([marks[:, 0], (marks[:, 1] - 1) // size], axis=1), axis=0)
    rows, columns = spikes.T
    first = np.ones(len(rows), bool)
    first[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 1)
    starts = np.flatnonzero(first)
    ends = np.append(starts[1:], len(rows)) - 1 if len(starts) else starts
    gap = np.full(len(starts), np.nan)
    left, right = columns[starts] * size + 0.5, (columns[ends] + 1) * size + 0.5
    return np.stack([left, right, gap], axis=1), np.stack([rows[starts], rows[starts], gap], axis=1)
