"""The rule in integers: by hand, and against plain loops."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.errors import OptionError
from onespike_lava.layers import Window
from onespike_lava.learning import reference
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import (
    Rule,
    Winner,
    convergence,
    delivered,
    moved,
    pruned,
    select,
    spikes,
    step,
)
from tests.learning import RULE, drawn

UP, DOWN = np.array([True]), np.array([False])


@pytest.mark.parametrize("weight", [1, 2, 63, 64, 125, 126])
@pytest.mark.parametrize("shift", [4, 10, 15])
def test_moves_by_the_product_rounded_away_from_zero(weight, shift):
    product = weight * (127 - weight)
    rise, fall = -(-product // 2**shift), -(-3 * product // 2 ** (shift + 2))
    given = np.array([weight], np.int8)
    assert moved(given, UP, shift) == min(126, weight + rise)
    assert moved(given, DOWN, shift) == max(1, weight - fall)
    assert rise >= 1
    assert fall >= 1


def test_prunes_what_fell_below_the_limit():
    weights, up = np.array([37, 38, 37, 38]), np.array([False, False, True, True])
    assert pruned(weights, up, 38).tolist() == [True, False, False, False]
    assert not pruned(np.array([1]), DOWN, 0).any()


def test_the_rate_doubles_until_the_fastest():
    rule = Rule(1, slowest=15, fastest=13, doubling=100)
    assert [rule.shift(n) for n in (0, 99, 100, 199, 200, 10**6)] == [15, 15, 14, 14, 13, 13]


def test_convergence_by_hand():
    weight = np.array([[[[0, 126, 64, 1]]]], np.int8)
    assert convergence(weight) == pytest.approx((0 + 126 + 64 * 63 + 126) / 4 / 127**2)


def places(*values):
    return np.array(values, np.int64).reshape(len(values), 1, -1)


def test_earliest_wins_then_highest_then_lowest():
    times = places([3, 0, 2, 2], [2, 2, 0, 2])
    potentials = places([9, 0, 5, 7], [5, 7, 0, 5])
    found = select(times.astype(np.uint8), potentials, 4, 0)
    assert found == [Winner(0, 0, 3, 2), Winner(1, 0, 1, 2)]
    tied = select(places([2, 2], [2, 2]).astype(np.uint8), places([5, 5], [5, 5]), 1, 0)
    assert tied == [Winner(0, 0, 0, 2)]


def test_a_place_belongs_to_its_best_channel_alone():
    """Channel 0 wins at the left; at the right it is the better one too, so channel 1 gets none."""
    times = places([1, 2], [0, 3]).astype(np.uint8)
    assert select(times, places([5, 5], [0, 5]), 4, 0) == [Winner(0, 0, 0, 1)]


def test_a_winner_inhibits_its_surroundings_in_all_channels():
    times = places([1, 0, 0, 0], [0, 2, 0, 0], [0, 0, 3, 4]).astype(np.uint8)
    potentials = np.full(times.shape, 5)
    channels = [each.channel for each in select(times, potentials, 4, 1)]
    assert channels == [0, 2]
    assert len(select(times, potentials, 4, 0)) == 3
    assert len(select(times, potentials, 1, 0)) == 1


def test_spikes_at_the_threshold_not_below():
    weight = np.full((1, 1, 1, 2), 50, np.int8)
    times = np.array([[[1, 3]]], np.uint8)
    assert [int(each[0, 0, 0]) for each in spikes(weight, times, Window(), 100)] == [3, 100]
    assert int(spikes(weight, times, Window(), 101)[0][0, 0, 0]) == 0


def test_an_input_of_the_same_step_moves_up_a_later_one_down():
    plastic = Plastic(np.full((1, 1, 1, 4), 64, np.int8), np.ones((1, 1, 1, 4), bool))
    rule = Rule(threshold=128, winners=1, radius=0, slowest=9, fastest=9, prune=62)
    after = step(plastic, np.array([[[1, 2, 3, 0]]], np.uint8), rule)
    assert after.weight.reshape(-1).tolist() == [72, 72, 0, 0]
    assert after.live.reshape(-1).tolist() == [True, True, False, False]
    assert (after.samples, after.updates, after.integrations) == (1, 4, 3)
    again = step(after, np.array([[[1, 1, 1, 1]]], np.uint8), rule)
    assert again.weight.reshape(-1).tolist() == [80, 80, 0, 0]
    assert (again.updates, again.integrations) == (6, 5)


@pytest.mark.parametrize("seed", range(3))
def test_plain_loops_give_the_same(seed):
    plastic, samples = drawn(seed, samples=12)
    weight, live = reference.learn(plastic, samples, RULE)
    for times in samples:
        plastic = step(plastic, times, RULE)
    assert plastic.weight.tolist() == weight
    assert plastic.live.tolist() == live
    assert 0 < plastic.connectivity < 1


def test_counts_synapses_that_spikes_pass():
    plastic, samples = drawn()
    padded = plastic.window.pad(samples[0])
    shape = plastic.output_shape(samples[0].shape)
    count = sum(
        int((padded[:, row : row + 3, column : column + 4] > 0).sum())
        for row in range(shape[1])
        for column in range(shape[2])
    )
    assert delivered(plastic, samples[0]) == 6 * count


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("threshold", 0),
        ("winners", 0),
        ("radius", -1),
        ("slowest", 23),
        ("slowest", 6),
        ("prune", 127),
        ("stop", 1.5),
        ("look", 0),
    ],
)
def test_refuses_a_rule_outside_its_ranges(name, value):
    with pytest.raises(OptionError, match=f"{name}: {value} is outside"):
        replace(RULE, **{name: value})


@pytest.mark.parametrize("shape", [(5, 2, 3), (5, 2, 3, 0), (5, -2, 3, 3)])
def test_refuses_a_shape_of_no_weights(shape):
    with pytest.raises(OptionError, match=r"shape: \(5, .* is not \(O, I, rows, columns\); give"):
        Plastic.drawn(shape, Window(), 0)


def test_refuses_a_stride():
    with pytest.raises(OptionError, match="stride"):
        Plastic.drawn((1, 1, 2, 2), Window((2, 2)), 0)
