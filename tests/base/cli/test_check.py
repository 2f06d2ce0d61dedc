"""`onespike check`."""

import json
from dataclasses import replace

import numpy as np

from onespike_lava import netx
from tests.base.loihi.networks import small
from tests.graphs import random_graph_network
from tests.networks import changed


def test_command(onespike, tmp_path):
    net = tmp_path / "small.net"
    netx.save(small(), net)
    code, text, _ = onespike("check", net, "--step-time", "0.1")
    assert code == 0
    assert "violations: none" in text
    np.savez(tmp_path / "d.npz", x=np.zeros((3, 2, 6, 6), np.float32))
    code, text, _ = onespike("check", net, "--data", tmp_path / "d.npz", "--json")
    found = json.loads(text)
    assert code == 0
    assert found["ok"] is True
    assert found["fit"]["layers"][0]["spikes"] == 0.0
    assert found["fit"]["samples_per_second"] is None
    assert [note["topic"] for note in found["notes"]] == ["chip models", "max pool"]


def test_command_exits_1_on_a_violation_and_2_on_bad_input(onespike, tmp_path):
    network, net = random_graph_network(0), tmp_path / "wide.net"
    synapse = network.layers[2].synapses[0]
    weight = synapse.weight.copy()
    weight[0] = -128  # a sign of -1 makes 128 of it
    network = changed(network, 2, synapses=(replace(synapse, weight=weight),))
    netx.save(network, net)
    code, text, _ = onespike("check", net, "--json")
    found = json.loads(text)
    assert code == 1
    assert found["ok"] is False
    (violation,) = found["violations"]
    name = network.layers[2].name
    assert violation["layer"] == name
    assert (violation["rule"], violation["found"], violation["limit"]) == ("weight_bits", 9, 8)
    assert "smaller weights" in violation["fix"]
    code, text, _ = onespike("check", net)
    assert code == 1
    assert f"{name}: weight_bits: 9 exceeds 8 bits, sign included; export" in text
    for words in (("nowhere.net",), (net, "--wait", "99"), (net, "--step-time", "-1")):
        code, _, error = onespike("check", *words)
        assert code == 2
        assert error.startswith("onespike: ")
        assert error.count("\n") == 1
