"""`onespike report`."""

import json
import os
import sys

import numpy as np
import pytest

from exporters import convert
from onespike_lava import save
from tests.networks import random_samples, random_timed_network
from tests.sources import images


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A torch factory of the working folder, its network, and data."""
    torch = pytest.importorskip("torch")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "twelve.py").write_text(
        "from torch import nn\nimport torch\n\n"
        "def make():\n    torch.manual_seed(0)\n"
        "    return nn.Sequential(nn.Conv2d(3, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(216, 5))\n"
    )
    torch.manual_seed(0)
    from exporters.frontends.torch.factory import load_factory

    x = images(20)
    network = convert(load_factory("twelve:make"), x).network
    save(network, "a.net")
    np.savez("x.npz", x=x, y=network.predict(x))
    return tmp_path


def called(*words):
    from onespike_lava.cli import main

    with pytest.raises(SystemExit) as stop:
        main([str(word) for word in words])
    return stop.value.code or 0


def test_command(files, capsys):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    words = ["report", "a.net", "--data", "x.npz", "-o", "r.html"]
    full = [*words, "--model", "twelve:make", "--calibration", "x.npz", "--taken-apart", "4"]
    assert called(*full, "--figures", "figures", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["accuracy"], found["samples"]) == (1.0, 20)
    assert found["comparison"]["rebuilt"] is True
    assert found["comparison"]["samples"] == 4
    assert found["changed"] == found["lost"] + found["gained"]
    assert [len(found["phase_counts"][name]) for name in found["spikes"]] == [9, 17]
    text = (files / "r.html").read_text()
    assert "100.00 %" in text
    assert "give --" not in text
    assert (files / "figures" / "losses.png").is_file()


def test_labels_may_be_missing_but_for_a_comparison(files, capsys):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    np.save("x.npy", np.load("x.npz")["x"])
    words = ["report", "a.net", "--data", "x.npy", "-o", "r.html"]
    assert called(*words, "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["accuracy"], found["correct"], found["samples"]) == (None, None, 20)
    text = (files / "r.html").read_text()
    assert "The samples have no labels" in text
    assert "on 20 samples;" in " ".join(text.split())
    assert "labelled samples" not in text
    assert called(*words) == 0
    assert capsys.readouterr().out == "r.html: no labels\n"
    assert called(*words, "--model", "twelve:make") == 2
    assert "x.npy: holds x, no array 'y'; save it under that name" in capsys.readouterr().err


def test_of_a_network_that_steps(tmp_path, monkeypatch, capsys):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    monkeypatch.chdir(tmp_path)
    network = random_timed_network(0, phases=6, sent="events")
    x = random_samples(network, 5)
    save(network, "a.net")
    np.savez("x.npz", x=x, y=network.predict(x))
    words = ["report", "a.net", "--data", "x.npz", "-o", "r.html"]
    assert called(*words, "--figures", "figures", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["accuracy"], found["accuracy_over_steps"][-1]) == (1.0, 1.0)
    run = network.run(x, record=True)
    assert found["rates"] == {name: run.rates(name).tolist() for name in run.recorded}
    assert {"rates-01.png", "raster.svg", "accuracy-over-steps.png", "energy.png"} <= {
        each.name for each in (tmp_path / "figures").iterdir()
    }
    assert called(*words, "--model", "none.onnx") == 2
    said = capsys.readouterr().err
    assert "model: a network that steps is not compared with a network of ReLUs" in said


def test_of_targets_that_are_numbers(files, capsys):
    """The source's own distance from them stands beside; nothing is said of classes."""
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    from exporters.frontends.torch.factory import load_factory

    x = np.load("x.npz")["x"]
    source = load_factory("twelve:make")
    y = source(torch_of(x)).detach().numpy().astype(np.float64) + 0.25
    np.savez("numbers.npz", x=x, y=y)
    words = ["report", "a.net", "--data", "numbers.npz", "-o", "r.html", "--model", "twelve:make"]
    assert called(*words, "--calibration", "x.npz", "--json") == 0
    found = json.loads(capsys.readouterr().out)
    compared = found["comparison"]
    assert compared["ann"] is compared["real"] is None
    assert compared["ann_numbers"]["squared_error"] == pytest.approx(0.0625, rel=1e-4)
    assert compared["real_numbers"]["r2"] == pytest.approx(found["r2"], abs=0.05)
    assert "changed" not in found
    text = (files / "r.html").read_text()
    assert "Distance from the numbers in" in text
    assert "same class" not in text
    assert called(*words) == 0
    error, share = found["mean_squared_error"], found["r2"]
    assert capsys.readouterr().out == f"r.html: mean squared error {error:.6g}, R2 {share:.4f}\n"
    np.savez("short.npz", x=x, y=y[:, :2])
    words[3] = "short.npz"
    assert called(*words) == 2
    assert "y: numbers of shape [20, 2] do not fit" in capsys.readouterr().err


def torch_of(x):
    import torch

    return torch.from_numpy(x.astype(np.float32))


@pytest.mark.skipif(sys.platform != "linux", reason="needs names of any bytes")
def test_a_path_that_is_no_text_is_a_title_with_escapes(files):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    name = os.fsdecode(b"\xff.net")
    (files / "a.net").rename(files / name)
    assert called("report", name, "--data", "x.npz", "-o", "r.html") == 0
    assert r"<title>\udcff.net" in (files / "r.html").read_text()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--calibration", "x.npz"], "model: missing; weights, output and calibration belong to"),
        (["--model", "twelve:make", "--calibration", "b.npz"], "calibration: 3 samples of SHA-256"),
        (["-o", "none/r.html"], "none/r.html: cannot be written (No such file or directory)"),
        (["--figures", "x.npz"], "x.npz: no folder for figures (File exists); give another"),
    ],
)
def test_a_slip_is_one_line(files, capsys, words, message):
    pytest.importorskip("matplotlib")
    pytest.importorskip("jinja2")
    np.savez("b.npz", x=images(3))
    assert called("report", "a.net", "--data", "x.npz", "-o", "r.html", *words) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"onespike: {message}")
    assert err.count("\n") == 1
