"""Forms of synapses on the chip and relays of long paths, against what they stand for."""

import tracemalloc
from dataclasses import replace
from math import prod

import numpy as np
import pytest

from onespike_lava import loihi
from onespike_lava.engines import arrivals
from onespike_lava.layers import Synapse, Window
from onespike_lava.loihi import sizes
from onespike_lava.schedule import schedule
from tests.base.loihi.networks import broken, lowered, maker
from tests.networks import Maker, random_network
from tests.pruned import pruned
from tests.stock import StockMaker, drawn

RNG = np.random.default_rng(0)
PADDED = Window((1, 1), (1, 1, 1, 1))


def convolution(groups, outputs=1, inputs=1, kernel=(3, 3), window=PADDED):
    shape = (groups * outputs, inputs, *kernel)
    return Synapse(0, RNG.integers(-128, 128, shape).astype(np.int8), window, groups)


@pytest.mark.parametrize(
    ("groups", "outputs", "inputs", "left"),
    [(127, 1, 1, 127), (128, 1, 1, 64), (130, 2, 1, 65), (132, 1, 3, 66), (510, 1, 1, 102)],
)
def test_fewer_groups_give_the_same_sums(groups, outputs, inputs, left):
    synapse = convolution(groups, outputs, inputs)
    shape = (groups * inputs, 12, 12)
    found = sizes.form(synapse, shape)
    assert not found.unrolled
    assert found.connection.groups == left
    assert found.weights == found.connection.weight.size == synapse.weight.size * groups // left
    sent = RNG.integers(0, 256, (2, *shape))
    target = synapse.output_shape(shape)
    one, two = (arrivals.connect(each, sent, target) for each in (synapse, found.connection))
    np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize(
    ("groups", "size", "unrolled"),
    [(131, (4, 4), True), (131, (40, 40), False), (128, (1, 1), True), (128, (2, 2), False)],
)
def test_a_sparse_where_it_stores_less(groups, size, unrolled):
    """131 is prime: one group of 131 times the weights. Of 1x1 a Sparse takes one a place."""
    synapse = convolution(groups, kernel=(1, 1), window=Window())
    found = sizes.form(synapse, (groups, *size))
    assert found.unrolled == unrolled
    least = groups * (groups if groups == 131 else 2)
    assert found.weights == min(groups * prod(size), least)


@pytest.mark.parametrize(("stride", "unrolled"), [(127, False), (128, True)])
def test_geometry_beyond_lavas_conv_is_a_sparse(stride, unrolled):
    make = maker()
    make.readout(make.conv(make.input((1, 3, 3)), 2, window=Window((1, stride))))
    network = make.network()
    assert broken(network) == []
    (found,) = sizes.forms(network, network.layers[1])
    assert found.unrolled == unrolled
    assert found.weights == (2 * 9)
    told = [each.text for each in loihi.notes(network) if each.topic == "form"]
    text = "geometry beyond the 127 of Lava's Conv become a Sparse of 18 weights"
    assert told == [text] * unrolled


def test_weighing_forms_takes_no_memory():
    """Merged groups of a file of 4 MB would be 4 GB."""
    synapse = Synapse(0, np.ones((1021, 1, 63, 63), np.int8), groups=1021)
    tracemalloc.start()
    found = sizes.form(synapse, (1021, 128, 128))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert (found.merged, found.weights) == (1021, 1021**2 * 63**2)
    assert peak < 2**20


def test_pruned_layers_that_become_a_sparse_are_told_as_such():
    network = pruned(random_network(0, phases=4), 0.2)
    told = [each.text for each in loihi.notes(network) if each.topic == "form"]
    sizes_of = [(each.weights, each.weights + each.pruned) for each in network.layers[-2:]]
    assert told == [
        f"{whole} weights, of which less than half were left by pruning, become a Sparse of "
        f"{live} weights"
        for live, whole in sizes_of
    ]


@pytest.mark.parametrize(("channels", "count"), [(127, 127), (128, 256)])
def test_groups_are_priced_and_told(channels, count):
    make = maker()
    make.readout(make.conv(make.input((channels, 3, 3)), channels, (1, 1), groups=channels))
    network = make.network()
    assert broken(network) == []
    assert loihi.fit(network).layers[1].weights == count
    told = [each.text for each in loihi.notes(network) if each.topic == "form"]
    text = "128 groups beyond the 127 of Lava's Conv become 64 with zeros between, of 256 weights"
    assert told == [text] * (count == 256)
    stored = count + 5 * channels * 9
    limits = {"chip_synapses": stored, "core_synapse_bytes": stored}
    for name, number in limits.items():
        part = number / (128 if name.startswith("core") else 1)
        assert ("network", "synapses") not in broken(network, limits=lowered(name, part))
        assert ("network", "synapses") in broken(network, limits=lowered(name, part - 1))


@pytest.mark.parametrize(("wait", "relays"), [(62, 0), (63, 1), (64, 1)])
def test_a_skip_path_of_more_steps_than_a_delay_holds(wait, relays):
    """One layer skipped: beyond its `T_w + 1` steps a relay for each neuron."""
    make = Maker(np.random.default_rng(0), 64, 1.02, "graded", payload_bits=8)
    skip = at = make.conv(make.input((2, 4, 4)), 3, window=PADDED)
    at = make.residual(make.conv(at, 3, window=PADDED), skip)
    make.readout(at)
    network = make.network()
    assert broken(network, wait=wait) == []
    found = loihi.fit(network, wait=wait).layers[3]
    assert found.neurons == 48 + relays * 48
    assert found.weights == network.layers[3].weights + relays * 48
    assert found.state_bits == 48 * network.layers[3].state_bits(wait) + relays * 48 * 24
    told = [str(each) for each in loihi.notes(network, wait=wait) if each.topic == "relays"]
    name, sender = network.layers[3].name, network.layers[1].name
    text = (
        f"{name}: relays: spikes of {sender} are {wait + 1} steps on their way, a synapse holds "
        "63: 48 relays pass them on"
    )
    assert told == [text] * relays
    most = lowered("chip_neurons", found.neurons + 2 * 48 + 5)
    assert broken(network, wait=wait, limits=most) == []


@pytest.mark.parametrize(
    ("delay", "needed"), [(0, 0), (63, 0), (64, 1), (127, 1), (128, 2), (191, 2), (192, 3)]
)
def test_relays_of_a_way(delay, needed):
    """Each takes a step and up to 63 more; what is left fits the last synapse."""
    found = int(sizes.hops(np.array([delay]))[0])
    assert found == needed
    assert 0 <= delay - 64 * found <= 63


def test_axons_of_single_neurons_and_paths_through_sums():
    """A sum has no neurons: its readers have the paths, with what each spike waits there."""
    network = drawn(0, "plain")
    synapse = network.layers[2].synapses[0]
    shape = network.layers[synapse.source].shape
    late = np.zeros(shape, np.int32)
    late.reshape(-1)[:4] = 30, 31, 61, 62
    layer = replace(network.layers[2], synapses=(replace(synapse, delay=late),))
    network = replace(network, layers=(*network.layers[:2], layer, *network.layers[3:]))
    (path,) = sizes.paths(network, schedule(network, 0), 2)
    assert path.relays() == 0
    assert path.relays(lowered("delay", 30)) == 1 + 1 + 2
    make = StockMaker(np.random.default_rng(0), 4, "hard")
    first = make.input((2, 4, 4), "constant")
    one = make.conv(first, 3, (1, 1))
    two = make.conv(make.conv(one, 3, (1, 1)), 3, (1, 1))
    make.readout(make.sum(one, two))
    network = make.network()
    found = list(sizes.paths(network, schedule(network, 0), 5))
    assert [(path.sender, path.longest) for path in found] == [(1, 2), (3, 0)]
