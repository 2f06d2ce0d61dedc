"""Real weights as int8 and biases as int32, so that every potential stays within 24 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exporters.quantization.rounding import mean_lost, rounded
from exporters.quantization.sources import Linear, Source
from onespike_lava.layers import Growth
from onespike_lava.layers.codes import reach
from onespike_lava.limits import FRACTION_BITS, GROWTH_EXPONENT, STATE_LIMIT, WEIGHT_MAX
from onespike_lava.rules import rounding_of

Floats = NDArray[np.float64]

MARGIN = 2**15
"""Room for the rounding of biases and threshold bases."""


@dataclass(frozen=True)
class Fit:
    """Integers of one layer's linear part.

    weights : int8, one per linear map, in the shape of its weight
    bias    : int32[*shape], or int32[C] where all places of a channel are equal
    scale   : float64[C], one weight step times one unit of payload, in the network's values
    gain    : potential of one `scale` before any growth
    growth  : None in graded weighting
    lowered : channels whose weights lost resolution to the 24-bit bound
    """

    weights: tuple[NDArray[np.int8], ...]
    bias: NDArray[np.int32]
    scale: Floats
    gain: float
    growth: Growth | None
    lowered: int

    @property
    def unit(self) -> Floats:
        """Value of one unit of the final potential, float64[C]."""
        return self.scale / self.gain / (self.growth.base**self.growth.steps if self.growth else 1)


def fit(
    maps: Sequence[Linear],
    constant: Floats,
    threshold: Floats,
    *,
    weighting: str,
    one_scale: bool = False,
) -> Fit:
    """Integers for the sum of `maps` and `constant` float64[*shape].

    threshold : float64[C], the largest threshold in the network's values (0: none)
    one_scale : all channels share one scale (a readout, whose scores are compared)

    The scale is `max|w| / 127` (Eq. 2 with the source's constants in `w`), and larger where
    the 24-bit bound asks; membrane weighting first gives up fraction bits.
    """
    if weighting == "graded":
        return _fit(maps, constant, threshold, None, one_scale)
    for fraction in range(FRACTION_BITS, -1, -1):
        found = _fit(maps, constant, threshold, growth_of(maps[0].source, fraction), one_scale)
        if not found.lowered:
            break
    return found


def growth_of(source: Source, fraction_bits: int) -> Growth:
    """Growth of a potential fed by `source` in membrane weighting."""
    mantissa = round(source.base * 2**GROWTH_EXPONENT)
    return Growth(mantissa, GROWTH_EXPONENT, fraction_bits, source.steps)


def _fit(
    maps: Sequence[Linear],
    constant: Floats,
    threshold: Floats,
    growth: Growth | None,
    one_scale: bool,
) -> Fit:
    rows = [part.scaled() for part in maps]
    gain = 2.0 ** (growth.fraction_bits if growth else maps[0].source.bits)
    grown = growth.base**growth.steps if growth else 1.0
    sent = [reach(part.source.binary, part.source.payload, growth) for part in maps]
    largest = np.max([np.abs(row).max(axis=1) for row in rows], axis=0)
    bias = np.abs(constant).reshape(len(constant), -1).max(axis=1)
    largest = np.where(largest > 0, largest, bias)
    least = largest[largest > 0].min(initial=np.inf)  # of a channel of nothing, which is never seen
    start = np.where(largest > 0, largest, least if least < np.inf else WEIGHT_MAX) / WEIGHT_MAX
    start = np.full_like(start, start.max()) if one_scale else start
    scale = start
    for _ in range(100):
        steps = [rounded(part, row, scale) for part, row in zip(maps, rows, strict=True)]
        moved = constant.copy()
        for part, row, step in zip(maps, rows, steps, strict=True):
            moved += _along(mean_lost(part, row - step * scale[:, None]), constant)
        bias = np.abs(moved).reshape(len(moved), -1).max(axis=1)
        reached = _reached(steps, sent) + np.rint(bias * gain / scale) * grown
        reached = np.maximum(reached + rounding_of(growth), threshold * gain * grown / scale)
        excess = reached / (STATE_LIMIT - MARGIN)
        if (excess <= 1).all():
            break
        scale = scale * np.maximum(1.0, 1.0001 * (excess.max() if one_scale else excess))
    weights = tuple(
        step.reshape(part.weight.shape).astype(np.int8)
        for step, part in zip(steps, maps, strict=True)
    )
    integers = np.rint(moved * gain / _along(scale, constant)).astype(np.int32)
    return Fit(weights, _narrow(integers), scale, gain, growth, int((scale > start).sum()))


def _reached(steps: Sequence[Floats], sent: Sequence[float]) -> Floats:
    """Largest sum of either sign per channel."""
    positive, negative = np.zeros(len(steps[0])), np.zeros(len(steps[0]))
    for weights, most in zip(steps, sent, strict=True):
        positive += np.maximum(weights, 0).sum(axis=1) * most
        negative += np.maximum(-weights, 0).sum(axis=1) * most
    return np.maximum(positive, negative)


def _along(channels: Floats, values: Floats) -> Floats:
    return channels.reshape(-1, *[1] * (values.ndim - 1))


def _narrow(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """One value per channel where all its places agree."""
    flat = values.reshape(len(values), -1)
    return flat[:, 0].copy() if (flat == flat[:, :1]).all() else values
