"""Real weights as int8: those that are whole multiples of one number already, exactly."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from exporters.nir.foreign.maps import TAKEN
from onespike_lava.errors import UnsupportedError

Floats = NDArray[np.float64]
Weights = tuple[list[NDArray[np.int8]], Floats]

Quantiser = Callable[[str, Sequence[Floats], bool], Weights]
"""From the name of a layer, the weights [O, ...] of its synapses, and whether all channels have
one unit, to int8 weights and the unit of each channel, float64[O]: `weight ~ int8 * unit`."""

DIGITS = 53
"""Binary digits of a float64."""

LEAST, MOST = -128, 127

FIRST = 16
"""Weights on which every unit is tried before the others are looked at."""


def exact(name: str, weights: Sequence[Floats], alike: bool) -> Weights:
    """The weights as they are: int8 times a power of two, or times any unit in float32.

    Raises `UnsupportedError` where the weights of a channel have no such unit.
    """
    channels = len(weights[0])
    rows = np.concatenate([each.reshape(channels, -1) for each in weights], axis=1)
    groups = rows.reshape(1, -1) if alike else rows
    units = np.array([_unit(row) for row in groups])
    for channel in np.flatnonzero(np.isnan(units)):
        whose = "its outputs" if alike else f"channel {channel}"
        some = ", ".join(f"{each:g}" for each in groups[channel][:3])
        raise UnsupportedError(
            f"{name}: the weights of {whose} are no int8 multiples of one number ({some}, ...); "
            "round them with int8=True (--int8), or export the source network with onespike export"
        )
    common = units[units > 0].min(initial=np.inf)  # of channels without weights that of others
    units = np.where(units > 0, units, 1.0 if np.isinf(common) else common)
    units = np.broadcast_to(units, channels).copy()
    shaped = [units.reshape(-1, *[1] * (each.ndim - 1)) for each in weights]
    found = [np.rint(each / unit) for each, unit in zip(weights, shaped, strict=True)]
    return [each.astype(np.int8) for each in found], units


def _unit(row: Floats) -> float:
    """The largest number of which all are int8 multiples; NaN for none, 0 of zeros alone."""
    values = row[row != 0]
    if not values.size:
        return 0.0
    if not np.isfinite(values).all():  # composed of what float64 does not hold
        return float("nan")
    binary = float(np.exp2(_lowest_digits(values).min()))
    if LEAST * binary <= values.min() and values.max() <= MOST * binary:
        return binary
    largest = np.abs(values).max()
    for unit in largest / np.arange(1, MOST + 1):
        if _fits(values[:FIRST], unit) and _fits(values, unit):
            return float(unit)
    return float("nan")


def _fits(values: Floats, unit: float) -> bool:
    scaled = values / unit
    near = np.rint(scaled)
    return bool((np.abs(scaled - near) <= 2 * TAKEN * np.abs(near)).all())


def _lowest_digits(values: Floats) -> Floats:
    """The exponent of the lowest binary digit of each number, none of which is 0."""
    mantissa, exponent = np.frexp(values)
    whole = (mantissa * 2.0**DIGITS).astype(np.int64)
    return np.log2((whole & -whole).astype(np.float64)) + exponent - DIGITS
