"""Real weights as int8 and biases as int32, so that every potential stays within 24 bits."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from exporters.quantization.rounding import Rounder, mean_lost
from exporters.quantization.sources import Linear, Source
from onespike_lava.layers import Growth
from onespike_lava.layers.codes import reach
from onespike_lava.limits import FRACTION_BITS, GROWTH_EXPONENT, STATE_LIMIT, WEIGHT_MAX
from onespike_lava.rules import rounding_of

Floats = NDArray[np.float64]

MARGIN = 2**15
"""Room for the rounding of biases and threshold bases."""

BLOCK_WEIGHTS = 2**22
"""Weights of a layer that are real numbers at a time."""


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
    gain = 2.0 ** (growth.fraction_bits if growth else maps[0].source.bits)
    grown = growth.base**growth.steps if growth else 1.0
    rounders = [Rounder(part) for part in maps]
    rows = _in_blocks(maps, len(constant))
    blocks = [_Block.of(maps, rounders, constant, each) for each in rows]
    largest = np.concatenate([block.largest() for block in blocks])
    least = largest[largest > 0].min(initial=np.inf)  # of a channel of nothing, which is never seen
    start = np.where(largest > 0, largest, least if least < np.inf else WEIGHT_MAX) / WEIGHT_MAX
    scale = start = np.full_like(start, start.max()) if one_scale else start
    for _ in range(100):
        for block in blocks:
            block.round(scale[block.rows])
        reached = np.concatenate([block.reached(growth) for block in blocks])
        bias = np.concatenate([block.bias for block in blocks])
        reached = reached + np.rint(bias * gain / scale) * grown
        reached = np.maximum(reached + rounding_of(growth), threshold * gain * grown / scale)
        excess = reached / (STATE_LIMIT - MARGIN)
        if (excess <= 1).all():
            break
        scale = scale * np.maximum(1.0, 1.0001 * (excess.max() if one_scale else excess))
    weights = tuple(
        np.concatenate([block.steps[number] for block in blocks]).reshape(part.weight.shape)
        for number, part in enumerate(maps)
    )
    moved = np.concatenate([block.moved for block in blocks])
    integers = np.rint(moved * gain / _along(scale, constant)).astype(np.int32)
    return Fit(weights, _narrow(integers), scale, gain, growth, int((scale > start).sum()))


def _in_blocks(maps: Sequence[Linear], outputs: int) -> list[slice]:
    """The rows of a layer in blocks that bound the memory of its weights in float64."""
    if any(part.groups > 1 for part in maps):
        return [slice(0, outputs)]
    size = max(1, BLOCK_WEIGHTS // sum(part.weight[0].size for part in maps))
    return [slice(first, min(first + size, outputs)) for first in range(0, outputs, size)]


@dataclass(eq=False)
class _Block:
    """Some rows of a layer, rounded anew for each scale.

    rows     : which
    constant : float64[rows, ...], their constant part
    steps    : int8[rows, K], the whole weights of each map
    moved    : the constant with what the weights' rounding moved on average
    """

    rows: slice
    maps: list[Linear]
    rounders: list[Rounder]
    constant: Floats
    steps: list[NDArray[np.int8]]
    moved: Floats
    scale: Floats | None = None

    @classmethod
    def of(
        cls, maps: Sequence[Linear], rounders: list[Rounder], constant: Floats, rows: slice
    ) -> _Block:
        """Nothing rounded yet."""
        mine = [replace(part, weight=part.weight[rows]) for part in maps]
        return cls(rows, mine, rounders, constant[rows], [], constant[rows])

    def largest(self) -> Floats:
        """Largest scaled weight of each row, of a row without any its constant."""
        largest = np.max([np.abs(part.scaled()).max(axis=1) for part in self.maps], axis=0)
        bias = np.abs(self.constant).reshape(len(self.constant), -1).max(axis=1)
        return np.where(largest > 0, largest, bias)

    def round(self, scale: Floats) -> None:
        """The integers for a scale float64[rows]."""
        if self.scale is not None and (scale == self.scale).all():
            return
        self.scale, self.steps, moved = scale, [], self.constant.copy()
        for part, rounder in zip(self.maps, self.rounders, strict=True):
            rows = part.scaled()
            step = rounder(rows, scale)
            if part.moments is not None:
                moved += _along(mean_lost(part, rows - step * scale[:, None]), self.constant)
            self.steps.append(step.astype(np.int8))
        self.moved = moved

    @property
    def bias(self) -> Floats:
        """Largest magnitude of each row's constant."""
        return np.asarray(np.abs(self.moved).reshape(len(self.moved), -1).max(axis=1))

    def reached(self, growth: Growth | None) -> Floats:
        """Largest sum of either sign per row."""
        positive, negative = np.zeros(len(self.moved)), np.zeros(len(self.moved))
        for weights, part in zip(self.steps, self.maps, strict=True):
            most = reach(part.source.binary, part.source.payload, growth)
            positive += np.maximum(weights, 0).sum(axis=1, dtype=np.int64) * most
            negative -= np.minimum(weights, 0).sum(axis=1, dtype=np.int64) * most
        return np.maximum(positive, negative)


def _along(channels: Floats, values: Floats) -> Floats:
    return channels.reshape(-1, *[1] * (values.ndim - 1))


def _narrow(values: NDArray[np.int32]) -> NDArray[np.int32]:
    """One value per channel where all its places agree."""
    flat = values.reshape(len(values), -1)
    return flat[:, 0].copy() if (flat == flat[:, :1]).all() else values
