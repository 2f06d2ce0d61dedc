"""What a chip takes only in another form, in Lava: many groups, long skips, relays."""

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from onespike_lava.engines import numpy, reference
from onespike_lava.layers import Synapse, Window
from onespike_lava.loihi import check, notes
from onespike_lava.processes import engine as lava
from onespike_lava.processes import stock
from tests.lava.architectures import integers
from tests.lava.parity import check_same
from tests.networks import Maker
from tests.stock import changed, drawn, whole

pytestmark = pytest.mark.lava

PADDED = Window((1, 1), (1, 1, 1, 1))


def depthwise(make):
    """Kernels of 130 channels, strided, with fewer groups; of 131, a prime, unrolled."""
    at = make.conv(make.input((1, 3, 3)), 130, (1, 1))
    at = make.conv(at, 130, window=Window((2, 1), (1, 1, 1, 1)), groups=130)
    at = make.conv(at, 131, (1, 1))
    make.readout(make.conv(at, 131, (2, 2), groups=131))


def identity(make):
    """A skip of 130 channels past a layer, and one of 128 channels and 1x1, as a Sparse."""
    at = make.conv(make.input((2, 3, 3)), 130, (1, 1))
    at = make.pool(skipped(make, at), (3, 3), Window((3, 3)))
    make.readout(skipped(make, make.conv(at, 128, (1, 1))))


def skipped(make, skip):
    """A residual block of 1x1 kernels."""
    shape = make.layers[skip].shape
    channels = shape[0]
    main = Synapse(make.conv(skip, channels, (1, 1)), make.weight((channels, channels, 1, 1)))
    same = Synapse(skip, np.full((channels, 1, 1, 1), 90, np.int8), groups=channels)
    return make.spiking([main, same], shape)


def far(make):
    """Skips of more steps than a synapse's delay, and twice as many."""
    first = at = make.conv(make.input((2, 4, 4)), 3, window=PADDED)
    at = make.conv(at, 3, window=PADDED)
    second = at = make.conv(at, 3, window=PADDED)
    for _ in range(2):
        at = make.conv(at, 3, window=PADDED)
    skips = [Synapse(each, make.weight((3, 3, 1, 1))) for each in (first, second)]
    main = Synapse(at, make.weight((3, 3, 3, 3)), PADDED)
    make.readout(make.spiking([main, *skips], (3, 4, 4)))


@pytest.mark.parametrize(
    ("architecture", "phases", "forms", "relays"),
    [(depthwise, 4, 2, 0), (identity, 6, 2, 0), (far, 32, 0, 2)],
)
def test_networks_of_other_forms(architecture, phases, forms, relays):
    make = Maker(np.random.default_rng(1), phases, 1.05, "graded")
    architecture(make)
    network, wait = make.network(), phases
    assert check(network) == []
    topics = [each.topic for each in notes(network)]
    assert (topics.count("form"), topics.count("relays")) == (forms, relays)
    data = integers(network, 2)
    expected = reference.run(network, data, wait, True)
    assert min(expected.spikes) > 0
    check_same(numpy.run(network, data, wait, True), expected)
    for model in lava.MODELS:
        check_same(lava.run_model(network, data, wait, True, model), expected)
    shared = architecture is depthwise  # Lava's Conv, which is slow
    found = stock.run(network, data[:1] if shared else data, wait, record=True, shared=shared)
    assert_begins(found, expected)


def assert_begins(found, expected):
    """The first samples of a run are those of another."""
    np.testing.assert_array_equal(found.scores, expected.scores[: len(found.scores)])
    for one, two in zip(found.codes, expected.codes, strict=True):
        np.testing.assert_array_equal(one, two[: len(one)])


@pytest.mark.parametrize("kind", ["hard", "soft", "plain"])
def test_relays_of_networks_that_step(kind):
    """Axons of single neurons at the end of what a synapse holds, a payload that takes a step more.

    Some neurons go over a relay, others do not.
    """
    network = drawn(0, kind)
    network = changed(network, 1, payload=whole(2))
    synapse = network.layers[2].synapses[0]
    shape = network.layers[0].shape
    late = np.random.default_rng(0).integers(55, 63, shape).astype(np.int32)
    slow = replace(synapse, source=0, weight=synapse.weight[:, : shape[0]], delay=late)
    network = changed(network, 2, synapses=(synapse, slow))
    data = integers(network, 2)
    expected = reference.run(network, data, 0, True)
    built = stock.SteppingStockNetwork(network, data)
    relays = [each for each in built.processes if type(each).__name__ == "GradedVec"]
    assert 0 < sum(each.s_out.size for each in relays) < late.size
    assert_begins(stock.run(network, data, record=True), expected)
