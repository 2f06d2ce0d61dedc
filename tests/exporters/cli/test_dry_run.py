"""`onespike export --dry-run`."""

# ruff: noqa: E402  (imports follow importorskip)

import json
import re

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from onespike_lava import load
from onespike_lava.cli import main

SOURCE = """
from torch import nn

def good():
    end = [nn.Dropout(), nn.Flatten(), nn.Linear(144, 2)]
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), *end)

def bad():
    end = [nn.GroupNorm(2, 4), nn.Conv2d(4, 4, 1), nn.SiLU()]
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), *end)

def stuck():
    return nn.Sequential(nn.Conv2d(3, 4, 3), nn.MaxPool2d(2), nn.Conv2d(4, 4, 1), nn.MaxPool2d(2))
"""


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "nets.py").write_text(SOURCE)
    np.savez(tmp_path / "x.npz", x=np.random.default_rng(0).normal(size=(9, 3, 8, 8)))
    monkeypatch.chdir(tmp_path)
    return tmp_path


def ran(capsys, *words):
    with pytest.raises(SystemExit) as ended:
        main(["export", *words, "--dry-run"])
    out = capsys.readouterr()
    return ended.value.code, out.out, out.err


def test_every_node_is_accounted_for_and_nothing_written(folder, capsys):
    before = sorted(folder.iterdir())
    code, out, _ = ran(capsys, "nets.py:good", "--calibration", "x.npz")
    assert code == 0
    assert "dropped (dropout)" in out
    assert {"input", "0", "1", "2", "3", "4"} <= {line.split()[0] for line in out.splitlines()}
    assert {each.name for each in folder.iterdir()} - {"__pycache__"} == {e.name for e in before}


def test_no_samples(folder, capsys):
    np.savez(folder / "none.npz", x=np.zeros((0, 3, 8, 8)))
    code, _, err = ran(capsys, "nets.py:good", "--calibration", "none.npz")
    assert (code, err.split(";")[0]) == (2, "onespike: calibration: no samples")


def test_every_refused_node_is_listed_with_its_reason(capsys):
    code, out, err = ran(capsys, "nets.py:bad", "--calibration", "x.npz")
    assert code == 2
    rows = out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["1", "2", "4"]
    assert "use batch norm" in rows[1]
    assert "3 nodes are refused; nothing was written" in err
    code, out, _ = ran(capsys, "nets.py:bad", "--calibration", "x.npz", "--json")
    found = json.loads(out)
    assert code == 2
    assert found["converts"] is False
    assert [each["node"] for each in found["refused"]] == ["1 (GELU)", "2 (GroupNorm)", "4 (SiLU)"]


def test_what_spikes_cannot_do_is_listed_too(capsys):
    code, out, err = ran(capsys, "nets.py:stuck", "--calibration", "x.npz")
    assert code == 2
    assert [row.split()[0] for row in out.splitlines()[1:]] == ["0", "2"]
    assert "2 nodes are refused" in err


def test_a_file_that_tells_its_sizes_needs_no_samples(capsys):
    pytest.importorskip("onnx")
    net = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU())
    torch.onnx.export(net.eval(), torch.zeros(1, 3, 8, 8), "n.onnx")
    assert ran(capsys, "n.onnx")[0] == 0
    code, _, err = ran(capsys, "nets.py:good")
    assert code == 2
    assert "a torch model does not say what it takes" in err


def test_an_export_names_its_file(capsys):
    with pytest.raises(SystemExit):
        main(["export", "nets.py:good", "--calibration", "x.npz"])
    assert "output: missing; name the file to write with -o" in capsys.readouterr().err


def test_options_are_checked_as_in_an_export(capsys):
    words = ("nets.py:good", "--calibration", "x.npz", "--layer-spikes", "nope=2")
    code, _, err = ran(capsys, *words)
    assert (code, "nope" in err) == (2, True)


def test_options_of_the_paper_count(capsys):
    words = ("nets.py:good", "--calibration", "x.npz", "--json")
    whole = json.loads(ran(capsys, *words)[1])["estimate"]["seconds"]
    paper = json.loads(ran(capsys, *words, "--paper")[1])["estimate"]["seconds"]
    same = json.loads(ran(capsys, *words, "--correct", "none")[1])["estimate"]["seconds"]
    assert paper == same < whole


def test_what_an_export_takes_is_told_before(folder, capsys):
    code, out, _ = ran(capsys, "nets.py:good", "--calibration", "x.npz", "--json")
    told = json.loads(out)
    found = told["estimate"]
    assert code == 0
    assert told["converts"] is True
    with pytest.raises(SystemExit) as ended:
        main(["export", "nets.py:good", "--calibration", "x.npz", "-o", "n.net"])
    assert not ended.value.code
    network = load("n.net")
    assert found["layers"] == len(network.layers)
    assert found["weights"] == network.weights
    assert found["neurons"] == sum(network.neurons.values())
    assert found["samples"] == 9
    assert found["chips"] == 1
    assert 0.5 < found["file"] / (folder / "n.net").stat().st_size < 1
    assert 3 < found["seconds"] < 5
    assert 5e8 < found["memory"] < 2e9
    out = ran(capsys, "nets.py:good", "--calibration", "x.npz")[1]
    assert re.search(r"time, about +\d+ s", out)
    assert re.search(r"memory, about +\d\.\d GB", out)


def test_a_limit_in_the_way_is_told_before(capsys, monkeypatch):
    monkeypatch.setattr("onespike_lava.netx.writer.FILE_LIMIT", 3000)
    code, out, err = ran(capsys, "nets.py:good", "--calibration", "x.npz", "--json")
    found = json.loads(out)
    assert code == 2
    assert found["converts"] is False
    assert found["refused"] == []
    assert "bytes exceed 3000, the largest file that is read" in found["estimate"]["exceeded"][0]
    assert "bytes exceed 3000" in err
    monkeypatch.setattr("onespike_lava.rules.structure.LAYERS_MAX", 2)
    code, out, err = ran(capsys, "nets.py:good", "--calibration", "x.npz")
    assert code == 2
    assert "layers: 3 exceed 2; use a shallower network" in err
