"""Synapses between two layers, counted one by one."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.connectivity import fan_in, fan_out, is_fixed, macs, synapses
from onespike_lava.engines.reference import connect
from onespike_lava.layers import Synapse, Window
from tests.graphs import random_graph_network
from tests.networks import random_network


@pytest.mark.parametrize(
    ("window", "groups", "size"),
    [
        (Window(), 1, (5, 6)),
        (Window((1, 1), (1, 1, 1, 1)), 2, (5, 6)),
        (Window((2, 3), (0, 1, 2, 1)), 1, (7, 9)),
        (Window((2, 1), (2, 2, 2, 2), (2, 2)), 4, (6, 5)),
    ],
)
def test_fan_out_is_the_count_of_outputs_that_see_a_neuron(window, groups, size):
    rng = np.random.default_rng(0)
    synapse = Synapse(0, rng.integers(1, 9, (8, 4 // groups, 3, 2)).astype(np.int8), window, groups)
    source = (4, *size)
    target = synapse.output_shape(source)
    ones = Synapse(0, np.ones_like(synapse.weight), window, groups)
    expected = np.zeros(source, np.int64)
    for place in np.ndindex(source):
        one = np.zeros((1, *source), np.int64)
        one[(0, *place)] = 1
        expected[place] = connect(ones, one, target).sum()
    assert (fan_out(synapse, source, target) == expected).all()


def test_what_was_pruned_is_no_synapse_and_a_live_weight_of_0_is():
    rng = np.random.default_rng(0)
    kernel = rng.integers(-1, 2, (8, 2, 3, 2)).astype(np.int8)
    for whole, source in (
        (Synapse(0, kernel, Window((2, 1), (1, 0, 2, 1), (1, 2)), 2), (4, 6, 7)),
        (Synapse(0, rng.integers(-1, 2, (5, 12)).astype(np.int8)), (3, 2, 2)),
    ):
        live = (whole.weight != 0) | (rng.random(whole.weight.shape) < 0.3)
        synapse = replace(whole, live=live)
        assert (synapse.weight[live] == 0).any()
        target = synapse.output_shape(source)
        ones = Synapse(0, live.astype(np.int8), synapse.window, synapse.groups)
        expected = np.zeros(source, np.int64)
        for place in np.ndindex(source):
            one = np.zeros((1, *source), np.int64)
            one[(0, *place)] = 1
            expected[place] = connect(ones, one, target).sum()
        assert (fan_out(synapse, source, target) == expected).all()
        assert synapses(synapse, source, target) == expected.sum()
        assert expected.sum() < synapses(whole, source, target)
        places = np.prod(target[1:], dtype=int)
        assert macs(synapse, target) == np.count_nonzero(live) * places
        assert fan_in(synapse) == live.reshape(len(live), -1).sum(axis=1).max() < fan_in(whole)


def test_a_pruned_connection_is_no_fixed_one():
    """Though what is left of it looks like a skip."""
    weight = np.zeros((4, 4, 1, 1), np.int8)
    weight[range(4), range(4)] = 5
    synapse = Synapse(0, weight)
    assert is_fixed(synapse)
    assert not is_fixed(replace(synapse, live=weight != 0))
    assert macs(replace(synapse, live=weight != 0), (4, 2, 2)) == 4 * 4


@pytest.mark.parametrize("seed", range(3))
def test_fan_in_is_the_most_that_one_neuron_reads(seed):
    """Where no border cuts a kernel off; of sparse synapses every row that stands in the file."""
    for network in (random_network(seed), random_graph_network(seed)):
        for layer in network.layers:
            for synapse in getattr(layer, "synapses", ()):
                if synapse.kind == "sparse":
                    row = np.searchsorted(synapse.indptr, np.arange(len(synapse.weight)), "right")
                    assert fan_in(synapse) == np.bincount(row).max() * len(synapse.signs)
                    continue
                assert fan_in(synapse) == synapse.weight[0].size


def test_fixed_connections_have_no_macs():
    """A skip, an average pool with neurons of its own, a skip filled up with channels."""
    window = Window((2, 2))
    skip = Synapse(0, np.full((4, 1, 1, 1), 90, np.int8), groups=4)
    average = Synapse(0, np.full((4, 1, 2, 2), 31, np.int8), window, 4)
    filled = np.zeros((6, 4, 1, 1), np.int8)
    filled[range(1, 5), range(4)] = 77
    filled = Synapse(0, filled, window)
    for synapse in (skip, average, filled):
        assert is_fixed(synapse)
        assert macs(synapse, synapse.output_shape((4, 5, 6))) == 0
    assert fan_out(filled, (4, 4, 6), (6, 2, 3)).sum() == 4 * 2 * 3
    trained = np.full((4, 1, 2, 2), 31, np.int8)
    trained[2, 0, 1, 1] = 30
    assert macs(Synapse(0, trained, window, 4), (4, 2, 3)) == 4 * 2 * 3 * 4
    assert macs(Synapse(0, np.zeros((4, 4, 1, 1), np.int8)), (4, 5, 6)) == 4 * 4 * 5 * 6


@pytest.mark.parametrize("seed", range(6))
def test_synapses_are_the_sum_of_the_fan_out(seed):
    for network in (random_network(seed), random_graph_network(seed)):
        for layer in network.layers:
            for synapse in getattr(layer, "synapses", ()):
                source = network.layers[synapse.source].shape
                found = synapses(synapse, source, layer.shape)
                assert found == fan_out(synapse, source, layer.shape).sum()
