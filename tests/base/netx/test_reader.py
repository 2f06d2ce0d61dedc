"""What is off in a file is refused, by name."""

import io

import h5py
import numpy as np
import pytest

from onespike_lava import load, netx
from onespike_lava.errors import (
    FormatError,
    InvalidNetworkError,
    OneSpikeError,
)
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.tree import to_tree
from tests.networks import random_network


def every_key():
    tree = to_tree(random_network(1, "membrane"))
    return sorted(tree)


@pytest.mark.parametrize("path", every_key())
def test_a_missing_key_is_refused(path):
    tree = to_tree(random_network(1, "membrane"))
    del tree[path]
    if path.startswith("onespike/provenance/"):
        assert from_tree(tree).provenance == ()
        return
    with pytest.raises(OneSpikeError):
        from_tree(tree)


@pytest.mark.parametrize("path", every_key())
@pytest.mark.parametrize("kind", ["float32", "int64", "S3"])
def test_a_key_of_another_type_is_refused(path, kind):
    tree = to_tree(random_network(1, "membrane"))
    tree[path] = np.zeros(tree[path].shape, kind)
    if kind == "S3" and tree[path].shape == (1,) and path.endswith("name"):
        return
    if kind == "S3" and "provenance" in path:
        return
    with pytest.raises((FormatError, InvalidNetworkError)):
        from_tree(tree)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("layer/3/extra", np.zeros(2, np.int32), r"^layer/3/extra: not in the format \(1 keys\)"),
        ("layer/99/type", np.array([b"conv"]), r"^layer/99/type: not in the format"),
        ("onespike/version", np.array(3, np.int32), r"^onespike/version: 3 is not 1 or 2, the ver"),
        ("onespike/version", np.array(2, np.int32), r"^onespike/version: 2 is not 1, the version"),
        ("onespike/provenance/No", np.array([b"x"]), r"^onespike/provenance/No: a provenance key"),
        ("layer/1/type", np.array([b"spam"]), r"^layer/1/type: 'spam' is not input, conv, dense"),
        ("layer/1/neuron/type", np.array([b"CUBA"]), r"^layer/1/neuron/type: 'CUBA' is not 'ONESP"),
        (
            "layer/1/name",
            np.array([b"\xff"]),
            r"^layer/1/name: text is not UTF-8; write the file again",
        ),
        ("layer/1/source", np.array(1, np.int32), r"^layer 1 \(spiking1\): source 1 is not an e"),
        (
            "layer/1/weight",
            np.zeros((4, 2, 3), np.int8),
            r"^layer/1/weight: int8\[4, 2, 3\] is n",
        ),
        ("layer/1/groups", np.array(0, np.int32), r"^layer 1 \(spiking1\): groups: 0 does not"),
        ("onespike/wait", np.array(99, np.int32), r"^wait: 99 is outside 0\.\."),
    ],
)
def test_a_wrong_key_is_refused_by_name(path, value, message):
    tree = to_tree(random_network(1, phases=16))
    tree[path] = value
    with pytest.raises(OneSpikeError, match=message):
        from_tree(tree)


def written(change):
    content = io.BytesIO(netx.to_bytes(random_network(1)))
    with h5py.File(content, "r+") as file:
        change(file)
    return content.getvalue()


def link_outside(file):
    del file["layer/1/weight"]
    file["layer/1/weight"] = h5py.ExternalLink("other.h5", "/x")


def link_soft(file):
    del file["layer/1/weight"]
    file["layer/1/weight"] = h5py.SoftLink("/layer/2/weight")


def compress(file):
    weight = file["layer/1/weight"][()]
    del file["layer/1/weight"]
    file.create_dataset("layer/1/weight", data=weight, compression="gzip")


def declare_terabytes(file):
    del file["layer/1/weight"]
    file.create_dataset("layer/1/weight", shape=(2**20, 2**20), dtype="i1", chunks=(1024, 1024))


def declare_without_storing(file):
    del file["layer/1/weight"]
    file.create_dataset("layer/1/weight", shape=(2**20, 2**20), dtype="i1")


def attribute(file):
    file["layer/1"].attrs["x"] = 1


def cycle(file):
    file["layer/1/loop"] = file["layer"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (link_outside, r"layer/1/weight: a link is not in the format"),
        (link_soft, r"layer/1/weight: a link is not in the format"),
        (compress, r"layer/1/weight: must be stored plain"),
        (declare_terabytes, r"layer/1/weight: must be stored plain"),
        (declare_without_storing, r"layer/1/weight: declares 1099511627776 bytes and stores"),
        (attribute, r"layer/1/: attributes are not in the format"),
        (cycle, r"nested deeper than the format allows"),
    ],
)
def test_a_container_out_of_the_format_is_refused(change, message):
    with pytest.raises(FormatError, match=message):
        netx.from_bytes(written(change))


def test_truncated_files_are_refused():
    content = netx.to_bytes(random_network(1))
    for size in range(0, len(content) - 1, 997):
        with pytest.raises(FormatError):
            netx.from_bytes(content[:size])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda p: None, r"a.net: does not exist; give the path of a file"),
        (lambda p: p.mkdir(), r"a.net: is a folder; give the path of a file"),
        (lambda p: p.write_bytes(b"spam"), r"a.net: not a sound HDF5 file \("),
    ],
)
def test_no_net_file(tmp_path, make, message):
    make(tmp_path / "a.net")
    with pytest.raises(OneSpikeError, match=message):
        load(tmp_path / "a.net")


def test_text_with_nul_is_refused():
    network = random_network(1)
    bad = type(network)(network.layers, network.phases, network.wait, "graded", (("a", "x\0"),))
    with pytest.raises(FormatError, match="holds a NUL character"):
        netx.to_bytes(bad)
