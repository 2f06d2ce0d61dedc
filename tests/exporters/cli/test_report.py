"""`onespike report`."""

import json
import os
import sys

import numpy as np
import pytest

from exporters import convert
from onespike_lava import save
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
    assert [len(found["phase_counts"][name]) for name in found["spikes"]] == [9, 17]
    text = (files / "r.html").read_text()
    assert "100.00 %" in text
    assert "give --" not in text
    assert (files / "figures" / "losses.png").is_file()


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
