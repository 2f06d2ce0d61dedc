"""Rounding weights to the least error of their sum, against rounding each to the nearest."""

import numpy as np
import pytest

from exporters import PAPER, convert
from exporters.calibration.moments import Moments
from exporters.quantization.fit import fit
from exporters.quantization.rounding import mean_lost, rounded
from exporters.quantization.sources import Linear, Source
from tests.sources import cnn, images


@pytest.fixture
def case():
    """Correlated inputs float64[N, K] in units of their sources, and a map of two groups."""
    rng = np.random.default_rng(0)
    groups, channels, taps, outputs = 2, 3, 4, 5
    mixed = rng.normal(size=(groups, channels * taps, channels * taps)) / 3
    values = np.maximum(0, 0.3 + rng.normal(size=(groups, 4000, channels * taps)) @ mixed)
    unit = rng.uniform(0.5, 4, groups * channels)
    low = np.zeros(groups * channels)
    source = Source(0, (groups * channels, 9, 9), unit, low, 8, 1.3, 16, False, 197.0)
    weight = rng.normal(size=(groups * outputs, channels, 2, 2))
    part = Linear(source, weight, groups=groups)
    inputs = values * part.per_weight(unit)[:, None]  # in the network's values
    mean = inputs.mean(axis=1)
    covariance = np.stack([np.cov(each.T, bias=True) for each in inputs])
    return Linear(source, weight, groups=groups, moments=Moments(mean, covariance)), values


def errors(part, values, whole, scale):
    """Error of each output float64[groups, N, O / groups], whole weights against real ones."""
    lost = part.scaled() - whole * scale[:, None]
    return values @ lost.reshape(part.groups, -1, lost.shape[1]).transpose(0, 2, 1)


def test_the_sum_is_closer_than_with_nearest_weights(case):
    part, values = case
    scale = np.abs(part.scaled()).max(axis=1) / 15  # few steps: rounding is what counts
    whole = rounded(part, part.scaled(), scale)
    assert (whole == np.rint(whole)).all()
    least, nearest = (
        errors(part, values, each, scale).var(axis=1).mean()
        for each in (whole, np.rint(part.scaled() / scale[:, None]))
    )
    assert least < 0.85 * nearest
    lost = mean_lost(part, part.scaled() - whole * scale[:, None])
    means = errors(part, values, whole, scale).mean(axis=1).reshape(-1)
    assert np.allclose(lost, means)


def test_independent_inputs_round_to_the_nearest(case):
    part, _ = case
    unit = part.per_weight(part.source.unit)
    alone = Moments(part.moments.mean, np.stack([np.diag(each**2) for each in unit]))
    scale = np.abs(part.scaled()).max(axis=1) / 127
    plain = Linear(part.source, part.weight, groups=part.groups)
    assert (rounded(plain, plain.scaled(), scale) == np.rint(part.scaled() / scale[:, None])).all()
    part = Linear(part.source, part.weight, groups=part.groups, moments=alone)
    assert (rounded(part, part.scaled(), scale) == rounded(plain, plain.scaled(), scale)).all()


def test_weights_stay_within_int8_and_the_bias_carries_the_mean(case):
    part, _ = case
    found = fit([part], np.zeros((10, 8, 8)), np.ones(10), weighting="graded")
    assert np.abs(found.weights[0].astype(int)).max() == 127
    whole = found.weights[0].reshape(10, -1).astype(float)
    lost = mean_lost(part, part.scaled() - whole * found.scale[:, None])
    assert (found.bias == np.rint(lost * 256 / found.scale)).all()


def test_the_file_says_how_weights_were_rounded():
    for rounding in ("nearest", "least"):
        network = convert(cnn(), images(50), **PAPER, rounding=rounding).network
        assert dict(network.provenance)["rounding"] == rounding


def test_too_few_observations_round_to_the_nearest():
    least, nearest = (
        convert(cnn(), images(2), **PAPER, rounding=rounding).network.layers[1:]
        for rounding in ("least", "nearest")
    )
    wide = [layer for layer in least if layer.name == "hidden"]  # 12 inputs, 2 observations
    assert wide == [layer for layer in nearest if layer.name == "hidden"]
