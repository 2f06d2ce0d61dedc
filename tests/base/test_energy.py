"""Synaptic operations counted one by one, and Eq. 6."""

import numpy as np
import pytest

from onespike_lava.energy import energy, fan_out, macs, spikes_of
from onespike_lava.layers import Readout, Spiking, Synapse, Window
from tests.networks import random_network, random_samples


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
    from onespike_lava.engines.reference import connect

    ones = Synapse(0, np.ones_like(synapse.weight), window, groups)
    expected = np.zeros(source, np.int64)
    for place in np.ndindex(source):
        one = np.zeros((1, *source), np.int64)
        one[(0, *place)] = 1
        expected[place] = connect(ones, one, target).sum()
    assert (fan_out(synapse, source, target) == expected).all()


def test_exact_operations_against_a_plain_count():
    network = random_network(3, phases=16)
    x = random_samples(network, 3)
    run = network.run(x, record=True)
    spikes = {layer.name: spikes_of(run.codes[layer.name], layer) for layer in network.layers[:-1]}
    found = energy(network, spikes, 3)
    exact = total = estimated = 0.0
    for layer in network.layers:
        if not isinstance(layer, (Spiking, Readout)):
            continue
        for synapse in layer.synapses:
            source = network.layers[synapse.source]
            sent = spikes[source.name]
            exact += (sent * fan_out(synapse, source.shape, layer.shape)).sum() / 3
            total += macs(synapse, layer.shape)
            estimated += macs(synapse, layer.shape) * sent.sum() / 3 / sent.size
    assert found.exact == pytest.approx(exact)
    assert found.macs == total
    assert found.ratios["fp32"] == pytest.approx(total * 4.6 / (estimated * 0.9))
    assert found.ratios["int8"] == pytest.approx(total * 0.23 / (estimated * 0.03))
    assert found.exact < found.estimated * 1.5


def test_input_spikes_are_bits():
    network = random_network(3)
    codes = np.zeros((2, *network.input.shape), np.uint8)
    codes[0, 0, 0, 0], codes[1, 0, 0, 0] = 0b101, 0b1
    assert spikes_of(codes, network.input)[0, 0, 0] == 3
