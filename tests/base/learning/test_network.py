"""What has learnt as a network that any engine runs."""

import numpy as np
import pytest

import onespike_lava
from onespike_lava.energy import energy
from onespike_lava.errors import DataError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.learning.engine import spikes
from onespike_lava.learning.network import features, fit, network
from onespike_lava.learning.stack import learn, pooled
from tests.learning import drawn, stages

STEPS = 7
SENDERS = ("input", "conv1", "pool1", "conv2", "pool2")


@pytest.fixture(scope="module")
def learnt():
    times = drawn(samples=50, shape=(2, 12, 12))[1]
    layers = learn(stages(), times, 1)
    labels = np.arange(50) % 3
    readout = fit(features(stages(), layers, times)[0], labels, STEPS)
    return times, layers, network(stages(), layers, (2, 12, 12), STEPS, readout), readout


def test_its_spikes_are_those_it_learnt_with(learnt):
    times, layers, net, (weight, bias) = learnt
    run = net.run(times, "reference", record=True)
    below = times
    for number, (stage, layer) in enumerate(zip(stages(), layers, strict=True), 1):
        found, _ = spikes(layer, below, stage.rule.threshold)
        for name, expected in (
            (f"conv{number}", found),
            (f"pool{number}", below := pooled(found, stage.pool)),
        ):
            train = run.trains(name)
            step = np.where(train.any(axis=1), train.argmax(axis=1) + 1, 0)
            assert np.array_equal(step, expected)
            assert expected.any()
    early = np.where(below > 0, STEPS + 1 - below.astype(np.int64), 0).reshape(len(times), -1)
    assert np.array_equal(run.scores, early @ weight.T.astype(np.int64) + STEPS * bias)


def test_every_engine_and_the_file_give_the_same(learnt, tmp_path):
    times, layers, net, _ = learnt
    onespike_lava.save(net, tmp_path / "net.net")
    again = onespike_lava.load(tmp_path / "net.net")
    expected = net.run(times, "reference", record=True)
    for engine in ("numpy", "numba"):
        assert first_difference(again.run(times, engine, record=True), expected) is None
    kept = [again.layers[place].synapses[0].live for place in (1, 3)]
    assert all(np.array_equal(live, each.live) for live, each in zip(kept, layers, strict=True))
    assert again.layers[5].synapses[0].live is None


def test_a_readout_tells_classes_apart():
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 90)
    times = rng.integers(5, 8, (90, 3, 2, 2)).astype(np.uint8)
    times[np.arange(90), labels] = 2
    weight, bias = fit(times, labels, STEPS)
    early = np.where(times > 0, STEPS + 1 - times.astype(int), 0).reshape(90, -1)
    assert ((early @ weight.T.astype(int) + STEPS * bias).argmax(1) == labels).all()
    assert np.abs(weight.astype(int)).max() == 127


@pytest.mark.parametrize(
    "labels", [np.zeros(2, int), np.zeros(3), np.array([0, -1, 0]), np.array([0, 10**9, 0])]
)
def test_refuses_labels_that_do_not_fit(labels):
    with pytest.raises(DataError, match="not one integer of 0"):
        fit(np.ones((3, 1, 1, 1), np.uint8), labels, STEPS)


def test_refuses_a_readout_of_no_samples():
    with pytest.raises(DataError, match="0 samples"):
        fit(np.ones((0, 1, 1, 1), np.uint8), np.zeros(0, int), STEPS)


def test_energy_counts_live_synapses_alone(learnt):
    """What the learning engine counts while it integrates is what a report counts of the file."""
    times, layers, net, _ = learnt
    run = net.run(times, record=True)
    spent = energy(net, {name: run.trains(name).any(axis=1).sum(axis=0) for name in SENDERS}, 50)
    below = np.where(times > 0, times, 0)
    for number, (stage, layer) in enumerate(zip(stages(), layers, strict=True), 1):
        found, passed = spikes(layer, below, stage.rule.threshold)
        row = next(each for each in spent.layers if each.name == f"conv{number}")
        assert row.exact * 50 == passed
        assert row.macs == np.count_nonzero(layer.weight) * np.prod(found.shape[2:])
        below = pooled(found, stage.pool)
