"""NIR files: networks come back equal, plain `nir.read` takes them, bad ones end in one line."""

import tracemalloc
from dataclasses import replace
from io import BytesIO

import h5py
import numpy as np
import pytest

pytest.importorskip("nir", reason="nir is not installed")

import nir
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters import read_nir, write_nir
from exporters.nir.file import remarks
from exporters.nir.kernels import as_matrix, square
from exporters.nir.nodes import connections, is_flat, to_graph
from onespike_lava import load
from onespike_lava.cli import main
from onespike_lava.errors import DataError, FormatError, OneSpikeError, UnsupportedError
from onespike_lava.layers import Sparse, Synapse, Window
from tests import ROOT
from tests.graphs import random_graph_network
from tests.networks import Maker, random_network

MODELS = sorted((ROOT / "netx_models").glob("*/*.net"))
KINDS = {
    "graded": random_network,
    "membrane": lambda seed: random_network(seed, "membrane"),
    "several": lambda seed: random_network(seed, several=True),
    "graph": random_graph_network,
    "graph membrane": lambda seed: random_graph_network(seed, "membrane"),
}


def returned(network, folder):
    """The network after a way through a file, and the file as NIR's own reader sees it."""
    path = folder / "net.nir"
    write_nir(network, path)
    return read_nir(path), nir.read(path)


@pytest.mark.parametrize("path", MODELS, ids=lambda path: path.stem)
def test_shipped_networks(path, tmp_path):
    network = load(path)
    found, graph = returned(network, tmp_path)
    assert found == network
    kinds = {type(node).__name__ for node in graph.nodes.values()}
    assert {"Input", "Conv2d", "IF", "Linear", "Flatten", "I", "Output"} <= kinds


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


def test_nodes_compute_what_the_layers_do():
    """Linear nodes, in torch, against the layers' matrices; thresholds against the tables."""
    torch = pytest.importorskip("torch")
    network = random_network(11)
    nodes = to_graph(network).nodes
    rng = np.random.default_rng(0)
    sent = [rng.integers(0, 9, layer.shape).astype(np.float32) for layer in network.layers]
    for place, layer in enumerate(network.layers):
        neurons = nodes.get(f"{place}_{layer.name}")
        if hasattr(layer, "threshold_base"):
            wanted = layer.threshold_base.reshape(-1, *[1] * (len(layer.shape) - 1))
            assert (neurons.v_threshold + 0.5 == wanted * layer.threshold_table[0]).all()
        for number, synapse in enumerate(connections(layer)):
            node, x = nodes[f"{place}_{layer.name}_synapse{number}"], sent[synapse.source]
            expected = as_matrix(synapse, x.shape) @ x.reshape(-1)
            if isinstance(node, nir.Linear):
                found = node.weight @ x.reshape(-1)
            elif isinstance(node, nir.SumPool2d):
                sizes = (node.kernel_size, node.stride, node.padding)
                area = int(np.prod(node.kernel_size))
                mean = torch.nn.functional.avg_pool2d(
                    torch.tensor(x)[None], *(tuple(map(int, size)) for size in sizes)
                )
                found = np.rint(mean.numpy().reshape(-1) * area)
            else:
                options = (node.stride, node.padding, node.dilation, node.groups)
                weight = torch.tensor(node.weight)
                found = torch.conv2d(torch.tensor(x)[None], weight, None, *options)
                found = found.numpy().reshape(-1)
            assert (found == expected).all()


def test_names_that_hdf5_would_split(tmp_path):
    network = random_network(3)
    layers = [replace(layer, name=f"/a.{i}/Köln conv") for i, layer in enumerate(network.layers)]
    named = replace(network, layers=tuple(layers), provenance=(("made_by", ""),))
    assert returned(named, tmp_path)[0] == named


@given(
    st.tuples(st.integers(1, 4), st.integers(1, 4)),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.tuples(*[st.integers(0, 3)] * 4),
    st.tuples(st.integers(1, 3), st.integers(1, 3)),
    st.sampled_from([1, 2, 4]),
)
@settings(max_examples=80, deadline=None)
def test_kernels_and_matrices_compute_the_same(sides, stride, padding, dilation, groups):
    torch = pytest.importorskip("torch")
    window, plane = Window(stride, padding, dilation), (7, 6)
    if min(window.output_size(plane, sides)) < 1:
        return
    rng = np.random.default_rng(sum(sides))
    weight = rng.integers(-127, 128, (4, 4 // groups, *sides)).astype(np.int8)
    x = rng.integers(0, 256, (1, 4, *plane)).astype(np.float32)
    top, left, bottom, right = padding
    padded = torch.nn.functional.pad(torch.tensor(x), (left, right, top, bottom))
    kernel = torch.tensor(weight.astype(np.float32))
    expected = torch.conv2d(padded, kernel, None, stride, 0, dilation, groups)
    matrix = as_matrix(Synapse(0, weight, window, groups), x.shape[1:])
    assert (matrix @ x.reshape(-1) == expected.numpy().reshape(-1)).all()
    form = square(sides, window, plane)
    if form is None:
        return
    widened = torch.tensor(form.kernel(weight, groups))
    found = torch.conv2d(torch.tensor(x), widened, None, stride, form.padding(window), dilation)
    assert widened.shape[2] == widened.shape[3]
    assert torch.equal(found, expected)


def test_sparse_as_a_matrix():
    synapse = Sparse(
        0,
        np.array([5, -128, 7], np.int8),
        np.array([0, 2, 1], np.int32),
        np.array([0, 2, 2, 3], np.int32),
        np.array([1, -1], np.int8),
    )
    places = np.array([[5, 0, -128], [0, 0, 0], [0, 7, 0]])
    row = np.concatenate([places, -places], axis=1)
    expected = np.kron(np.eye(2), row)
    assert (as_matrix(synapse, (4, 3, 1)) == expected).all()


def test_an_even_side_beside_an_odd_one_needs_matrices(tmp_path):
    make = Maker(np.random.default_rng(0), 8, 1.3, "graded")
    make.readout(make.conv(make.input((2, 5, 6)), 3, kernel=(1, 4)))
    network = make.network()
    assert is_flat(network)
    assert not is_flat(random_network(0))
    found, graph = returned(network, tmp_path)
    assert found == network
    assert not [node for node in graph.nodes.values() if isinstance(node, nir.Conv2d)]


def test_large_matrices_are_refused(tmp_path, monkeypatch):
    monkeypatch.setattr("exporters.nir.nodes.ENTRY_LIMIT", 300)
    with pytest.raises(UnsupportedError, match=r"net\.nir: .* entries exceeds 300; NIR has"):
        write_nir(random_graph_network(1), tmp_path / "net.nir")
    monkeypatch.setattr("exporters.nir.file.OBJECT_LIMIT", 5)
    with pytest.raises(
        UnsupportedError, match=r"net\.nir: declares more .*; use a smaller network"
    ):
        write_nir(random_network(2), tmp_path / "net.nir")
    assert not list(tmp_path.iterdir())


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


def small_network():
    make = Maker(np.random.default_rng(5), 8, 1.3, "graded")
    make.readout(make.conv(make.input((2, 5, 6)), 3))
    return make.network()


def refused(path, match):
    with pytest.raises((FormatError, DataError), match=match) as error:
        read_nir(path)
    assert "\n" not in str(error.value)


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "net.nir"
    write_nir(small_network(), path)
    return path


def test_graphs_of_other_tools_are_refused(tmp_path):
    path = tmp_path / "other.nir"
    weight, ones = np.ones((2, 3)), np.ones(2)
    nodes = [nir.Affine(weight, ones), nir.LIF(ones, ones, ones, ones)]
    nir.write(path, nir.NIRGraph.from_list(*nodes))
    refused(path, r"without one-spike parameters \(nodes: Affine, Input, LIF, Output\)")


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
        ("node/metadata/onespike", "without one-spike parameters"),
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


def test_writing_is_whole_or_not_at_all(file, monkeypatch):
    before = file.read_bytes()
    monkeypatch.setattr(nir, "write", lambda *_: (_ for _ in ()).throw(OSError("full")))
    with pytest.raises(OSError, match="full"):
        write_nir(random_network(6), file)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir()] == [file.name]


def test_command_line(tmp_path, capsys):
    source, there, back = MODELS[0], tmp_path / "net.nir", tmp_path / "net.net"
    for words in ((source, there), (there, back)):
        with pytest.raises(SystemExit) as end:
            main(["convert", str(words[0]), "-o", str(words[1])])
        assert end.value.code == 0
    captured = capsys.readouterr()
    assert "other tools do not know: thresholds: fall from phase to phase" in captured.err
    assert back.read_bytes() == source.read_bytes()
    with pytest.raises(SystemExit) as end:
        main(["convert", str(source), "-o", str(back)])
    assert end.value.code == 2
    assert "is not from .net to .nir or back" in capsys.readouterr().err


def test_the_file_is_hdf5_that_nir_names(file):
    with h5py.File(BytesIO(file.read_bytes())) as content:
        assert content["version"][()].decode() == nir.version


def test_a_matrix_costs_what_it_holds():
    """Of a large kernel only the rows and columns count that ever lie on the source."""
    window, channels = Window((32, 32), (31,) * 4), 512
    synapse = Synapse(0, np.ones((channels, 1, 32, 32), np.int8), window, channels)
    tracemalloc.start()
    matrix = as_matrix(synapse, (channels, 1, 1))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (matrix == np.eye(channels)).all()
    assert peak < 8 * matrix.nbytes
