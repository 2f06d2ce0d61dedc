"""The single-spike phase code in numbers (Sec. III, Eq. 3 to 5).

A value `a` in units of its normalisation constant is sent as one spike at the first phase
`k` in `1..T` whose threshold it reaches; the phase stands for the level `Q**-k`. Equations
and sections are those of Hwang and Kung (2024), arXiv:2403.08786.
"""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import OptionError
from onespike_lava.limits import PAYLOAD_BITS_MAX, PHASES_MAX

BASES = np.arange(101, 201) / 100.0
"""Grid of bases that `best_base` searches."""


def levels(phases: int, base: float) -> NDArray[np.float64]:
    """Level of each phase, `Q**-k` for `k = 1..phases`, as float64[phases] (Sec. III-A)."""
    check_code(phases, base)
    return base ** -np.arange(1, phases + 1, dtype=np.float64)


def thresholds(phases: int, base: float, *, shift: bool = True) -> NDArray[np.float64]:
    """Threshold of each phase, float64[phases]: `(1 + 1/Q)/2 * Q**-k`, or `Q**-k` unshifted.

    Sec. III-B1: the shifted threshold is the midpoint of a level and the next, so that the
    code rounds (Eq. 4) where the unshifted one floors (Eq. 3).
    """
    theta = (1 + 1 / base) / 2 if shift else 1.0
    return theta * levels(phases, base)


def encode(
    values: NDArray[np.float64],
    phases: int,
    base: float,
    *,
    shift: bool = True,
    max_spikes: int = 1,
) -> NDArray[np.float64]:
    """Values as the code carries them, same shape: a level, or 0 below the last threshold.

    `values` are in units of the normalisation constant (Eq. 3 and 4). Of several spikes, the
    sum of their levels.
    """
    limits = thresholds(phases, base, shift=shift)
    return decoded(values, levels(phases, base), limits, max_spikes)


def decoded(
    values: NDArray[np.float64],
    levels: NDArray[np.float64],
    thresholds: NDArray[np.float64],
    max_spikes: int = 1,
) -> NDArray[np.float64]:
    """What the spikes of neurons whose potentials are `values` are worth; any shape.

    The level of the first threshold reached, 0 below all. A neuron with more than one spike
    left fires at a level itself and its potential falls by that (soft reset).
    """
    if max_spikes == 1:
        rising = np.concatenate([[0.0], levels[::-1]])
        found: NDArray[np.float64] = rising[np.searchsorted(thresholds[::-1], values, "right")]
        return found
    left = np.array(values, np.float64)
    sent = np.zeros(left.shape, np.uint8)
    for level, threshold in zip(levels, thresholds, strict=True):
        limit = np.where(sent < max_spikes - 1, level, threshold)
        spikes = (sent < max_spikes) & (left >= limit)
        left -= spikes * level
        sent += spikes
    return values - left


def payload_table(phases: int, base: float, bits: int) -> NDArray[np.int32]:
    """Graded payloads `P[1..T+1] = round_half_even(2**bits * Q**-k)` as int32[phases + 1].

    The last entry serves only the last shifted threshold. Raises `OptionError` if one of
    `P[1..T]` is 0 (Lava takes a zero payload for silence).
    """
    check_code(phases, base)
    if not 1 <= bits <= PAYLOAD_BITS_MAX:
        raise OptionError(
            f"payload bits: {bits} is outside 1..{PAYLOAD_BITS_MAX}; 8 is the default"
        )
    exact = base ** -np.arange(1, phases + 2, dtype=np.float64)
    table: NDArray[np.int32] = np.rint(2.0**bits * exact).astype(np.int32)
    if table[-2] == 0:
        most = int(np.count_nonzero(table[:-1]))
        more = [b for b in range(bits, PAYLOAD_BITS_MAX + 1) if np.rint(2.0**b * exact[-2]) > 0]
        ways = [f"at most {most} phases"] if most else []
        ways += ["a smaller base"] + [f"at least {b} payload bits" for b in more[:1]]
        raise OptionError(
            f"payload table: phase {most + 1} of {phases} rounds to 0 with base {base:g} and "
            f"{bits} payload bits; use {' or '.join(ways)}"
        )
    return table


def threshold_table(payloads: NDArray[np.int32], *, shift: bool = True) -> NDArray[np.int32]:
    """Per-phase factor of graded thresholds, int32[T], from `P[1..T+1]`.

    `P[k] + P[k+1]` (twice the midpoint of neighbouring levels), unshifted `2 P[k]`.
    """
    return payloads[:-1] + payloads[1:] if shift else 2 * payloads[:-1]


def mape(
    phases: int,
    base: float,
    *,
    shift: bool = True,
    mean: float = 0.25,
    deviation: float = 0.25,
    max_spikes: int = 1,
) -> float:
    """Mean absolute percentage error of the code on Gaussian activations (Eq. 5), as a fraction.

    Activations follow a Gaussian of the given mean and standard deviation, cut to (0, 1).
    """
    values = (np.arange(20_000) + 0.5) / 20_000
    density = np.exp(-0.5 * ((values - mean) / deviation) ** 2)
    coded = encode(values, phases, base, shift=shift, max_spikes=max_spikes)
    error = np.abs(values - coded) / values
    return float((error * density).sum() / density.sum())


@cache
def best_base(phases: int, *, bits: int = 8, shift: bool = True, max_spikes: int = 1) -> float:
    """Base in 1.01..2.00 of the smallest `mape` whose payload table has no zero (Eq. 5).

    1.30 for 16 phases and 1.21 for 24, the paper's 1.3 and 1.2 (Sec. IV-B2). The error is
    that of the real levels: rounding them to payloads makes it jagged near its minimum
    (1.29 and 1.22 by a hair at 8 bits).
    """
    errors = {}
    for base in BASES:
        try:
            payload_table(phases, float(base), bits)
        except OptionError:
            continue
        errors[float(base)] = mape(phases, float(base), shift=shift, max_spikes=max_spikes)
    return min(errors, key=errors.__getitem__)


def check_code(phases: int, base: float) -> None:
    """Raise `OptionError` unless `1 <= phases <= PHASES_MAX` and `1 < base <= 2`."""
    if not 1 <= phases <= PHASES_MAX:
        raise OptionError(f"phases: {phases} is outside 1..{PHASES_MAX}; 16 is the default")
    if not 1.0 < base <= 2.0:
        raise OptionError(f"base: {base:g} is outside (1, 2]; let it be chosen with 'auto'")
