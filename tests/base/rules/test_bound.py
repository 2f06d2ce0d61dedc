"""The 24-bit proof: bounds of potentials and thresholds hold."""

import numpy as np
import pytest

from onespike_lava import coding
from onespike_lava.layers import Readout
from onespike_lava.network import Network
from onespike_lava.rules import largest_potential
from tests.base.rules.layers import PAYLOADS, dense, messages, network
from tests.networks import random_network


def test_state_limit_of_potentials():
    room = 2**23 - 4 * 100 * 255
    assert largest_potential(network(dense(bias=room - 1)), dense(bias=room - 1)) == 2**23 - 1
    assert messages(dense(bias=-room)) == (
        f"layer 1 (hidden): potential: {2**23} can reach the state limit of {2**23} (24 bits "
        "signed); export with fewer payload bits",
    )


def test_state_limit_of_thresholds():
    top = int(coding.threshold_table(PAYLOADS)[0])
    network(dense(base=(2**23 - 1) // top))
    assert "exceeds the state limit" in messages(dense(base=2**23 // top + 1))[0]


@pytest.mark.parametrize(("weighting", "seed"), [("graded", 3), ("membrane", 3), ("membrane", 6)])
def test_no_potential_exceeds_its_bound(weighting, seed):
    """The bound holds for the worst inputs, and comes close for the first layer."""
    network = random_network(seed, weighting, phases=16)
    layer = network.layers[1]
    weight = layer.synapses[0].weight
    channel = int(np.argmax(np.maximum(weight, 0).reshape(len(weight), -1).sum(1)))
    top = 2**network.input.bits - 1
    patch = np.where(weight[channel] > 0, top, 0)
    x = np.zeros((1, *network.input.shape))
    x[0, :, 1:4, 1:4] = patch * network.input.step[0]
    readout = Readout("out", layer.shape, layer.synapses, layer.bias, 1.0, layer.growth)
    alone = Network((network.input, readout), network.phases, network.wait, weighting)
    reached = int(np.abs(alone.run(x).scores).max())
    bound = largest_potential(alone, readout)
    assert reached <= bound
    assert reached > 0.4 * bound
