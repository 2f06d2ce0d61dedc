"""Properties of the reader: a network or one line, and no more memory than the file is worth."""

import io

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onespike_lava import netx
from onespike_lava.errors import FormatError, InvalidNetworkError
from onespike_lava.layers import Input, Readout, Synapse
from onespike_lava.limits import NEURONS_MAX
from onespike_lava.network import Network
from onespike_lava.netx import reader
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.tree import to_tree
from tests.damage import byte_changes, changed_bytes, changed_keys, network_or_one_line
from tests.graphs import random_graph_network
from tests.networks import random_network, random_timed_network, timed
from tests.pruned import pruned

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
        pruned(random_network(3, phases=4)),
        pruned(random_timed_network(3, phases=4)),
    )
]


@settings(deadline=None, max_examples=25)
@given(st.sampled_from(TREES), st.data())
def test_changed_keys_are_a_network_or_an_error(tree, data):
    keys = changed_keys(data, tree)
    network_or_one_line(lambda: from_tree(keys))


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
@given(byte_changes(SMALL))
def test_changed_bytes_are_a_network_or_an_error(changes):
    network_or_one_line(lambda: netx.from_bytes(changed_bytes(SMALL, changes)))


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
