"""Networks and recipes at the edge: no hidden layer, an input of several spikes, a short range."""

import warnings

import numpy as np
import pytest

import exporters
from exporters.analysis.layer_errors import compare
from exporters.analysis.reconversion import reconvert
from exporters.conversion import convert
from exporters.graph import Graph, Node
from onespike_lava.errors import DataError, OneSpikeWarning

RNG = np.random.default_rng(0)
X = np.abs(RNG.normal(size=(200, 6))).astype(np.float32)


def classifier():
    """A linear classifier: scores of the data, and no neuron that spikes."""
    weight = RNG.normal(size=(3, 6)).astype(np.float32)
    nodes = (
        Node("input", "input", attrs={"shape": (6,)}),
        Node("out", "linear", ("input",), {"weight": weight, "bias": np.zeros(3)}),
    )
    return Graph(nodes, "out")


def perceptron():
    """The same with a hidden layer."""
    first, second = RNG.normal(size=(8, 6)), RNG.normal(size=(3, 8))
    nodes = (
        Node("input", "input", attrs={"shape": (6,)}),
        Node("hidden", "linear", ("input",), {"weight": first.astype(np.float32)}),
        Node("relu", "relu", ("hidden",)),
        Node("out", "linear", ("relu",), {"weight": second.astype(np.float32)}),
    )
    return Graph(nodes, "out")


@pytest.mark.parametrize("options", [{}, {"payload_bits": 7, "base": 1.2}])
def test_a_network_without_hidden_layers_is_reported_in_real_numbers(options):
    source = classifier()
    network = convert(source, X, **options).network
    labels = source.evaluate(X).argmax(1)
    found = compare(network, source, X, labels, calibration=X)
    assert found.rebuilt
    assert found.real >= 0.98
    assert found.layers == ()


def test_a_search_over_such_networks_goes_on_where_it_ended(tmp_path):
    source = classifier()
    labels = source.evaluate(X).argmax(1)
    grid = {"phases": [8], "wait": ["T"]}
    first = exporters.tune(source, X, (X, labels), tmp_path, **grid)
    again = exporters.tune(source, X, (X, labels), tmp_path, **grid)
    assert (first.measured, again.measured) == (1, 0)
    assert again.points == first.points


def test_spikes_of_the_input_are_part_of_the_recipe_that_a_file_tells():
    source = perceptron()
    options = {"input_coding": "single", "spikes": {"input": 2}, "bases": {"input": 1.4}}
    made = convert(source, X, **options)
    assert [each.max_spikes for each in made.network.hidden] == [2, 1]
    assert reconvert(made.network, source, X).network.layers == made.network.layers


def test_clipped_calibration_is_told_of_once_and_by_its_name():
    with warnings.catch_warnings(record=True) as seen:
        warnings.simplefilter("always", OneSpikeWarning)
        exporters.export(perceptron(), X, input_range=(0.0, 0.3))
    texts = [str(each.message) for each in seen if "lie outside" in str(each.message)]
    assert len(texts) == 1
    assert texts[0].startswith("calibration: ")


def test_calibration_that_holds_no_numbers_is_called_so():
    odd = X.copy()
    odd[3, 2] = np.nan
    with pytest.raises(DataError, match=r"^calibration: 1 values are NaN or infinite; clean the"):
        exporters.export(perceptron(), odd)
