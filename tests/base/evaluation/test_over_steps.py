"""Accuracy after each step of networks that step, from the run that also counts."""

import numpy as np
import pytest

from onespike_lava import Network
from onespike_lava.errors import OptionError
from onespike_lava.evaluation import tally
from onespike_lava.evaluation.sharding import evaluate_file
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.layers import Input, Integration, Sparse, Synapse, TimedReadout
from tests.networks import random_network, random_samples, random_timed_network

SAMPLES = 700


@pytest.fixture(scope="module")
def network():
    return random_timed_network(0, phases=6, sent="latency")


@pytest.fixture(scope="module")
def data(network):
    x = random_samples(network, SAMPLES)
    return x, np.random.default_rng(1).integers(0, network.readout.scores[0], SAMPLES)


def plain(network, x, y):
    """Accuracy after each step, sample by sample, step by step."""
    scores = network.run(x, over_steps=True).over_steps
    right = [[np.argmax(step) == label for step in s] for s, label in zip(scores, y, strict=True)]
    return np.mean(right, axis=0).tolist()


def test_it_is_that_of_the_scores_after_each_step(network, data):
    found = evaluate(network, *data, over_steps=True)
    assert found.over_steps.tolist() == plain(network, *data)
    assert found.over_steps[-1] == found.accuracy
    assert len(set(found.over_steps.tolist())) > 1
    assert evaluate(network, *data).over_steps is None


def test_what_is_masked_does_not_count(network, data):
    mask = np.arange(SAMPLES) % 3 == 0
    found = evaluate(network, *data, mask=mask, over_steps=True)
    assert found.over_steps.tolist() == plain(network, data[0][mask], data[1][mask])


def test_places_of_dense_outputs_have_a_label_each():
    """Scores of two classes at nine places; some of the labels do not count."""
    entry = Input("in", (1, 3, 3), 4, np.zeros(1), np.ones(1), "latency")
    synapse = Synapse(0, np.array([3, -2], np.int8).reshape(2, 1, 1, 1))
    bias = np.array([-1, 0], np.int32)
    out = TimedReadout("out", (2, 3, 3), (synapse,), Integration(bias), 1.0)
    network = Network((entry, out), 15, 0)
    x, random = random_samples(network, 20), np.random.default_rng(2)
    y, mask = random.integers(0, 2, (20, 3, 3)), random.random((20, 3, 3)) < 0.6
    found = evaluate(network, x, y, mask=mask, over_steps=True).over_steps
    scores = network.run(x, over_steps=True).over_steps.reshape(20, 15, 2, 3, 3)
    expected = [(scores[:, k].argmax(axis=1) == y)[mask].mean() for k in range(15)]
    assert found.tolist() == expected
    assert len(set(expected)) > 3


@pytest.mark.parametrize("size", [1, 7, 256])
def test_small_blocks_give_the_same(network, data, monkeypatch, size):
    x, y = data[0][:40], data[1][:40]
    monkeypatch.setattr(tally, "BLOCK", size)
    assert evaluate(network, x, y, over_steps=True).over_steps.tolist() == plain(network, x, y)


def test_long_trains_make_blocks_small(network, data, monkeypatch):
    """What a block holds finds room, one sample at least."""
    blocks = []
    x, y = data[0][:9], data[1][:9]
    watch = lambda run: blocks.append(len(run.scores))  # noqa: E731
    whole = evaluate(network, x, y, watch=watch, over_steps=True)
    held = sum(codes[0].size for _, codes in network.run(x, record=True).recorded.values())
    held += network.phases * network.readout.scores[0] * 8
    for room, sizes in ((4 * held, [4, 4, 1]), (held - 1, [1] * 9)):
        monkeypatch.setattr(tally, "ROOM", room)
        blocks.clear()
        parts = evaluate(network, x, y, watch=watch, over_steps=True)
        assert blocks == sizes
        assert parts.over_steps.tolist() == whole.over_steps.tolist()
        assert parts.spikes == whole.spikes
        assert parts.energy == whole.energy


@pytest.mark.parametrize("workers", [1, 2])
def test_parts_of_a_file_add_up(network, data, tmp_path, workers):
    np.savez(tmp_path / "d.npz", x=data[0], y=data[1])
    whole = evaluate(network, *data, over_steps=True)
    path = tmp_path / "d.npz"
    found = evaluate_file(network, path, workers=workers, over_steps=True)
    assert found.over_steps.tolist() == whole.over_steps.tolist()
    assert found.energy == whole.energy
    assert evaluate_file(network, path, workers=workers).over_steps is None


def test_samples_of_sparse_connections_are_divided_as_others(tmp_path):
    """Where they have one class each: no graph whose nodes are classified."""
    network = random_timed_network(3, phases=4, sent="latency")
    x, y = random_samples(network, 300), np.zeros(300, int)
    assert any(isinstance(each, Sparse) for layer in network.layers for each in layer.synapses)
    np.savez(tmp_path / "d.npz", x=x, y=y)
    found = evaluate_file(network, tmp_path / "d.npz", workers=2)
    assert found.predictions.tolist() == network.predict(x).tolist()


def test_what_has_no_scores_on_the_way_says_so(network, data):
    phases = random_network(1)
    with pytest.raises(OptionError, match=r"^over_steps, traces: networks that step have scores"):
        evaluate(phases, random_samples(phases, 2), [0, 0], over_steps=True)
    with pytest.raises(OptionError, match=r"^over_steps, traces: engine lava does not note them"):
        evaluate(network, *data, engine="lava", over_steps=True)
