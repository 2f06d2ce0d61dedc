"""Units changed, codes fitted anew, few bits and a bounded fan-in."""

# ruff: noqa: E402  (imports follow importorskip)

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from exporters.finetuning import refit as refitting
from exporters.finetuning.refit import ROOM, refit, settle
from exporters.finetuning.sums import MOST
from exporters.finetuning.twin import OneSpike
from exporters.recipe import Recipe
from onespike_lava.connectivity import connections, is_fixed
from onespike_lava.rules import largest_potential
from tests.exporters.finetuning.trained import OPTIONS, coded, logits, network


@pytest.fixture(scope="module")
def net():
    return network()


def test_a_conversion_of_eight_bits_stays_what_it_is_where_there_is_room(net):
    twin, x = OneSpike(net), coded(net)
    before = logits(twin, x)
    settle(twin, None, coded(net))
    assert np.abs(logits(twin, x) - before).max() < 0.05 * before.std()
    found = twin.integers("settled")
    for layer in found.layers:
        if layer.synapses:
            assert largest_potential(found, layer) <= ROOM * MOST * 1.02
    hidden = zip(found.hidden[:-1], net.hidden[:-1], strict=True)
    assert all((one.synapses == other.synapses) for one, other in hidden)


def test_a_refit_is_a_change_of_units_but_for_the_code():
    """Codes of the same potentials hardly change; the function stays."""
    net = network(phases=16)
    twin, x = OneSpike(net), coded(net)
    before = logits(twin, x)
    refit(twin, x, Recipe(**{**OPTIONS, "phases": 16}))
    assert np.corrcoef(logits(twin, x).ravel(), before.ravel())[0, 1] > 0.98
    found = twin.integers("refitted")
    for layer in found.hidden:
        weights = [each for each in layer.synapses if not is_fixed(each)]
        assert max(np.abs(each.weight).max() for each in weights) in range(64, 128)


def test_a_refit_follows_potentials_that_grew(net):
    """Of a layer whose neurons clip, the constant grows with the potentials."""
    twin, x = OneSpike(net), coded(net)
    first = twin.parts[1]
    with torch.no_grad():
        first.sums.parts[0].share.mul_(0.5)
        first.base.div_(4).round_().clamp_(min=1)
    constant = (first.base.double() * first.scale).numpy()
    refit(twin, x, Recipe(**OPTIONS))
    grown = (first.base.double() * first.scale).numpy() / constant
    assert np.median(grown) > 1.5


def test_four_bits_are_those_of_trained_weights(net):
    """Skips keep what they need."""
    twin = OneSpike(net, 7)
    settle(twin, None, coded(net))
    found = twin.integers("few")
    kinds = set()
    for layer in found.layers:
        for synapse, trained in connections(found, layer):
            fixed = is_fixed(synapse, trained)
            kinds.add(fixed)
            assert np.abs(synapse.weight).max() <= (127 if fixed else 7)
    assert kinds == {True, False}


def test_weights_of_four_bits_are_cut_off_where_that_brings_the_others_closer(net, monkeypatch):
    x = coded(net)
    eight = logits(OneSpike(net), x).ravel()
    close = {}
    for name, shares in (("largest", refitting.CLIPPED[:1]), ("cut", refitting.CLIPPED)):
        monkeypatch.setattr(refitting, "CLIPPED", shares)
        twin = OneSpike(net, 7)
        settle(twin, None, coded(net))
        close[name] = np.corrcoef(logits(twin, x).ravel(), eight)[0, 1]
    assert close["cut"] > close["largest"] > 0.5


def test_biases_of_places_are_those_of_every_channel(net):
    """Channels are scaled apart, so that each has biases of its own then."""
    layer, x = net.layers[2], coded(net)
    bias = np.random.default_rng(0).integers(-900, 900, (1, *layer.shape[1:])).astype(np.int32)
    other = replace(net, layers=(*net.layers[:2], replace(layer, bias=bias), *net.layers[3:]))
    twin = OneSpike(other)
    before = logits(twin, x)
    settle(twin, None, x)
    refit(twin, x, Recipe(**OPTIONS))
    assert np.corrcoef(logits(twin, x).ravel(), before.ravel())[0, 1] > 0.9
    assert twin.integers("refitted").layers[2].bias.shape == layer.shape
