"""Two neurons for a value: one spike each, a code of twice as many levels, in integers."""

import numpy as np
import pytest

from exporters import PAPER, convert, gcn
from exporters.analysis.reconversion import reconvert
from exporters.calibration.codes import Code
from exporters.recipe import Recipe
from onespike_lava import coding
from onespike_lava.errors import OptionError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import Spiking
from tests.sources import cnn, images


def squared_error(found, x, exact):
    return ((found.network.run(x).scores * found.network.output_scale - exact) ** 2).mean()


@pytest.mark.parametrize("phases", [1, 4, 16])
def test_the_mean_of_two_halves_is_the_whole_code(phases):
    rng = np.random.default_rng(0)
    levels = np.append(np.sort(rng.uniform(0.01, 1, 2 * phases))[::-1], 0.0)
    whole = Code(rng.uniform(0.5, 2, 3), levels, True, 1.3)
    values = rng.uniform(0, 3, (500, 3))
    first, second = whole.half(0), whole.half(1)
    np.testing.assert_allclose(
        (first.apply(values) + second.apply(values)) / 2, whole.apply(values), rtol=1e-12
    )
    assert len(first.thresholds) == len(second.thresholds) == phases
    for code in (first, second):
        payloads = code.payloads(8)
        assert payloads[0] == 255
        assert payloads[:-1].min() >= 1


def test_twice_as_many_levels_lose_less_and_engines_agree():
    train, test = images(300, seed=1), images(200, seed=2)
    exact = cnn().evaluate(test)
    errors = {}
    for double in ("none", "stream", "all"):
        found = convert(cnn(), train, double=double)
        errors[double] = squared_error(found, test, exact)
        for wait in (16, 7):
            runs = [
                found.network.run(test[:9], engine, wait, record=True)
                for engine in ("reference", "numpy", "numba")
            ]
            assert first_difference(runs[0], runs[1]) is None
            assert first_difference(runs[0], runs[2]) is None
        scores = found.network.run(test).scores * found.network.output_scale
        assert np.corrcoef(scores.ravel(), found.simulate(test).ravel())[0, 1] > 0.98
    assert errors["stream"] < 0.8 * errors["none"]
    assert errors["all"] < 0.4 * errors["none"]


def test_neurons_spike_once_and_share_the_thresholds_of_a_value():
    network = convert(cnn(), images(100), double="stream").network
    layers = {layer.name: layer for layer in network.layers if isinstance(layer, Spiking)}
    assert all(layer.max_spikes == 1 for layer in layers.values())
    first, second, single = layers["add"], layers["add.second"], layers["conv3"]
    table = coding.threshold_table(np.append(single.payload, 0).astype(np.int32))
    np.testing.assert_array_equal(single.threshold_table, table)

    def thresholds(layer):
        return (layer.constant[:, None] * layer.threshold_table / 512)[:, ::-1]

    low, high = thresholds(first), thresholds(second)
    between = high[:, :-1]
    near = 0.02 * low[:, -1:]  # bases and tables are whole numbers
    assert (low[:, :-1] < between + near).all()
    assert (between < low[:, 1:] + near).all()
    assert network.neurons["add"] == network.neurons["add.second"]


def test_a_file_tells_and_its_recipe_is_made_again():
    x = images(60)
    network = convert(cnn(), x, double="stream").network
    assert dict(network.provenance)["double"] == "stream"
    assert "double" not in dict(convert(cnn(), x).network.provenance)
    assert reconvert(network, cnn(), x).network.layers == network.layers


def test_spikes_of_both_neurons_go_with_the_value():
    found = convert(cnn(), images(100), double="all")
    compared = found.compare(images(50, seed=3))
    names = [each.layer for each in compared.layers]
    assert names[-3:] == ["hidden", "hidden.second", "logits"]
    assert min(each.correlation for each in compared.layers) > 0.98


@pytest.mark.parametrize(
    "options", [{**PAPER}, {"levels": "base"}, {"base": 1.3}, {"max_spikes": 2}, {"shift": False}]
)
def test_refusals(options):
    with pytest.raises(OptionError, match=r"^double: 'all' needs levels fitted to data and one sp"):
        Recipe(double="all", **options)


def test_graph_networks_have_one_neuron_for_a_value():
    x, adjacency = np.eye(3), np.eye(3)
    with pytest.raises(OptionError, match=r"^double: 'all' is not supported for graphs; use"):
        gcn.convert(None, x, adjacency=adjacency, double="all", levels="data")
