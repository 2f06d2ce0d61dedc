"""The shipped networks: sound files, as their cards say, the same on every engine."""

import hashlib
import re

import numpy as np
import pytest

from onespike_lava import load
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
