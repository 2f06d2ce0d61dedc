"""Rasters: spikes of one sample over the steps, layer above layer."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.report.data import Raster
from onespike_lava.report.drawing import (
    ABOVE,
    BLUE,
    GREY,
    INK,
    ORANGE,
    VIOLET,
    WIDTH,
    Figure,
    axes,
    finished,
    mixed,
    short,
)

RASTER, LEAST, MOST = 7.0, 0.26, 0.7
"""Height of all layers of a raster in inches, and the least and most of one."""

APART = 100
"""Most steps that are drawn as marks of their own; of more those in a row make one bar."""

COLUMNS = 500
"""Places across of a raster of very many steps, each of several steps: as many as can be seen."""

GAP = 5
"""Rows between layers."""

STAIRS = 8
"""Most layers of one raster over all steps; of more, where phases count, each has its own clock."""

SMALL: dict[str, Any] = {"fontsize": 7, "ha": "left", "va": "center", "color": INK}
"""Text at the windows."""

SHADES = 8
"""Colours between that of the first phase and that of the last."""

KEY = {
    "loc": "lower right",
    "bbox_to_anchor": (1, 1),
    "ncols": 3,
    "fontsize": 8,
    "columnspacing": 1,
    "handlelength": 1,
}

Lines = tuple[NDArray[np.float64], NDArray[np.float64]]


def raster(found: Raster) -> Figure:
    """Spikes of one sample over the steps, layer above layer."""
    alt = (
        f"Raster of the first sample's spikes over {found.steps} steps, layer after layer from "
        "the input at the top to the last hidden layer at the bottom; the firing window of each "
        "layer is shaded."
    )
    return Figure("raster", alt, lambda: _raster(found))


def colours() -> list[str]:
    """Colours of phases, from the first, which is worth most, to the last."""
    half = SHADES // 2
    first = [mixed(BLUE, VIOLET, place / half) for place in range(half)]
    return first + [mixed(VIOLET, ORANGE, place / (half - 1)) for place in range(half)]


def _raster(found: Raster) -> Any:
    layers, aligned = len(found.marks), own_clocks(found)
    figure, axis = axes(WIDTH, 1.0 + layers * min(MOST, max(LEAST, RASTER / layers)))
    top, across, ticks = 0, 0, []
    for name, marks in found.marks.items():
        rows, (first, last) = found.shown[name], found.windows[name]
        if aligned:
            axis.text(last - first + 2, top + rows / 2, f"from step {first}", **SMALL)
            marks, first, last = marks - [0, first - 1], 1, last - first + 1
        sides = (first - 0.5, last + 0.5)
        axis.fill_between(sides, top - 1.2, top + rows + 0.2, color=GREY, alpha=0.16, lw=0)
        if found.phases and not aligned:
            for at, text in ((first, "1"), (last, f"{last - first + 1}")):
                axis.text(at, top - 1.6, text, **{**SMALL, "ha": "center", "va": "bottom"})
        steps = last if aligned else found.steps
        _marks(axis, marks, found.phases, steps, top, (first, last))
        across = max(across, steps)
        ticks.append((top + rows / 2 - 0.5, name))
        top += rows + GAP
    axis.set(xlabel="phase" if aligned else "step", ylim=(top - GAP + 1, -5))
    axis.set_xlim(*((0.3, across + 4) if aligned else (0, across + 1)))
    axis.set_yticks([at for at, _ in ticks], [short(name) for _, name in ticks])
    axis.tick_params(axis="y", length=0)
    axis.locator_params(axis="x", integer=True)
    if aligned:
        axis.set_xticks(np.unique([1, max(1, across // 2), across]))
    _key(axis, found)
    return finished(figure)


def own_clocks(found: Raster) -> bool:
    """Whether each layer has its own clock, so that windows lie one below the other."""
    return found.phases and len(found.marks) > STAIRS


def _marks(
    axis: Any,
    marks: NDArray[np.int64],
    phases: bool,
    steps: int,
    top: int,
    window: tuple[int, int],
) -> None:
    """The spikes of a layer; where their time is their value, one line for each shade."""
    draw, style = _ticks, {"lw": min(5.0, 150 / steps), "solid_capstyle": "butt"}
    if steps > APART:
        draw, style = _bars, {"lw": 0.9, "solid_capstyle": "butt"}
    shades = colours() if phases else [BLUE]
    first, last = window
    of = (marks[:, 1] - first) * len(shades) // (last - first + 1)
    for shade, colour in enumerate(shades):
        if (part := marks[of == shade]).size:
            x, y = draw(part, steps)
            axis.plot(x.ravel(), top + y.ravel(), color=colour, **style)


def _key(axis: Any, found: Raster) -> None:
    """What colours and shading mean."""
    shades = colours()
    if found.phases:
        axis.plot([], [], lw=2.5, color=shades[0], label="first phase: largest value")
        axis.plot([], [], lw=2.5, color=shades[-1], label="last phase: smallest")
    else:
        axis.plot([], [], lw=2.5, color=BLUE, label="spike")
    axis.fill_between([], [], color=GREY, alpha=0.3, lw=0, label="firing window")
    axis.legend(**{**ABOVE, **KEY})


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
