"""A dense layer learns in Lava's own learning connection: what becomes of it, and how far off."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="needs lava-nc")

import onespike_lava.processes  # noqa: F401  before any of Lava
from onespike_lava.errors import DataError, OptionError
from onespike_lava.layers import Window
from onespike_lava.learning import engine
from onespike_lava.learning.latency import Contrast, encode
from onespike_lava.learning.network import fit
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import select, spikes
from onespike_lava.processes.learning.dense import APART, learn, pruned_by_host
from onespike_lava.processes.learning.loihi_rule import loihi_moved
from tests.lava.draws import draws
from tests.learning import RULE, drawn

pytestmark = [
    pytest.mark.lava,
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]

STEPS = 7
SLOW = replace(RULE, threshold=4000, winners=1, prune=38, slowest=11, fastest=9, doubling=25)
FAST = replace(SLOW, slowest=10, fastest=10)


def layer():
    """Five neurons that see all of 2 x 9 x 8, and 40 samples of spikes."""
    _, times = drawn(samples=40)
    return Plastic.drawn((5, *times.shape[1:]), Window(), 1), times


def predicted(plastic, times, rule, samples, steps=STEPS):
    """Weights by pure functions: our neurons and winners, Lava's arithmetic, the host's pruning."""
    weight, random = plastic.weight.astype(np.int64), draws()
    for number in range(samples):
        if number and rule.shift(number) != rule.shift(number - 1):
            random = draws()  # another rule, a connection anew
        numbers = [next(random) for _ in range(APART * steps)]
        given = times[number % len(times)]
        for winner in select(*spikes(weight, given, plastic.window, rule.threshold), 1, 0):
            early, row = (given > 0) & (given <= winner.step), weight[winner.channel]
            found, at = weight.copy(), numbers[APART * winner.step - 1]
            found[winner.channel] = loihi_moved(row, early, rule.shift(number), at)
            weight, _ = pruned_by_host(weight, found, rule.prune)
    return weight


@pytest.mark.parametrize(
    ("rule", "samples"), [(SLOW, 60), pytest.param(FAST, 200, marks=pytest.mark.long)]
)
def test_its_weights_are_those_that_pure_functions_predict(rule, samples):
    plastic, times = layer()
    found = learn(plastic, times, rule, STEPS, samples)
    assert np.array_equal(found.weight, predicted(plastic, times, rule, samples))
    assert np.array_equal(found.live, found.weight > 0)
    assert found.samples == samples
    assert (found.weight != plastic.weight).mean() > 0.9


def test_how_far_it_is_from_our_rule_after_200_samples():
    """As docs/loihi.md states: an update is one off, so other neurons win, so weights drift apart.

    By the prediction, which the test above holds Lava to.
    """
    plastic, times = layer()
    theirs = predicted(plastic, times, FAST, 200)
    ours = engine.advance(plastic, times, FAST, 200).weight
    apart = np.abs(theirs - ours)
    assert 25 < apart.mean() < 40
    assert (apart <= 1).mean() > 0.1
    assert 0.7 < (theirs > 0).mean() < 0.8
    assert 0.7 < (ours > 0).mean() < 0.8
    first = predicted(plastic, times, FAST, 1) - engine.advance(plastic, times, FAST, 1).weight
    assert np.abs(first).max() == 1


@pytest.mark.long
def test_what_it_learns_is_worth_as_much():
    """60 neurons, 1,200 digits, read out by least squares: others learn, as much is known."""
    digits = pytest.importorskip("sklearn.datasets", reason="scikit-learn holds them").load_digits()
    images = np.rint(digits.images * (255 / 16)).astype(np.uint8)
    times = encode(images, Contrast(0.7, 1.4, 2, 20, 4, 15))
    rule = replace(SLOW, threshold=1000, slowest=12, doubling=100, samples=1200)
    plastic = Plastic.drawn((60, *times.shape[1:]), Window(), 0)
    theirs = predicted(plastic, times, rule, 1200, 15).astype(np.int8)
    ours = engine.advance(plastic, times, rule, 1200).weight

    def accuracy(weight):
        layer = Plastic(weight, weight > 0)
        found, _ = engine.spikes(layer, times, rule.threshold)
        weights, bias = fit(found[:1200], digits.target[:1200], 15)
        early = np.where(found > 0, 16 - found.astype(int), 0).reshape(len(found), -1)
        scores = early[1200:] @ weights.T.astype(int) + 15 * bias
        return (scores.argmax(axis=1) == digits.target[1200:]).mean()

    assert accuracy(plastic.weight) < 0.2
    assert min(accuracy(theirs), accuracy(ours)) > 0.84
    assert abs(accuracy(theirs) - accuracy(ours)) < 0.04
    assert abs((theirs > 0).mean() - (ours > 0).mean()) < 0.05


def test_one_off_in_the_shift_shows():
    plastic, times = layer()
    found = learn(plastic, times, FAST, STEPS, 20)
    assert np.array_equal(found.weight, predicted(plastic, times, FAST, 20))
    other = replace(FAST, slowest=9, fastest=9)
    assert not np.array_equal(found.weight, predicted(plastic, times, other, 20))


def test_refuses_layers_and_steps_that_do_not_fit():
    plastic, times = layer()
    small = Plastic.drawn((5, 2, 3, 3), Window(), 1)
    with pytest.raises(OptionError, match=r"plastic: its kernel \(3, 3\) is not as large as the"):
        learn(small, times, FAST, STEPS, 1)
    with pytest.raises(OptionError, match=r"steps: 128 is outside 1\.\.127"):
        learn(plastic, times, FAST, 128, 1)
    with pytest.raises(OptionError, match=r"steps: 6 is below 7, a step of the samples"):
        learn(plastic, times, FAST, 6, 1)
    with pytest.raises(OptionError, match="shift: 16 is outside"):
        learn(plastic, times, replace(FAST, slowest=16, fastest=16), STEPS, 1)
    with pytest.raises(DataError, match="give steps of spikes"):
        learn(plastic, times.astype(float), FAST, STEPS, 1)
