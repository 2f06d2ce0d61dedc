"""Identities of timed neurons, in exact arithmetic."""

from fractions import Fraction

import numpy as np
import pytest

from onespike_lava.layers import (
    Reset,
    Threshold,
)
from onespike_lava.neurons import kept
from tests.lone import ints, neuron, spikes


@pytest.mark.parametrize("kind", ["zero", "subtract"])
@pytest.mark.parametrize(("rounding", "strict"), [("floor", 0), ("ceil", 1)])
@pytest.mark.parametrize("shift", [1, 2])
def test_a_leak_by_a_power_of_two_is_exact(kind, rounding, strict, shift):
    """Sources that fire at `>=` round down, those that fire at `>` up: no fraction bits needed."""
    rng = np.random.default_rng(shift)
    phases, theta = 12, 5
    currents = rng.integers(-4, 7, (phases, 4000))
    keep = 4096 >> shift if shift == 1 else 4096 - (4096 >> shift) * 3
    limit = Threshold(ints(theta + strict))
    options = {"keep_v": ints(keep), "threshold": limit, "reset": Reset(kind, *reset_of(kind))}
    found = spikes(neuron(phases, rounding=rounding, **options), currents)
    exact = in_fractions(currents[:, :400], Fraction(keep, 4096), theta, kind, bool(strict))
    assert (found[:, :400] == exact).all()
    other = "ceil" if rounding == "floor" else "floor"
    wrong = spikes(neuron(phases, rounding=other, **options), currents)
    assert (wrong != found).mean() > 0.005  # ties are many on this grid


def reset_of(kind):
    return (ints(5),) if kind == "subtract" else ()


def in_fractions(currents, keep, theta, kind, strict):
    """Spikes of exact real arithmetic."""
    v = np.zeros(currents.shape[1], object) + Fraction(0)
    sent = []
    for arriving in currents:
        v = v * keep + arriving.astype(object)
        fires = (v > theta) if strict else (v >= theta)
        v = np.where(fires, Fraction(0) if kind == "zero" else v - theta, v)
        sent.append(fires)
    return np.stack(sent).astype(np.int64)


def test_a_leak_of_three_quarters_is_exact_with_fraction_bits():
    rng = np.random.default_rng(0)
    currents = rng.integers(-4, 7, (4, 500))
    limit = Threshold(ints(5 << 6))
    options = {"keep_v": ints(3072), "threshold": limit, "reset": Reset("zero")}
    found = spikes(neuron(4, fraction_bits=6, **options), currents)
    assert (found == in_fractions(currents, Fraction(3, 4), 5, "zero", False)).all()


def test_the_pure_functions_take_fractions():
    """`kept` instead of a rounding: the same steps in exact numbers."""
    rng = np.random.default_rng(1)
    currents = rng.integers(-4, 7, (8, 200))
    options = {"threshold": Threshold(ints(5)), "reset": Reset("zero"), "keep_v": ints(1000)}
    exact = neuron(8, decay=lambda x, keep: kept(x, keep.astype(object) * Fraction(1)), **options)
    found = spikes(exact, currents.astype(object) * Fraction(1))
    expected = in_fractions(currents, Fraction(1000, 4096), 5, "zero", False)
    assert (found == expected).all()


@pytest.mark.parametrize("half", [0, 1])
def test_spike_counts_of_integrators_are_quantised_drives(half):
    """clip(floor(T z / theta), 0, T); a bias of half a threshold rounds instead."""
    phases, theta = 8, 10
    z = np.arange(-30, 60)
    one = neuron(
        phases,
        bias=ints(half * theta // 2),
        threshold=Threshold(ints(theta)),
        reset=Reset("subtract"),
    )
    counts = spikes(one, np.broadcast_to(z, (phases, len(z)))).sum(axis=0)
    assert (counts == np.clip((phases * z + half * theta // 2) // theta, 0, phases)).all()


def test_counts_of_one_step_are_those_of_many():
    """With enough counts a step, all that fits is sent: floor of the sum so far."""
    rng = np.random.default_rng(0)
    currents = rng.integers(0, 25, (6, 300))
    limit = Threshold(ints(7))
    found = spikes(neuron(6, count=255, threshold=limit, reset=Reset("subtract")), currents)
    assert (found.cumsum(axis=0) == currents.cumsum(axis=0) // 7).all()


def test_a_halving_leak_is_a_table_of_payloads():
    """Leak 1/2, reset to zero = no leak, input and threshold times 2^(t - 1)."""
    rng = np.random.default_rng(2)
    phases = 8
    currents = rng.integers(-4, 7, (phases, 500))
    powers = 2 ** np.arange(phases)
    leaky = neuron(
        phases, keep_v=ints(2048), threshold=Threshold(ints(5)), reset=Reset("zero"),
        decay=lambda x, keep: kept(x, keep.astype(object) * Fraction(1)),
    )  # fmt: skip
    table = Threshold(ints(5), powers.astype(np.int32))
    grown = neuron(phases, threshold=table, reset=Reset("zero"))
    expected = spikes(leaky, currents.astype(object) * Fraction(1))
    assert (spikes(grown, currents * powers[:, None]) == expected).all()


def test_subtracting_at_the_next_step_is_subtracting_at_once():
    """Taken off one step later and undecayed, it is theta / beta taken off at once."""
    rng = np.random.default_rng(3)
    currents, theta, beta = rng.integers(-4, 7, (10, 400)), 6, Fraction(1, 2)
    v, fired, late = np.zeros(400, object) + Fraction(0), np.zeros(400, bool), []
    for arriving in currents:
        v = v * beta + arriving.astype(object) - theta * fired.astype(int)
        fired = v > theta
        late.append(fired)
    once = neuron(
        10,
        keep_v=ints(2048),
        rounding="ceil",
        threshold=Threshold(ints(theta + 1)),
        reset=Reset("subtract", ints(2 * theta)),
    )
    assert (spikes(once, currents) == np.stack(late)).all()


def test_one_step_merges_threshold_and_bias():
    currents = np.arange(-20, 20)[None]
    found = spikes(neuron(1, bias=ints(7), threshold=Threshold(ints(10))), currents)
    assert (found == spikes(neuron(1, threshold=Threshold(ints(3))), currents)).all()
