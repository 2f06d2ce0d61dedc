"""Evaluation in parts: exactly what one process finds in arrays."""

import numpy as np
import pytest

from onespike_lava.errors import DataError, OptionError
from onespike_lava.evaluation import sharding
from onespike_lava.evaluation.tally import evaluate
from tests.networks import random_network, random_samples

SAMPLES = 1300


@pytest.fixture(scope="module")
def network():
    return random_network(np.random.default_rng(3))


@pytest.fixture(scope="module")
def data(network):
    """Some of the samples lie off the grid and outside the range."""
    random = np.random.default_rng(4)
    x = random_samples(network, SAMPLES)
    x = (x + random.normal(0, 0.3, x.shape) * (random.random(x.shape) < 0.1)).astype(np.float32)
    return x, random.integers(0, network.readout.shape[0], SAMPLES)


@pytest.fixture(scope="module")
def file(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "d.npz"
    np.savez_compressed(path, x=data[0], y=data[1])
    return path


def same(one, two):
    """Whether two evaluations agree in every number."""
    assert (one.predictions == two.predictions).all()
    names = ("correct", "spikes", "spikes_per_neuron", "energy", "clipped", "rounding", "wait")
    return all(getattr(one, name) == getattr(two, name) for name in names)


@pytest.mark.parametrize("options", [{}, {"workers": 2}, {"workers": 3, "limit": 700}])
def test_parts_add_up_to_the_whole(network, data, file, options):
    count = options.get("limit")
    for t_w in (None, network.phases // 2):
        expected = evaluate(network, data[0][:count], data[1][:count], wait=t_w)
        found = sharding.evaluate_file(network, file, "numpy", t_w, **options)
        assert same(found, expected)
    assert expected.clipped > 0


def test_a_part_left_out_is_noticed(network, data, file, monkeypatch):
    """The comparison above can fail."""
    whole = sharding.shards
    monkeypatch.setattr(sharding, "shards", lambda *words: list(whole(*words))[:-1])
    with pytest.raises(IndexError):
        sharding.evaluate_file(network, file, "numpy", workers=2)


@pytest.mark.parametrize(("samples", "workers"), [(1, 1), (256, 4), (10_000, 2), (300, 2)])
def test_shards_cover_every_sample_once(samples, workers):
    covered = [n for part in sharding.shards(samples, workers) for n in range(samples)[part]]
    assert covered == list(range(samples))


def test_labels_and_shapes_are_checked_before_any_work(network, tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 1)), y=np.zeros(3, int))
    with pytest.raises(DataError, match=r"x: shape \(3, 1\) does not match"):
        sharding.evaluate_file(network, tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", x=np.zeros((3, *network.input.shape)), y=np.full(3, 99))
    with pytest.raises(DataError, match=r"y: labels 99\.\.99 are outside"):
        sharding.evaluate_file(network, tmp_path / "b.npz")
    with pytest.raises(OptionError, match="engine lava has processes of its own"):
        sharding.evaluate_file(network, tmp_path / "b.npz", "lava", workers=2)
    np.savez(tmp_path / "c.npz", x=np.zeros((3, *network.input.shape)), y=np.zeros(3, int))
    with pytest.raises(OptionError, match="workers: 0 is below 1"):
        sharding.evaluate_file(network, tmp_path / "c.npz", workers=0)
