"""The phase code of each layer in real numbers: normalisation constants and levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.histograms import SILENT, Histogram
from exporters.recipe import Recipe
from onespike_lava import coding
from onespike_lava.limits import PAYLOAD_MAX

Floats = NDArray[np.float64]

SCALES = np.arange(30, 151) / 100.0
"""Shares of the maximum that least squared error chooses a constant from."""

ROUNDS = 4
"""How often constants and levels are fitted to each other in turn."""


@dataclass(frozen=True)
class Code:
    """What one layer's spikes stand for.

    constant : float64[C], `lambda` of each channel (Eq. 2)
    levels   : float64[T + 1], what a spike of phase `k` is worth in units of `lambda`; the
               last entry serves only the last shifted threshold
    shift    : thresholds at the midpoints of neighbouring levels (Sec. III-B1)
    base     : `Q` of the code, or what fitted levels started from
    max_spikes : spikes that a neuron may send in a sample (soft reset)
    limits   : float64[T], thresholds that are no midpoints, of neurons that share a value
    """

    constant: Floats
    levels: Floats
    shift: bool
    base: float
    max_spikes: int = 1
    limits: Floats | None = None

    @classmethod
    def of_base(cls, constant: Floats, recipe: Recipe, layer: str) -> Code:
        """The paper's code: levels `Q**-k`, of a layer that may have a base of its own."""
        base = recipe.base_of(layer)
        levels = base ** -np.arange(1, recipe.phases + 2, dtype=np.float64)
        return cls(constant, levels, recipe.shift, base, recipe.max_spikes_of(layer))

    @property
    def thresholds(self) -> Floats:
        """Threshold of each phase in units of `lambda`, float64[T]."""
        if self.limits is not None:
            return self.limits
        return (self.levels[:-1] + self.levels[1:]) / 2 if self.shift else self.levels[:-1]

    def apply(self, values: NDArray[Any]) -> Floats:
        """Values [N, C, ...] as the code carries them, same shape, float64 (Eq. 3 and 4)."""
        unit = self._along(values)
        return unit * self.decoded(values / unit)

    def decoded(self, values: NDArray[Any]) -> Floats:
        """Values of any shape, in units of `lambda`, as the code carries them."""
        levels = self.levels[:-1]
        return coding.decoded(values, levels, self.thresholds, self.max_spikes)

    @property
    def is_ranked(self) -> bool:
        """Whether a value is one of the levels, or silence: not of several spikes."""
        return self.max_spikes == 1

    def ranks(self, values: NDArray[np.float32]) -> NDArray[np.uint8]:
        """Ranks uint8 of values [N, C, ...]: how many thresholds each reaches.

        Compared in float32, exactly: of a threshold counts the next float32 that is not below it.
        """
        limits = self._along(values) * self.thresholds[::-1].reshape(-1, *[1] * values.ndim)
        with np.errstate(over="ignore"):  # no value reaches infinity
            single = limits.astype(np.float32)
        single = np.where(single < limits, np.nextafter(single, np.float32(np.inf)), single)
        found = np.zeros(values.shape, np.uint8)
        for limit in single:
            found += values >= limit
        return found

    def of_ranks(self, ranks: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Values [N, C, ...] that ranks stand for."""
        rising = np.concatenate([[0.0], self.levels[-2::-1]])
        unit = np.broadcast_to(np.maximum(self.constant, SILENT), ranks.shape[1:2])
        with np.errstate(over="ignore"):  # running the network tells
            table = (unit[:, None] * rising).astype(np.float32)
        found = np.empty(ranks.shape, np.float32)
        for channel, values in enumerate(table):
            found[:, channel] = np.take(values, ranks[:, channel])
        return found

    def _along(self, values: NDArray[Any]) -> Floats:
        """Constants along the channels of values [N, C, ...]."""
        unit: Floats = np.maximum(self.constant, SILENT)
        return unit.reshape(-1, *[1] * (values.ndim - 2))

    def payloads(self, bits: int) -> NDArray[np.int32]:
        """Integer payloads `P[1..T+1]`, int32[T + 1]; `P[1..T]` in 1..255."""
        table = np.minimum(np.rint(2.0**bits * self.levels), PAYLOAD_MAX)
        table[:-1] = np.maximum(table[:-1], 1)
        return table.astype(np.int32)

    def half(self, place: int) -> Code:
        """The code of one of two neurons whose mean carries what this code of `2 T` levels does.

        place : 0 or 1

        Each has every other threshold, and steps there by twice what the levels do, so that the
        mean of both is the level that the thresholds reached stand for.
        """
        levels, limits = self.levels[-2::-1], self.thresholds[::-1]  # rising
        steps = 2 * np.diff(levels, prepend=0.0)[place::2]
        mine = np.append(np.cumsum(steps)[::-1], 0.0)
        unit = mine[0] * (PAYLOAD_MAX + 1) / PAYLOAD_MAX
        return replace(
            self,
            constant=self.constant * unit,
            levels=mine / unit,
            limits=limits[place::2][::-1] / unit,
        )


def choose(
    histograms: Mapping[str, Histogram], layers: Mapping[str, str], recipe: Recipe
) -> dict[str, Code]:
    """One code per spiking node, from what its activations were on the calibration data.

    layers : spiking node -> name of its layer
    """
    return {name: chosen(found, layers[name], recipe) for name, found in histograms.items()}


def chosen(found: Histogram, layer: str, recipe: Recipe, place: int | None = None) -> Code:
    """The code of one layer.

    place : of its neurons where two carry a value, 0 or 1
    """
    code = Code.of_base(found.maxima, recipe, layer)
    if place is not None:
        steps = np.arange(2, 2 * recipe.phases + 3, dtype=np.float64) / 2
        code = replace(code, levels=code.base**-steps)
    if recipe.normalisation.startswith("p"):
        code = replace(code, constant=found.percentile(float(recipe.normalisation[1:])))
    fit_levels = recipe.levels == "data" and code.max_spikes == 1
    if fit_levels:
        code = replace(code, levels=fitted_levels(found, code))
    for _ in range(ROUNDS if recipe.normalisation == "mse" else 0):
        code = replace(code, constant=fitted_constants(found, code))
        if fit_levels:
            code = replace(code, levels=fitted_levels(found, code))
    if found.clip is not None:  # the top code must not exceed a clipped ReLU's top
        code = replace(code, constant=np.minimum(code.constant, found.clip / code.levels[0]))
    code = replace(code, constant=found.spread(code.constant))
    return code if place is None else code.half(place)


def fitted_levels(found: Histogram, code: Code) -> Floats:
    """Levels of least squared error over a layer (Lloyd 1982), float64[T + 1], the last one 0.

    Thresholds stay at the midpoints; an error counts in the network's own values, so channels
    weigh by the square of their constants. The levels of `code` are the start; one that
    nothing is near keeps its place.
    """
    values, weights = found.pooled(code.constant)
    if not weights.any():
        return code.levels
    mass = np.concatenate([[0.0], np.cumsum(weights)])
    moment = np.concatenate([[0.0], np.cumsum(weights * values)])
    levels = code.levels[-2::-1]  # rising
    for _ in range(100):
        edges = np.concatenate([[0.0], levels])
        places = np.searchsorted(values, (edges[1:] + edges[:-1]) / 2)
        places = np.append(places, len(values))
        share = np.diff(mass[places])
        means = np.diff(moment[places]) / np.maximum(share, 1e-300)
        moved = np.where(share > 0, means, levels)
        if np.allclose(moved, levels, rtol=1e-6, atol=0):
            break
        levels = moved
    return np.append(levels[::-1], 0.0)


def fitted_constants(found: Histogram, code: Code) -> Floats:
    """Constants of least squared error per channel, float64[C], for given levels."""
    shares = SCALES[:, None]
    coded = shares * code.decoded(found.centres / shares)
    errors = found.counts @ ((coded - found.centres) ** 2).T
    best: Floats = found.maxima * SCALES[errors.argmin(axis=1)]
    return np.where(found.counts.any(axis=1), best, found.maxima)
