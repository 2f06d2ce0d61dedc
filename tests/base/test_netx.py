"""The file: what is written is read, in every bit; what is off is refused, by name."""

import io
import re
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onespike_lava import load, netx, save
from onespike_lava.errors import (
    DataError,
    FormatError,
    InvalidNetworkError,
    OneSpikeError,
    OneSpikeWarning,
)
from onespike_lava.layers import Input, Integration, Synapse, TimedReadout
from onespike_lava.limits import (
    ALL_NEURONS_MAX,
    DELAY_MAX,
    FRACTION_BITS_MAX,
    INPUT_BITS_MAX,
    LAYERS_MAX,
    NAME_BYTES_MAX,
    NEURONS_MAX,
    PAYLOAD_BITS_MAX,
    PAYLOAD_MAX,
    PHASES_MAX,
    STEPS_MAX,
    TRAINS_MAX,
)
from onespike_lava.network import Network
from onespike_lava.netx import reader, schema
from onespike_lava.netx.parse import from_tree
from onespike_lava.netx.tree import to_tree
from tests.networks import random_network, random_timed_network, timed

FORMAT = Path(schema.__file__).with_name("FORMAT.md")


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6), st.sampled_from(["graded", "membrane"]))
def test_reading_gives_what_was_written(seed, weighting):
    network = random_network(seed, weighting)
    content = netx.to_bytes(network)
    again = netx.from_bytes(content)
    assert again == network
    assert netx.to_bytes(again) == content


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 10**6))
def test_networks_that_step_are_version_2(seed):
    network = random_timed_network(seed)
    content = netx.to_bytes(network)
    again = netx.from_bytes(content)
    assert again == network
    assert netx.to_bytes(again) == content
    assert to_tree(network)["onespike/version"] == 2


def test_a_network_that_version_1_can_say_is_written_so():
    assert to_tree(random_network(1))["onespike/version"] == 1


def test_timed_neurons_of_phase_code_are_kept():
    """Growth and the reset of several spikes, which no drawn network has."""
    for options in ({"weighting": "membrane"}, {"several": True}):
        network = timed(random_network(3, **options))
        assert netx.from_bytes(netx.to_bytes(network)) == network


def test_a_network_without_proof_says_so():
    with pytest.warns(OneSpikeWarning, match=r"^layer 1 \(out\): a state can reach"):
        network = unproven()
    with pytest.warns(OneSpikeWarning, match=r"^layer 1 \(out\): a state can reach"):
        again = netx.from_bytes(netx.to_bytes(network))
    assert again == network
    assert not again.proven
    assert to_tree(network)["onespike/proven"] == 0


@pytest.mark.parametrize("fault", ["version", "proven", "coding", "reset", "source"])
def test_version_2_has_one_way_to_say_a_thing(fault):
    tree, network = to_tree(random_timed_network(3)), random_timed_network(3)
    if fault == "version":
        tree["onespike/version"] = np.array(1, np.int32)
        message = r"^onespike/version: 1 is not 2, the version that says this network; write"
    elif fault == "proven":
        tree["onespike/proven"] = np.array(1, np.int32)
        message = r"^onespike/proven: 1 is not written; leave the key out"
        with pytest.raises(OneSpikeError, match=r"^onespike/proven: 7 is not 0; write the file"):
            from_tree({**tree, "onespike/proven": np.array(7, np.int32)})
    elif fault == "coding":
        tree["layer/0/neuron/coding"] = np.array([b"binary"])
        message = r"^layer/0/neuron/coding: binary is not written; leave the key out"
    elif fault == "reset":
        del tree["layer/1/neuron/threshold_base"]
        message = r"^layer/1/neuron/threshold_base: missing; write the file again"
    else:
        last = len(network.layers) - 1
        tree[f"layer/{last}/source"] = np.array(last, np.int32)
        message = r"source \d+ is not an earlier layer"
    with pytest.raises(OneSpikeError, match=message):
        from_tree(tree)


def unproven():
    """An output neuron that reaches 24 bits in 20 steps."""
    entry = Input("in", (1,), 8, np.zeros(1), np.ones(1), "constant")
    synapse = Synapse(0, np.full((1, 1), 127, np.int8))
    parts = Integration(np.zeros(1, np.int32), fraction_bits=6)
    return Network((entry, TimedReadout("out", (1,), (synapse,), parts, 1.0)), 20, 0, proven=False)


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


def test_format_page_holds_the_generated_table():
    """Put `python -m onespike_lava.netx.schema` between the marks when this fails."""
    text = FORMAT.read_text()
    between = re.search(r"schema -->\n\n(.*?)\n\n<!-- end -->", text, re.DOTALL)
    assert between is not None
    assert between[1] == schema.table()


def test_format_page_names_the_limits():
    text = FORMAT.read_text()
    powers = (
        (LAYERS_MAX, "layers"),
        (NEURONS_MAX, "neurons\n  of a layer"),
        (ALL_NEURONS_MAX, "neurons of all layers"),
        (reader.OBJECT_LIMIT, "groups and datasets"),
    )
    for limit, of in powers:
        assert f"2^{limit.bit_length() - 1} {of}" in text
        assert limit.bit_count() == 1
    assert f"{reader.FILE_LIMIT:,} bytes" in text
    assert f"a name 1 .. {NAME_BYTES_MAX} bytes" in text
    assert f"`T` 1 .. {PHASES_MAX}, `T_in` 1 .. {INPUT_BITS_MAX} and" in text
    assert f"`payload_bits` 1 .. {PAYLOAD_BITS_MAX}," in text


def test_format_page_names_the_limits_of_version_2():
    text = FORMAT.read_text()
    assert f"In version 2 `T` is 1 .. {STEPS_MAX}, `T` times the neurons of all layers" in text
    assert f"at most 2^{TRAINS_MAX.bit_length() - 1}, `T_in` 1 .. {INPUT_BITS_MAX} where" in text
    assert f"`fraction_bits` 0 .. {FRACTION_BITS_MAX}, `max_count` 1 .. {PAYLOAD_MAX}" in text
    assert f"a delay 0 .. {DELAY_MAX}." in text


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
