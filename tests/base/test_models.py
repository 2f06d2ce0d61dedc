"""The shipped networks: sound files, as their cards say, the same on every engine."""

import hashlib
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from onespike_lava import load, models
from onespike_lava.errors import OptionError
from onespike_lava.evaluation.comparison import first_difference
from tests import ROOT

MODELS = ROOT / "netx_models"
FILES = sorted(MODELS.glob("*/*.net"))


def test_every_model_has_a_card():
    assert len(FILES) >= 3
    for path in FILES:
        for line in re.findall(r"\| `(.+?)` \| `([0-9a-f]{64})` \|", card(path)):
            name, digest = line
            assert hashlib.sha256((path.parent / name).read_bytes()).hexdigest() == digest, name
        assert f"`{path.name}`" in card(path)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_engines_agree(path):
    network = load(path)
    x = samples(network)
    expected = network.run(x, "reference", record=True)
    for engine in ("numpy", "numba"):
        assert first_difference(network.run(x, engine, record=True), expected) is None
    assert sum(expected.spikes.values()) > 0


def test_networks_by_name():
    small = {path.stem for path in FILES if path.stat().st_size <= 2**17}
    assert {"digits", "jelly_lif"} <= small <= set(models.names())  # of a wheel no others
    assert models.load("digits") == load(MODELS / "digits/digits.net")
    assert models.path("digits").read_bytes() == (MODELS / "digits/digits.net").read_bytes()
    with pytest.raises(
        OptionError, match=r"^model: 'digit' is not here, but .*digits, .*; name one"
    ):
        models.load("digit")


def test_a_command_tells_where_they_are(capsys):
    assert models.main([]) == 0
    assert capsys.readouterr().out.split() == list(models.names())
    assert models.main(["digits", "jelly_lif"]) == 0
    assert capsys.readouterr().out.split() == [str(models.path(e)) for e in ("digits", "jelly_lif")]
    assert models.main(["nothing"]) == 2
    found = capsys.readouterr()
    assert found.out == ""
    assert found.err.startswith("onespike: model: 'nothing' is not here")
    words = [sys.executable, "-m", "onespike_lava.models", "digits"]
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=True)
    assert Path(done.stdout.strip()).name == "digits.net"


def card(path):
    return (path.parent / "CARD.md").read_text()


def samples(network):
    """Two samples of smooth noise on the input's grid."""
    rng = np.random.default_rng(0)
    layer = network.input
    coarse = rng.integers(0, 2**layer.bits, (2, layer.shape[0], 2, 2))
    integers = coarse.repeat(layer.shape[1] // 2, axis=2).repeat(layer.shape[2] // 2, axis=3)
    axes = (-1, 1, 1)
    return layer.low.reshape(axes) + layer.step.reshape(axes) * integers


def test_no_two_networks_have_one_name():
    files = [path.stem for path in (ROOT / "netx_models").glob("*/*.net")]
    assert len(set(files)) == len(files)
