"""`onespike check`."""

import json

import numpy as np

from onespike_lava import netx
from tests.base.loihi.networks import maker, small


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
    make = maker()
    make.readout(make.conv(make.input((200, 3, 3)), 200, groups=200))
    network, net = make.network(), tmp_path / "wide.net"
    netx.save(network, net)
    code, text, _ = onespike("check", net, "--json")
    found = json.loads(text)
    assert code == 1
    assert found["ok"] is False
    (violation,) = found["violations"]
    assert violation["layer"] == network.layers[1].name
    assert (violation["rule"], violation["found"], violation["limit"]) == ("groups", 200, 127)
    assert "split the channels" in violation["fix"]
    code, text, _ = onespike("check", net)
    assert code == 1
    assert f"{network.layers[1].name}: groups: 200 exceeds 127 groups (int8); split" in text
    for words in (("nowhere.net",), (net, "--wait", "99"), (net, "--step-time", "-1")):
        code, _, error = onespike("check", *words)
        assert code == 2
        assert error.startswith("onespike: ")
        assert error.count("\n") == 1
