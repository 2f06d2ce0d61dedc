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

DAMPING = 1e-2
"""Share of the inputs' mean variance that is added to each of them."""


def rounded(part: Linear, rows: Floats, scale: Floats) -> Floats:
    """Whole weights float64[O, K] that times `scale` float64[O] stand for `rows` float64[O, K]."""
    wanted = rows / scale[:, None]
    if part.moments is None:
        return np.rint(wanted)
    unit = part.per_weight(part.source.unit)
    covariance = part.moments.covariance / (unit[:, :, None] * unit[:, None])
    groups = wanted.reshape(part.groups, -1, wanted.shape[1])
    found = [_least(each, square) for each, square in zip(groups, covariance, strict=True)]
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


def _least(wanted: Floats, covariance: Floats) -> Floats:
    """One group's whole weights, those of the strongest inputs first."""
    size = len(covariance)
    variance = np.diagonal(covariance)
    damped = covariance + (DAMPING * variance.mean() + 1e-12) * np.eye(size)
    order = np.argsort(-variance, kind="stable")
    inverse = np.linalg.inv(damped[np.ix_(order, order)])
    upper = np.linalg.cholesky((inverse + inverse.T) / 2).T
    left = wanted[:, order]
    whole = np.empty_like(left)
    for place in range(size):
        whole[:, place] = np.clip(np.rint(left[:, place]), -WEIGHT_MAX, WEIGHT_MAX)
        error = (left[:, place] - whole[:, place]) / upper[place, place]
        left[:, place + 1 :] -= error[:, None] * upper[place, place + 1 :]
    found = np.empty_like(whole)
    found[:, order] = whole
    return found
