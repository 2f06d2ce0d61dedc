"""What activations the calibration data give, in memory that does not grow with the data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.graph import Node
from onespike_lava.layers import Shape

Floats = NDArray[np.float64]

SILENT = 1e-200
"""Stands for the constant of a channel that is always 0: below every float32, and a divisor of
any of them."""

BINS = 4096
"""Bins of a histogram between 0 and a channel's maximum."""

PLACES = 256
"""At most so many places of a channel and sample enter a histogram."""


@dataclass(frozen=True)
class Histogram:
    """The activations of one spiking node, per channel or for the whole layer.

    maxima : float64[G], the largest activation of each group
    counts : float64[G, BINS] positive activations by their share of the maximum; all 0 where
             only maxima were asked for
    total  : activations counted per group, zeros included
    groups : channels of the layer, `C`; `G` is `C` or 1
    clip   : where a clipped ReLU ends, None for a plain one
    """

    maxima: Floats
    counts: Floats
    total: int
    groups: int
    clip: float | None = None

    @property
    def centres(self) -> Floats:
        """Middle of each bin as a share of the maximum, float64[BINS]."""
        return (np.arange(BINS) + 0.5) / BINS

    def spread(self, constants: Floats) -> Floats:
        """One constant per channel, float64[C]."""
        return np.broadcast_to(constants, (self.groups,)).copy()

    def percentile(self, percent: float) -> Floats:
        """The value that `percent` of the activations, zeros included, do not exceed."""
        above = np.cumsum(self.counts[:, ::-1], axis=1)[:, ::-1]
        allowed = (100.0 - percent) / 100.0 * self.total
        kept = np.count_nonzero(above > allowed, axis=1)
        return self.maxima * np.maximum(kept, 1) / BINS

    def pooled(self, constants: Floats) -> tuple[Floats, Floats]:
        """All channels together: rising values in units of `constants`, and their weights."""
        ratio = self.maxima / np.maximum(constants, SILENT)
        values = np.round(self.centres * ratio[:, None] * BINS).astype(np.int64)
        weights = self.counts * (constants**2)[:, None]
        summed = np.bincount(values.reshape(-1), weights.reshape(-1))
        places: Floats = np.arange(len(summed), dtype=np.float64) / BINS
        return places, summed.astype(np.float64)


class Counting:
    """The histogram of one spiking node, from its values part by part, seen twice.

    node, shape : what it is, and its values' shape
    by_channel  : one group per channel where there are channels, else one per layer
    """

    def __init__(self, node: Node, shape: Shape, by_channel: bool) -> None:
        self.groups, self.clip = shape[0], node.attrs.get("clip")
        self.maxima: Floats = np.zeros(shape[0] if by_channel and len(shape) == 3 else 1)
        self.counts: Floats = np.zeros((len(self.maxima), BINS))
        self.total = 0

    def largest(self, value: NDArray[Any]) -> None:
        """Take in the maxima of values [N, *shape]: first those of all."""
        found = grouped(value, len(self.maxima)).max(axis=(0, 2))
        self.maxima = np.maximum(self.maxima, found)

    def add(self, value: NDArray[Any]) -> None:
        """Count values [N, *shape]."""
        part = grouped(thinned(value), len(self.maxima))
        self.counts += in_bins(part, self.maxima)
        self.total += part.shape[0] * part.shape[2]

    def histogram(self) -> Histogram:
        """What was found; counts of 0 where nothing was counted."""
        return Histogram(self.maxima, self.counts, self.total, self.groups, self.clip)


def thinned(value: NDArray[Any]) -> NDArray[Any]:
    """Every so many-th row and column, so that a plane has at most `PLACES` places."""
    if value.ndim < 4:
        return value
    apart = int(np.ceil(np.sqrt(value.shape[2] * value.shape[3] / PLACES)))
    return value[:, :, ::apart, ::apart]


def grouped(value: NDArray[Any], groups: int) -> NDArray[Any]:
    """Values as [N, groups, places]."""
    return value.reshape(len(value), groups, -1)


def in_bins(values: NDArray[Any], maxima: Floats) -> Floats:
    """Histogram float64[G, BINS] of the positive values [N, G, places]."""
    share = values / np.maximum(maxima, SILENT)[:, None]
    bins = np.minimum((share * BINS).astype(np.int64), BINS - 1)
    bins += np.arange(len(maxima))[:, None] * BINS
    found = np.bincount(bins[values > 0], minlength=len(maxima) * BINS)
    return found.reshape(len(maxima), BINS).astype(np.float64)
