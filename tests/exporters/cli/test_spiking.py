"""`onespike export` of a module with spiking modules."""

# ruff: noqa: E402  (imports follow importorskip)

import json
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("safetensors")

import onespike_lava

NET = """
import torch
from torch import nn
from tests.lookalikes import LIFNode, IFNode


def make():
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(16, 20), LIFNode(), nn.Linear(20, 4), IFNode(v_reset=None))


def plain():
    return nn.Sequential(nn.Linear(16, 20), nn.ReLU(), nn.Linear(20, 4))
"""


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A folder with a factory and data, the current one."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "spiking_net", None)
    sys.modules.pop("spiking_net")
    (tmp_path / "spiking_net.py").write_text(NET)
    x = (np.random.default_rng(0).integers(0, 256, (80, 16)) / 128).astype(np.float32)
    np.savez("x.npz", x=x, y=np.arange(80) % 4)
    return tmp_path


EXPORT = ("export", "spiking_net:make", "--calibration", "x.npz", "-o", "net.net")


def test_it_prints_what_integers_cost(onespike, place):
    code, out, err = onespike(*EXPORT, "--steps", 6)
    assert (code, err.count("warning")) == (0, 0)
    assert "fires at v >= threshold and is reset to zero" in out
    assert "fires at v >= threshold and is reset by subtraction" in out
    assert "rate  alone %  whole %  leak %" in out
    assert "net.net: 4 layers, T = 6" in out or "net.net: 5 layers, T = 6" in out
    assert "agreement " in out
    assert "accuracy " in out
    assert onespike_lava.load("net.net").phases == 6


def test_a_dry_run_tells_how_neurons_are_read_and_writes_nothing(onespike, place):
    before = sorted(each.name for each in place.iterdir())
    code, out, _ = onespike(*EXPORT, "--steps", 6, "--dry-run")
    assert code == 0
    assert "fires at v >= threshold and is reset to zero" in out
    code, out, err = onespike(*EXPORT, "--dry-run")  # how many steps?
    assert code == 2
    assert "steps: missing" in out + err
    assert sorted(e.name for e in place.iterdir() if e.name != "__pycache__") == before


def test_json(onespike, place):
    code, out, _ = onespike(*EXPORT, "--steps", 6, "--preset", "exact", "--json")
    told = json.loads(out)
    assert code == 0
    assert set(told["neurons_read"]) == {"1", "3"}
    flips = told["self_check"]["flips"]
    assert [each["layer"] for each in flips] == ["1", "3"]
    assert told["self_check"]["agreement"] > 0.8


def test_weights_and_events(onespike, place):
    from safetensors.torch import save_file

    state = {"0.weight": torch.ones(20, 16), "0.bias": torch.zeros(20)}
    state |= {"2.weight": torch.ones(4, 20), "2.bias": torch.zeros(4)}
    save_file(state, "w.safetensors")
    np.savez("events.npz", x=np.ones((4, 5, 16), np.uint8))
    words = ("export", "spiking_net:make", "--weights", "w.safetensors", "-o", "e.net")
    assert onespike(*words, "--calibration", "events.npz")[0] == 0
    net = onespike_lava.load("e.net")
    assert (net.phases, net.input.coding) == (5, "events")
    assert (net.layers[1].synapses[0].weight == 127).all()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "steps: missing; Sequential takes one step at a time"),
        (("--steps", 6, "--phases", 8), "phases: not of a network with spiking modules, whose opt"),
        (("--steps", 6, "--paper"), "paper: not of a network with spiking modules"),
        (("--steps", 0), r"steps: 0 is outside 1..4096"),
    ],
)
def test_slips(onespike, place, words, message):
    code, _, err = onespike(*EXPORT, *words)
    assert code == 2
    assert message in err
    assert not (place / "net.net").exists()


def test_options_of_spiking_modules_are_not_of_others(onespike, place):
    words = ("export", "spiking_net:plain", "--calibration", "x.npz", "-o", "net.net")
    code, _, err = onespike(*words, "--steps", 6)
    assert code == 2
    assert "steps: only of spiking modules; MODEL has none; leave it out" in err
    assert onespike(*words)[0] == 0


def test_targets_that_are_numbers_are_no_labels(onespike, place):
    x = np.load("x.npz")["x"]
    np.savez("x.npz", x=x, y=x[:, 0])
    code, out, _ = onespike(*EXPORT, "--steps", 6)
    assert code == 0
    assert "accuracy" not in out
    np.savez("x.npz", x=x, y=np.arange(80))
    code, _, err = onespike(*EXPORT, "--steps", 6)
    assert code
    assert "labels: labels 0..79 are outside 0..3, the outputs of the network; renumber" in err


def test_a_dry_run_refuses_what_the_export_refuses(onespike, place):
    graph = ("--adjacency", "x.npz")
    for words, text in (
        ((*EXPORT, "--steps", 6, "--phases", 16), "phases: not of a network with spiking modules"),
        ((*EXPORT, "--steps", 6, "--input-range", "1,0"), "input_range: low 1 is not below high 0"),
        (("export", "spiking_net:plain", *EXPORT[2:], "--steps", 6), "steps: only of spiking mod"),
    ):
        for more in ((), ("--dry-run",)):
            code, out, err = onespike(*words, *more)
            assert (code, text in out + err) == (2, True)
    code, out, err = onespike(*EXPORT, "--steps", 6, *graph)
    assert (code, "adjacency: not of a network with spiking modules" in out + err) == (2, True)
    code, out, err = onespike("export", "spiking_net:make", *graph, "-o", "net.net")
    assert code == 2
    assert not (place / "net.net").exists()
