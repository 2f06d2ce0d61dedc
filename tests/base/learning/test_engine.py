"""The compiled rule against the pure function, integer for integer."""

from dataclasses import fields, replace

import numpy as np
import pytest

from onespike_lava.errors import DataError
from onespike_lava.layers import Window
from onespike_lava.learning import engine
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import spikes, step
from tests.learning import RULE, drawn

FIRST = replace(RULE, samples=30)


def stepped(plastic, samples, rule):
    for times in samples:
        plastic = step(plastic, times, rule)
    return plastic


def same(one, two):
    """All but the looks, which the engine alone takes."""
    return all(
        np.array_equal(getattr(one, each.name), getattr(two, each.name))
        for each in fields(one)
        if each.name not in ("history", "window")
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_same_after_every_sample(seed):
    plastic, samples = drawn(seed)
    compiled = plastic
    for number, times in enumerate(samples, 1):
        plastic = step(plastic, times, FIRST)
        compiled = engine.advance(compiled, samples, FIRST, number)
        assert same(plastic, compiled), number
    assert 0 < plastic.connectivity < 1
    assert plastic.weight[plastic.live].min() >= 1
    assert plastic.weight.max() <= 126


@pytest.mark.parametrize(
    "name", ["threshold", "winners", "radius", "slowest", "fastest", "doubling", "prune"]
)
def test_one_off_in_any_part_of_the_rule_shows(name):
    plastic, samples = drawn()
    times, potentials = spikes(plastic.weight, samples[0], plastic.window, FIRST.threshold)
    first = potentials[times == times[times > 0].min()].max()
    rule = replace(FIRST, threshold=int(first))  # so that the first winner just reaches it
    other = replace(rule, **{name: getattr(rule, name) + 1})
    expected = stepped(plastic, samples, rule)
    assert same(engine.learn(plastic, samples, rule), expected)
    assert not same(engine.learn(plastic, samples, other), expected)


def test_a_dense_layer_is_a_kernel_of_the_whole_plane():
    _, samples = drawn()
    plastic = Plastic.drawn((5, *samples.shape[1:]), Window(), 1)
    rule = replace(FIRST, threshold=4000, winners=1)
    expected = stepped(plastic, samples, rule)
    assert same(engine.learn(plastic, samples, rule), expected)
    assert not np.array_equal(expected.weight, plastic.weight)


@pytest.mark.parametrize("share", [0.1, 1])
def test_spikes_where_few_or_all_synapses_live(share):
    plastic, samples = drawn()
    live = np.random.default_rng(0).random(plastic.live.shape) < share
    weight = np.where(live, plastic.weight, 0).astype(np.int8)
    plastic = replace(plastic, live=live, weight=weight)
    limit = 900 if share == 1 else 150
    found, passed = engine.spikes(plastic, samples, limit)
    expected = [spikes(weight, times, plastic.window, limit)[0] for times in samples]
    assert np.array_equal(found, expected)
    assert found.any()
    assert not found.all()
    zero = engine.learn(replace(plastic), samples, replace(FIRST, threshold=2**20))
    assert passed == zero.integrations


def test_stops_at_the_look_at_which_it_has_converged():
    plastic, samples = drawn()
    rule = replace(FIRST, samples=1000, stop=0.05)
    seen = []
    learnt = engine.learn(plastic, samples, rule, seen.append)
    looks = [look.convergence for look in learnt.history]
    assert looks[-1] < 0.05 <= min(looks[:-1])
    assert learnt.samples == 7 * len(looks) == seen[-1].samples
    assert engine.learn(learnt, samples, rule).history == learnt.history
    assert learnt.history[-1].live == learnt.connectivity


def test_goes_on_from_where_it_stands():
    plastic, samples = drawn()
    kept = []
    whole = engine.learn(plastic, samples, FIRST, kept.append)
    assert engine.learn(kept[1], samples, FIRST) == whole


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (np.zeros((1, 3, 9, 8), np.uint8), "not uint8.N, 2"),
        (np.zeros((1, 2, 9, 8)), "float64"),
        (np.zeros((0, 2, 9, 8), np.uint8), "no samples"),
        (np.zeros((1, 2, 1, 1), np.uint8), "smaller than the kernel"),
    ],
)
def test_refuses_samples_that_do_not_fit(given, text):
    plastic, _ = drawn()
    with pytest.raises(DataError, match=text):
        engine.learn(plastic, given, FIRST)
