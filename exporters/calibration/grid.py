"""What the calibration data tell of the input: its grid of integers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.samples import check_some
from exporters.graph import Graph
from onespike_lava.data.samples import check_samples
from onespike_lava.limits import WEIGHT_MAX

Floats = NDArray[np.float64]
Grid = tuple[Floats, Floats]
"""Low and step, float64[C] or float64[1]."""

FAR = 3
"""A sample lies apart from the others where the gap is so many times the range of these."""

ROOM = 0.2
"""Share of a feature's range that its grid leaves for later values at either end."""

LOST = 1e-3
"""Share of their variance that a shared grid may cost the first layers: what codes of hidden
layers lose anyhow."""

BETTER = 0.5
"""Grids of features must leave less than this share of the error that a shared grid leaves."""


def input_grid(
    samples: NDArray[Any],
    bits: int,
    limits: tuple[float, float] | None,
    maps: Sequence[Floats] = (),
) -> Grid:
    """The input's grid `low + step * n`, `n = 0 .. 2**bits - 1`: (low, step), float64[C] or [1].

    `limits` sets it for all channels. Otherwise each channel of an image takes the lattice its
    values lie on, exactly: 8-bit pixels, raw or normalised. Values on no lattice that fits take
    their range, but for few samples far outside it. The features of a vector share a grid, unless
    one for each leaves much less error in what `maps` float64[O, F], the first layers, make of
    them: so where their scales are unlike.
    """
    top = 2**bits - 1
    if limits is not None:
        low, high = limits
        return np.array([low], np.float64), np.array([(high - low) / top], np.float64)
    if samples.ndim == 4:
        return _joined(_grid(samples[:, c], top) for c in range(samples.shape[1]))
    shared = _joined([_grid(samples, top)])
    if not maps or len(samples) < 4:
        return shared
    known, later = samples[::2], samples[1::2]
    whole = _lost(_joined([_grid(known, top)]), later, top, maps)
    apart = _lost(_of_features(known, top), later, top, maps)
    better = whole > LOST and apart < BETTER * whole
    return _of_features(samples, top) if better else shared


def _of_features(samples: NDArray[Any], top: int) -> Grid:
    return _joined(_feature_grid(column, top) for column in samples.T)


def _joined(grids: Iterable[tuple[float, float]]) -> Grid:
    low, step = zip(*grids, strict=True)
    return np.array(low), np.array(step)


def _lost(grid: Grid, samples: NDArray[Any], top: int, maps: Sequence[Floats]) -> float:
    """Variance of what grid and int8 weights cost in the maps' results, as a share of theirs."""
    low, step = grid
    integers = np.clip(np.rint((samples - low) / step), 0, top)
    share = []
    for weight in maps:
        rows = weight * step
        scale = np.maximum(np.abs(rows).max(axis=1, keepdims=True), 1e-300) / WEIGHT_MAX
        exact = (samples - low) @ weight.T
        error = integers @ (np.rint(rows / scale) * scale).T - exact
        share.append(error.var(axis=0) / np.maximum(exact.var(axis=0), 1e-300))
    return float(np.concatenate(share).mean())


def _grid(part: NDArray[Any], top: int) -> tuple[float, float]:
    """Low and step for values [N, ...]."""
    values = np.unique(part).astype(np.float64)
    if len(values) == 1:
        return float(values[0]), abs(float(values[0])) / top or 1.0
    if (found := _lattice(values, top)) is not None:
        return found
    low, high = _core(part)
    if low == values[0] and high == values[-1]:
        return low, (high - low) / top
    return _filled(values, low, high, top, 0.0)


def _feature_grid(values: NDArray[Any], top: int) -> tuple[float, float]:
    """Low and step for a feature's values [N].

    A feature that never varies stays as it is: its weights are not to cost those of others.
    """
    low, high = _core(values)
    if low == high:
        return low, max(abs(low), 1.0) * 1e-6
    return _filled(np.unique(values).astype(np.float64), low, high, top, ROOM)


def _filled(values: Floats, low: float, high: float, top: int, room: float) -> tuple[float, float]:
    """Low and step of a grid that `low .. high` and a share of `room` on either side fill.

    On the lattice of the values between, where they have one.
    """
    kept = values[(values >= low) & (values <= high)]
    wide = (1 + 2 * room) * (high - low)
    return _lattice(kept, top, wide) or (low - room * (high - low), wide / top)


def _lattice(values: Floats, top: int, wide: float | None = None) -> tuple[float, float] | None:
    """Low and step of the lattice that rising values lie on, None where none fits.

    wide : the step is divided so that the grid is as wide, not wider by more than need be
    """
    low, span = float(values[0]), float(values[-1] - values[0])
    step = _lattice_step(values) if len(values) <= top + 1 else None
    if step is None or round(span / step) > top:
        return None
    used = round(span / step)
    finer = 1 if wide is None else max(1, int(top * span / (used * wide)))
    used *= finer
    step = span / used
    # Levels that the calibration data did not show: down to zero if the lattice has a zero
    # there, else in equal shares below and above.
    below = round(low / step)
    if abs(low / step - below) < 1e-3 and 0 <= below <= top - used:
        return (0.0 if below else low), step
    return low - (top - used) // 2 * step, step


def _core(part: NDArray[Any]) -> tuple[float, float]:
    """Range of values [N, ...] but for few samples, one in a hundred, that lie far apart."""
    rows = part.reshape(len(part), -1)
    ends = (np.sort(end(rows, axis=1)).astype(np.float64) for end in (np.min, np.max))
    bottoms, tops = ends
    few = -(-len(rows) // 100) if len(rows) >= 20 else 0
    high = _inner(tops, bottoms[few], few)
    return -_inner(-bottoms[::-1], -tops[-1 - few], few), high


def _inner(ends: Floats, other: float, few: int) -> float:
    """Largest of the rising `ends` before a gap, at most `few` from the last one."""
    for place in range(len(ends) - 1 - few, len(ends) - 1):
        if 0 < FAR * (ends[place] - other) < ends[place + 1] - ends[place]:
            return float(ends[place])
    return float(ends[-1])


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
    checked = check_samples(samples, graph.sample_shape, "calibration")
    check_some(checked)
    return checked
