"""What is read is never written over, and keywords that are none are told."""

# ruff: noqa: E402  (imports follow importorskip)

import shutil
from pathlib import Path

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="onnx is not installed")

from exporters import convert, export, tune
from exporters.frontends.read import model_files
from onespike_lava.cli import main
from onespike_lava.errors import OptionError
from tests import DIGITS

NAMES = ("m.onnx", "n.net", "x.npz", "d.npz", "w.safetensors", "a.npz", "mine.py", "m.bin")

EXPORT = ("export", "m.onnx", "--calibration", "x.npz")
REPORT = ("report", "n.net", "--data", "d.npz", "--model", "m.onnx", "--calibration", "x.npz")
TUNE = ("tune", "m.onnx", "--calibration", "x.npz", "--data", "d.npz", "-o", "tuned")
GRAPH = ("export", "mine:make", "--adjacency", "a.npz", "--calibration", "x.npz", "-o", "g.net")

COMMANDS = [
    ((*EXPORT, "-o", "m.onnx"), "output: m.onnx is the model itself"),
    ((*EXPORT, "-o", "./x.npz"), "output: ./x.npz is the calibration itself"),
    ((*EXPORT, "-o", "link.net"), "output: link.net is the model itself"),
    ((*EXPORT, "-o", "m.bin"), "output: m.bin is the model's m.bin itself"),
    ((*EXPORT, "-o", "d.npz"), "output: d.npz is a file of arrays, which would be lost"),
    ((*EXPORT, "--weights", "w.safetensors", "-o", "w.safetensors"),
     "output: w.safetensors is the weights itself"),
    (("export", "mine.py:make", "--calibration", "x.npz", "-o", "mine.py"),
     "output: mine.py is the model itself"),
    (("export", "mine:make", "--calibration", "x.npz", "-o", "mine.py"),
     "output: mine.py is the model itself"),
    ((*GRAPH, "--features", "a.npz"), "features: a.npz is the adjacency itself"),
    ((*GRAPH, "--features", "g.net"), "features: g.net is the output itself"),
    (("convert", "n.net", "-o", "link.nir"), "output: link.nir is the network itself"),
    ((*REPORT, "-o", "n.net"), "output: n.net is the network itself"),
    ((*REPORT, "-o", "d.npz"), "output: d.npz is the data itself"),
    ((*REPORT, "-o", "x.npz"), "output: x.npz is the calibration itself"),
    ((*REPORT, "-o", "m.onnx"), "output: m.onnx is the model itself"),
    ((*TUNE, "--plot", "d.npz"), "plot: d.npz is the data itself"),
    (("tune", "m.onnx", "--calibration", "x.npz", "--data", "d.npz", "-o", "x.npz"),
     "output: x.npz is the calibration itself"),
]  # fmt: skip


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    model = onnx.load(str(DIGITS / "digits.onnx"))
    onnx.save_model(model, "m.onnx", save_as_external_data=True, location="m.bin", size_threshold=0)
    shutil.copy(DIGITS / "digits.net", "n.net")
    x = np.random.default_rng(0).integers(0, 17, (8, 1, 8, 8)).astype(np.float32)
    for name in ("x.npz", "d.npz"):
        np.savez(name, x=x, y=np.arange(8))
    np.savez("a.npz", data=x)
    for name in ("w.safetensors", "mine.py"):
        Path(name).write_text("")
    Path("link.net").symlink_to("m.onnx")
    Path("link.nir").symlink_to("n.net")
    return tmp_path


@pytest.mark.parametrize(("words", "message"), COMMANDS)
def test_no_command_writes_over_what_it_reads(folder, words, message, capsys):
    before = {name: (folder / name).read_bytes() for name in NAMES}
    with pytest.raises(SystemExit) as end:
        main(list(words))
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    assert err.startswith(f"onespike: {message}; give a"), err
    assert {name: (folder / name).read_bytes() for name in NAMES} == before


def test_the_python_call_does_not_either(folder):
    before = (folder / "m.onnx").read_bytes()
    with np.load("x.npz") as held:
        x = held["x"]
    for model in ("m.onnx", Path("m.onnx")):
        for path in ("m.onnx", "link.net", folder / "m.onnx"):
            with pytest.raises(OptionError, match=r"^path: .* is the model itself; give another"):
                export(model, x, path)
    assert (folder / "m.onnx").read_bytes() == before
    assert model_files(object()) == {}
    assert model_files("none.onnx") == {"model": "none.onnx"}


def test_a_keyword_that_is_none_is_told(folder):
    from exporters import gcn

    x = np.zeros((8, 1, 8, 8), np.float32)
    near = r"^phase: no option of a conversion; did you mean phases\?$"
    for call in (
        lambda: export("m.onnx", x, phase=8),
        lambda: convert("m.onnx", x, phase=8),
        lambda: gcn.export(None, x, adjacency=None, phase=8),
        lambda: tune("m.onnx", "x.npz", "d.npz", phase=[8, 16]),
    ):
        with pytest.raises(OptionError, match=near):
            call()
    with pytest.raises(OptionError, match=r"^zzz: no option of a conversion; the options are "):
        export("m.onnx", x, zzz=8)
