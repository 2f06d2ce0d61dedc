"""`onespike export` of a graph network."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

from scipy import sparse

from exporters.gcn import convert
from onespike_lava import load
from onespike_lava.cli import main
from tests.exporters.gcn.modules import NODES, build, graph


def test_command_line(tmp_path, monkeypatch, capsys):
    """Identity features: the file, its input, and the classes of a judged part."""
    adjacency, _ = graph()
    sparse.save_npz(tmp_path / "a.npz", adjacency)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from tests.exporters.gcn.modules import NODES, Plain, build\n"
        "def make():\n    return build(Plain, inputs=NODES)\n"
    )
    command = ["export", "mine:make", "--adjacency", "a.npz", "-o", "g.net"]
    assert called([*command, "--features", "x.npz"]) == 0
    network = load(tmp_path / "g.net")
    expected = convert(build(inputs=NODES), None, adjacency=adjacency)
    assert network == expected.network
    x = np.load(tmp_path / "x.npz")["x"]
    classes = network.predict(x)[0]
    mask = np.arange(NODES) < 10
    np.savez(tmp_path / "d.npz", x=x, y=np.where(mask, classes, -1), mask=mask)
    capsys.readouterr()
    assert called(["evaluate", "g.net", "--data", "d.npz"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["samples", "10"]
    assert lines[1].split() == ["accuracy", "100.00", "%"]
    assert called(["export", "mine:make", "-o", "g.net"]) == 2
    assert "calibration: missing; give samples" in capsys.readouterr().err
    assert called([*command, "--model-output", "scores"]) == 2
    assert "model-output: a graph network has one output" in capsys.readouterr().err
    images = ["export", "mine:make", "--calibration", "x.npz", "--features", "f.npz", "-o", "g.net"]
    assert called(images) == 2
    assert "features: only of a graph; give its --adjacency" in capsys.readouterr().err
    (tmp_path / "a.npz").write_bytes(b"PK")
    assert called(command) == 2
    assert "a.npz: not a matrix of scipy.sparse.save_npz; save it so" in capsys.readouterr().err


def called(arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return stop.value.code or 0
