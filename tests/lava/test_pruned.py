"""Pruned networks in Lava: a dense connection of few live weights is a list of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from onespike_lava.engines import reference
from onespike_lava.loihi.price import price
from onespike_lava.processes import engine as lava
from onespike_lava.processes import stock
from onespike_lava.processes.block.process import Block
from onespike_lava.processes.stock.compose import StockNetwork
from onespike_lava.schedule import schedule
from tests.lava.architectures import build, integers
from tests.lava.parity import check_same
from tests.networks import Maker
from tests.pruned import pruned, silenced
from tests.stock import drawn

pytestmark = pytest.mark.lava


@pytest.mark.parametrize("model", lava.MODELS)
@pytest.mark.parametrize("architecture", ["dense", "conv"])
def test_parity(architecture, model):
    network = pruned(build(architecture, phases=6), 0.45)
    data = integers(network, 3)
    expected = reference.run(network, data, 6, True)
    assert min(expected.spikes) > 0
    check_same(lava.run_model(network, data, 6, True, model), expected)


def processes(network):
    """Names of the Processes of all synapses."""
    slots = schedule(network, network.wait)
    return [
        type(part).__name__
        for place in range(1, len(network.layers))
        for part in Block(
            network=network, position=place, wait=network.wait, slot=slots[place]
        ).synapses
    ]


def test_less_than_half_is_a_list():
    network = build("dense", phases=6)
    assert set(processes(network)) == {"Dense"}
    assert set(processes(pruned(network, 0.3))) == {"Sparse"}
    assert set(processes(pruned(network, 0.8))) == {"Dense"}


@pytest.mark.parametrize("shared", [False, True])
@pytest.mark.parametrize("architecture", ["dense", "conv"])
def test_stock_composition(architecture, shared):
    network = pruned(build(architecture, phases=6, seed=3), 0.45)
    data = integers(network, 2)
    expected = reference.run(network, data, 6, True)
    check_same(stock.run(network, data, record=True, shared=shared, wait=6), expected)


def test_stock_composition_of_steps():
    network = pruned(drawn(1, "plain"), 0.4)
    data = integers(network, 2)
    expected = reference.run(network, data, 0, True)
    found = stock.run(network, data, record=True)
    np.testing.assert_array_equal(found.scores, expected.scores)


def test_what_was_pruned_is_no_weight_of_the_composition():
    """As many as its price tells, where live weights are not 0."""
    network = pruned(build("dense", phases=6), 0.4)
    layers = tuple(
        replace(each, synapses=tuple(replace(one, live=one.weight != 0) for one in each.synapses))
        if each.synapses
        else each
        for each in network.layers
    )
    network = replace(network, layers=layers)
    made = StockNetwork(network, integers(network, 1), shared=False)
    kept = sum(each.weights.init.nnz for each in made.processes if hasattr(each, "weights"))
    assert kept == price(network).layers[-1].synapses


def depthwise(channels):
    """A convolution of so many groups, of one channel each."""
    make = Maker(np.random.default_rng(0), 4, 1.3, "graded")
    at = make.conv(make.input((1, 2, 2)), channels, (1, 1))
    make.readout(make.conv(at, channels, (2, 2), groups=channels))
    return make.network()


@pytest.mark.parametrize("model", [*lava.MODELS, "stock"])
def test_unrolled_where_nothing_lives(model):
    """Of more groups than Lava's Conv counts, so that the chip takes it as a Sparse."""
    network = silenced(depthwise(131), 2)
    data = integers(network, 2)
    expected = reference.run(network, data, 4, True)
    if model == "stock":
        found = stock.run(network, data, record=True)
    else:
        found = lava.run_model(network, data, 4, True, model)
    check_same(found, expected)


@pytest.mark.parametrize(("kind", "seed", "late"), [("plain", 1, False), ("hard", 4, True)])
def test_stock_composition_where_nothing_reaches_a_layer(kind, seed, late):
    """Lava runs what hangs together: a layer with a drive of its own, and all behind it, too."""
    network = drawn(seed, kind, late=late)
    for place in (len(network.layers) - 2, len(network.layers) - 1):
        alone = silenced(network, place)
        data = integers(alone, 2)
        expected = reference.run(alone, data, 0, True)
        check_same(stock.run(alone, data, record=True), expected)
