"""Neurons of one layer in Lava's numbers: one Process for each threshold and leak.

Lava adds what arrives shifted by 6 bits and compares with `vth << 6`. Without leak all states may
stand in any unit: that of the file times `unit`, by `shift` more bits in the synapses. Leaks are
rounded towards 0 with 6 fraction bits, so that there the unit is 1.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Timed, TimedReadout, per_neuron
from onespike_lava.layers.timed import ONE
from onespike_lava.loihi.limits import LOIHI2

ALIGNMENT = int(LOIHI2["lif_fraction_bits"].number)
"""Bits by which Lava's neurons shift what arrives and what it is compared with."""

HIGHEST = (1 << int(LOIHI2["lif_threshold_bits"].number)) - 1
"""The largest threshold of a Process."""

Whole = NDArray[np.int64]
Neurons = Timed | TimedReadout


@dataclass(frozen=True)
class Population:
    """Neurons of a layer that one Process of Lava holds.

    at : their positions in the layer, flat
    keep_u, keep_v : of their leak; threshold: of their Process, in units of 64
    """

    at: Whole
    keep_u: int
    keep_v: int
    threshold: int


@dataclass(frozen=True)
class Composition:
    """A layer with neurons in stock processes.

    subtracts : ATRLIF, else LIFReset
    unit, shift : states are those of the file times `unit`, synapses shift by so many bits more
    populations : one for each leak and threshold
    initial   : int64[neurons], states at the start of a sample, None where Lava's reset does
    drive     : int64[neurons], added in every step
    """

    subtracts: bool
    unit: int
    shift: int
    populations: tuple[Population, ...]
    initial: Whole | None
    drive: Whole


def exponents(drive: Whole, most: int = int(LOIHI2["bias_exponent"].number)) -> Whole:
    """Shifts of a drive, the largest up to `most` that lose nothing, which leave a mantissa."""
    return np.sum([drive % (1 << bits) == 0 for bits in range(1, most + 1)], axis=0)


def rounds(layer: Neurons) -> bool:
    """Whether anything is rounded: a leak that is neither nothing nor all."""
    parts = layer.integration
    return bool(parts.keep_u.any() or ((parts.keep_v != 0) & (parts.keep_v != ONE)).any())


def flat(layer: Neurons, values: NDArray[np.int32]) -> Whole:
    """Values of a part, of all neurons in a row."""
    return per_neuron(values, layer.shape).reshape(-1).astype(np.int64)


def limits_of(layer: Neurons) -> Whole:
    """Thresholds of all neurons."""
    assert layer.threshold is not None
    return flat(layer, layer.threshold.base) * int(layer.threshold.table[0])


def amounts(layer: Neurons) -> Whole:
    """What a spike takes off."""
    reset = layer.reset
    assert layer.threshold is not None
    base = layer.threshold.base if reset.base is None else reset.base
    table = layer.threshold.table if reset.table is None else reset.table
    return flat(layer, base) * int(table[0])


def unit_of(layer: Neurons, shift: int) -> int:
    """What one of the file's units is in Lava."""
    return 1 << (ALIGNMENT + shift - layer.integration.fraction_bits)


def shift_of(layer: Neurons) -> int | None:
    """Bits more that synapses shift, so that thresholds lie on Lava's; None where none does."""
    bits = layer.integration.fraction_bits
    least = max(0, bits - ALIGNMENT)
    for shift in (least,) if rounds(layer) else range(least, bits + 2):
        unit = unit_of(layer, shift)
        if layer.threshold is None:
            return shift
        if layer.reset.kind == "subtract":
            fits = amounts(layer) * unit % (2 << ALIGNMENT) == 0
        else:
            limit = limits_of(layer) * unit
            fits = (limit - 1) >> ALIGNMENT << ALIGNMENT >= limit - unit
        if fits.all():
            return shift
    return None


def populated(layer: Neurons) -> Composition:
    """The composition of a layer whose `shift_of` is not None."""
    shift = shift_of(layer)
    assert shift is not None
    unit, parts = unit_of(layer, shift), layer.integration
    subtracts = layer.threshold is not None and layer.reset.kind == "subtract"
    initial = flat(layer, parts.bias) * unit
    if layer.threshold is None:
        levels = np.full(prod(layer.shape), HIGHEST)  # never reached
    elif subtracts:
        levels = amounts(layer) * unit >> (ALIGNMENT + 1)
        initial = initial + (levels << ALIGNMENT) - limits_of(layer) * unit
    else:
        levels = (limits_of(layer) * unit - 1) >> ALIGNMENT
    keeps = (flat(layer, parts.keep_u), flat(layer, parts.keep_v))
    initial = np.where(keeps[1] > 0, initial, 0)
    drive = 0 * initial if parts.drive is None else flat(layer, parts.drive) * unit
    kinds = np.stack([*keeps, levels], axis=1)
    rows, which = np.unique(kinds, axis=0, return_inverse=True)
    found = tuple(
        Population(np.flatnonzero(which.reshape(-1) == index), *row)
        for index, row in enumerate(rows.tolist())
    )
    anew = initial if subtracts or initial.any() else None
    return Composition(subtracts, unit, shift, found, anew, drive)
