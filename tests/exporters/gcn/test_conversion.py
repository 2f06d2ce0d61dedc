"""Graph networks: what is read is what torch computes, what is exported is what was read."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")
import torch
from scipy import sparse
from torch import nn
from torch.nn import functional as F  # noqa: N812

from exporters.gcn import convert, export, read
from exporters.gcn.source import GraphLayer, GraphNetwork, as_adjacency
from onespike_lava import load
from onespike_lava.cli import main
from onespike_lava.errors import DataError, OptionError, UnsupportedError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.layers import Sparse, Spiking
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.rules import largest_potential

NODES = 40


class Convolution(nn.Module):
    """As in Kipf's pygcn."""

    def __init__(self, inputs, outputs, bias=True):
        super().__init__()
        self.weight = nn.Parameter(torch.randn(inputs, outputs))
        self.bias = nn.Parameter(torch.randn(outputs)) if bias else None

    def forward(self, x, adjacency):
        out = torch.spmm(adjacency, torch.mm(x, self.weight))
        return out if self.bias is None else out + self.bias


class Plain(nn.Module):
    def __init__(self, inputs=5, hidden=16, bias=True):
        super().__init__()
        self.gc1 = Convolution(inputs, hidden, bias)
        self.gc2 = Convolution(hidden, 3, bias)

    def forward(self, x, adjacency):
        x = F.dropout(F.relu(self.gc1(x, adjacency)), 0.5, training=self.training)
        return F.log_softmax(self.gc2(x, adjacency), dim=1)


class Rich(nn.Module):
    """Aggregation first, Linear, batch norm, a layer without neighbours at the end."""

    def __init__(self):
        super().__init__()
        self.lin1, self.lin2 = nn.Linear(5, 12), nn.Linear(12, 8)
        self.norm, self.head = nn.BatchNorm1d(12), nn.Linear(8, 3)
        self.norm.running_mean.normal_()
        self.norm.running_var.uniform_(0.5, 2)
        self.norm.weight.data.normal_()

    def forward(self, x, a):
        x = torch.relu(self.norm(self.lin1(a @ x)))
        x = torch.sparse.mm(a, self.lin2(x)).relu()
        return self.head(x)


def graph(seed=0, nodes=NODES, density=0.2):
    rng = np.random.default_rng(seed)
    held = sparse.random(nodes, nodes, density, random_state=seed)
    weights = sparse.csr_matrix(held + held.T + sparse.identity(nodes))
    scale = sparse.diags(1 / np.sqrt(np.asarray(weights.sum(1)).ravel()))
    return sparse.csr_matrix(scale @ weights @ scale), rng.normal(size=(nodes, 5))


def build(kind=Plain, seed=0, **options):
    torch.manual_seed(seed)
    return kind(**options).eval()


def scores_of(module, x, adjacency):
    matrix = torch.tensor(adjacency.toarray()).float().to_sparse()
    with torch.no_grad():
        return module(torch.tensor(x).float(), matrix).numpy()


def network_scores(network, x):
    run = network.run(x)
    classes = network.readout.shape[0]
    return (run.scores * network.output_scale).reshape(classes, -1).T


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("seed", range(3))
def test_source_computes_what_torch_does(seed, bias):
    adjacency, x = graph(seed)
    module = build(seed=seed, bias=bias)
    found = convert(module, x, adjacency=adjacency)
    expected = scores_of(module, x, adjacency)
    logits = found.source.evaluate(x)
    softmax = logits - np.log(np.exp(logits).sum(1, keepdims=True))
    np.testing.assert_allclose(softmax, expected, rtol=1e-4, atol=1e-4)
    assert found.account == {
        "dropout": "dropped (dropout)",
        "log_softmax": "dropped (log_softmax)",
        "gc1": "converted",
        "gc2": "converted",
    }


@pytest.mark.parametrize("kind", [Plain, Rich])
def test_the_check_of_an_export_compares_node_by_node(kind):
    adjacency, x = graph()
    found = convert(build(kind), x, adjacency=adjacency)
    exact, logits = found.source.evaluate(x), network_scores(found.network, x)
    check = found.check
    assert (check.samples, check.difference, check.warning) == (NODES, None, None)
    assert check.agreement == np.mean(exact.argmax(1) == logits.argmax(1))
    assert check.correlation == pytest.approx(np.corrcoef(exact.ravel(), logits.ravel())[0, 1])


def test_a_poor_graph_network_is_warned_of():
    adjacency, x = graph()
    with pytest.warns(UserWarning, match=r"^self-check: .* try 16 or more phases, features with "):
        export(build(), x, adjacency=adjacency, phases=1)


def test_other_orders_and_layers_are_the_same_function():
    adjacency, x = graph()
    module = build(Rich)
    found = convert(module, x, adjacency=adjacency)
    expected = scores_of(module, x, adjacency)
    np.testing.assert_allclose(found.source.evaluate(x), expected, rtol=1e-4, atol=1e-4)
    names = [layer.name for layer in found.network.layers]
    assert names == ["input", "lin1.map", "lin1", "lin2.map", "lin2", "head"]
    assert isinstance(found.network.output_scale, float)  # the head's scores share one scale


@pytest.mark.parametrize("kind", [Plain, Rich])
@pytest.mark.parametrize("phases", [16, 24])
def test_integers_follow_the_one_spike_network_in_real_numbers(kind, phases):
    """int8 costs little beside the code itself, which keeps most classes."""
    adjacency, x = graph(3, 200, 0.05)
    found = convert(build(kind, 1), x, adjacency=adjacency, phases=phases)
    real, source = found.simulate(), found.source.evaluate(x)
    integer = network_scores(found.network, x)
    spread = source.std()
    assert np.sqrt(np.mean((integer - real) ** 2)) < 0.1 * spread
    assert np.sqrt(np.mean((integer - source) ** 2)) < 0.3 * spread
    assert np.mean(integer.argmax(1) == source.argmax(1)) > 0.85


def test_engines_agree_on_a_converted_network():
    adjacency, x = graph(2)
    network = convert(build(), x, adjacency=adjacency).network
    for wait in (16, 5, 0):
        expected = network.run(x, "reference", wait, record=True)
        for engine in ("numpy", "numba"):
            assert first_difference(network.run(x, engine, wait, record=True), expected) is None


def test_a_pair_carries_one_sign():
    adjacency, x = graph(1)
    network = convert(build(), x, adjacency=adjacency).network
    codes = network.run(x, record=True).codes["gc1.map"][0]
    positive, negative = codes[::2], codes[1::2]
    assert (positive > 0).any()
    assert (negative > 0).any()
    assert not ((positive > 0) & (negative > 0)).any()


def test_lambda_is_one_number_for_all_rows():
    """Scales differ by node and feature, `2 h s 2**bits` does not (Eq. 2)."""
    adjacency, x = graph(4)
    found = convert(build(), x, adjacency=adjacency)
    for layer in found.network.layers:
        if isinstance(layer, Spiking):
            exact = layer.threshold_base * layer.scale * 2.0**9
            np.testing.assert_allclose(exact, found.codes[layer.name].constant[0], rtol=1e-12)
            np.testing.assert_allclose(layer.constant, exact.flat[0], rtol=1e-12)
    sums = [layer for layer in found.network.layers if layer.name == "gc1"]
    assert sums[0].scale.shape == (1, NODES, 1)
    assert np.ptp(sums[0].scale) > 0
    assert max(np.abs(s.weight).max() for s in sums[0].synapses) <= 127


def test_a_node_with_many_neighbours_keeps_the_bound():
    """400 rows of the largest weights would need more than 24 bits; their scales give way."""
    nodes = 400
    adjacency = sparse.csr_matrix(np.full((nodes, nodes), 1 / nodes))
    x = np.random.default_rng(0).normal(size=(nodes, 5))
    network = convert(build(bias=False), x, adjacency=adjacency).network
    layer = network.layers[2]
    assert 0.9 * STATE_LIMIT < largest_potential(network, layer) < STATE_LIMIT
    assert np.abs(layer.synapses[0].weight).max() < 127
    assert dict(network.provenance)["resolution_lowered"] == "gc1, gc2"


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


def test_several_spikes_and_bases_of_layers():
    adjacency, x = graph(3, 200, 0.05)
    one = convert(build(), x, adjacency=adjacency, bases={"gc1.map": 1.2})
    assert [layer.base for layer in one.network.layers[1:4]] == [1.2, 1.3, 1.3]
    more = convert(build(), x, adjacency=adjacency, spikes={"gc1": 3})
    assert [layer.max_spikes for layer in more.network.layers[1:4]] == [1, 3, 1]
    integer, real = network_scores(more.network, x), more.simulate()
    assert np.sqrt(np.mean((integer - real) ** 2)) < 0.1 * real.std()


def test_file_and_judged_nodes(tmp_path):
    adjacency, x = graph()
    path = tmp_path / "graph.net"
    network = export(build(), x, path, adjacency=adjacency)
    assert load(path) == network
    classes = network.predict(x)[0]
    mask = np.arange(NODES) % 3 == 0
    labels = np.where(mask, classes, -1)
    labels[0] = (labels[0] + 1) % 3
    found = evaluate(network, x, labels, mask=mask)
    assert (found.correct, len(found.predictions)) == (mask.sum() - 1, mask.sum())
    assert found.energy.macs == sum(
        len(s.weight) * layer.shape[0] if isinstance(s, Sparse) else s.weight.size * NODES
        for layer in network.layers[1:]
        for s in layer.synapses
    )
    with pytest.raises(DataError, match=r"^mask: bool\[3\] is not bool\[40\]; give one"):
        evaluate(network, x, labels, mask=mask[:3])
    with pytest.raises(DataError, match=r"^mask: no sample counts"):
        evaluate(network, x, labels, mask=mask & False)
    with pytest.raises(DataError, match=r"^y: labels -1\.\.2 are outside 0\.\.2"):
        evaluate(network, x, labels)


class Residual(Plain):
    def forward(self, x, adjacency):
        h = torch.relu(self.gc1(x, adjacency))
        return self.gc2(h + h, adjacency)


class Twice(Plain):
    def forward(self, x, adjacency):
        return self.gc2(torch.relu(adjacency @ self.gc1(x, adjacency)), adjacency)


class EndsInRelu(Plain):
    def forward(self, x, adjacency):
        return torch.relu(self.gc1(x, adjacency))


class Alone(Plain):
    def forward(self, x, adjacency):
        return torch.relu(torch.mm(x, self.gc1.weight)) @ self.gc2.weight


class Gated(Plain):
    def forward(self, x, adjacency):
        return self.gc2(torch.sigmoid(self.gc1(x, adjacency)), adjacency)


class Hidden(Plain):
    def forward(self, x, adjacency):
        return self.gc2(torch.relu(self.gc1(x, adjacency)), adjacency) + len(self._buffers)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (
            Residual,
            r"^add_1 \(add\): adds two values of the nodes; only a bias may be added; `onesp",
        ),
        (Twice, r"^matmul: a second sum over neighbours without a ReLU in between; give their"),
        (EndsInRelu, r"^output: a ReLU; end the network with the scores before it$"),
        (Alone, r"^model: no sum over neighbours; use exporters\.export for it$"),
        (Gated, r"^sigmoid \(sigmoid\): not supported; rewrite it with supported operations; `"),
        (Hidden, r"^add(_\d)? \(add\): adds two values of the nodes"),
    ],
)
def test_what_is_no_such_network_is_refused_by_name(kind, message):
    adjacency, x = graph()
    with pytest.raises(UnsupportedError, match=message):
        convert(build(kind), x, adjacency=adjacency)


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


@pytest.mark.parametrize(
    "option", [{"weighting": "membrane"}, {"correct": "weights"}, {"scale": "channel"}]
)
def test_options_without_meaning_are_refused(option):
    adjacency, x = graph()
    with pytest.raises(OptionError, match=r"is not supported for graphs; use '"):
        convert(build(), x, adjacency=adjacency, **option)
    with pytest.raises(OptionError, match=r"^bases: no layer nowhere; the layers are gc1\.map, g"):
        convert(build(), x, adjacency=adjacency, bases={"nowhere": 1.2})


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


def test_command_line(tmp_path, monkeypatch, capsys):
    """Identity features: the file, its input, and the classes of a judged part."""
    adjacency, _ = graph()
    sparse.save_npz(tmp_path / "a.npz", adjacency)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(
        "from tests.exporters.gcn.test_conversion import NODES, Plain, build\n"
        "def make():\n    return build(Plain, inputs=NODES)\n"
    )
    command = ["export", "mine:make", "--adjacency", "a.npz", "-o", "g.net"]
    assert called([*command, "--features", "x.npz"]) == 0
    network = load(tmp_path / "g.net")
    expected = convert(build(inputs=NODES), None, adjacency=adjacency)
    assert network == expected.network
    x = np.load(tmp_path / "x.npz")["x"]
    classes = network.predict(x)[0]
    mask = np.arange(NODES) < 10
    np.savez(tmp_path / "d.npz", x=x, y=np.where(mask, classes, -1), mask=mask)
    capsys.readouterr()
    assert called(["evaluate", "g.net", "--data", "d.npz"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["samples", "10"]
    assert lines[1].split() == ["accuracy", "100.00", "%"]
    assert called(["export", "mine:make", "-o", "g.net"]) == 2
    assert "calibration: missing; give samples" in capsys.readouterr().err
    assert called([*command, "--model-output", "scores"]) == 2
    assert "model-output: a graph network has one output" in capsys.readouterr().err
    images = ["export", "mine:make", "--calibration", "x.npz", "--features", "f.npz", "-o", "g.net"]
    assert called(images) == 2
    assert "features: only of a graph; give its --adjacency" in capsys.readouterr().err
    (tmp_path / "a.npz").write_bytes(b"PK")
    assert called(command) == 2
    assert "a.npz: not a matrix of scipy.sparse.save_npz; save it so" in capsys.readouterr().err


def called(arguments):
    with pytest.raises(SystemExit) as stop:
        main(arguments)
    return stop.value.code or 0
