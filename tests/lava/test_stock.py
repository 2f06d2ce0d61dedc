"""The stock composition against engine `numpy`: every score and spike."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava import coding
from onespike_lava.engines import numpy as yardstick
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Input, MaxPool, Readout, Spiking, Synapse
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.loihi import stock as plan
from onespike_lava.loihi.price import price
from onespike_lava.network import Network
from onespike_lava.rules import largest_potential
from tests.graphs import random_graph_network
from tests.lava.architectures import build, integers

pytestmark = pytest.mark.lava
pytest.importorskip("lava.magma", reason="lava-nc needs Python 3.10")

from onespike_lava.processes.stock import StockNetwork, compose, run  # noqa: E402
from onespike_lava.processes.stock.connect import connect  # noqa: E402


def assert_equal(network, data, **options):
    expected = yardstick.run(network, data, options.get("wait", network.wait), True)
    found = run(network, data, record=True, **options)
    assert (found.scores == expected.scores).all()
    for layer, one, two in zip(network.layers, found.codes, expected.codes, strict=False):
        assert (one == two).all(), layer.name
    assert list(found.spikes) == list(expected.spikes)
    assert all(count > 0 for count in found.spikes)


@pytest.mark.parametrize(
    ("architecture", "shared", "wait"),
    [
        ("dense", True, 5),
        ("conv", True, 6),
        ("conv_readout", False, 6),
        ("residual", False, 6),
    ],
)
def test_spikes_and_scores_equal_numpy(architecture, shared, wait):
    """Groups, strides, dilation, pools, skip paths; samples in a stream."""
    network = build(architecture, phases=6, seed=3)
    assert_equal(network, integers(network, 3), shared=shared, wait=wait)


@pytest.mark.long
def test_sums_over_neighbours_equal_numpy():
    """Sparse synapses with pairs of neurons, constants per place, a skip path, sparse scores."""
    network = random_graph_network(0, phases=4)
    rng = np.random.default_rng(0)
    data = rng.integers(0, 2**network.input.bits, (3, *network.input.shape), np.uint8)
    assert_equal(network, data, wait=4)


def ties(phases=8):
    """Neurons whose potential is a threshold, one less and one more, with bases of 1 to 3 limbs."""
    payloads = coding.payload_table(phases, 1.3, 8)
    table = coding.threshold_table(payloads)
    bases = np.array([1, 127, 128, 129, 8000])
    base, factor, off = (part.reshape(-1) for part in np.meshgrid(bases, table, [-1, 0, 1]))
    count = len(base)
    entry = Input("input", (2,), 8, np.zeros(1), np.ones(1))
    weight = np.zeros((count, 2), np.int8)
    weight[0] = [-128, 127]
    layer = Spiking(
        "ties",
        (count,),
        (Synapse(0, weight),),
        (base * factor + off).astype(np.int32),
        base.astype(np.int32),
        table,
        payloads[:-1],
        8,
        1.3,
        np.ones(count),
    )
    ones = np.ones((1, count), np.int8)
    readout = Readout("readout", (1,), (Synapse(1, ones),), np.array([-5], np.int32), 1.0)
    return Network((entry, layer, readout), phases, phases)


def test_ties_and_bases_beyond_8_bits():
    network = ties()
    assert plan.limbs(network.layers[1].threshold_base).shape[1] == 2
    assert_equal(network, np.array([[0, 0], [255, 1], [3, 255]], np.uint8))


def test_the_whole_range_that_is_allowed():
    """Sums at the largest magnitude that the composition accepts, and a base of three limbs."""
    network = ties()
    layer = network.layers[1]
    room = (STATE_LIMIT - 1 - 64) // 2
    weight = np.zeros_like(layer.synapses[0].weight)
    weight[1], weight[2] = 127, -127
    largest = 127 * 2 * 255
    bias = layer.bias.copy()
    bias[0] = 16_400 * 250
    bias[1], bias[2] = room - largest, largest - room
    base = layer.threshold_base.copy()
    base[:3] = 16_400, 8_000, 8_000
    layer = replace(layer, bias=bias, threshold_base=base, synapses=(Synapse(0, weight),))
    table = np.minimum(layer.threshold_table, 250)
    layer = replace(layer, threshold_table=table.astype(np.int32))
    network = replace(network, layers=(network.layers[0], layer, network.layers[2]))
    assert largest_potential(network, layer) == room
    assert plan.limbs(base).shape[1] == 3
    assert_equal(network, np.array([[255, 255], [0, 0], [128, 255]], np.uint8))


@pytest.mark.parametrize("architecture", ["conv", "residual"])
def test_only_processes_of_lava_and_the_price_that_is_told(architecture, monkeypatch):
    own = []

    def noted(*arguments):
        own.append(connect(*arguments))
        return own[-1]

    monkeypatch.setattr(compose, "connect", noted)
    network = build(architecture, phases=6)
    built = StockNetwork(network, integers(network, 1), shared=False)
    assert all(type(process).__module__.startswith("lava.proc.") for process in built.processes)
    kinds = {type(process).__name__ for process in built.processes}
    assert kinds <= {"RingBuffer", "ProdNeuron", "LIFReset", "Dense", "Sparse", "DelaySparse"}
    told = price(network).layers[-1]
    neurons = [p for p in built.processes if type(p).__name__ in ("ProdNeuron", "LIFReset")]
    assert sum(process.s_out.size for process in neurons) == told.neurons
    added = [p.weights.init.nnz for p in built.processes if hasattr(p, "weights") and p not in own]
    assert sum(added) == told.synapses - told.synapses_own
    assert len(own) == sum(len(layer.sources) for layer in network.layers[1:] if not pools(layer))


def pools(layer):
    return isinstance(layer, MaxPool)


def test_what_cannot_be_composed_is_refused():
    network = build("dense", phases=8)
    with pytest.raises(UnsupportedError, match="late spikes"):
        StockNetwork(network, integers(network, 1), wait=3)
