"""From real weights to integers: each rule of the integer network, on known networks."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporters import PAPER, convert, export
from exporters.graph import Graph, Node
from exporters.quantization.fit import fit
from exporters.quantization.sources import Linear, Source
from exporters.recipe import Recipe
from onespike_lava.errors import OptionError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import Readout, Spiking
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.netx.writer import to_bytes
from onespike_lava.rules import largest_potential
from tests.sources import cnn, images


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"phases": 24},
        {"phases": 8, "base": 1.5, "payload_bits": 6},
        {"scale": "layer"},
        {"shift": False},
        {"weighting": "membrane"},
        {"weighting": "membrane", "phases": 24, "shift": False},
        {"phases": 1},
        {"input_bits": 5},
    ],
)
def test_integers_follow_the_real_one_spike_network(options):
    x = images()
    found = convert(cnn(), x, **options)
    network = found.network
    run = network.run(x, record=True)
    reals = found.simulate(x)
    scores = run.scores * network.output_scale
    least = 0.9 if network.phases > 1 else 0.7
    assert np.corrcoef(scores.ravel(), reals.ravel())[0, 1] > least
    for wait in {network.phases, network.phases // 2, 0}:
        one, two = (network.run(x[:9], e, wait, record=True) for e in ("numpy", "reference"))
        assert first_difference(one, two) is None


def test_first_layer_is_exact_at_borders():
    """A normalised input is not zero where padding is: the initial potential is per neuron."""
    x = images()
    found = convert(cnn(), x)
    network = found.network
    layer = network.layers[1]
    assert layer.bias.shape == layer.shape
    readout = Readout("alone", layer.shape, layer.synapses, layer.bias, 1.0)
    alone = type(network)((network.input, readout), 16, 16)
    potentials = alone.run(x[:20]).scores.reshape(20, *layer.shape)
    values = {}
    found.prepared.evaluate(x[:20], lambda node, value: values.update({node.name: value}))
    real = potentials * layer.scale[:, None, None]
    error = np.abs(real - values["conv1"]).max(axis=(0, 2, 3))
    lost = 27 * layer.scale * 2**network.input.bits / 2  # half a weight step for each input
    assert (error < lost).all()


def test_weights_biases_and_thresholds_of_known_numbers():
    """W = round(w lambda / s), s = max|w lambda| / 127; h = round(lambda 2**8 / (s 2**9))."""
    nodes = (
        Node("x", "input", attrs={"shape": (2,)}),
        Node("a", "linear", ("x",), {"weight": [[1.0, -0.5]], "bias": [0.25]}),
        Node("r", "relu", ("a",)),
        Node("b", "linear", ("r",), {"weight": [[2.0], [-1.0]], "bias": [0.0, 1.0]}),
    )
    x = np.array([[255, 0], [128, 64], [0, 1], [3, 5]]) / 255
    network = export(Graph(nodes, "b"), x, base=1.3, **PAPER)
    layer, readout = network.layers[1], network.layers[2]
    step = 256 / 255 / 127  # s: lambda of the input is 256 / 255
    assert layer.synapses[0].weight.tolist() == [[127, -64]]
    assert layer.bias.tolist() == [round(0.25 * 256 / step)]
    assert layer.threshold_base.tolist() == [round(1.25 / step / 2)]
    assert layer.constant[0] == pytest.approx(2 * layer.threshold_base[0] * step)
    assert layer.scale[0] == pytest.approx(step / 256)
    assert readout.synapses[0].weight.tolist() == [[127], [-64]]
    assert readout.scale == pytest.approx(2 * layer.constant[0] / 127 / 256)
    assert network.run([[1.0, 0.0]]).scores[0, 1] == -64 * 197 + readout.bias[1]


def test_dead_and_constant_channels():
    """A channel of zero weights keeps its bias; one that never fires still gets a threshold."""
    graph = cnn()
    nodes = list(graph.nodes)
    weight, bias = (nodes[1].params[key].copy() for key in ("weight", "bias"))
    weight[0], bias[0] = 0, 0.3
    weight[1], bias[1] = 0, -0.3
    weight[2], bias[2] = 0, 0
    nodes[1] = Node("conv1", "conv", ("image",), {"weight": weight, "bias": bias}, nodes[1].attrs)
    x = images(20)
    found = convert(Graph(tuple(nodes), "logits"), x, **PAPER)
    layer = found.network.layers[1]
    assert (layer.threshold_base >= 1).all()
    codes = found.network.run(x, record=True).codes["conv1"]
    assert (codes[:, 0] > 0).all()
    assert (codes[:, 1:3] == 0).all()
    value = layer.constant[0] * layer.payload[codes[0, 0, 3, 3] - 1] / 256
    assert value == pytest.approx(0.3 / 1.3, rel=0.01)  # lambda fires at phase 1


@settings(deadline=None, max_examples=40)
@given(
    st.integers(0, 10**6),
    st.sampled_from([1e-30, 1e-6, 1.0, 1e6, 1e30]),
    st.sampled_from(["graded", "membrane"]),
    st.sampled_from([1.0, 1e4]),
)
def test_every_potential_stays_within_24_bits(seed, size, weighting, bias):
    """Large fan-in, weights of any size, biases far above the weights: lowered, never broken."""
    rng = np.random.default_rng(seed)
    source = Source(0, (6000,), np.ones(6000), np.zeros(6000), 8, 1.3, 16, False, 197.0)
    maps = [Linear(source, np.abs(rng.normal(size=(3, 6000))) * size)]
    found = fit(maps, rng.normal(size=3) * size * bias, np.ones(3) * size, weighting=weighting)
    layer = Readout("x", (3,), (), found.bias, 1.0, found.growth)
    assert found.lowered or (found.growth and found.growth.fraction_bits < 4)
    weights = found.weights[0].astype(np.int64)
    reached = weights.clip(0).sum(1) * (197 if found.growth is None else 1)
    assert (reached + np.abs(layer.bias) < STATE_LIMIT).all()
    assert (np.abs(weights).max(1) > 0).all() or bias > 1


def test_wide_layers_report_nothing_broken():
    """4,096 inputs of one sign exceed 24 bits at full resolution; the export lowers the scale."""
    rng = np.random.default_rng(0)
    nodes = (
        Node("x", "input", attrs={"shape": (4096,)}),
        Node("a", "linear", ("x",), {"weight": rng.uniform(0.5, 1, (4, 4096))}),
        Node("r", "relu", ("a",)),
        Node("b", "linear", ("r",), {"weight": rng.normal(size=(3, 4))}),
    )
    x = rng.integers(0, 256, (30, 4096)) / 255
    network = export(Graph(nodes, "b"), x)
    layer = network.layers[1]
    assert isinstance(layer, Spiking)
    assert 0.9 * STATE_LIMIT < largest_potential(network, layer) < STATE_LIMIT
    assert np.abs(layer.synapses[0].weight).max() < 127
    assert dict(network.provenance)["resolution_lowered"] == "a"
    assert "resolution_lowered" not in dict(export(cnn(), images(20)).provenance)


def test_the_model_and_the_data_are_not_changed():
    graph, x = cnn(), images(20)
    digest, before = graph.digest(), x.copy()
    export(graph, x)
    assert graph.digest() == digest
    assert (x == before).all()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"phases": 0}, r"^phases: 0 is outside 1..64; 16 is the default$"),
        ({"phases": 2.5}, r"^phases: 2.5 is not a whole number; give one$"),
        ({"base": 1.0}, r"^base: 1 is outside \(1, 2\]; let it be chosen with 'auto'$"),
        ({"base": "best"}, r"^base: 'best' is neither auto nor a number; give one of both$"),
        ({"wait": 17}, r"^wait: 17 is outside 0..16, the recipe's phases; give a whole number of "),
        ({"phases": 24, "base": 1.3}, r"^payload table: phase 24 of 24 rounds to 0 with base 1.3"),
        ({"weighting": "rate"}, r"^weighting: 'rate' is not one of graded, membrane; choose one"),
        ({"input_bits": 9}, r"^input_bits: 9 is outside 1..8; use fewer or more phases$"),
        ({"input_range": (1.0, 0.0)}, r"^input_range: low 1 is not below high 0; swap them$"),
        *(({"payload_bits": bits}, f"^payload_bits: {bits} is outside 1..8; 8 is the default$")
          for bits in (0, 9, -1)),
        ({"base": None}, r"^base: None is neither auto nor a number; give one of both$"),
        ({"base": [1.3]}, r"^base: \[1.3\] is neither auto nor a number; give one of both$"),
        ({"base": math.nan}, r"^base: nan is outside \(1, 2\]; let it be chosen with 'auto'$"),
        ({"bases": {"a": "auto"}}, r"^bases: 'auto' of a is no number; give one above 1 and up"),
        ({"bases": None}, r"^bases: None does not map layers to numbers; give a dictionary$"),
        ({"spikes": {1: 2}}, r"^spikes: {1: 2} does not map layers to numbers; give a dictionary$"),
        ({"max_spikes": None}, r"^max_spikes: None is not a whole number; give one$"),
        *(({"input_range": value}, r"^input_range: .* is not two numbers; give the lowest and hi")
          for value in ((0.0,), (0.0, 1.0, 2.0), "ab", "01", 3, ("a", 1), ((0, 1), 1))),
        *(({"input_range": value}, r"^input_range: .* is not finite; give finite numbers$")
          for value in ((-math.inf, math.inf), (0, math.nan), (math.inf, 1))),
        *(({"input_range": value}, r"^input_range: .* is beyond float64; scale the samples so")
          for value in ((0, 1e-320), (-1e308, 1e308), (1, 1 + 2**-52))),
        ({"base": np.full(1, 1.3)}, r"^base: array\(.* is neither auto nor a number; give one"),
    ],
)  # fmt: skip
def test_bad_options_are_named(options, message):
    with pytest.raises(OptionError, match=message):
        Recipe(**options)


def test_an_input_range_of_whole_numbers_is_that_of_floats():
    x = images(20)
    found = [export(cnn(), x, input_range=limits) for limits in ((0, 1), (0.0, 1.0), [0, 1])]
    assert len({to_bytes(each) for each in found}) == 1
    assert found[0].input.low.dtype == found[0].input.step.dtype == np.float64


def test_base_auto_is_equation_5():
    assert Recipe().q == 1.3
    assert Recipe(phases=24).q == 1.21
