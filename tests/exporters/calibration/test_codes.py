"""Constants and levels fitted to activations, against their definitions by brute force."""

import numpy as np
import pytest

from exporters import PAPER, convert
from exporters.calibration import codes as codes_module
from exporters.calibration.codes import Code, choose, fitted_constants, fitted_levels
from exporters.calibration.histograms import BINS, Histogram
from exporters.passes.pipeline import prepare
from exporters.recipe import Recipe
from onespike_lava import coding
from onespike_lava.errors import OptionError
from onespike_lava.evaluation.comparison import first_difference
from tests.sources import cnn, images, walked


def histogram(values):
    """Of activations float[N, G], one group per column."""
    maxima = values.max(axis=0)
    bins = np.minimum((values / maxima * BINS).astype(int), BINS - 1)
    counts = np.stack(
        [np.bincount(b[v > 0], minlength=BINS) for b, v in zip(bins.T, values.T, strict=True)]
    )
    return Histogram(maxima, counts.astype(float), len(values), values.shape[1])


@pytest.fixture
def activations():
    rng = np.random.default_rng(0)
    return np.maximum(0, rng.normal(size=(4000, 3)) * [1.0, 5.0, 0.2])


def test_geometric_levels_are_the_papers():
    recipe = Recipe(base=1.3)
    values = np.abs(np.random.default_rng(0).normal(size=(99, 2)))
    code = choose({"a": histogram(values)}, {"a": "conv"}, recipe)
    expected = coding.levels(16, 1.3)
    assert np.allclose(code["a"].levels[:-1], expected)
    assert np.allclose(code["a"].thresholds, coding.thresholds(16, 1.3))
    assert (code["a"].payloads(8) == coding.payload_table(16, 1.3, 8)).all()


def test_a_code_is_that_of_the_paper(activations):
    code = Code(np.array([1.0, 5.0, 0.2]), 1.3 ** -np.arange(1, 18.0), True, 1.3)
    expected = code.constant * coding.encode(activations / code.constant, 16, 1.3)
    assert np.allclose(code.apply(activations), expected)


@pytest.mark.parametrize("phases", [1, 4, 16, 24])
def test_fitted_levels_lose_less_and_stand_still(activations, phases):
    found = histogram(activations)
    start = 1.3 ** -np.arange(1, phases + 2.0)
    given = Code(found.maxima, start, True, 1.3)
    levels = fitted_levels(found, given)
    assert (np.diff(levels) < 0).all()
    assert levels[-1] == 0
    fitted = Code(found.maxima, levels, True, 1.3)
    errors = [((code.apply(activations) - activations) ** 2).sum() for code in (fitted, given)]
    assert errors[0] < 0.8 * errors[1]
    shares = np.sort((activations / found.maxima).ravel())
    weights = np.repeat(found.maxima**2, len(activations)).reshape(3, -1).ravel()
    values = (activations / found.maxima).T.ravel()
    at = np.searchsorted(fitted.thresholds[::-1], values, side="right")
    for place, level in enumerate(levels[:-1][::-1], start=1):  # each is its own centroid
        near = at == place
        mean = np.average(values[near], weights=weights[near])
        assert mean == pytest.approx(level, abs=0.01)
    assert shares[0] >= 0


def test_least_squares_constant_is_the_best_of_the_grid(activations):
    found = histogram(activations)
    code = Code(found.maxima, 1.3 ** -np.arange(1, 18.0), True, 1.3)
    best = fitted_constants(found, code)
    for group in range(3):
        errors = []
        for share in codes_module.SCALES:
            one = Code(found.maxima[group : group + 1] * share, code.levels, True, 1.3)
            values = activations[:, group : group + 1]
            errors.append(((one.apply(values) - values) ** 2).sum())
        chosen = np.argmin(np.abs(codes_module.SCALES - best[group] / found.maxima[group]))
        assert errors[chosen] <= min(errors) * 1.01


def test_percentile(activations):
    found = histogram(activations)
    expected = np.percentile(activations, 99.0, axis=0)
    assert np.allclose(found.percentile(99.0), expected, rtol=0.02)
    assert np.allclose(found.percentile(100.0), found.maxima, rtol=1e-3)


def test_histograms_hold_the_activations_of_the_graph():
    graph, x = prepare(cnn())[0], images(150)
    values, found = {}, {}
    walked(graph, x, histograms=found)
    graph.evaluate(x, lambda node, value: values.update({node.name: value}))
    for name, one in found.items():
        v = values[name]
        channels = v.shape[1] if v.ndim == 4 else 1
        grouped = v.reshape(len(v), channels, -1)
        assert np.allclose(one.maxima, grouped.max(axis=(0, 2)))
        assert (one.counts.sum(1) == (grouped > 0).sum(axis=(0, 2))).all()
        assert one.total == len(v) * grouped.shape[2]
        assert one.spread(one.maxima).shape == (v.shape[1],)


@pytest.mark.parametrize(
    "options",
    [
        {"levels": "data"},
        {"levels": "data", "normalisation": "mse", "correct": "weights"},
        {"normalisation": "p99.9", "correct": "bias"},
        {"levels": "data", "phases": 24, "scale": "layer"},
        {"normalisation": "mse", "weighting": "membrane"},
        {"levels": "data", "phases": 3, "payload_bits": 3},
        {"input_coding": "single"},
        {"base": 1.3, "bases": {"conv1": 1.2, "add": 1.4}},
        {"base": 1.3, "bases": {"conv3": 1.2, "hidden": 1.4}, "weighting": "membrane"},
        {"input_coding": "single", "weighting": "membrane", "correct": "weights"},
    ],
)
def test_every_recipe_makes_a_network_that_engines_agree_on(options):
    x = images(200)
    found = convert(cnn(), x, **options)
    network = found.network
    for wait in {network.phases, network.phases // 2}:
        one, two = (network.run(x[:9], e, wait, record=True) for e in ("numpy", "reference"))
        assert first_difference(one, two) is None
    scores = network.run(x).scores * network.output_scale
    least = 0.9 if network.phases > 3 else 0.7
    assert np.corrcoef(scores.ravel(), found.simulate(x).ravel())[0, 1] > least


def test_fitted_levels_bring_the_network_closer_to_its_source():
    train, test = images(300, seed=1), images(300, seed=2)
    exact = cnn().evaluate(test)
    errors = {}
    for name, options in {
        "paper": {**PAPER, "base": 1.3},
        "levels": {"levels": "data", "normalisation": "mse", "correct": "none"},
        "weights": {"levels": "data", "normalisation": "mse", "correct": "weights"},
    }.items():
        network = convert(cnn(), train, **options).network
        errors[name] = ((network.run(test).scores * network.output_scale - exact) ** 2).mean()
    assert errors["levels"] < 0.7 * errors["paper"]
    assert errors["weights"] < 0.7 * errors["paper"]


def test_correction_leaves_source_first_layer_and_skips_alone():
    graph, x = cnn(), images(100)
    digest = graph.digest()
    plain = convert(graph, x, base=1.3, correct="none")
    moved = convert(graph, x, base=1.3, correct="weights")
    assert graph.digest() == digest
    for name, changed in {"conv1": False, "add.skip": False, "conv2": True, "hidden": True}.items():
        one, two = (c.prepared.node(name).params["weight"] for c in (plain, moved))
        assert (one != two).any() == changed, name


def test_memory_of_a_correction_lies_in_files(tmp_path, monkeypatch):
    """Values are kept in a temporary folder that is gone afterwards."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    convert(cnn(), images(70), correct="weights")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"levels": "data", "weighting": "membrane"}, r"^levels: 'data' needs graded weighting"),
        ({"levels": "data", "shift": False}, r"^levels: 'data' needs graded weighting and the"),
        (
            {"normalisation": "median"},
            r"^normalisation: 'median' is not one of max, p99.9, mse; choose o",
        ),
        (
            {"correct": "all"},
            r"^correct: 'all' is not one of none, bias, weights; choose one",
        ),
    ],
)
def test_bad_recipes(options, message):
    with pytest.raises(OptionError, match=message):
        Recipe(**options)


def test_single_spike_input_coding():
    """Table VII: one spike for an input value too, at the price of its precision."""
    x = images(60)
    exact = cnn().evaluate(x)
    errors = {}
    for kind in ("binary", "single"):
        found = convert(cnn(), x, base=1.3, input_coding=kind, **PAPER)
        run = found.network.run(x, record=True)
        errors[kind] = ((run.scores * found.network.output_scale - exact) ** 2).mean()
    assert run.spikes["image.once"] <= x.size
    assert errors["single"] > errors["binary"]
    low = found.network.input.low[:, None, None]
    layer = found.network.layers[1]
    value = layer.payload[run.codes["image.once"].astype(int) - 1] / 256
    value = low + layer.constant[:, None, None] * np.where(run.codes["image.once"], value, 0)
    near = np.abs(value - found.coding.apply(x)) < 0.02 * (x.max() - x.min())
    assert near.mean() > 0.97  # the others lie at a threshold


def test_every_layer_may_have_a_base_of_its_own():
    """Base manipulation between layers (Sec. III-B2)."""
    found = convert(cnn(), images(20), base=1.3, bases={"conv1": 1.2})
    layers = {layer.name: layer for layer in found.network.layers}
    assert layers["conv1"].base == 1.2
    assert (layers["conv1"].payload == coding.payload_table(16, 1.2, 8)[:-1]).all()
    assert layers["conv3"].base == 1.3
    with pytest.raises(OptionError, match=r"^bases: no layer conv9; the layers are conv1, add, c"):
        convert(cnn(), images(20), base=1.3, bases={"conv9": 1.2})
    with pytest.raises(OptionError, match=r"^payload table: phase 9 of 16 rounds to 0 with base 2"):
        Recipe(bases={"conv1": 2.0})


def test_auto_levels():
    assert Recipe(levels="auto").levels == "data"
    assert Recipe(levels="auto", base=1.3).levels == "base"
    assert Recipe(levels="auto", weighting="membrane").levels == "base"
