"""The twin of an integer network: every score, potential and file, bit for bit."""

# ruff: noqa: E402  (imports follow importorskip)

from dataclasses import replace

import numpy as np
import pytest

torch = pytest.importorskip("torch")
from torch import nn

from exporters import convert
from exporters.finetuning.sums import MOST
from exporters.finetuning.twin import OneSpike
from onespike_lava.data.encoding import encode
from onespike_lava.errors import InvalidNetworkError, UnsupportedError
from onespike_lava.limits import PAYLOAD_MAX
from onespike_lava.rules import largest_potential
from tests.exporters.finetuning.trained import OPTIONS, network, samples
from tests.networks import random_network
from tests.sources import cnn


def scores(twin, net, x):
    with torch.no_grad():
        return twin.scores(torch.from_numpy(encode(net.input, x).integers)).numpy()


def same(twin, net, x):
    """Whether module, integers and engine agree in every score."""
    found = scores(twin, net, x)
    return np.array_equal(found, net.run(x, "reference").scores)


@pytest.mark.parametrize(
    "options",
    [{}, {"pool": "own"}, {"base": 1.4}, {"input_coding": "single"}, {"double": "stream"}],
)
def test_it_computes_the_integers_of_a_conversion(options):
    net, x = network(**options), samples()[0][:20]
    twin = OneSpike(net)
    assert same(twin, net, x)
    assert replace(twin.integers("not"), provenance=()) == replace(net, provenance=())


def test_the_second_neuron_of_a_value_may_spike_late():
    """Beyond twice the largest payload, which no threshold of a neuron of its own exceeds."""
    x = samples()[0]
    net = convert(cnn(5), x[:80], phases=1, double="all").network
    assert max(int(layer.threshold_table.max()) for layer in net.hidden) > 2 * PAYLOAD_MAX + 1
    assert same(OneSpike(net), net, x)


def test_scores_of_a_plane_in_blocks_lie_in_its_place():
    """A transposed convolution at the end, whose larger plane lies in channels."""
    module = nn.Sequential(
        nn.Conv2d(3, 4, 3, stride=2, padding=1), nn.ReLU(), nn.ConvTranspose2d(4, 2, 2, stride=2)
    )
    x = samples()[0][:80]
    net = convert(module, x, **OPTIONS).network
    assert net.readout.blocks == (2, 2)
    twin = OneSpike(net)
    assert same(twin, net, x)
    assert not any("order" in name for name in twin.state_dict())


@pytest.mark.parametrize("seed", range(12))
def test_it_computes_the_integers_of_drawn_networks(seed):
    net = random_network(seed)
    x = np.random.default_rng(seed).random((6, *net.input.shape)).astype(np.float32)
    try:
        twin = OneSpike(net)
    except UnsupportedError as error:
        assert "finetun" in str(error) or "fine-tuning" in str(error)  # noqa: PT017
        return
    net = replace(net, wait=net.phases)
    assert same(twin, net, x)
    assert same(twin, twin.integers("not"), x)


def moved(net, amount, limit=127):
    """A twin with weights and biases moved at random."""
    twin = OneSpike(net, limit)
    generator = torch.Generator().manual_seed(0)
    with torch.no_grad():
        for each in twin.parameters():
            each += amount * torch.randn(each.shape, generator=generator) * each.requires_grad
    return twin


@pytest.mark.parametrize("amount", [0.02, 0.5])
def test_moved_weights_are_whole_and_the_file_has_them(amount):
    """A first layer whose input has a low end keeps its borders exact."""
    net, x = network(), samples()[0][:20]
    assert net.input.low.any()
    twin = moved(net, amount)
    assert same(twin, twin.integers("moved"), x)
    assert dict(twin.integers("moved").provenance)["finetuned"] == "moved"


def test_weights_that_leave_24_bits_are_made_smaller():
    """A file is valid whatever the optimiser does; the layer's neurons are near the limit then."""
    net, x = network(), samples()[0][:20]
    twin = OneSpike(net)
    with torch.no_grad():
        for part in twin.parts[1:]:
            if hasattr(part, "sums"):
                part.sums.bias += 3e4
    found = twin.integers("large")
    largest = [largest_potential(found, each) for each in found.layers if each.synapses]
    assert 0.9 * MOST < max(largest) <= MOST + 1
    assert same(twin, found, x)


def test_gradients_reach_all_that_is_trained_and_nothing_else():
    net = network()
    twin = OneSpike(net)
    x = torch.from_numpy(encode(net.input, samples()[0]).integers)
    twin(x).logsumexp(1).sum().backward()
    for name, each in twin.named_parameters():
        assert (each.grad is not None and bool(each.grad.any())) == each.requires_grad, name
    skips = [
        each
        for part in twin.parts
        if hasattr(part, "sums")
        for each in part.sums.parts
        if each.fixed
    ]
    assert len(skips) == 1


@pytest.mark.parametrize("options", [{"weighting": "membrane"}, {"spikes": {"conv3": 2}}])
def test_other_neurons_are_refused(options):
    with pytest.raises(UnsupportedError, match=r"finetune|fine-tuning"):
        OneSpike(network(**options))


@pytest.mark.parametrize("places", [(8, 8, 8), (1, 8, 8)])
def test_thresholds_of_places_are_refused_unless_they_are_alike(places):
    """A twin with that of the first place would be another network, whose spikes differ."""
    net, x = network(), samples()[0][:20]
    layer = net.layers[1]
    assert layer.shape == (8, 8, 8)
    base = np.full(places, layer.threshold_base[0], np.int32)

    def changed():
        other = replace(layer, threshold_base=base.copy())
        return replace(net, layers=(net.layers[0], other, *net.layers[2:]))

    assert same(OneSpike(changed()), changed(), x)
    base[0, 3, 4] += 1
    with pytest.raises(UnsupportedError, match=r"conv1: its thresholds differ from place to place"):
        OneSpike(changed())


def test_a_potential_beyond_24_bits_would_be_refused():
    """What the twin keeps to is a rule of the file."""
    net = network()
    bias = np.full_like(net.layers[1].bias, 2**23 - 1)
    with pytest.raises(InvalidNetworkError):
        replace(net, layers=(net.layers[0], replace(net.layers[1], bias=bias), *net.layers[2:]))
