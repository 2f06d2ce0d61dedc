"""Files of networks that step."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onespike_lava import netx
from onespike_lava.errors import OneSpikeError, OneSpikeWarning
from onespike_lava.layers import Input, Integration, Synapse, TimedReadout
from onespike_lava.network import Network
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.tree import to_tree
from tests.networks import random_network, random_timed_network, timed


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6))
def test_networks_that_step_are_version_2(seed):
    network = random_timed_network(seed)
    content = netx.to_bytes(network)
    again = netx.from_bytes(content)
    assert again == network
    assert netx.to_bytes(again) == content
    assert to_tree(network)["onespike/version"] == 2


def test_a_network_that_version_1_can_say_is_written_so():
    assert to_tree(random_network(1))["onespike/version"] == 1


def test_timed_neurons_of_phase_code_are_kept():
    """Growth and the reset of several spikes, which no drawn network has."""
    for options in ({"weighting": "membrane"}, {"several": True}):
        network = timed(random_network(3, **options))
        assert netx.from_bytes(netx.to_bytes(network)) == network


def test_a_network_without_proof_says_so():
    with pytest.warns(OneSpikeWarning, match=r"^layer 1 \(out\): a state can reach"):
        network = unproven()
    with pytest.warns(OneSpikeWarning, match=r"^layer 1 \(out\): a state can reach"):
        again = netx.from_bytes(netx.to_bytes(network))
    assert again == network
    assert not again.proven
    assert to_tree(network)["onespike/proven"] == 0


@pytest.mark.parametrize("fault", ["version", "proven", "coding", "reset", "source"])
def test_version_2_has_one_way_to_say_a_thing(fault):
    tree, network = to_tree(random_timed_network(3)), random_timed_network(3)
    if fault == "version":
        tree["onespike/version"] = np.array(1, np.int32)
        message = r"^onespike/version: 1 is not 2, the version that says this network; write"
    elif fault == "proven":
        tree["onespike/proven"] = np.array(1, np.int32)
        message = r"^onespike/proven: 1 is not written; leave the key out"
        with pytest.raises(OneSpikeError, match=r"^onespike/proven: 7 is not 0; write the file"):
            from_tree({**tree, "onespike/proven": np.array(7, np.int32)})
    elif fault == "coding":
        tree["layer/0/neuron/coding"] = np.array([b"binary"])
        message = r"^layer/0/neuron/coding: binary is not written; leave the key out"
    elif fault == "reset":
        del tree["layer/1/neuron/threshold_base"]
        message = r"^layer/1/neuron/threshold_base: missing; write the file again"
    else:
        last = len(network.layers) - 1
        tree[f"layer/{last}/source"] = np.array(last, np.int32)
        message = r"source \d+ is not an earlier layer"
    with pytest.raises(OneSpikeError, match=message):
        from_tree(tree)


def unproven():
    """An output neuron that reaches 24 bits in 20 steps."""
    entry = Input("in", (1,), 8, np.zeros(1), np.ones(1), "constant")
    synapse = Synapse(0, np.full((1, 1), 127, np.int8))
    parts = Integration(np.zeros(1, np.int32), fraction_bits=6)
    return Network((entry, TimedReadout("out", (1,), (synapse,), parts, 1.0)), 20, 0, proven=False)
