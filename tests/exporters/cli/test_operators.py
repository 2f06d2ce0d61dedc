"""`onespike operators`: the list is the tables themselves, and as far as torch is there."""

import json
import sys

import pytest

from exporters.cli.operators import supported
from exporters.frontends.onnx.table import READERS
from onespike_lava.cli import main


def test_the_list_is_the_tables():
    pytest.importorskip("torch")
    from torch import nn

    from exporters.frontends.torch.table import METHODS, MODULES

    found = supported()
    assert found["onnx"]["operators"] == list(READERS)
    assert [getattr(nn, each) for each in found["torch"]["modules"]] == list(MODULES)
    assert found["torch"]["methods"] == list(METHODS)
    assert "avg_pool2d" in found["torch"]["functions"]
    assert "GCNConv (torch_geometric)" in found["torch over graphs"]["modules"]
    assert "ParametricLIFNode" in found["neurons"]["of spikingjelly"]
    assert found["neurons"]["of snntorch"] == ["Leaky", "Synaptic", "Lapicque"]


def test_without_torch_the_rest_is_listed(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(SystemExit):
        main(["operators"])
    out = capsys.readouterr().out
    assert out.startswith("onnx operators: Conv, ConvTranspose, Gemm, ")
    assert "torch: not installed" in out
    assert max(map(len, out.splitlines())) <= 96
    with pytest.raises(SystemExit):
        main(["operators", "--json"])
    assert json.loads(capsys.readouterr().out)["torch"] is None
