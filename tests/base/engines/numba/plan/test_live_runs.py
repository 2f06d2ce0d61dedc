"""Inputs that no output of a block reads are left out, and nothing else changes."""

import numpy as np
import pytest

from onespike_lava.engines.numba.plan import connections
from onespike_lava.engines.numba.plan.packing import live_runs
from onespike_lava.evaluation.comparison import first_difference
from tests.networks import random_network, random_samples
from tests.pruned import pruned, silenced


def dense(taps, weight, size):
    """Weights by the byte that they read, int[outputs, bytes]."""
    found = np.zeros((len(weight), size), int)
    for run, tap in enumerate(taps):
        found[:, tap : tap + weight.shape[2]] += weight[:, run]
    return found


@pytest.mark.parametrize("share", [1.0, 0.3, 0.02, 0.0])
@pytest.mark.parametrize(("runs", "size"), [(1, 128), (3, 36), (4, 4)])
def test_runs_hold_the_same_weights(share, runs, size):
    rng = np.random.default_rng(runs)
    weight = rng.integers(-9, 9, (32, runs, size)).astype(np.int8)
    weight *= rng.random((1, runs, size)) < share
    taps = np.arange(runs) * (size + 16)
    found, block = live_runs(taps, weight)
    whole = runs * (size + 16)
    np.testing.assert_array_equal(dense(found, block, whole), dense(taps, weight, whole))
    assert block.shape[1] == len(found) >= 1
    assert block.shape[2] % 4 == 0
    if share < 0.1 and size > 4:
        assert block[0].size < weight[0].size / 2
    if share == 1.0:
        assert block.shape == weight.shape


@pytest.mark.parametrize("weighting", ["graded", "membrane"])
@pytest.mark.parametrize("seed", range(6))
def test_networks_send_the_same(seed, weighting):
    """Of few synapses and of none in a layer, in convolutions and dense layers alike."""
    network = pruned(random_network(seed, weighting), 0.05, seed)
    x = random_samples(network, 20)
    for each in (network, silenced(network, 1)):
        expected = each.run(x, "reference", record=True)
        assert first_difference(each.run(x, "numba", record=True), expected) is None


def test_blocks_of_few_synapses_are_narrow(monkeypatch):
    made = []
    before = connections.widths_of

    def seen(*given):
        made.append(given[3])
        return before(*given)

    monkeypatch.setattr(connections, "widths_of", seen)
    network = random_network(0)
    for share in (0.02, 0.5):
        made.clear()
        pruned(network, share).run(random_samples(network, 2), "numba")
        assert any(made) is (share < 0.05)
