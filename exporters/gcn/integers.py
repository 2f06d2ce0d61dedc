"""Integers of a layer whose rows all stand for one constant: `lambda` is the layer's.

A row of the adjacency serves all features, and a column of the features' map all nodes, so
neither may give its neurons a constant of its own. Each row keeps a weight scale of its own,
chosen such that its threshold is a whole number of it: `lambda` is then exact for every row,
at the price of less than one part in `h` of the weights' resolution.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporters.quantization.fit import MARGIN
from onespike_lava.limits import STATE_LIMIT, WEIGHT_MAX

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Rows:
    """Real weights row by row, times the units of the sources that they read.

    values : float64[n], of one row after the other
    counts : int64[R], entries of each row
    paired : values of either sign are read from pairs of neurons, so that all add up at worst
    sent   : the largest sum of payloads that one source neuron sends in a sample
    gain   : payload of a source's unit, `2**bits`
    bias   : float64[R], largest magnitude of what is added in each row
    """

    values: Floats
    counts: NDArray[np.int64]
    paired: bool
    sent: float
    gain: float
    bias: Floats

    def summed(self, values: Floats) -> Floats:
        """Sum of each row, float64[R], of values like `values`."""
        ends = np.cumsum(self.counts)
        total = np.concatenate([[0.0], np.cumsum(values)])
        return total[ends] - total[ends - self.counts]

    def largest(self) -> Floats:
        """Largest magnitude of each row, 0 of an empty one."""
        found = np.zeros(len(self.counts))
        held = self.counts > 0
        starts = (np.cumsum(self.counts) - self.counts)[held]
        if len(starts):
            found[held] = np.maximum.reduceat(np.abs(self.values), starts)
        return found

    def whole(self, scale: Floats) -> Floats:
        """Weights as whole numbers of each row's scale."""
        rounded: Floats = np.rint(self.values / np.repeat(scale, self.counts))
        return rounded

    def reached(self, scale: Floats) -> Floats:
        """Largest magnitude of each row's potential (Sec. II-B), float64[R]."""
        whole = self.whole(scale)
        above, below = self.summed(np.maximum(whole, 0)), self.summed(np.maximum(-whole, 0))
        worst = above + below if self.paired else np.maximum(above, below)
        return worst * self.sent + np.rint(self.bias * self.gain / scale)


@dataclass(frozen=True)
class RowFit:
    """Integers of the rows.

    weight   : int8[n]
    scale    : float64[R], the value of one unit of potential
    base     : int32[R], threshold bases `h`; empty for a readout
    constant : `lambda` that they realise
    lowered  : rows whose weights lost resolution to the 24-bit bound
    """

    weight: NDArray[np.int8]
    scale: Floats
    base: NDArray[np.int32]
    constant: float
    lowered: int


def fit_rows(rows: Rows, constant: float, unit: float, factor: float) -> RowFit:
    """Integers of rows whose neurons share the constant `lambda`.

    unit   : `lambda` of a threshold base of 1 and a scale of 1, twice the payload's unit
    factor : the largest factor of the threshold table

    A scale starts at `max|w| / 127`, grows where the 24-bit bound asks, and then to the next
    at which `lambda` is a whole `h`. A `lambda` too small for that in some row is raised.
    """
    start = _start(rows)
    while True:
        scale = _bounded(rows, start, constant / unit * factor)
        if constant >= unit * float(scale.max()):
            break
        constant = unit * float(scale.max())
    lowered = int((scale > start).sum())
    base = np.maximum(1, np.floor(constant / unit / scale))
    scale = constant / unit / base
    return RowFit(_int8(rows, scale), scale, base.astype(np.int32), constant, lowered)


def fit_readout(rows: Rows, *, one_scale: bool) -> RowFit:
    """Integers of rows that never spike; `one_scale` for all where their scores are compared."""
    start = _start(rows)
    scale = _bounded(rows, start, 0.0)
    lowered = int((scale > start).sum())
    if one_scale:
        scale = np.full_like(scale, scale.max())
    return RowFit(_int8(rows, scale), scale, np.zeros(0, np.int32), 0.0, lowered)


def _start(rows: Rows) -> Floats:
    """Scales at which the largest weight of each row is 127, of empty rows that of the bias."""
    largest = rows.largest()
    largest = np.where(largest > 0, largest, rows.bias)
    largest = np.where(largest > 0, largest, max(float(largest.max()), 1e-30))
    return largest / WEIGHT_MAX / rows.gain


def _int8(rows: Rows, scale: Floats) -> NDArray[np.int8]:
    return rows.whole(scale * rows.gain).astype(np.int8)


def _bounded(rows: Rows, scale: Floats, threshold: float) -> Floats:
    """The smallest scales from `scale` up whose potentials and thresholds keep the bound."""
    for _ in range(100):
        reached = np.maximum(rows.reached(scale * rows.gain), threshold / scale)
        excess = reached / (STATE_LIMIT - MARGIN)
        if (excess <= 1).all():
            break
        scale = scale * np.maximum(1.0, 1.0001 * excess)
    return scale
