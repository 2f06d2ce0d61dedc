"""Dense outputs as pictures: what went in beside what came out, of the first samples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.result import classes
from onespike_lava.evaluation.labels import classes_of
from onespike_lava.evaluation.targets import values_of
from onespike_lava.layers import Input
from onespike_lava.network import Network
from onespike_lava.report.drawing import WIDTH, Figure, finished, subplots

SHOWN = 6
"""Samples that are shown."""


@dataclass(frozen=True)
class Pictures:
    """The first samples of a network with dense outputs.

    inputs  : float64[n, H, W], the mean of a sample's channels
    outputs : int64[n, H, W] classes, or float64[n, H, W] values of the only output
    classes : how many there are, 0 of values
    """

    inputs: NDArray[np.float64]
    outputs: NDArray[Any]
    classes: int

    @classmethod
    def of(cls, network: Network, x: NDArray[Any], scores: NDArray[Any], numbers: bool) -> Pictures:
        """Of samples x [n, ...] and their scores int64[n, outputs].

        numbers : whether the values themselves are looked at, not the classes
        """
        channels, rows, columns = network.readout.result
        entry: Input = network.input
        planes = entry.arranged(np.asarray(x[: len(scores)], np.float64))
        seen = planes.mean(axis=1) if planes.ndim == 4 else planes.reshape(len(planes), 1, -1)
        if numbers:
            values = values_of(network, scores).reshape(len(scores), channels, rows, columns)
            return cls(seen, values.mean(axis=1), 0)
        found = classes(scores, rows * columns).reshape(-1, rows, columns)
        return cls(seen, found, classes_of(network.readout.result))


def pictures(found: Pictures) -> Figure:
    """Inputs above outputs."""
    what = f"the class of each place, one of {found.classes}" if found.classes else "the values"
    alt = f"The first {len(found.inputs)} samples, and below each {what} that the network gives."
    return Figure("pictures", alt, lambda: _pictures(found))


def picture(name: str, index: int, values: NDArray[np.float64]) -> Figure:
    """One sample, float64[H, W] or float64[H, W, 3] of 0 to 1."""
    return Figure(name, f"Picture of sample {index}.", lambda: _picture(values))


def _picture(values: NDArray[np.float64]) -> Any:
    rows, columns = values.shape[:2]
    figure, axis = subplots(figsize=(1.1, 1.1 * min(rows / columns, 3)))
    figure.subplots_adjust(0, 0, 1, 1)
    axis.imshow(values, cmap="gray", vmin=0, vmax=1, interpolation="nearest", aspect="auto")
    axis.set_axis_off()
    return figure


def _pictures(found: Pictures) -> Any:
    figure, axes = subplots(2, len(found.inputs), figsize=(WIDTH, 0.4 * WIDTH))
    above_all, below_all = np.reshape(axes, (2, -1))
    limits: dict[str, Any] = {"vmin": 0, "vmax": found.classes - 1} if found.classes else {}
    colours = "viridis" if found.classes else "gray"
    for above, below, given, made in zip(
        above_all, below_all, found.inputs, found.outputs, strict=True
    ):
        above.imshow(given, cmap="gray", interpolation="nearest", aspect="equal")
        below.imshow(made, cmap=colours, interpolation="nearest", aspect="equal", **limits)
        for axis in (above, below):
            axis.set_axis_off()
    return finished(figure)
