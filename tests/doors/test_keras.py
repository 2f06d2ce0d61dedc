"""Files of Keras' own ONNX producer, tf2onnx, channels last as Keras has them."""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx")

from exporters import convert
from exporters.frontends.read import read
from exporters.passes import prepare
from onespike_lava.cli import main
from onespike_lava.netx import from_bytes, to_bytes

FOLDER = Path(__file__).parent / "keras"
NAMES = ("cnn", "pooled", "mlp", "residual", "row", "unet", "autoencoder")
"""As `keras_files.py` makes them."""

SOFTMAX = ("cnn", "pooled", "row", "unet")


def case(name):
    """The file, samples, and what Keras says to them."""
    with np.load(FOLDER / f"{name}.npz") as held:
        return FOLDER / f"{name}.onnx", held["x"], held["y"]


def finished(name, logits):
    """What stands behind the logits in Keras."""
    if name in SOFTMAX:
        powers = np.exp(logits - logits.max(axis=1, keepdims=True))
        return powers / powers.sum(axis=1, keepdims=True)
    return 1 / (1 + np.exp(-logits)) if name == "autoencoder" else logits


@pytest.mark.parametrize("name", NAMES)
def test_keras_is_read_as_it_computes(name):
    path, x, y = case(name)
    source = read(path, x.shape[1:])
    expected = y.transpose(0, 3, 1, 2) if y.ndim == 4 else y
    found = finished(name, source.evaluate(x))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    prepared, _ = prepare(source)
    apart = np.abs(prepared.evaluate(x) - source.evaluate(x)).max()
    assert apart <= 1e-5 * np.abs(source.evaluate(x)).max()


@pytest.mark.parametrize("name", NAMES)
def test_the_network_takes_channels_last(name):
    path, x, _ = case(name)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # random weights
        network = from_bytes(to_bytes(convert(path, x, phases=8).network))
    scores = [network.run(x, engine=engine).scores for engine in ("numpy", "numba", "reference")]
    assert all((each == scores[0]).all() for each in scores)


def test_the_command_line_takes_channels_last(tmp_path, capsys):
    path, x, y = case("cnn")
    data, net = tmp_path / "x.npz", tmp_path / "k.net"
    np.savez(data, x=np.concatenate([x] * 8), y=np.concatenate([y.argmax(1)] * 8))
    for command in (
        ["export", path, "--calibration", data, "-o", net],
        ["evaluate", net, "--data", data, "--json"],
        ["verify", net, "--data", data, "--engine", "numba"],
    ):
        capsys.readouterr() if command[0] == "evaluate" else None
        with pytest.raises(SystemExit) as ended:
            main([str(each) for each in command])
        out = capsys.readouterr().out
        assert ended.value.code == 0
        if command[0] == "evaluate":
            assert json.loads(out)["accuracy"] >= 0.8
