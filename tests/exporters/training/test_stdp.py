"""Digits learnt without labels, read out by least squares."""

from dataclasses import replace

import numpy as np
import pytest

import onespike_lava
from exporters.training import stdp
from exporters.training.stdp import Recipe
from onespike_lava.errors import DataError
from onespike_lava.learning.latency import Contrast
from onespike_lava.learning.rule import Rule
from onespike_lava.learning.stack import Stage
from tests.digits.conftest import module

SMALL = Recipe(
    Contrast(0.7, 1.4, 2, 20, 4, 15),
    (
        Stage(16, 3, 1, 1, Rule(threshold=2 * 127, winners=4, radius=1, doubling=50, samples=600)),
        Stage(32, 3, 1, 2, Rule(threshold=6 * 127, winners=6, radius=1, doubling=50, samples=600)),
    ),
)
"""For 8 x 8 pixels."""


@pytest.fixture(scope="module")
def digits():
    pytest.importorskip("sklearn", reason="scikit-learn holds the digits")
    x, y, x_test, y_test = module("data").split()
    return [np.rint(each[:, 0] * 255).astype(np.uint8) for each in (x, x_test)], y, y_test


@pytest.fixture(scope="module")
def trained(digits):
    (x, _), y, _ = digits
    return stdp.train(x, y, SMALL)


def test_learns_digits_and_prunes(digits, trained):
    (_, x), _, y = digits
    right = trained.network.predict(stdp.encode(x, SMALL.contrast)) == y
    assert right.mean() > 0.94
    for layer in trained.layers:
        assert layer.connectivity < 0.6
        assert layer.history[-1].convergence < layer.history[0].convergence / 3


def test_its_file_is_one_like_any_other(digits, trained, tmp_path):
    (_, x), _, _ = digits
    onespike_lava.save(trained.network, tmp_path / "net.net")
    network = onespike_lava.load(tmp_path / "net.net")
    times = stdp.encode(x[:20], SMALL.contrast)
    expected = network.run(times, "reference").scores
    for engine in ("numpy", "numba"):
        assert np.array_equal(network.run(times, engine).scores, expected)
    live = sum(int(each.live.sum()) for each in trained.layers)
    assert dict(network.provenance)["connections"].startswith(f"{live} of ")


def test_the_same_from_a_file_that_keeps_it(digits, trained, tmp_path):
    (x, _), y, _ = digits
    path = tmp_path / "kept.npz"
    assert stdp.train(x, y, SMALL, path=path).layers == trained.layers
    assert stdp.train(x, y, SMALL, path=path).network == trained.network
    with pytest.raises(DataError, match="of other stages"):
        stdp.train(x, y, SMALL.changed(prune=0), path=path)


def test_a_recipe_with_another_rule():
    other = SMALL.changed(prune=0, stop=0)
    assert [each.rule.prune for each in other.stages] == [0, 0]
    assert replace(other, stages=SMALL.stages) == SMALL


def test_labels_are_checked_before_learning(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (5, 8, 8)).astype(np.uint8)
    path = tmp_path / "kept.npz"
    wrong = ([0, 1, 2], np.zeros(5), [0, 1, 2, 3, -1], [[0, 1, 2, 3, 4]], "cat", [[0], [1, 2]])
    for labels in wrong:
        with pytest.raises(DataError, match=r"^labels: .*integer of 0.* for each of 5 samples"):
            stdp.train(images, labels, SMALL, path=path)
        assert not path.exists()
