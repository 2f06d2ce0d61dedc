"""Graph networks as data: features, adjacency, digests."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

import torch
from scipy import sparse

from exporters.gcn import convert, read
from exporters.gcn.source import GraphLayer, GraphNetwork, as_adjacency
from onespike_lava.errors import DataError, UnsupportedError
from tests.exporters.gcn.modules import NODES, build, graph


def test_identity_features_are_looked_up():
    adjacency, _ = graph()
    module = build(inputs=NODES)
    found = convert(module, None, adjacency=adjacency)
    dense = convert(module, np.eye(NODES), adjacency=adjacency)
    np.testing.assert_allclose(
        found.source.evaluate(found.features), dense.source.evaluate(np.eye(NODES)), rtol=1e-9
    )
    assert found.features.shape == (NODES, 16)
    assert found.network.input.shape == (16, NODES, 1)
    assert found.network.layers[1].synapses[0].groups == 16
    classes = found.network.predict(found.features)
    assert classes.shape == (1, NODES)
    assert np.mean(classes[0] == found.source.evaluate(found.features).argmax(1)) > 0.85
    assert found.source.macs < dense.source.macs


def test_sparse_features_and_torch_adjacency():
    adjacency, x = graph()
    x = x * (x > 0.5)
    one = convert(build(), sparse.csr_matrix(x), adjacency=adjacency)
    matrix = torch.tensor(adjacency.toarray()).to_sparse()
    two = convert(build(), x, adjacency=matrix)
    assert one.network == two.network


def test_data_that_do_not_fit_are_refused():
    adjacency, x = graph()
    with pytest.raises(DataError, match=r"^adjacency: \[40, 39\] is not square"):
        convert(build(), x, adjacency=adjacency[:, :39])
    with pytest.raises(DataError, match=r"^adjacency: NoneType is no matrix"):
        convert(build(), x, adjacency=None)
    with pytest.raises(DataError, match=r"^features: float64\[39, 5\] are not numbers \[40, F\]"):
        convert(build(), x[:39], adjacency=adjacency)
    with pytest.raises(DataError, match=r"^features: 4 per node do not fit gc1, which reads 5;"):
        convert(build(), x[:, :4], adjacency=adjacency)
    with pytest.raises(DataError, match=r"^features: none for gc1, which reads 5 features, not"):
        convert(build(), None, adjacency=adjacency)
    with pytest.raises(UnsupportedError, match=r"^model: str is not a torch Module"):
        convert("model.onnx", x, adjacency=adjacency)


def test_a_network_given_as_data():
    adjacency, x = graph()
    source = read(build(), as_adjacency(adjacency))
    assert isinstance(source, GraphNetwork)
    assert isinstance(source.layers[0], GraphLayer)
    given = convert(source, x, adjacency=adjacency).network
    assert given == convert(build(), x, adjacency=adjacency).network
    other = replace(source.layers[0], inner=source.layers[0].inner + 1)
    moved = GraphNetwork((other, *source.layers[1:]), {})
    assert moved.digest() != source.digest()


def test_digest_tells_rows_apart():
    """Two graphs whose entries are the same, in other rows."""
    rows, columns, values = [0, 0, 1], [0, 1, 2], [0.5, 0.25, 0.125]
    one = sparse.csr_matrix((values, (rows, columns)), shape=(3, 3))
    two = sparse.csr_matrix((values, ([0, 1, 1], columns)), shape=(3, 3))
    first, second = (read(build(), as_adjacency(each)).digest() for each in (one, two))
    assert first != second
