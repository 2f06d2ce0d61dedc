"""Networks that step through the command line: what works, and what says that it does not."""

import json

import numpy as np
import pytest

from onespike_lava import load
from onespike_lava.cli import main
from onespike_lava.layers import Timed
from onespike_lava.netx import save
from tests.networks import random_samples, random_timed_network


@pytest.fixture(params=["constant", "events"])
def network(request, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = random_timed_network(3, phases=5, sent=request.param)
    save(made, "a.net")
    np.savez("x.npz", x=random_samples(made, 4), y=np.zeros(4, int))
    return made


def done(words, capsys):
    with pytest.raises(SystemExit) as end:
        main(words)
    out, err = capsys.readouterr()
    return end.value.code, out, err.rstrip("\n").split("\n")[-1]


def test_run_writes_trains(network, capsys):
    assert done(["run", "a.net", "--input", "x.npz", "-o", "out.npz"], capsys)[0] == 0
    found = np.load("out.npz")
    expected = network.run(random_samples(network, 4), record=True)
    names = [f"trains/{layer.name}" for layer in network.layers[:-1]]
    assert sorted(found) == sorted(["scores", *names])
    assert (found["scores"] == expected.scores).all()
    for layer in network.layers[:-1]:
        assert (found[f"trains/{layer.name}"] == expected.trains(layer.name)).all()


def test_figures_of_inspect_and_evaluate(network, capsys):
    code, out, _ = done(["inspect", "a.net", "--json"], capsys)
    figures = json.loads(out)
    assert code == 0
    assert figures["phases"] == 5
    assert "base" not in figures
    assert figures["layers"][0]["coding"] == network.input.coding
    for shown, layer in zip(figures["layers"], network.layers, strict=True):
        if isinstance(layer, Timed):
            assert shown["reset"] == layer.reset.kind
    assert figures["layers"][-1]["take"] == network.readout.take
    code, out, _ = done(["evaluate", "a.net", "--data", "x.npz", "--json"], capsys)
    run = network.run(random_samples(network, 4))
    assert code == 0
    assert json.loads(out)["spikes"] == run.spikes
    assert json.loads(out)["correct"] == int((run.predictions == 0).sum())


def test_what_has_no_part_says_so(network, capsys):
    _, out, _ = done(["check", "a.net", "--stock"], capsys)
    assert "stock composition has no part for Timed; it knows Input, " in out
    code, out, _ = done(["check", "a.net"], capsys)
    assert code == 0
    assert "violations: none" in out
    pytest.importorskip("lava")
    code, _, said = done(["evaluate", "a.net", "--data", "x.npz", "--engine", "lava"], capsys)
    assert code == 2
    assert "leaf of engine lava has no part for Timed; it knows Input, " in said


def test_the_file_is_the_network(network):
    assert load("a.net") == network
