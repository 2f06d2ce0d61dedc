"""Nodes and kernels of NIR compute what the layers do."""

import tracemalloc

import numpy as np
import pytest

pytest.importorskip("nir", reason="nir is not installed")

import nir
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters import write_nir
from exporters.nir.form import is_flat
from exporters.nir.kernels import as_matrix, square
from exporters.nir.nodes import to_graph
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Sparse, Synapse, Window
from tests.exporters.nir.networks import returned
from tests.graphs import random_graph_network
from tests.networks import Maker, random_network


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
        for number, synapse in enumerate(layer.maps):
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
    monkeypatch.setattr("exporters.nir.form.ENTRY_LIMIT", 300)
    with pytest.raises(UnsupportedError, match=r"net\.nir: .* entries exceeds 300; NIR has"):
        write_nir(random_graph_network(1), tmp_path / "net.nir")
    monkeypatch.setattr("exporters.nir.bounds.OBJECT_LIMIT", 5)
    with pytest.raises(
        UnsupportedError, match=r"net\.nir: declares more .*; use a smaller network"
    ):
        write_nir(random_network(2), tmp_path / "net.nir")
    assert not list(tmp_path.iterdir())


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
