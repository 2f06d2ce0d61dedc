"""Numbers at the ends of what there is: every engine gives one result, or the export refuses."""

from dataclasses import replace

import numpy as np
import pytest

from exporters import convert
from exporters.graph import Graph, Node
from onespike_lava.errors import DataError, OptionError
from onespike_lava.layers import Readout, Spiking, Synapse
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.network import Network
from onespike_lava.rules import largest_potential
from tests.ends import CHANGES, RECIPES, changed, edges, only
from tests.networks import random_network, random_samples
from tests.sources import cnn, images

ENDS = [(1, 1.3), (1, 2.0), (2, 1.0003), (8, 2.0), (16, 1.0003), (16, 1.01), (32, 1.05)]
"""`T` and `Q`: one phase, bases that hardly fall, and such that fall to nothing."""


def agree(network, x, waits=None):
    """Every engine and wait gives the codes and scores of engine reference."""
    waits = (0, network.phases // 2, network.phases) if waits is None else waits
    for wait in waits:
        expected = network.run(x, "reference", wait, record=True)
        for engine in ("numpy", "numba"):
            found = network.run(x, engine, wait, record=True)
            assert (found.scores == expected.scores).all()
            for name, codes in expected.codes.items():
                assert (found.codes[name] == codes).all(), (name, engine, wait)


@pytest.mark.filterwarnings("error", "ignore::onespike_lava.errors.OneSpikeWarning")
@pytest.mark.parametrize("recipe", ["default", "paper"])
@pytest.mark.parametrize("change", CHANGES)
def test_weights_at_the_ends(change, recipe):
    x = images(24)
    graph = changed(cnn(), CHANGES[change])
    network = convert(graph, x, phases=8, base=1.4, **RECIPES[recipe]).network
    agree(network, edges(x))


@pytest.mark.filterwarnings("error")
def test_activations_beyond_float32_are_refused():
    graph = changed(cnn(), lambda _, w, b: (w * 1e30, b * 1e30))
    with pytest.raises(DataError, match=r"^conv2 \(conv\): its values exceed float32 .*scale"):
        convert(graph, images(24))


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize(("phases", "base"), ENDS)
def test_codes_at_the_ends(phases, base, recipe):
    x = images(24)
    network = convert(cnn(), x, phases=phases, base=base, **RECIPES[recipe]).network
    agree(network, edges(x))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"phases": 32, "base": 1.3}, "phase 24 of 32 rounds to 0 .* at most 23 phases or a small"),
        ({"base": 1.0}, r"base: 1 is outside \(1, 2\]"),
        ({"base": 2.1}, r"base: 2.1 is outside \(1, 2\]"),
        ({"base": 1.0001, **RECIPES["membrane"]}, "1.0001 rounds to 1 .* use at least 1.00024"),
    ],
)
def test_codes_beyond_the_ends_are_refused(options, message):
    with pytest.raises(OptionError, match=message):
        convert(cnn(), images(2), **options)


@pytest.mark.parametrize("power", [-110, 90])
@pytest.mark.parametrize("recipe", ["default", "paper"])
def test_a_power_of_two_changes_no_integer(power, recipe):
    """Weights and biases of a layer times it, weights of the next over it."""
    factor = 2.0**power
    up = changed(cnn(), only("conv3", lambda w, b: (w * factor, b * factor)))
    scaled = changed(up, only("hidden", lambda w, b: (w / factor, b)))
    x = images(24)
    one, two = (convert(each, x, phases=8, **RECIPES[recipe]).network for each in (cnn(), scaled))
    for mine, theirs in zip(one.layers, two.layers, strict=True):
        if isinstance(mine, (Spiking, Readout)):
            for left, right in zip(mine.synapses, theirs.synapses, strict=True):
                assert (left.weight == right.weight).all()
            assert (mine.bias == theirs.bias).all()
        if isinstance(mine, Spiking):
            assert (mine.threshold_base == theirs.threshold_base).all()


@pytest.mark.parametrize("recipe", RECIPES)
@pytest.mark.parametrize("samples", [1, 2])
def test_one_neuron_and_one_sample(recipe, samples):
    nodes = (
        Node("x", "input", attrs={"shape": (1,)}),
        Node("a", "linear", ("x",), {"weight": np.array([[0.7]]), "bias": np.array([0.1])}),
        Node("r", "relu", ("a",)),
        Node("y", "linear", ("r",), {"weight": np.array([[-2.0]])}),
    )
    x = np.linspace(0.5, 1, samples, dtype=np.float32)[:, None]
    network = convert(Graph(nodes, "y"), x, phases=8, **RECIPES[recipe]).network
    assert len(network.layers) == 3
    agree(network, np.linspace(0, 1, 9, dtype=np.float32)[:, None])


def test_no_calibration_sample_is_refused():
    with pytest.raises(DataError, match="no samples"):
        convert(cnn(), images(0))


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("weighting", ["graded", "membrane"])
@pytest.mark.parametrize("sign", [1, -1])
def test_potentials_at_the_limit(seed, weighting, sign):
    """Biases raised until the last unit that the 24 bits of a potential hold."""
    network = random_network(seed, phases=8, weighting=weighting)
    layers = list(network.layers)
    for at, layer in enumerate(layers):
        if isinstance(layer, (Spiking, Readout)):
            layers[at] = filled(network, layer, sign)
    full = Network(**{**vars(network), "layers": tuple(layers)})
    reached = [
        largest_potential(full, layer)
        for layer in full.layers
        if isinstance(layer, (Spiking, Readout))
    ]
    assert max(reached) > 0.999 * STATE_LIMIT
    x = random_samples(full, 4)
    agree(full, np.concatenate([x, np.ones_like(x[:1]), np.zeros_like(x[:1])]))


def filled(network, layer, sign):
    """The layer with a bias as large as its bound allows, to a unit of the growth."""
    low, high = 0, STATE_LIMIT
    while high - low > 1:
        middle = (low + high) // 2
        raised = replace(layer, bias=np.full_like(layer.bias, sign * middle))
        fits = largest_potential(network, raised) < STATE_LIMIT
        low, high = (middle, high) if fits else (low, middle)
    return replace(layer, bias=np.full_like(layer.bias, sign * low))


def test_weights_of_one_sign_at_their_ends():
    """Every weight 127 or -127 (-128 is none of the format's), every input at its largest."""
    network = random_network(1, phases=8)
    for value in (127, -127):
        layers = []
        for layer in network.layers:
            if isinstance(layer, (Spiking, Readout)):
                synapses = tuple(
                    replace(each, weight=np.full_like(each.weight, value))
                    if isinstance(each, Synapse)
                    else each
                    for each in layer.synapses
                )
                layer = replace(layer, synapses=synapses)
            layers.append(layer)
        full = Network(**{**vars(network), "layers": tuple(layers)})
        agree(full, np.concatenate([random_samples(full, 3), np.ones((1, *full.input.shape))]))
