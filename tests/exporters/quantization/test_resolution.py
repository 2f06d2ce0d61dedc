"""What one channel, layer or offset may not cost the others: integers keep the classes."""

import numpy as np
import pytest

from exporters import PAPER, convert
from exporters.graph import Graph, Node

RECIPES = pytest.mark.parametrize("recipe", [{}, PAPER], ids=["default", "paper"])


def dense(weights, bias=None, clip=None):
    """A hidden layer and a readout."""
    first, second = weights
    params = {"weight": first} if bias is None else {"weight": first, "bias": bias}
    return Graph(
        (
            Node("x", "input", attrs={"shape": first.shape[1:]}),
            Node("a", "linear", ("x",), params),
            Node("r", "relu", ("a",), attrs={} if clip is None else {"clip": clip}),
            Node("y", "linear", ("r",), {"weight": second}),
        ),
        "y",
    )


def conv(weight, bias, readout):
    """A convolution and a readout."""
    return Graph(
        (
            Node("x", "input", attrs={"shape": (1, 8, 8)}),
            Node("a", "conv", ("x",), {"weight": weight, "bias": bias}),
            Node("r", "relu", ("a",)),
            Node("f", "flatten", ("r",)),
            Node("y", "linear", ("f",), {"weight": readout}),
        ),
        "y",
    )


def drawn(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


def uniform(*shape):
    return np.random.default_rng(1).uniform(size=shape).astype(np.float32)


def kept(found, x):
    """Share of classes that the integers keep."""
    return np.mean(found.network.run(x).predictions == found.source.evaluate(x).argmax(1))


@RECIPES
@pytest.mark.parametrize("power", [0, -3, -6])
def test_a_pruned_neuron_takes_nothing_from_the_others(recipe, power):
    weights, x = (drawn(16, 8), drawn(4, 16, seed=1)), uniform(400, 8) * np.float32(10.0**power)
    weights[0][0] = 0
    assert kept(convert(dense(weights), x, **recipe), x) > 0.95


@RECIPES
@pytest.mark.parametrize("pruned", [False, True])
@pytest.mark.parametrize("bias", [0.0, -1e3, -1e6, -1e9])
def test_a_masked_channel_takes_nothing_from_the_others(recipe, bias, pruned):
    weight, x = drawn(16, 1, 3, 3), uniform(200, 1, 8, 8)
    weight[0] *= not pruned
    biases = np.zeros(16, np.float32)
    biases[0] = bias
    found = convert(conv(weight, biases, drawn(4, 16 * 36, seed=1)), x, **recipe)
    assert kept(found, x) > 0.9
    left_out = bias < -1e5 or (pruned and bias < 0)
    assert dict(found.network.provenance).get("channels_left_out") == (
        "a (1)" if left_out else None
    )


@RECIPES
@pytest.mark.parametrize("gain", [1, 100, 10_000])
def test_a_clip_far_below_the_potentials_holds(recipe, gain):
    """A threshold base of 1 is above the clip; a spike is worth the clip all the same."""
    weights = drawn(16, 8) * gain, drawn(4, 16, seed=1)
    x = np.round(uniform(300, 8) * 255)
    found = convert(dense(weights, clip=6.0), x, **recipe)
    assert (found.network.layers[1].threshold_base == 1).all()
    assert kept(found, x) > 0.95
    scores = found.network.run(x).scores * found.network.output_scale
    assert np.abs(scores).max() < 1.1 * np.abs(found.source.evaluate(x)).max()
    assert np.mean(found.simulate(x).argmax(1) == scores.argmax(1)) > 0.95


@pytest.mark.parametrize("offset", [1e3, 1e4, 1e5, 1e6])
def test_values_that_do_not_vary_are_not_corrected_into_noise(offset):
    """Their variance is 0, not what is left of the difference of two large sums."""
    for seed in range(3):
        random = np.random.default_rng(seed)
        x = np.repeat(random.integers(0, 2, (900, 1)), 5, axis=1).astype(np.float32)
        bias = np.full(20, offset, np.float32)
        found = convert(dense((drawn(20, 5, seed=seed), drawn(3, 20, seed=9)), bias), x)
        exact = found.source.evaluate(x)
        scores = found.network.run(x).scores * found.network.output_scale
        assert np.abs(scores - exact).max() < 0.05 * np.abs(exact).max()
