"""NIR files: networks come back equal, plain `nir.read` takes them."""

from dataclasses import replace
from io import BytesIO

import h5py
import numpy as np
import pytest

pytest.importorskip("nir", reason="nir is not installed")

import nir
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters import write_nir
from exporters.nir.file import remarks
from exporters.nir.nodes import to_graph
from onespike_lava import load
from tests.exporters.nir.networks import KINDS, MODELS, returned
from tests.networks import random_network


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_shipped_networks(path, tmp_path):
    network = load(path)
    found, graph = returned(network, tmp_path)
    assert found == network
    kinds = {type(node).__name__ for node in graph.nodes.values()}
    convolves = any(each.kind == "conv" for layer in network.layers for each in layer.synapses)
    assert {"Input", "I", "Output", *(["Conv2d"] if convolves else [])} <= kinds
    assert kinds & {"Linear", "Affine"}
    assert kinds & {"IF", "LIF", "CubaLIF"}


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=3, deadline=None)
@given(seed=st.integers(0, 2**32 - 1))
def test_random_networks(kind, seed, tmp_path_factory):
    network = KINDS[kind](seed)
    found, graph = returned(network, tmp_path_factory.getbasetemp())
    assert found == network
    hidden = [layer for layer in network.layers if hasattr(layer, "threshold_base")]
    first = next(node for node in graph.nodes.values() if isinstance(node, nir.IF))
    assert first.v_threshold.size == np.prod(hidden[0].shape)


def test_names_that_hdf5_would_split(tmp_path):
    network = random_network(3)
    layers = [replace(layer, name=f"/a.{i}/Köln conv") for i, layer in enumerate(network.layers)]
    named = replace(network, layers=tuple(layers), provenance=(("made_by", ""),))
    assert returned(named, tmp_path)[0] == named


def test_remarks_name_features_in_use():
    plain = random_network(2, phases=16)
    texts = {text.split(":")[0] for text in remarks(plain)}
    assert texts == {
        *("input", "thresholds", "one spike", "payload", "wait", "bias", "max pool", "samples")
    }
    grown = {text.split(":")[0] for text in remarks(random_network(2, "membrane"))}
    assert "growth" in grown
    assert "payload" not in grown
    assert any("soft reset" in text for text in remarks(random_network(0, phases=8, several=True)))
    waitless = replace(plain, wait=0)
    assert not [text for text in remarks(waitless) if text.startswith("wait")]
    assert to_graph(plain, "a\nb").metadata["remarks"] == "a\nb"


def test_writing_is_whole_or_not_at_all(file, monkeypatch):
    before = file.read_bytes()
    monkeypatch.setattr(nir, "write", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_nir(random_network(6), file)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_the_file_is_hdf5_that_nir_names(file):
    with h5py.File(BytesIO(file.read_bytes())) as content:
        assert content["version"][()].decode() == nir.version
