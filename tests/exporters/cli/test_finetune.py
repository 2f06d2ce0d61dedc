"""`onespike finetune`."""

# ruff: noqa: E402  (imports follow importorskip)

import json

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

import onespike_lava
from exporters.training import loop
from tests.exporters.finetuning.trained import samples

SOURCE = """
import torch
from torch import nn


def make():
    torch.manual_seed(0)
    end = [nn.Flatten(), nn.Linear(32, 5)]
    return nn.Sequential(nn.Conv2d(3, 8, 3, stride=3), nn.ReLU(), *end)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "nets.py").write_text(SOURCE)
    x, y = samples(300)
    np.savez(tmp_path / "train.npz", x=x, y=y)
    np.savez(tmp_path / "real.npz", x=x, y=y / 3)
    monkeypatch.chdir(tmp_path)
    return tmp_path


WORDS = ("finetune", "nets.py:make", "--data", "train.npz", "-o", "net.net", "--phases", 4)
MORE = ("--epochs", 2, "--batch", 30, "--rate", 0.02)


def test_it_writes_a_file_that_commands_take(onespike, folder):
    code, out, err = onespike(*WORDS, *MORE, "--validation", 0.2, "--weight-bits", 4, "--fan-in", 9)
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert [line.split()[:2] for line in lines[2:4]] == [["epoch", "1"], ["epoch", "2"]]
    assert lines[-1].startswith("net.net: 3 layers, ")
    assert "% of the samples held out" in lines[-1]
    found = onespike_lava.load("net.net")
    assert found.phases == 4
    assert max(np.count_nonzero(each.weight[0]) for each in found.layers[1].synapses) <= 9
    assert not (folder / "net.unfinished").exists()
    code, out, _ = onespike("verify", "net.net", "--data", "train.npz", "--limit", 20)
    assert (code, "equal in every spike" in out) == (0, True)


def test_payloads_of_few_bits_and_two_neurons_for_a_value(onespike):
    code, _, err = onespike(*WORDS, *MORE[:-1], 1e-3, "--payload-bits", 3, "--double", "all")
    assert (code, err) == (0, "")
    found = onespike_lava.load("net.net")
    coded = [each for each in found.layers if each.name in found.neurons]
    assert list(found.neurons) == ["0", "0.second"]
    assert {each.payload_bits for each in coded} == {3}
    assert max(int(each.payload.max()) for each in coded) <= 2**3
    code, out, _ = onespike("verify", "net.net", "--data", "train.npz", "--limit", 20)
    assert (code, "equal in every spike" in out) == (0, True)
    code, _, err = onespike(*WORDS, *MORE, "--payload-bits", 3, "--code", "count")
    assert (code, "payload_bits: of one-spike networks" in err) == (2, True)


def test_spike_counts_show_how_far_it_spikes(onespike):
    more = ("--code", "count", "--validation", 0.2, "--patience", 1, "--new-layer", "frozen")
    code, out, err = onespike(*WORDS, *MORE, *more)
    assert (code, err) == (0, "")
    assert "spikes up to" in out
    assert onespike_lava.load("net.net").steps
    code, out, _ = onespike("verify", "net.net", "--data", "train.npz", "--limit", 20)
    assert (code, "equal in every spike" in out) == (0, True)
    again = ("finetune", "net.net", "--data", "train.npz", "-o", "next.net", *MORE, "--json")
    code, out, _ = onespike(*again)
    assert (code, len(json.loads(out)["curve"])) == (0, 1)
    code, _, err = onespike(*again, "--code", "count")
    assert (code, "code: of a conversion; net.net is converted already" in err) == (2, True)


def test_a_file_is_trained_on_and_told_as_json(onespike):
    assert onespike(*WORDS, *MORE, "--move", 1, "--mirror")[0] == 0
    again = ("finetune", "net.net", "--data", "train.npz", "-o", "next.net", *MORE, "--json")
    code, out, _ = onespike(*again)
    told = json.loads(out)
    assert (code, told["ended"], len(told["epochs"])) == (0, True, 2)
    assert onespike_lava.load("next.net").phases == 4
    code, _, err = onespike(*again, "--phases", 5)
    assert (code, err) == (
        2,
        "onespike: phases: of a conversion; net.net is converted already, leave it out\n",
    )


def test_ctrl_c_writes_the_best_and_the_same_call_goes_on(onespike, folder, monkeypatch):
    step, seen = loop._Run._step, []

    def interrupted(run):
        seen.append(run)
        if len(seen) == 14:  # of 20
            raise KeyboardInterrupt
        step(run)

    monkeypatch.setattr(loop._Run, "_step", interrupted)
    code, out, err = onespike(*WORDS, *MORE)
    assert (code, err) == (130, "onespike: interrupted; the same call goes on\n")
    assert "epoch 1" in out
    assert "epoch 2" not in out
    first = onespike_lava.load("net.net")
    assert (folder / "net.unfinished").exists()
    assert onespike(*WORDS, *MORE)[0] == 0
    assert onespike_lava.load("net.net") != first
    assert len(seen) == 14 + 10


def test_slips(onespike):
    for words, text in (
        (("--weight-bits", 3), "weight_bits is 3; give one of 8, 4"),
        (("--batch", 500), "300 training samples for batches of 500"),
        (("--rate", -1), "rate is -1.0"),
    ):
        code, _, err = onespike(*WORDS, *words)
        assert (code, text in err, err.count("\n")) == (2, True, 1), err
    words = [each if each != "train.npz" else "real.npz" for each in WORDS]
    code, _, err = onespike(*words)
    assert (code, err.count("\n")) == (2, 1)
    assert "no labels" in err
    code, _, err = onespike(*WORDS[:4], "-o", "train.npz")
    assert code == 2


@pytest.mark.parametrize("output", ["", ".", "taken.net"])
def test_a_folder_as_output_is_refused_before_any_training(onespike, folder, output):
    (folder / "taken.net").mkdir()
    words = [each if each != "net.net" else output for each in WORDS]
    code, _, err = onespike(*words, *MORE)
    name = output or "."
    assert (code, err) == (
        2,
        f"onespike: {name}: cannot be written (is a folder); give another path\n",
    )
    assert not list(folder.glob("*.unfinished"))


def test_a_network_that_gets_nothing_right_says_so(onespike, folder):
    assert onespike(*WORDS, *MORE)[0] == 0
    x, _ = samples(300)
    given = onespike_lava.load("net.net").predict(x)
    np.savez(folder / "wrong.npz", x=x, y=(given + 1) % 5)
    words = ("finetune", "net.net", "--data", "wrong.npz", "-o", "next.net", "--epochs", 1)
    code, out, _ = onespike(*words, "--validation", 0.2, "--rate", 0)
    assert (code, "T = 4, 0.00 % of the samples held out" in out) == (0, True)
