"""Properties of the reader: a network or one line, and no more memory than the file is worth."""

import io
import zipfile

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onespike_lava import netx
from onespike_lava.data import npy
from onespike_lava.data.rows import Rows
from onespike_lava.data.samples import load_samples
from onespike_lava.errors import DataError, FormatError, InvalidNetworkError, OneSpikeError
from onespike_lava.layers import Input, Readout, Synapse
from onespike_lava.limits import NEURONS_MAX
from onespike_lava.network import Network
from onespike_lava.netx import reader
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.tree import to_tree
from tests.graphs import random_graph_network
from tests.networks import random_network, random_timed_network, timed

TREES = [
    to_tree(network)
    for network in (
        random_network(1, phases=4),
        random_network(1, "membrane", phases=4),
        random_network(3, phases=4, several=True),
        random_graph_network(3),
        random_timed_network(3, phases=4),
        random_timed_network(4, phases=2, sent="events"),
        timed(random_network(1, "membrane", phases=4)),
    )
]
KINDS = ["int8", "uint8", "int32", "int64", "float32", "float64", "bool", "S3", "complex64"]


def same_or_one_line(build):
    """A network, which its own file gives back, or an error of one line."""
    try:
        network = build()
    except OneSpikeError as error:
        check_line(error)
    else:
        assert netx.from_bytes(netx.to_bytes(network)) == network


def check_line(error):
    assert len(str(error).splitlines()) == 1


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(TREES), st.data())
def test_changed_keys_are_a_network_or_an_error(tree, data):
    keys = dict(tree)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(keys)))
        change = data.draw(st.sampled_from(["drop", "move", "type", "shape", "value", "swap"]))
        array = keys.pop(path)
        if change == "move":
            keys[data.draw(st.sampled_from([f"{path}x", "layer/0", f"{path}/0", "/"]))] = array
        elif change == "type":
            keys[path] = np.ones(array.shape, data.draw(st.sampled_from(KINDS)))
        elif change == "shape":
            shape = data.draw(st.lists(st.integers(0, 4), max_size=5))
            keys[path] = np.resize(array, shape)
        elif change == "swap":
            keys[path] = tree[data.draw(st.sampled_from(sorted(tree)))]
        elif change == "value" and array.size:
            raw = data.draw(st.binary(min_size=array.itemsize, max_size=array.itemsize))
            changed = np.array(array)
            at = data.draw(st.integers(0, array.size - 1))
            changed.reshape(-1)[at] = np.frombuffer(raw, array.dtype)[0]
            keys[path] = changed
        if not keys:
            break
    same_or_one_line(lambda: from_tree(keys))


SMALL = netx.to_bytes(
    Network(
        (
            Input("in", (2,), 2, np.zeros(1), np.ones(1)),
            Readout("out", (1,), (Synapse(0, np.ones((1, 2), np.int8)),), np.zeros(1, "i4"), 1.0),
        ),
        2,
        2,
    )
)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1))
def test_changed_bytes_are_a_network_or_an_error(changes):
    content = bytearray(SMALL)
    for at, value in changes:
        content[at] = value
    same_or_one_line(lambda: netx.from_bytes(bytes(content)))


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.integers(0, 400), st.booleans())
def test_changed_data_files_are_arrays_or_an_error(tmp_path_factory, raw, at, packed):
    path = tmp_path_factory.getbasetemp() / "changed.npz"
    buffer = io.BytesIO()
    np.savez(buffer, x=np.zeros((2, 3))) if packed else np.save(buffer, np.zeros((2, 3)))
    content = buffer.getvalue()
    path.write_bytes(content[:at] + raw + content[at + len(raw) :])
    array_or_one_line(lambda: load_samples(path, labels=False).x)
    array_or_one_line(lambda: Rows.of(path)[0:2])


def array_or_one_line(read):
    try:
        assert read().dtype.kind != "O"
    except DataError as error:
        check_line(error)


def written(change):
    content = io.BytesIO(SMALL)
    with h5py.File(content, "r+") as file:
        change(file)
    return content.getvalue()


def thousands_of_paths(file):
    below = file.create_group("layer/1/end")
    for level in range(3):
        group = file.create_group(f"layer/1/level{level}")
        for number in range(40):
            group[str(number)] = below
        below = group


def one_array_often(file):
    held = file.create_dataset("layer/1/more", data=np.ones(20_000, np.int8))
    for number in range(9):
        file[f"layer/1/more{number}"] = held


def big_endian(file):
    del file["onespike/phases"]
    file["onespike/phases"] = np.array(2, ">i4")


def enumeration(file):
    del file["layer/1/weight"]
    kind = h5py.enum_dtype({"a": 1}, "i1")
    file.create_dataset("layer/1/weight", data=np.ones((1, 2), "i1"), dtype=kind)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (thousands_of_paths, r"beyond 1000 objects, or the \d+ bytes of the file; store each "),
        (one_array_often, r"beyond 1000 objects, or the \d+ bytes of the file; store each array"),
        (big_endian, r"onespike/phases: >i4\[\] is not int32 \[\]; write the file again"),
        (enumeration, r"layer/1/weight: type int8 is not in the format; see FORMAT.md"),
    ],
)
def test_the_container_gives_no_more_than_it_holds(monkeypatch, change, message):
    monkeypatch.setattr(reader, "OBJECT_LIMIT", 1000)
    with pytest.raises(FormatError, match=message):
        netx.from_bytes(written(change))


def test_what_is_read_is_not_copied():
    layer = netx.from_bytes(SMALL).layers[1]
    weight = layer.synapses[0].weight
    assert Synapse(0, weight).weight is weight
    view = weight[:]
    assert Synapse(0, view).weight is not view


def test_a_file_that_no_reader_takes_is_not_written(monkeypatch):
    network = netx.from_bytes(SMALL)
    monkeypatch.setattr("onespike_lava.netx.writer.FILE_LIMIT", len(SMALL) - 1)
    with pytest.raises(FormatError, match=r"network: \d+ bytes exceed \d+, the largest file that"):
        netx.to_bytes(network)


def test_reader_and_writer_count_objects_alike(monkeypatch):
    def most(limit):
        monkeypatch.setattr(reader, "OBJECT_LIMIT", limit)
        monkeypatch.setattr("onespike_lava.netx.writer.OBJECT_LIMIT", limit)

    network, paths = netx.from_bytes(SMALL), []
    with h5py.File(io.BytesIO(SMALL)) as file:
        file.visit(paths.append)
    most(len(paths))
    assert netx.from_bytes(netx.to_bytes(network)) == network
    most(len(paths) - 1)
    with pytest.raises(FormatError, match=rf"{len(paths)} groups and datasets exceed \d+, "):
        netx.to_bytes(network)
    with pytest.raises(FormatError, match=r"beyond \d+ objects"):
        netx.from_bytes(SMALL)


@pytest.mark.parametrize("shape", [(1, 2**16, 2**16), (2**22, 2**21, 2**21)])
def test_sizes_beyond_any_memory(shape):
    """The second one is 0 in the arithmetic of 64 bits."""
    entry = Input("in", shape, 2, np.zeros(1), np.ones(1))
    synapse = Synapse(0, np.ones((1, 2), np.int8))
    with pytest.raises(InvalidNetworkError, match=f"has more than {NEURONS_MAX} neurons; use"):
        Network((entry, Readout("out", (1,), (synapse,), np.zeros(1, "i4"), 1.0)), 2, 2)


def test_archives_that_swell_up(tmp_path, monkeypatch):
    monkeypatch.setattr(npy, "UNPACKED", 1000)
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((1000, 1000)))
    for read in (lambda p: load_samples(p, labels=False), Rows.of):
        with pytest.raises(DataError, match=r"a.npz: x unpacks to 8000128 bytes, more than 100 "):
            read(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(2**40, 1), (-1, -6), (2**62, 2**62)])
def test_headers_that_declare_what_is_not_there(tmp_path, shape):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(48)
    (tmp_path / "a.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", content)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(DataError, match=f"{name}: "):
            load_samples(tmp_path / name, labels=False)
    with pytest.raises(DataError, match=r"a.npz: "):
        Rows.of(tmp_path / "a.npz")
