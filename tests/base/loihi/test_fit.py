"""The fit table against counts by hand."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava import loihi
from onespike_lava.errors import DataError, OptionError, UnsupportedError
from onespike_lava.loihi import stock
from onespike_lava.schedule import total_steps
from tests.base.loihi.networks import broken, lowered, maker, small
from tests.graphs import random_graph_network
from tests.networks import changed


def test_fit_of_a_small_network_by_hand():
    found = loihi.fit(small(), wait=8, chips=1, step_time=10)
    entry, conv, pool, readout, all_ = found.layers
    # 3x3 kernels with padding 1 on 6x6: 16 of 18 rows' taps are inside, on each axis
    assert (conv.neurons, conv.weights, conv.synapses) == (144, 72, 2 * 4 * 16 * 16)
    assert conv.state_bits == 144 * (24 + 24 + 1)
    assert loihi.fit(small(), wait=0).layers[1].state_bits == 144 * (24 + 1)
    assert (pool.neurons, pool.weights, pool.synapses, pool.state_bits) == (36, 0, 0, 36)
    assert (readout.neurons, readout.synapses, readout.state_bits) == (3, 108, 72)
    assert (entry.share, entry.binds) == (0, "")
    assert conv.share == pytest.approx(144 / 1e6)
    assert conv.binds == "neurons"
    assert conv.unrolled == conv.share
    assert loihi.fit(small(), limits=lowered("core_synapse_bytes", 1)).layers[
        1
    ].unrolled == pytest.approx(2048 / 128)
    assert readout.binds == "synapses"
    assert all_.neurons == 144 + 36 + 3
    assert all_.weights == 72 + 108
    assert found.steps_per_sample == 8
    assert found.latency_steps == total_steps(small(), 8, 1)
    assert found.samples_per_second == pytest.approx(12_500)
    assert found.latency == 10 * found.latency_steps
    assert loihi.fit(small()).samples_per_second is None


def test_sparse_synapses():
    """The entries of the matrix once, and for every channel and sign when unrolled."""
    network = random_graph_network(0)
    found = loihi.fit(network).layers[2]
    (synapse,) = network.layers[2].synapses
    assert found.type == "sparse"
    assert found.weights == len(synapse.weight)
    assert found.synapses == len(synapse.weight) * network.layers[2].shape[0] * 2
    assert loihi.check(network) == []
    weight = synapse.weight.copy()
    weight[0] = -128  # a sign of -1 makes 128 of it
    network = changed(network, 2, synapses=(replace(synapse, weight=weight),))
    assert broken(network) == [(network.layers[2].name, "weight_bits")]
    with pytest.raises(UnsupportedError, match="holds a weight of 128, the limit is 127"):
        stock.refuse(network, network.phases)


def test_spikes_are_measured():
    network = small()
    x = np.random.default_rng(1).random((5, 2, 6, 6))
    run = network.run(x)
    found = loihi.fit(network, x)
    assert [layer.spikes for layer in found.layers[:-2]] == [
        run.spikes[layer.name] / 5 for layer in network.layers[:-1]
    ]
    assert found.layers[-1].spikes == pytest.approx(sum(run.spikes.values()) / 5)
    with pytest.raises(DataError, match="no samples"):
        loihi.fit(network, x[:0])
    with pytest.raises(OptionError, match="step time: 0 is not positive"):
        loihi.fit(network, step_time=0)


def test_a_graph_is_one_sample():
    network = random_graph_network(1)
    features, nodes, _ = network.input.shape
    x = np.random.default_rng(0).random((nodes, features))
    spikes = network.run(x).spikes
    found = loihi.fit(network, x).layers[:-2]
    assert {layer.name: layer.spikes for layer in found} == spikes


def test_several_spikes_take_more_state():
    make = maker()
    make.readout(make.conv(make.input((2, 6, 6)), 4))
    several = changed(make.network(), 1, max_spikes=4)
    fit = loihi.fit(several, wait=8)
    assert fit.layers[1].state_bits == fit.layers[1].neurons * (24 + 24 + 3)
