"""Rounding of weights to integers so that their sum, not each of them, is close.

Weights are rounded one input after another; what one loses, those to come make up for as far
as inputs go together on the calibration data (optimal brain surgeon, Hassibi and Stork 1993;
for quantisation Frantar et al. 2022). Nothing is trained.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exporters.quantization.sources import Linear
from onespike_lava.limits import WEIGHT_MAX

Floats = NDArray[np.float64]

BLOCK = 64
"""Inputs whose loss is passed on one after the other, before it reaches all that follow."""

DAMPING = 1e-2
"""Share of the inputs' mean variance that is added to each of them."""


def rounded(part: Linear, rows: Floats, scale: Floats) -> Floats:
    """Whole weights float64[O, K] that times `scale` float64[O] stand for `rows` float64[O, K]."""
    return Rounder(part)(rows, scale)


class Rounder:
    """Rounds the weights of one map, for any scale: what its inputs ask for is found once."""

    def __init__(self, part: Linear) -> None:
        self.groups = part.groups
        self.orders: list[tuple[NDArray[np.int64], Floats]] = []
        if part.moments is not None:
            unit = part.per_weight(part.source.unit)
            covariance = part.moments.covariance / (unit[:, :, None] * unit[:, None])
            self.orders = [_order(each) for each in covariance]

    def __call__(self, rows: Floats, scale: Floats) -> Floats:
        """As `rounded`, of all rows of the map or, of one without groups, some."""
        wanted = rows / scale[:, None]
        if not self.orders:
            return np.rint(wanted)
        groups = wanted.reshape(self.groups, -1, wanted.shape[1])
        found = [_least(each, *order) for each, order in zip(groups, self.orders, strict=True)]
        return np.concatenate(found)


def mean_lost(part: Linear, lost: Floats) -> Floats:
    """Mean of what `lost` float64[O, K], a difference of scaled weights, adds to a sum, [O].

    0 where the moments of the inputs are not known.
    """
    if part.moments is None:
        return np.zeros(len(lost))
    low, unit = part.per_weight(part.source.low), part.per_weight(part.source.unit)
    mean = (part.moments.mean - low) / unit
    means: Floats = (lost.reshape(part.groups, -1, lost.shape[1]) * mean[:, None]).sum(axis=2)
    return means.reshape(-1)


def _order(covariance: Floats) -> tuple[NDArray[np.int64], Floats]:
    """The inputs of a group, the strongest first, and how each makes up for those before."""
    variance = np.diagonal(covariance)
    damped = covariance + (DAMPING * variance.mean() + 1e-12) * np.eye(len(covariance))
    order = np.argsort(-variance, kind="stable")
    inverse = np.linalg.inv(damped[np.ix_(order, order)])
    return order, np.linalg.cholesky((inverse + inverse.T) / 2).T


def _least(wanted: Floats, order: NDArray[np.int64], upper: Floats) -> Floats:
    """One group's whole weights: block by block, so that most of the work is a product."""
    left = wanted[:, order]
    whole = np.empty_like(left)
    for first in range(0, len(order), BLOCK):
        last = min(first + BLOCK, len(order))
        errors = np.empty((len(left), last - first))
        for place in range(first, last):
            whole[:, place] = np.clip(np.rint(left[:, place]), -WEIGHT_MAX, WEIGHT_MAX)
            error = (left[:, place] - whole[:, place]) / upper[place, place]
            left[:, place + 1 : last] -= error[:, None] * upper[place, place + 1 : last]
            errors[:, place - first] = error
        left[:, last:] -= errors @ upper[first:last, last:]
    found = np.empty_like(whole)
    found[:, order] = whole
    return found
