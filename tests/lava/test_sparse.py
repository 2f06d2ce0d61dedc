"""Graphs in Lava, on both models: several spikes, and a converted network of 300 nodes."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from scipy import sparse

from exporters.gcn.conversion import convert
from exporters.gcn.source import GraphLayer, GraphNetwork
from onespike_lava.engines import numpy, reference
from onespike_lava.processes import engine as lava
from tests.graphs import random_graph_network
from tests.lava.architectures import integers
from tests.lava.parity import check_same

pytestmark = pytest.mark.lava


@pytest.mark.parametrize("model", lava.MODELS)
def test_parity_of_several_spikes_on_a_random_graph(model):
    network = random_graph_network(3, "graded", 8, several=True)
    assert max(layer.max_spikes for layer in network.layers[1:-1]) > 1
    data = integers(network, 3)
    for wait in (8, 3, 0):
        expected = reference.run(network, data, wait, True)
        check_same(lava.run_model(network, data, wait, True, model), expected)


@pytest.mark.parametrize("model", lava.MODELS)
def test_a_graph_of_some_hundred_nodes(model):
    """A converted two-layer network on 300 nodes, words and documents as in Text GCN."""
    rng = np.random.default_rng(0)
    words = sparse.random(200, 100, 0.1, random_state=0)  # documents x words
    edges = sparse.bmat([[None, words], [words.T, None]]) + sparse.identity(300)
    scale = sparse.diags(1 / np.sqrt(np.asarray(edges.sum(1)).ravel()))
    adjacency = sparse.csr_matrix(scale @ edges @ scale)
    layers = (
        GraphLayer("conv1", rng.normal(size=(20, 300)), np.zeros(20), np.zeros(20), adjacency),
        GraphLayer("conv2", rng.normal(size=(8, 20)), np.zeros(8), rng.normal(size=8), adjacency),
    )
    found = convert(GraphNetwork(layers, {}), None, adjacency=adjacency)
    run = found.network.run(found.features, "numpy", record=True)
    data = run.codes["input"]
    for wait in (16, 6):
        expected = numpy.run(found.network, data, wait, True)
        check_same(lava.run_model(found.network, data, wait, True, model), expected)
    source = found.source.evaluate(found.features).argmax(1)
    assert np.mean(run.predictions[0] == source) > 0.9
