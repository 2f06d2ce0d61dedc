"""The time-stepped neuron in integers and fractions, against the reference's loops."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from onespike_lava import neurons as dynamics
from onespike_lava.engines.reference import fire, integrate
from onespike_lava.layers import Growth, Window
from onespike_lava.neurons import Arithmetic, Membrane, Neuron, State

PHASES, SAMPLES, NEURONS = 5, 4, 40


def codes_of(neuron: Neuron, arriving: list, zero) -> np.ndarray:
    """Phases uint8[samples, neurons] that a neuron driven step by step sends, late ones too."""
    rest = np.full(NEURONS, zero)
    state = State(rest, rest, np.zeros(NEURONS, bool))
    codes = np.zeros((SAMPLES, NEURONS), np.uint8)
    for step in range(1, neuron.membrane.start + (SAMPLES + 1) * PHASES + 1):
        index = step - neuron.membrane.start - 1
        given = arriving[index] if 0 <= index < len(arriving) else rest
        sent, state = dynamics.advance(neuron, state, step, given)
        sample, phase = dynamics.clock(step, neuron.membrane.start + neuron.wait, PHASES)
        if sent is not None and sample < SAMPLES:
            assert not codes[sample][sent != 0].any(), "a neuron spiked twice"
            codes[sample][sent != 0] = phase
    return codes


@pytest.mark.parametrize("wait", range(PHASES + 1))
@pytest.mark.parametrize("start", [0, 3])
@pytest.mark.parametrize("growing", [0, 2, PHASES])
def test_fractions_match_the_reference(wait, start, growing):
    """Exact arithmetic with ties: the stepped neuron is the reference's two loops."""
    rng = np.random.default_rng(wait)
    base = Fraction(4, 3)
    as_fractions = np.vectorize(lambda n: Fraction(int(n), 9), otypes=[object])
    arriving = [as_fractions(rng.integers(-30, 40, NEURONS)) for _ in range(SAMPLES * PHASES)]
    bias = as_fractions(rng.integers(-9, 9, NEURONS))
    table = np.array([20 * base**-k for k in range(1, PHASES + 1)])
    ones = as_fractions(np.full(NEURONS, 9))
    arithmetic = Arithmetic(lambda v: v * base, lambda a: 2 * a, growing)
    membrane = Membrane(bias, PHASES, start, arithmetic)
    neuron = Neuron(membrane, ones, table, np.ones(PHASES, int), wait)
    found = codes_of(neuron, arriving, Fraction(0))
    for sample in range(SAMPLES):
        part = [2 * a for a in arriving[sample * PHASES : (sample + 1) * PHASES]]
        potentials = integrate(part, bias, arithmetic.grow, growing)
        np.testing.assert_array_equal(found[sample], fire(potentials, table, wait))
    assert len(np.unique(found)) >= PHASES


def test_fixed_growth_rounds_to_nearest_without_overflow():
    growth = Growth(mantissa=5325, exponent=12, fraction_bits=4, steps=3)
    potential = np.array([0, 1, -1, 2**22, -(2**22), 1000], np.int32)
    grown = dynamics.fixed(growth).grow(potential)
    assert grown.dtype == np.int32
    np.testing.assert_array_equal(grown, (potential.astype(object) * 5325 + 2048) // 4096)
    np.testing.assert_array_equal(dynamics.fixed(growth).enter(potential[:3]), [0, 16, -16])


def test_floating_growth_does_not_round():
    growth = Growth(mantissa=5325, exponent=12, fraction_bits=4, steps=3)
    assert dynamics.floating(growth).grow(1.0) == 5325 / 4096
    assert dynamics.floating(growth).enter(0.5) == 8


def test_graded_potentials_are_unchanged():
    for arithmetic in (dynamics.fixed(None), dynamics.floating(None)):
        assert arithmetic.grow(7) == 7
        assert arithmetic.enter(7) == 7


def test_threshold_row_follows_the_wait():
    growth = Growth(mantissa=5325, exponent=12, fraction_bits=4, steps=3)
    table = np.array([[11, 12], [21, 22], [31, 32]])
    rows = [dynamics.threshold_row(table, growth, wait).tolist() for wait in (0, 1, 2)]
    assert rows == [[11, 22], [21, 32], [31, 32]]


def test_pool_passes_the_first_spike_only():
    fired = np.zeros(3, bool)
    first, fired = dynamics.pool(np.array([0, 9, 0]), fired, True)
    second, fired = dynamics.pool(np.array([7, 7, 0]), fired, False)
    third, fired = dynamics.pool(np.array([9, 9, 9]), fired, True)
    assert [first.tolist(), second.tolist(), third.tolist()] == [[0, 9, 0], [7, 0, 0], [9, 9, 9]]


def test_window_maximum_against_loops():
    rng = np.random.default_rng(0)
    values = rng.integers(0, 100, (2, 7, 6))
    window = Window((2, 1), (1, 0, 2, 1), (1, 2))
    size = window.output_size((7, 6), (3, 2))
    found = dynamics.window_maximum(values, (3, 2), window, size)
    padded = np.pad(values, ((0, 0), (1, 2), (0, 1)))
    for row in range(size[0]):
        for column in range(size[1]):
            part = padded[:, 2 * row : 2 * row + 3, column : column + 3 : 2]
            np.testing.assert_array_equal(found[:, row, column], part.max(axis=(1, 2)))
