"""Networks that step through the command line: what works, and what says that it does not."""

import json

import numpy as np
import pytest

from onespike_lava import load
from onespike_lava.cli import main
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.layers import Timed
from onespike_lava.netx import save
from tests.networks import random_network, random_samples, random_timed_network


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


def test_accuracy_over_steps(network, capsys):
    words = ["evaluate", "a.net", "--data", "x.npz", "--over-steps"]
    code, out, _ = done([*words, "--json"], capsys)
    found, x = json.loads(out), random_samples(network, 4)
    scores = network.run(x, over_steps=True).over_steps
    places = int(np.prod(network.readout.scores[1:]))
    best = scores.reshape(4, 5, -1, places).argmax(axis=2)
    assert code == 0
    assert found["accuracy_over_steps"] == (best == 0).mean(axis=(0, 2)).tolist()
    assert found["accuracy_over_steps"][-1] == found["accuracy"]
    code, out, _ = done([*words, "--limit", "2"], capsys)
    assert code == 0
    assert "accuracy after step 5" in out
    held = network.input.coding == "constant"
    assert (figure(out, "MACs of the input per sample") > 0) == held
    both = [figure(out, row) for row in ("synaptic operations per sample", "of these with")]
    assert both == [round(evaluated(network, 2).exact), round(evaluated(network, 2).multiplied)]


def figure(out, row):
    found = next(line for line in out.splitlines() if line.startswith(row))
    return int(found.split()[-1].replace(",", ""))


def evaluated(network, samples):
    return evaluate(network, random_samples(network, 4)[:samples], [0] * samples).energy


def test_of_many_steps_some_are_printed(capsys, tmp_path):
    network = random_timed_network(3, phases=50, sent="latency")
    save(network, tmp_path / "a.net")
    np.savez(tmp_path / "x.npz", x=random_samples(network, 3), y=np.zeros(3, int))
    words = ["evaluate", str(tmp_path / "a.net"), "--data", str(tmp_path / "x.npz")]
    _, out, _ = done([*words, "--over-steps"], capsys)
    steps = [int(line.split()[3]) for line in out.splitlines() if line.startswith("accuracy after")]
    assert steps == list(range(2, 51, 3))
    _, out, _ = done([*words, "--over-steps", "--json"], capsys)
    assert len(json.loads(out)["accuracy_over_steps"]) == 50


def test_phase_codes_have_no_accuracy_over_steps(capsys, tmp_path):
    made = random_network(1)
    save(made, tmp_path / "b.net")
    np.savez(tmp_path / "x.npz", x=random_samples(made, 2), y=np.zeros(2, int))
    words = ["evaluate", str(tmp_path / "b.net"), "--data", str(tmp_path / "x.npz")]
    code, _, err = done([*words, "--over-steps"], capsys)
    assert code == 2
    assert "networks that step have scores and states after each step" in err


def test_what_has_no_part_says_so(network, capsys):
    _, out, _ = done(["check", "a.net", "--stock"], capsys)
    assert "stock composition: " in out
    code, out, _ = done(["check", "a.net"], capsys)
    assert code == 0
    assert "violations: none" in out
    pytest.importorskip("lava.magma")
    lava = ["evaluate", "a.net", "--data", "x.npz", "--engine", "lava"]
    code, _, said = done([*lava, "--stock"], capsys)
    assert code == 2
    assert "stock composition: " in said
    assert done(lava, capsys)[0] == 0


def test_the_file_is_the_network(network):
    assert load("a.net") == network
