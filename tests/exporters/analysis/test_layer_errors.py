"""A network beside its source: figures against plain arithmetic."""

from dataclasses import replace

import numpy as np
import pytest

from exporters import convert
from exporters.analysis.layer_errors import compare
from exporters.fidelity.baseline import macs
from exporters.gcn import conversion as gcn
from exporters.passes.pipeline import prepare
from onespike_lava.errors import DataError, UnsupportedError
from onespike_lava.layers import Spiking
from onespike_lava.network import Network
from tests.exporters.analysis.conversions import RECIPES
from tests.sources import cnn, images


def by_hand(layer, values):
    """Values as a layer's code carries them, one by one, in graded weighting with one spike."""
    found = np.zeros(values.shape)
    unit = layer.constant / 2.0**layer.payload_bits
    for place in np.ndindex(values.shape):
        units = values[place] / unit[place[1]]
        for payload, factor in zip(layer.payload, layer.threshold_table, strict=True):
            if units >= factor / 2:
                found[place] = payload * unit[place[1]]
                break
    return found


@pytest.mark.parametrize("name", ["default", "paper"])
def test_losses_against_plain_arithmetic(name):
    found = convert(cnn(), images(), **RECIPES[name])
    network, x = found.network, images(6, seed=5)
    y = np.zeros(6, int)
    compared = compare(network, cnn(), x, y, samples=6)
    prepared, _ = prepare(cnn(), pool="merge")
    exact = {}
    logits = prepared.evaluate(x, lambda node, value: exact.update({node.name: value}))
    run = network.run(x, record=True)
    relus = {node.inputs[0]: node.name for node in prepared.nodes if node.op == "relu"}
    hidden = [layer for layer in network.layers if isinstance(layer, Spiking)]
    assert [row.name for row in compared.layers] == [layer.name for layer in hidden]
    decoded = {}
    for row, layer in zip(compared.layers, hidden, strict=True):
        relu, value = relus[layer.name], exact[relus[layer.name]]
        alone = prepared.evaluate(x, put({relu: by_hand(layer, value)}))
        assert row.alone == pytest.approx(np.mean((alone - logits) ** 2), rel=1e-4)
        axes = (-1, *[1] * (value.ndim - 2))
        unit = (layer.constant / 2.0**layer.payload_bits).reshape(axes)
        payload = np.append(0, layer.payload)[run.codes[layer.name]]
        decoded[relu] = payload * unit
        behind = prepared.evaluate(x, put(decoded))
        assert row.up_to == pytest.approx(np.mean((behind - logits) ** 2), rel=1e-4)
        assert row.agree == np.mean(behind.argmax(1) == logits.argmax(1))
        error = np.sqrt(np.sum((decoded[relu] - value) ** 2) / np.sum(value**2))
        assert row.error == pytest.approx(error, rel=1e-4)
        assert row.above == np.mean(value > unit * layer.payload[0])
    whole = np.mean((run.scores * network.output_scale - logits) ** 2)
    assert compared.error == pytest.approx(whole, rel=1e-4)


def put(values):
    """An observer that puts values in the place of nodes'."""
    return lambda node, _: values.get(node.name)


@pytest.mark.parametrize(
    "name", ["membrane", "one spike for an input value", "bases and spikes of layers"]
)
def test_decoded_codes_follow_exact_activations(name):
    """The code of every weighting stands for values near the exact ones, and its steps close."""
    found = convert(cnn(), images(), **{**RECIPES[name], "wait": None})
    compared = compare(found.network, cnn(), images(8, seed=3), np.zeros(8, int), samples=8)
    hidden = [each.name for each in found.network.layers if isinstance(each, Spiking)]
    assert [row.name for row in compared.layers] == hidden
    assert all(row.error < 0.2 for row in compared.layers), compared
    assert compared.layers[-1].up_to == pytest.approx(compared.error, rel=0.2)


def test_accuracies_and_blocks():
    found = convert(cnn(), images())
    x = images(300, seed=7)
    ann = cnn().evaluate(x).argmax(1)
    y = np.where(np.arange(300) < 200, ann, (ann + 1) % 5)
    compared = compare(found.network, cnn(), x, y, calibration=images(), samples=3)
    assert (compared.ann, compared.identical, compared.rebuilt) == (200 / 300, True, True)
    assert compared.real == np.mean(found.simulate(x).argmax(1) == y)
    assert (compared.samples, compared.macs) == (3, macs(cnn()))
    assert macs(cnn()) == 8 * 27 * 64 + 8 * 72 * 64 + 12 * 72 + 16 * 12 + 5 * 16


def test_another_source_is_told_and_one_of_other_layers_refused():
    network, x = convert(cnn(), images()).network, images(4)
    assert not compare(network, cnn(1), x, np.zeros(4, int), samples=2).identical
    renamed = [
        replace(each, name="spam") if each.name == "hidden" else each for each in network.layers
    ]
    other = Network(tuple(renamed), network.phases, network.wait, network.weighting)
    with pytest.raises(DataError, match=r"^model: has no layer 'spam' of shape \[16\]; give the"):
        compare(other, cnn(), x, np.zeros(4, int))


def test_graph_networks_are_refused():
    pytest.importorskip("scipy")
    from tests.exporters.gcn.modules import build, graph

    adjacency, x = graph()
    network = gcn.convert(build(), x, adjacency=adjacency).network
    with pytest.raises(UnsupportedError, match=r"^model: the report compares no graph networks"):
        compare(network, build(), x, np.zeros(len(x), int))
