"""The code on the pages for those who come from these libraries, as it stands there."""

import re
from textwrap import dedent

import numpy as np
import pytest
import torch
from torch import nn

import exporters
from onespike_lava import load
from tests import ROOT

PAGES = ROOT / "docs" / "coming_from"


def blocks(name):
    """A page's fenced code in Python, and what it quotes, indented."""
    text = (PAGES / name).read_text()
    fenced = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    quoted = re.findall(r"\n\n((?:    .*\n|\n(?=    ))+)", text)
    return fenced, [dedent(each) for each in quoted]


@pytest.fixture
def names(tmp_path, monkeypatch):
    """What the code finds: in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    torch.manual_seed(0)
    return {"exporters": exporters, "np": np, "nn": nn, "torch": torch}


def test_snntorch(names):
    names["snn"] = pytest.importorskip("snntorch")
    (ours,), (theirs, *_) = blocks("snntorch.md")
    names["images"] = np.random.default_rng(0).random((50, 64), np.float32)
    exec(theirs + ours, names)
    network = load("net.net")  # of other weights than the conversion: the page makes two modules
    assert network.steps
    assert network.phases == 8
    assert network.predict(names["images"]).shape == (50,)


def test_spikingjelly(names):
    pytest.importorskip("spikingjelly")
    from spikingjelly.activation_based import layer, neuron

    (ours,), _ = blocks("spikingjelly.md")
    names["snn"] = nn.Sequential(layer.Linear(64, 32), neuron.LIFNode(), layer.Linear(32, 10))
    names["images"] = np.random.default_rng(0).random((50, 64), np.float32)
    exec(ours, names)
    assert load("net.net") == names["net"]
