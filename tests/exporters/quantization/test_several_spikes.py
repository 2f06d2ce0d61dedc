"""Several spikes per neuron, the phase code that one spike is measured against."""

import numpy as np
import pytest

from exporters import convert
from exporters.recipe import Recipe
from onespike_lava import coding
from onespike_lava.errors import InvalidNetworkError, OptionError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import Spiking
from tests.sources import cnn, images

POOLED = {"add": 1}
"""The layer that the max pool of `cnn` reads."""


def squared_error(found, x, exact):
    return ((found.network.run(x).scores * found.network.output_scale - exact) ** 2).mean()


def test_two_spikes_lose_less_and_engines_agree():
    train, test = images(200, seed=1), images(100, seed=2)
    exact = cnn().evaluate(test)
    one = convert(cnn(), train)
    two = convert(cnn(), train, max_spikes=2, spikes=POOLED)
    assert squared_error(two, test, exact) < 0.7 * squared_error(one, test, exact)
    for wait in (16, 7):
        runs = [two.network.run(test[:9], e, wait, record=True) for e in ("numpy", "reference")]
        assert first_difference(*runs) is None
    scores = two.network.run(test).scores * two.network.output_scale
    assert np.abs(scores - two.simulate(test)).mean() < 0.1 * np.abs(scores).mean()


def test_a_limit_for_a_layer():
    found = convert(cnn(), images(50), spikes={"conv3": 3})
    limits = {x.name: x.max_spikes for x in found.network.layers if isinstance(x, Spiking)}
    assert limits == {"conv1": 1, "add": 1, "conv3": 3, "hidden": 1}
    bases = {x.name: x.base for x in found.network.layers if isinstance(x, Spiking)}
    assert bases["conv1"] == 1.3
    assert bases["conv3"] == coding.best_base(16, max_spikes=3)


def test_base_of_equation_5_by_spikes():
    """More spikes reach further down with larger steps; unlimited, base 2 is exact to a bit."""
    errors = [coding.mape(16, coding.best_base(16, max_spikes=n), max_spikes=n) for n in (1, 2, 4)]
    assert errors[0] > 2 * errors[1] > 4 * errors[2]
    values = np.arange(256) / 256
    assert (coding.encode(values, 8, 2.0, max_spikes=8) == values).all()


def test_single_input_coding_stays_single():
    found = convert(cnn(), images(50), max_spikes=2, spikes=POOLED, input_coding="single")
    assert found.network.layers[1].name == "image.once"
    assert found.network.layers[1].max_spikes == 1


def test_refusals():
    with pytest.raises(OptionError, match=r"^max_spikes: 17 spikes are outside 1..16, the phases;"):
        Recipe(max_spikes=17)
    with pytest.raises(OptionError, match=r"^conv1: 0 spikes are outside 1..16, the phases; give"):
        Recipe(spikes={"conv1": 0})
    with pytest.raises(OptionError, match=r"^max_spikes: 2 spikes need graded weighting; use"):
        Recipe(max_spikes=2, weighting="membrane")
    with pytest.raises(OptionError, match=r"^spikes: no layer conv9; the layers are conv1, add, c"):
        convert(cnn(), images(20), spikes={"conv9": 2})
    with pytest.raises(InvalidNetworkError, match=r"add sends up to 2; give that layer one spike"):
        convert(cnn(), images(20), max_spikes=2)
