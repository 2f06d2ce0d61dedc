"""Each layer's spikes beside the source's values, against plain arithmetic."""

import numpy as np
import pytest

from exporters import convert
from exporters.analysis.layer_errors import compare as losses_of
from exporters.fidelity.correlation import PAIRS
from exporters.passes.pipeline import prepare
from exporters.recipe.stepping import StepRecipe
from exporters.stepping.conversion import convert_steps
from exporters.stepping.execution import run as run_source
from onespike_lava.errors import DataError, OptionError
from tests.exporters.analysis.conversions import RECIPES
from tests.exporters.stepping import drawn
from tests.sources import cnn, images


@pytest.mark.parametrize("name", ["default", "paper", "one spike for an input value"])
def test_layers_against_plain_arithmetic(name):
    found = convert(cnn(), images(), **RECIPES[name])
    x = images(20, seed=5)
    compared = found.compare(x)
    prepared, _ = prepare(cnn(), pool="merge")
    exact = {}
    logits = prepared.evaluate(x, lambda node, value: exact.update({node.name: value}))
    run = found.network.run(x, record=True)
    relus = {node.inputs[0]: node.name for node in prepared.nodes if node.op == "relu"}
    assert [each.layer for each in compared.layers][-1] == found.network.readout.name
    for layer in found.network.hidden:
        if layer.name not in relus:  # of the input, tested below
            continue
        known = exact[relus[layer.name]].astype(float)
        levels = np.append(0, layer.payload) / 2.0**layer.payload_bits
        constant = layer.constant.reshape(-1, *[1] * (known.ndim - 2))
        decoded = levels[run.codes[layer.name]] * constant
        each = compared[layer.name]
        expected = np.corrcoef(known.ravel(), decoded.ravel())[0, 1]
        assert each.correlation == pytest.approx(expected, rel=1e-6)
        error = np.sqrt(np.mean((known - decoded) ** 2) / np.mean(known**2))
        assert each.error == pytest.approx(error, rel=1e-4)
        assert each.rate == run.spikes[layer.name] / decoded.size
        assert each.equal is None
        assert each.pairs.shape == (2, min(known[:16].size, PAIRS))
        assert set(each.pairs[0]) <= set(known[:16].astype(np.float32).ravel())
    last = compared[found.network.readout.name]
    scores = run.scores * found.network.output_scale
    assert last.correlation == pytest.approx(np.corrcoef(scores.ravel(), logits.ravel())[0, 1])
    assert last.rate is None
    assert compared.samples == 20


def test_an_input_of_one_spike_is_compared_as_the_samples_are():
    found = convert(cnn(), images(), input_coding="single", phases=24)
    x = images(20, seed=5)
    first = found.compare(x).layers[0]
    layer, low = found.network.hidden[0], found.network.input.low
    assert first.layer == layer.name
    codes = found.network.run(x, record=True).codes[layer.name]
    levels = np.append(0, layer.payload) / 2.0**layer.payload_bits
    axes = (-1, 1, 1)
    decoded = low.reshape(axes) + levels[codes] * layer.constant.reshape(axes)
    assert first.correlation == pytest.approx(np.corrcoef(x.ravel(), decoded.ravel())[0, 1])
    assert first.correlation > 0.98


def test_a_damaged_layer_shows():
    """A conversion whose wait is 0 follows its source worse, from its second layer on."""
    found = convert(cnn(), images())
    whole, hasty = found.compare(images(20, seed=5)), found.compare(images(20, seed=5), wait=0)
    assert hasty["hidden"].correlation < whole["hidden"].correlation - 0.05


@pytest.mark.parametrize("kind", ["constant", "events"])
def test_networks_that_step(kind):
    source = drawn.network(1, "half soft", input=kind)
    x = drawn.samples(source, 20)
    found = convert_steps(source, x, StepRecipe())
    compared = found.compare(x)
    held = run_source(found.prepared, x)
    run = found.network.run(x, record=True)
    assert [each.layer for each in compared.layers[:-1]] == list(found.network.neurons)
    for each in compared.layers[:-1]:
        known, own = held.trains[each.layer], run.trains(each.layer)
        assert each.equal == pytest.approx(np.mean(known == own))
        counts = known.sum(axis=1).ravel(), own.sum(axis=1).ravel()
        assert each.correlation == pytest.approx(np.corrcoef(*counts)[0, 1])
        assert each.rate == pytest.approx(np.mean(own.sum(axis=1)))
    assert "equal" in str(compared)
    assert min(each.equal for each in compared.layers[:-1]) > 0.9


def test_values_that_are_all_equal_have_no_correlation():
    found = convert(cnn(), images())
    compared = found.compare(np.zeros((2, 3, 8, 8)))
    assert {each.correlation for each in compared.layers} != {None}
    first = compared.layers[0]
    assert first.correlation is None or abs(first.correlation) <= 1
    assert "\n" not in repr(compared)


def test_slips_are_told():
    found = convert(cnn(), images())
    with pytest.raises(DataError, match="x: no samples; give at least one"):
        found.compare(images(0))
    with pytest.raises(DataError, match=r"^x: shape \(2, 3, 9, 9\) does not match"):
        found.compare(np.zeros((2, 3, 9, 9)))
    with pytest.raises(
        OptionError, match="layer: 'conv9' was not compared; name one of conv1, add"
    ):
        found.compare(images(2))["conv9"]


def test_pictures(tmp_path):
    matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
    compared = convert(cnn(), images()).compare(images(20, seed=5))
    for layer in (None, "hidden"):
        picture = compared.plot(layer)
        page = picture._repr_html_()
        assert page.startswith("<div><svg ")
        assert "currentColor" in page
        assert page == compared.plot(layer)._repr_html_()
        assert len(page) < 2**19
        for name in ("a.svg", "a.png"):
            picture.save(tmp_path / name)
            assert (tmp_path / name).stat().st_size > 1000
    figure = matplotlib.figure.Figure()
    axis = figure.subplots()
    assert compared.plot("hidden", axis=axis).figure is figure
    assert axis.lines
    with pytest.raises(OptionError, match=r"plot: '.*b\.txt' ends neither in \.svg nor in \.png"):
        picture.save(tmp_path / "b.txt")


def upsampled():
    """A plane made twice as large: the scores lie in blocks inside the network."""
    torch = pytest.importorskip("torch", reason="torch is not installed")
    torch.manual_seed(0)
    return torch.nn.Sequential(
        torch.nn.Conv2d(3, 8, 3, 2, padding=1),
        torch.nn.ReLU(),
        torch.nn.ConvTranspose2d(8, 8, 2, 2),
        torch.nn.ReLU(),
        torch.nn.Conv2d(8, 3, 1),
    ).eval()


def test_scores_in_blocks_are_put_back():
    found = convert(upsampled(), images())
    x = images(20, seed=5)
    logits = found.source.evaluate(x).reshape(20, -1)
    scores = found.network.run(x).scores * found.network.output_scale
    compared = found.compare(x).layers[-1]
    assert compared.correlation == pytest.approx(np.corrcoef(logits.ravel(), scores.ravel())[0, 1])
    assert compared.correlation > 0.97
    losses = losses_of(found.network, upsampled(), x, np.zeros((20, 8, 8), int), samples=20)
    assert losses.error == pytest.approx(np.mean((scores - logits) ** 2), rel=1e-4)
    assert losses.layers[-1].agree > 0.8
