"""Real weights as int8: those that lie on a grid of binary fractions, exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import UnsupportedError

Floats = NDArray[np.float64]
Weights = tuple[list[NDArray[np.int8]], Floats]

Quantiser = Callable[[str, Sequence[Floats], bool], Weights]
"""From the name of a layer, the weights [O, ...] of its synapses, and whether all channels have
one unit, to int8 weights and the unit of each channel, float64[O]: `weight ~ int8 * unit`."""

DIGITS = 53
"""Binary digits of a float64."""


def exact(name: str, weights: Sequence[Floats], alike: bool) -> Weights:
    """The weights as they are; `UnsupportedError` where they are no int8 multiples of a 2**n."""
    channels = len(weights[0])
    rows = np.concatenate([each.reshape(channels, -1) for each in weights], axis=1)
    lowest = np.where(rows == 0, np.inf, _lowest_digit(rows)).min(axis=1, initial=np.inf)
    common = lowest.min()
    units = np.full(channels, common) if alike else np.where(np.isinf(lowest), common, lowest)
    units = np.exp2(np.where(np.isinf(units), 0, units))
    found = [each / units.reshape(-1, *[1] * (each.ndim - 1)) for each in weights]
    for each in found:
        if each.size and not -128 <= each.min() <= each.max() <= 127:
            worst = int(np.abs(each).reshape(channels, -1).max(axis=1).argmax())
            raise UnsupportedError(
                f"{name}: the weights of channel {worst} are up to {np.abs(each).max():g} times "
                f"their grid of 2**{int(np.log2(units[worst]))}, int8 reaches 127; round them to "
                "such a grid, or export the source network with onespike export"
            )
    return [each.astype(np.int8) for each in found], units


def _lowest_digit(values: Floats) -> Floats:
    """The exponent of the lowest binary digit of each number; of 0 any."""
    mantissa, exponent = np.frexp(values)
    whole = (mantissa * 2.0**DIGITS).astype(np.int64)
    lowest = np.maximum(whole & -whole, 1)
    return np.log2(lowest.astype(np.float64)) + exponent - DIGITS
