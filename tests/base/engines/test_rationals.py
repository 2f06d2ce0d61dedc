"""In exact arithmetic both weightings give the same spikes, for every wait (Sec. II-B, III-B2).

Small networks in fractions, run by the phase loops of the reference engine.
"""

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest

from onespike_lava.engines.reference import fire, integrate


def draw(rng, shape, parts=7):
    numbers = rng.integers(-12, 13, shape)
    return np.vectorize(lambda n: Fraction(int(n), parts), otypes=[object])(numbers)


def binary_spikes(values, bits):
    """Unary spikes of each phase `1..bits`, for integers below `2**bits`."""
    return [(values >> (bits - phase)) & 1 for phase in range(1, bits + 1)]


def one_layer(spikes, weight, bias, lam, source_base, base, phases, wait, weighting, steps):
    """Codes of one layer; `spikes` holds one 0/1 array per source phase."""
    theta = (1 + 1 / base) / 2
    arriving = []
    for phase in range(1, phases + 1):
        sent = spikes[phase - 1] if phase <= len(spikes) else np.zeros_like(spikes[0])
        unit = source_base**-phase if weighting == "graded" else Fraction(1)
        arriving.append((weight @ sent.astype(object)) * unit)
    grow = (lambda v: v * source_base) if weighting == "membrane" else (lambda v: v)
    potentials = integrate(arriving, bias, grow, steps)
    thresholds = []
    for phase in range(1, phases + 1):
        grown = source_base ** min(wait + phase, steps) if weighting == "membrane" else 1
        thresholds.append(theta * lam * grown * base**-phase)
    return fire(potentials, thresholds, wait)


def chain(rng, phases, bits, wait, bases, weighting, weights):
    """Codes of all layers; each layer may send in a base of its own."""
    codes = []
    spikes = binary_spikes(rng.integers(0, 2**bits, 5), bits)
    source_base, steps = Fraction(2), bits
    for (weight, bias, lam), base in zip(weights, bases, strict=True):
        found = one_layer(
            spikes, weight, bias, lam, source_base, base, phases, wait, weighting, steps
        )
        codes.append(found)
        spikes = [(found == phase).astype(int) for phase in range(1, phases + 1)]
        source_base, steps = base, phases
    return codes


@pytest.mark.parametrize("seed", range(6))
def test_weightings_agree_spike_for_spike(seed):
    draws = np.random.default_rng(seed)
    phases, bits = int(draws.integers(3, 8)), 3
    sizes = [5, 6, 6, 4]
    weights = [
        (draw(draws, (out, into)), draw(draws, out, 20), Fraction(int(draws.integers(4, 12)), 3))
        for into, out in pairwise(sizes)
    ]
    bases = [Fraction(int(n), 10) for n in draws.integers(12, 20, 3)]
    fired = 0
    for wait in range(phases + 1):
        graded, membrane = (
            chain(np.random.default_rng(seed), phases, bits, wait, bases, weighting, weights)
            for weighting in ("graded", "membrane")
        )
        for one, two in zip(graded, membrane, strict=True):
            assert (one == two).all()
            fired += np.count_nonzero(one)
    assert fired > 20


def test_a_wrong_growth_is_found():
    """The comparison above can fail: growth for one step too few gives other spikes."""
    draws = np.random.default_rng(0)
    weights = [(draw(draws, (20, 5)), draw(draws, 20, 20), Fraction(2))]
    spikes = binary_spikes(np.random.default_rng(1).integers(0, 8, 5), 3)
    base = Fraction(13, 10)
    graded, wrong = (
        one_layer(spikes, *weights[0], Fraction(2), base, 6, 6, weighting, steps)
        for weighting, steps in (("graded", 3), ("membrane", 2))
    )
    assert (graded != wrong).any()
