"""Graph networks: what is exported is what was read."""

import numpy as np
import pytest

pytest.importorskip("torch")
pytest.importorskip("scipy")

from scipy import sparse

from exporters.gcn import convert, export
from onespike_lava import load
from onespike_lava.errors import DataError, OptionError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.layers import Sparse, Spiking
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.rules import largest_potential
from tests.exporters.gcn.modules import NODES, Plain, Rich, build, graph, network_scores


@pytest.mark.parametrize("kind", [Plain, Rich])
def test_the_check_of_an_export_compares_node_by_node(kind):
    adjacency, x = graph()
    found = convert(build(kind), x, adjacency=adjacency)
    exact, logits = found.source.evaluate(x), network_scores(found.network, x)
    check = found.check
    assert (check.samples, check.difference, check.warning) == (NODES, None, None)
    assert dict(found.network.provenance)["self_check"] == str(check)
    assert check.agreement == np.mean(exact.argmax(1) == logits.argmax(1))
    assert check.correlation == pytest.approx(np.corrcoef(exact.ravel(), logits.ravel())[0, 1])


def test_a_poor_graph_network_is_warned_of():
    adjacency, x = graph()
    with pytest.warns(UserWarning, match=r"^self-check: .* try 16 or more phases, features with "):
        export(build(), x, adjacency=adjacency, phases=1)


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


@pytest.mark.parametrize(
    "option", [{"weighting": "membrane"}, {"correct": "weights"}, {"scale": "channel"}]
)
def test_options_without_meaning_are_refused(option):
    adjacency, x = graph()
    with pytest.raises(OptionError, match=r"is not supported for graphs; use '"):
        convert(build(), x, adjacency=adjacency, **option)
    with pytest.raises(OptionError, match=r"^bases: no layer nowhere; the layers are gc1\.map, g"):
        convert(build(), x, adjacency=adjacency, bases={"nowhere": 1.2})
