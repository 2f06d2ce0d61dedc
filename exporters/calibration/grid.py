"""What the calibration data tell of the input: its grid of integers."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.graph import Graph
from onespike_lava.data.samples import check_samples
from onespike_lava.errors import DataError


def input_grid(
    samples: NDArray[Any], bits: int, limits: tuple[float, float] | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The input's grid `low + step * n`, `n = 0 .. 2**bits - 1`: (low, step), float64[C] or [1].

    `limits` sets it for all channels. Otherwise each channel of an image (all features of a
    vector together) takes the lattice its values lie on, exactly: 8-bit pixels, raw or
    normalised. Values on no lattice that fits take their range.
    """
    top = 2**bits - 1
    if limits is not None:
        low, high = limits
        return np.array([low], np.float64), np.array([(high - low) / top], np.float64)
    channels = samples.shape[1] if samples.ndim == 4 else 1
    parts = [samples[:, c] if samples.ndim == 4 else samples for c in range(channels)]
    grids = [_grid(np.unique(part).astype(np.float64), top) for part in parts]
    return np.array([low for low, _ in grids]), np.array([step for _, step in grids])


def _grid(values: NDArray[np.float64], top: int) -> tuple[float, float]:
    low, span = float(values[0]), float(values[-1] - values[0])
    if span == 0:
        return low, abs(low) / top or 1.0
    step = _lattice_step(values) if len(values) <= top + 1 else None
    if step is None or round(span / step) > top:
        return low, span / top
    used = round(span / step)
    step = span / used
    # Levels that the calibration data did not show: down to zero if the lattice has a zero
    # there, else in equal shares below and above.
    below = round(low / step)
    if abs(low / step - below) < 1e-3 and 0 <= below <= top - used:
        return (0.0 if below else low), step
    return low - (top - used) // 2 * step, step


def _lattice_step(values: NDArray[np.float64]) -> float | None:
    """Greatest common divisor of the differences, None where they have none worth the name."""
    differences = np.diff(values)
    tolerance = 1e-3 * float(differences.min())
    step = float(differences.min())
    for difference in differences:
        rest = float(difference)
        while rest > tolerance:
            step, rest = rest, step % rest
            if step - rest <= tolerance:
                rest = 0.0
    counts = (values - values[0]) / step
    on_lattice = np.abs(counts - np.rint(counts)).max() < 0.05
    return step if on_lattice else None


def check_calibration(samples: NDArray[Any], graph: Graph) -> NDArray[Any]:
    """Calibration samples float[N, *shape] with N > 0, else `DataError`."""
    checked = check_samples(samples, graph.shapes()[graph.input.name])
    if not len(checked):
        raise DataError("calibration: no samples; give at least one, better some hundred")
    return checked
