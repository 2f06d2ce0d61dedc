"""What is written is read, in every bit; a failed write leaves the old file."""

import io

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onespike_lava import load, netx, save
from onespike_lava.errors import DataError, OneSpikeError
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.tree import to_tree
from tests.networks import random_network


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10**6), st.sampled_from(["graded", "membrane"]))
def test_reading_gives_what_was_written(seed, weighting):
    network = random_network(seed, weighting)
    content = netx.to_bytes(network)
    again = netx.from_bytes(content)
    assert again == network
    assert netx.to_bytes(again) == content


def test_equality_sees_every_field():
    tree = to_tree(random_network(1))
    network = from_tree(tree)
    assert from_tree(dict(tree)) == network
    changed = 0
    for path, array in tree.items():
        if array.dtype.kind == "S":
            continue
        other = dict(tree)
        other[path] = array.copy()
        other[path][(0,) * array.ndim] -= array.dtype.type(1)
        try:
            assert from_tree(other) != network, path
        except OneSpikeError:
            continue
        changed += 1
    assert changed > 40


def test_save_and_load(tmp_path):
    network = random_network(4)
    save(network, tmp_path / "a.net")
    save(network, tmp_path / "b.net")
    assert load(tmp_path / "a.net") == network
    assert (tmp_path / "a.net").read_bytes() == (tmp_path / "b.net").read_bytes()
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.net", "b.net"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "a.net"
    save(random_network(1), path)
    before = path.read_bytes()
    monkeypatch.setattr("os.fsync", lambda handle: (_ for _ in ()).throw(OSError(28, "disk full")))
    with pytest.raises(DataError, match=r"a.net: cannot be written \(disk full\)"):
        save(random_network(2), path)
    assert path.read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.net"]


def test_layout_is_that_of_netx():
    network = random_network(1)
    with h5py.File(io.BytesIO(netx.to_bytes(network)), "r") as file:
        layer = file["layer/1"]
        assert layer["type"][0] == b"conv"
        assert layer["weight"].dtype == np.int8
        assert (layer["weight"][()] == network.layers[1].synapses[0].weight).all()
        assert layer["shape"][()].tolist() == list(network.layers[1].shape)
        assert layer["neuron/type"][0] == b"ONESPIKE"
        assert file["layer/0/type"][0] == b"input"
