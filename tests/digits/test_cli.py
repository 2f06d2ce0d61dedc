"""The command line as a user types it, on the default model."""

import json
import subprocess
import sys

import numpy as np
import pytest

from onespike_lava import load, netx
from tests import DIGITS
from tests.digits.conftest import module

NET = str(DIGITS / "digits.net")


@pytest.fixture(scope="session")
def data(tmp_path_factory, split):
    folder = tmp_path_factory.mktemp("data")
    module("data").write(folder)
    return folder


def test_export_evaluate_run(onespike, data, tmp_path, split, conversions):
    pytest.importorskip("onnx")
    net, out = tmp_path / "digits.net", tmp_path / "out.npz"
    code, text, _ = onespike(
        "export", DIGITS / "digits.onnx", "--calibration", data / "calibration.npz", "-o", net
    )
    assert code == 0
    assert "folded into conv1" in text
    assert load(net).layers == conversions["graded"].network.layers

    code, text, _ = onespike("evaluate", net, "--data", data / "test.npz", "--json")
    found = json.loads(text)
    assert code == 0
    wanted = "samples accuracy engine wait phases base spikes spikes_per_neuron synops energy"
    assert set(wanted.split()) <= set(found)
    assert found["samples"] == len(split[3])
    assert found["base"] == 1.3

    code, text, _ = onespike("run", net, "--input", data / "test.npz", "-o", out, "--limit", "9")
    arrays = np.load(out)
    assert code == 0
    assert arrays["scores"].shape == (9, 10)
    assert arrays["scores"].dtype == np.int64
    assert arrays["codes/conv1"].shape == (9, 16, 8, 8)
    assert arrays["codes/conv1"].dtype == np.uint8


def test_inspect(onespike):
    code, text, _ = onespike("inspect", NET, "--json")
    found = json.loads(text)
    assert code == 0
    assert [layer["name"] for layer in found["layers"]] == [
        layer.name for layer in load(NET).layers
    ]
    assert {"phases", "base", "wait", "layers"} <= set(found)
    assert all({"name", "type", "shape"} <= set(layer) for layer in found["layers"])
    code, text, _ = onespike("inspect", NET)
    assert code == 0
    assert "conv1" in text


def test_options_of_export_reach_the_file(onespike, data, tmp_path):
    pytest.importorskip("onnx")
    net = tmp_path / "a.net"
    code, _, err = onespike(
        *("export", DIGITS / "digits.onnx", "--calibration", data / "calibration.npz", "-o", net),
        *("--phases", "8", "--base", "1.5", "--wait", "6", "--weighting", "membrane"),
        *("--scale", "layer", "--no-shift", "--input-bits", "6", "--input-range", "0,1"),
    )
    network = load(net)
    assert code == 0
    assert (network.phases, network.wait, network.weighting) == (8, 6, "membrane")
    assert network.input.bits == 6
    assert network.input.step[0] == 1 / 63
    assert dict(network.provenance)["threshold_shift"] == "off"
    assert "warning: " not in err


def test_options_of_layers_and_the_papers_recipe(onespike, data, tmp_path):
    pytest.importorskip("onnx")
    net = tmp_path / "a.net"
    words = ("export", DIGITS / "digits.onnx", "--calibration", data / "calibration.npz", "-o", net)
    code, _, _ = onespike(
        *words, "--paper", "--layer-base", "conv1=1.25", "--layer-spikes", "conv3=2"
    )
    layers = {layer.name: layer for layer in load(net).layers}
    assert code == 0
    assert layers["conv1"].base == 1.25
    assert (layers["conv2"].max_spikes, layers["conv3"].max_spikes) == (1, 2)
    provenance = dict(load(net).provenance)
    assert provenance["normalisation"] == "max, channel"
    assert (provenance["levels"], provenance["correction"]) == ("base", "none")
    code, _, err = onespike(*words, "--layer-spikes", "conv3=many")
    assert code == 2
    assert err.startswith("onespike: layer-spikes: 'conv3=many' is not LAYER=NUMBER; give a layer")
    code, _, err = onespike(*words, "--max-spikes", "2")
    assert code == 2
    assert "a max pool passes first spikes, but conv2 sends up to 2; give that layer one" in err


def test_verify(onespike, data, tmp_path):
    pytest.importorskip("onnx")
    words = ("--data", data / "test.npz", "--limit", "5")
    code, text, _ = onespike("verify", NET, *words, "--model", DIGITS / "digits.onnx")
    assert code == 0
    assert "numpy against reference, 5 samples: equal in every spike" in text
    assert "source network: the same" in text


def test_verify_finds_another_source(onespike, data, tmp_path):
    pytest.importorskip("onnx")
    network = load(NET)
    other = tmp_path / "other.net"
    fields = (network.layers, network.phases, network.wait, network.weighting)
    netx.save(type(network)(*fields, (("source_sha256", "0"),)), other)
    words = ("--data", data / "test.npz", "--limit", "5")
    code, text, _ = onespike("verify", other, *words, "--model", DIGITS / "digits.onnx")
    assert code == 1
    assert "source network: another than 0" in text


def test_verify_finds_a_planted_fault(onespike, data, monkeypatch):
    from onespike_lava.engines import numpy as engine
    from tests.late import one_phase_late_once

    monkeypatch.setattr(engine, "run", one_phase_late_once(engine.run))
    code, text, _ = onespike("verify", NET, "--data", data / "test.npz", "--limit", "3")
    assert code == 1
    assert "first difference at layer conv1, sample 0, neuron [" in text


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["evaluate", "no.net", "--data", "x.npz"], "onespike: no.net: does not exist; give the"),
        (["evaluate", NET, "--data", "no.npz"], "onespike: no.npz: does not exist; give the path"),
        (["evaluate", NET], "onespike: Missing option '--data'; see onespike evaluate --h"),
        (["evaluate", NET, "--data", NET], f"onespike: {NET}: is a converted network; give"),
        (["evaluate", NET, "--data", "x", "--engine", "gpu"], "onespike: Invalid value for '--eng"),
        (["inspect", "README.md"], "onespike: README.md: not a sound HDF5 file ("),
        (["spam"], "onespike: No such command 'spam'; see onespike --help"),
        (
            ["check", NET, "--step-time", "nan"],
            "onespike: Invalid value for '--step-time': nan is out",
        ),
        (
            ["check", NET, "--step-time", "1e308"],
            "onespike: Invalid value for '--step-time': 1e",
        ),
        (
            ["check", NET, "--step-time", "0"],
            "onespike: Invalid value for '--step-time': 0 is outs",
        ),
        ([], "onespike: Missing command; see onespike --help"),
        (["completion"], "onespike: Missing argument"),
        (
            ["export", "a.h5", "--calibration", "README.md", "-o", "b.net"],
            "onespike: README.md: not a sound .npy or .npz file of plain arrays",
        ),
    ],
)
def test_a_slip_is_one_line_and_exit_2(onespike, words, message, monkeypatch):
    monkeypatch.chdir(DIGITS.parents[1])
    code, out, err = onespike(*words)
    assert code == 2
    assert out == ""
    assert err.startswith(message), err
    assert err.count("\n") == 1
    assert "; " in err


def test_missing_labels_and_wrong_shapes(onespike, tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((2, 1, 8, 8), np.float32))
    code, _, err = onespike("evaluate", NET, "--data", tmp_path / "a.npz")
    assert (code, err.count("\n")) == (2, 1)
    assert "holds x, no array 'y'; save it under that name" in err
    np.savez(tmp_path / "b.npz", x=np.zeros((2, 64), np.float32), y=np.array([1, 2]))
    code, _, err = onespike("evaluate", NET, "--data", tmp_path / "b.npz")
    assert code == 2
    fault = "x: shape (2, 64) does not match [N, 1, 8, 8]; give x.reshape(len(x), 1, 8, 8)"
    assert err == f"onespike: {fault}\n"
    np.savez(tmp_path / "c.npz", x=np.zeros((2, 1, 8, 8), np.float32), y=np.array([1, 12]))
    code, _, err = onespike("evaluate", NET, "--data", tmp_path / "c.npz")
    assert "y: labels 1..12 are outside 0..9, the outputs of the network" in err
    np.savez(tmp_path / "d.npz", x=np.array([{}, {}]), y=np.array([1, 2]))
    code, _, err = onespike("evaluate", NET, "--data", tmp_path / "d.npz")
    assert "d.npz: not a sound .npy or .npz file of plain arrays" in err


def test_debug_shows_the_traceback():
    words = [sys.executable, "-c", "from onespike_lava.cli import main; main()"]
    done = subprocess.run(
        [*words, "--debug", "inspect", "no.net"], capture_output=True, text=True, check=False
    )
    assert done.returncode != 0
    assert "Traceback" in done.stderr


def test_help_is_quick_and_lists_every_command(onespike):
    code, text, _ = onespike("--help")
    assert code == 0
    for name in ("export", "evaluate", "run", "inspect", "verify"):
        assert f"  {name} " in text
        code, inner, _ = onespike(name, "--help")
        assert code == 0
        assert "Example: onespike" in inner


def test_warnings_are_lines_on_stderr(onespike, data, tmp_path):
    pytest.importorskip("onnx")
    net, bad = tmp_path / "a.net", tmp_path / "bad.npz"
    x = np.load(data / "calibration.npz")["x"].copy()
    x[7, 0, 2, 2] = 65535
    np.savez(bad, x=x)
    code, _, err = onespike("export", DIGITS / "digits.onnx", "--calibration", bad, "-o", net)
    assert code == 0
    assert err == (
        f"warning: calibration: 1 of {x.size} values, up to 65535, lie outside the input grid "
        "0..1.0625 and are clipped; clean the data, or give an input range\n"
    )
    test = dict(np.load(data / "test.npz"))
    for name, factor in (("same", 1), ("other", 255)):
        np.savez(tmp_path / f"{name}.npz", x=factor * test["x"], y=test["y"])
    code, text, err = onespike("evaluate", net, "--data", tmp_path / "same.npz")
    assert (code, err) == (0, "")
    assert "input values clipped" not in text
    for words in (["evaluate", net, "--data"], ["run", net, "-o", tmp_path / "o.npz", "--input"]):
        code, text, err = onespike(*words, tmp_path / "other.npz")
        assert code == 0
        assert err.count("\n") == 1
        assert err.startswith("warning: x: ")
        assert "values lie outside the input grid 0..1.0625 and are clipped; scale the data" in err
    code, text, _ = onespike("evaluate", net, "--data", tmp_path / "other.npz")
    assert "input values clipped" in text
