"""NIR files that are refused, in one line."""

import h5py
import numpy as np
import pytest

pytest.importorskip("nir", reason="nir is not installed")


from exporters import read_nir
from onespike_lava.errors import OneSpikeError
from tests.exporters.nir.networks import refused


@pytest.mark.parametrize(
    ("place", "value", "match"),
    [
        ("node/nodes/1_spiking1_synapse0/weight", 0.5, "synapse0/weight: not the int8"),
        ("node/nodes/1_spiking1_synapse0/weight", np.nan, "synapse0/weight: not the int8"),
        ("node/nodes/1_spiking1_synapse0/stride", 2, "not what its metadata make it"),
        ("node/nodes/1_spiking1/v_threshold", 1, "v_threshold: not what its metadata make it"),
        ("node/nodes/1_spiking1/metadata/layer/1/bias", 1e9, "potential|not int32"),
        ("node/nodes/1_spiking1/metadata/layer/1/source", 9, "layer 1"),
        ("node/metadata/onespike/version", 2, "2 is not 1"),
        ("node/metadata/onespike/wait", -1, "wait: -1 is outside"),
        ("node/nodes/1_spiking1_synapse0/bias", 1, "synapse0/bias: not what"),
        ("node/nodes/1_spiking1/type", "Delay", "not a sound NIR file"),
    ],
)
def test_changed_values_are_refused(file, place, value, match):
    with h5py.File(file, "r+") as content:
        content[place][...] = value
    with pytest.raises(OneSpikeError, match=match) as error:
        read_nir(file)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("place", "match"),
    [
        ("node/nodes/1_spiking1", "not a sound|without|missing|edges|node"),
        ("node/nodes/1_spiking1_synapse0", "synapse0: missing, or without weights"),
        ("node/nodes/1_spiking1/metadata/layer/1/neuron/payload", "payload: missing"),
        ("node/nodes/1_spiking1/metadata", "layer/2/bias.* not in the format"),
        ("node/metadata/onespike", "metadata/onespike: missing, though nodes have theirs"),
        ("node/edges", "not a sound NIR file"),
        ("node", "not a sound NIR file"),
    ],
)
def test_missing_parts_are_refused(file, place, match):
    with h5py.File(file, "r+") as content:
        del content[place]
    refused(file, match)


def test_additions_are_refused(file):
    with h5py.File(file, "r+") as content:
        content["node/nodes/1_spiking1/metadata/layer/1/more"] = 1
    refused(file, "layer/1/more: not in the format")


@pytest.mark.parametrize("kind", ["soft", "external", "cycle", "bomb", "virtual"])
def test_tricks_of_hdf5_are_refused(file, kind):
    with h5py.File(file, "r+") as content:
        group = content["node/nodes"]
        if kind == "soft":
            group["x"] = h5py.SoftLink("/node")
        elif kind == "external":
            group["x"] = h5py.ExternalLink("/etc/passwd", "/")
        elif kind == "cycle":
            group["x"], group["y"] = group, content
        elif kind == "bomb":
            group.create_dataset("x", (2**20, 2**10), "f8", chunks=(1024, 1024), compression=9)
        else:
            layout = h5py.VirtualLayout((2,), "f4")
            layout[:] = h5py.VirtualSource("other.h5", "x", (2,))
            group.create_virtual_dataset("x", layout)
    refused(file, "link is not|nested deeper|declares more than|not stored in the file")


def outcome(path):
    """The network of a file, or that it was refused."""
    try:
        return read_nir(path)
    except OneSpikeError:
        return "refused"


def test_broken_files_are_refused(file, tmp_path):
    whole, network = file.read_bytes(), read_nir(file)
    rng = np.random.default_rng(0)
    other = tmp_path / "other.nir"
    for length in rng.integers(0, len(whole), 8):
        other.write_bytes(whole[:length])
        refused(other, "not a sound NIR file")
    for _ in range(12):  # a flipped bit is refused, or does not matter
        raw = bytearray(whole)
        raw[rng.integers(len(raw))] ^= 1 << rng.integers(8)
        other.write_bytes(raw)
        assert outcome(other) in (network, "refused")
    refused(tmp_path, "is a folder")
    refused(tmp_path / "none.nir", "does not exist")
