"""Figures of networks that step: firing rates and accuracy over the steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.report.drawing import BLUE, WIDTH, Figure, axes, finished

Shares = NDArray[np.float64]

COLUMNS = 300
"""Most columns of a firing rate over very many steps, each the mean of several."""

DOTS = 40
"""Most steps whose accuracies are dots of their own."""

NEAR = 0.01
"""How far an accuracy may lie from the last step's to count as settled: a percentage point."""


def rate(title: str, layer: str, shares: Shares) -> Figure:
    """Share of a layer's neurons that spike in each step, float64[T]."""
    return Figure(
        title, f"Firing rate of layer {layer}: {_in_words(shares)}.", lambda: _rate(shares)
    )


def _in_words(shares: Shares) -> str:
    if not shares.any():
        return "no spikes"
    return f"{shares.mean():.1%} of its neurons in a step, most in step {shares.argmax() + 1}"


def _rate(shares: Shares) -> Any:
    figure, axis = axes(2.1, 1.3)
    values, edges = _columns(100 * shares)
    axis.stairs(values, edges, fill=True, color=BLUE)
    axis.set(xlabel="step", ylabel="% of neurons", xlim=(0.5, len(shares) + 0.5))
    axis.set_ylim(0, 1.05 * values.max() if values.any() else 1)
    axis.set_xticks(np.unique([1, max(1, len(shares) // 2), len(shares)]))
    return finished(figure)


def _columns(values: Shares) -> tuple[Shares, Shares]:
    """Means of steps that follow each other, so that a page does not grow with them; edges."""
    size = -(-len(values) // COLUMNS)
    starts = np.arange(0, len(values), size)
    edges = np.append(starts, len(values))
    return np.add.reduceat(values, starts) / np.diff(edges), edges + 0.5


def settled(shares: Shares) -> int:
    """The first step from which on accuracy stays within a percentage point of the last's."""
    far = np.flatnonzero(np.abs(shares - shares[-1]) > NEAR)
    return int(far[-1]) + 2 if len(far) else 1


def accuracy(shares: Shares) -> Figure:
    """Accuracy after each step, float64[T]."""
    alt = (
        f"Accuracy after each of {len(shares)} steps: {shares[0]:.2%} after the first, "
        f"{shares[-1]:.2%} after the last."
    )
    return Figure("accuracy-over-steps", alt, lambda: _accuracy(shares))


def _accuracy(shares: Shares) -> Any:
    figure, axis = axes(WIDTH, 2.2)
    steps, mark = np.arange(1, len(shares) + 1), "o" if len(shares) <= DOTS else ""
    values = 100 * shares
    axis.axhline(values[-1], lw=0.8, ls=":", color=BLUE)
    axis.plot(steps, values, marker=mark, ms=3.5, lw=1.2, color=BLUE)
    room = max(2.0, 0.06 * float(values.max() - values.min()))
    axis.set_ylim(max(-1, values.min() - room), min(101, values.max() + room))
    axis.set(xlabel="step", ylabel="accuracy, %", xlim=(0.5, len(shares) + 0.5))
    axis.locator_params(axis="x", integer=True)
    return finished(figure)
