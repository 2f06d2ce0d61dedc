"""Engine `numba` against the slow reference: layers, blocks of samples, ends of the grid."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.engines.numba import engine
from onespike_lava.engines.numba.plan import planner
from onespike_lava.engines.numba.run import runs
from onespike_lava.errors import OptionError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import Input, Readout, Synapse, Window
from onespike_lava.network import Network
from tests.base.engines.numba.parity import assert_parity
from tests.networks import Maker, random_network, random_samples

pytestmark = pytest.mark.usefixtures("many_threads")


@pytest.mark.parametrize("weighting", ["graded", "membrane"])
@pytest.mark.parametrize("seed", range(6))
def test_networks_of_all_layers(seed, weighting, kind):
    network = random_network(seed, weighting)
    x = random_samples(network, 5, seed)
    for missing in (0, 1, 2, 3 * network.phases // 8, network.phases):
        assert_parity(network, x, max(0, network.phases - missing))


@pytest.mark.parametrize("weighting", ["graded", "membrane"])
@pytest.mark.parametrize("seed", range(4))
def test_more_samples_than_go_through_a_layer_together(seed, weighting, kind):
    """Groups that are full: no tile may reach beyond a group's memory."""
    network = random_network(seed, weighting)
    x = random_samples(network, 2 * planner.GROUP + 1, seed)
    for wait in (network.phases // 2, network.phases):
        found, expected = (network.run(x, name, wait, record=True) for name in ("numba", "numpy"))
        assert first_difference(found, expected) is None


@pytest.mark.parametrize("seed", range(8))
def test_several_spikes(seed, kind):
    network = random_network(seed, several=True)
    x = random_samples(network, 5, seed)
    for missing in (0, 1, 2, 3 * network.phases // 8, network.phases):
        assert_parity(network, x, max(0, network.phases - missing))


def draw_window(rng, size, kernel):
    """A random stride, padding and dilation that leave an output."""
    while True:
        stride, dilation = (tuple(int(v) for v in rng.integers(1, 4, 2)) for _ in range(2))
        padding = tuple(int(v) for v in rng.integers(0, 4, 4) * (rng.random(4) < 0.6))
        window = Window(stride, padding, dilation)
        if min(window.output_size(size, kernel)) > 0:
            return window


def draw_network(seed):
    """Convolutions of random shape and groups, more than one synapse, a readout of any kind."""
    rng = np.random.default_rng(seed)
    make = Maker(rng, int(rng.choice([3, 8])), 1.3, "graded", several=seed % 3 == 2)
    shape = (int(rng.choice([1, 2, 3, 5])), *(int(v) for v in rng.integers(1, 12, 2)))
    at = make.input(shape)
    for _ in range(3):
        at = draw_layer(make, rng, at)
    shape = make.layers[at].shape
    if rng.random() < 0.4:
        weight = make.weight((int(rng.integers(1, 20)), shape[0], 1, 1))
        synapse = Synapse(at, weight)
        size = synapse.output_shape(shape)
        bias = rng.integers(-99, 99, size).astype(np.int32)
        make.layers.append(Readout("scores", size, (synapse,), bias, 1.0))
    else:
        make.readout(at, int(rng.integers(1, 40)))
    return make.network()


def draw_layer(make, rng, at):
    channels, *size = make.layers[at].shape
    kernel = tuple(int(v) for v in rng.integers(1, 8, 2))
    window = draw_window(rng, size, (1, 1)) if min(size) < 3 else None
    if window is not None or rng.random() < 0.2:
        kernel = (1, 1)
    window = draw_window(rng, size, kernel)
    groups = int(rng.choice([g for g in range(1, channels + 1) if channels % g == 0]))
    outputs = groups * int(rng.choice([1, 1, 2, 3, 7, 16]))
    outputs = min(outputs, 96 // groups * groups)
    at = make.conv(at, outputs, kernel, window, groups)
    if rng.random() < 0.4:
        at = make.residual(at, at) if rng.random() < 0.5 else thresholds_per_neuron(make, rng, at)
    if rng.random() < 0.3 and min(make.layers[at].shape[1:]) > 1:
        padding = tuple(int(v) for v in rng.integers(0, 2, 4))
        at = make.pool(at, (2, 2), Window((1, 2), padding))
    return at


def thresholds_per_neuron(make, rng, at):
    layer = make.layers[at]
    base = rng.integers(1, 1 + layer.threshold_base.max(), layer.shape).astype(np.int32)
    make.layers[at] = replace(layer, threshold_base=base)
    return at


@pytest.mark.parametrize("seed", range(40))
def test_drawn_shapes(seed, kind):
    network = draw_network(seed)
    x = random_samples(network, 3, seed)
    assert_parity(network, x)
    if seed % 5 == 0:
        assert_parity(network, x, network.phases // 2)


@pytest.mark.parametrize("channels", [1, 7, 16, 31, 32, 33, 48, 64, 80])
def test_depthwise_and_dense_widths(channels, kind):
    make = Maker(np.random.default_rng(channels), 4, 1.3, "graded")
    at = make.conv(make.input((2, 5, 4)), channels)
    at = make.conv(at, channels, window=Window((1, 1), (1, 1, 1, 1)), groups=channels)
    make.readout(make.dense(at, channels))
    network = make.network()
    assert_parity(network, random_samples(network, 4))


def test_residual_with_a_strided_shortcut(kind):
    make = Maker(np.random.default_rng(0), 8, 1.3, "graded")
    first = make.conv(make.input((3, 9, 9)), 16, window=Window((1, 1), (1, 1, 1, 1)))
    main = Synapse(first, make.weight((32, 16, 3, 3)), Window((2, 2), (1, 1, 1, 1)))
    shortcut = Synapse(first, make.weight((32, 16, 1, 1)), Window((2, 2)))
    at = make.spiking([main, shortcut], (32, 5, 5))
    make.readout(at)
    network = make.network()
    for wait in (8, 5):
        assert_parity(network, random_samples(network, 3), wait)


@pytest.mark.parametrize("sign", [1, -1])
def test_largest_products(sign, kind):
    """Bytes of 255 and weights of 127 and -128 up to the limit of the state."""
    weight = np.full((3, 256), 127 if sign > 0 else -128, np.int8)
    weight[1, ::2] = 0
    layers = (
        Input("input", (256,), 8, np.zeros(1), np.ones(1)),
        Readout("scores", (3,), (Synapse(0, weight),), np.array([0, 5, -5], np.int32), 1.0),
    )
    network = Network(layers, 8, 8)
    assert_parity(network, np.full((2, 256), 255.0))


@pytest.mark.parametrize("phases", [1, 2, 15, 16, 17, 30, 31, 32, 64])
def test_every_threshold_to_the_last_unit(phases, kind):
    """Neuron `k` comes from below the threshold of phase `k + 1` to above it, one by one."""
    base = 1.3 if phases <= 16 else 1.12 if phases <= 32 else 1.07
    rng = np.random.default_rng(phases)
    make = Maker(rng, phases, base, "graded")
    bits = make.layers[make.input((phases,))].bits
    synapse = Synapse(0, np.eye(phases, dtype=np.int8))
    layer = make.layers[make.spiking([synapse], (phases,))]
    h = rng.integers(1, 2**23 // (int(layer.threshold_table[0]) + 1), phases).astype(np.int32)
    bias = h * layer.threshold_table - 2 ** (bits - 1)
    make.layers[1] = replace(layer, threshold_base=h, bias=bias.astype(np.int32))
    make.readout(1)
    network = make.network()
    x = np.repeat(np.arange(2**bits)[:, None] * network.input.step[0], phases, axis=1)
    assert_parity(network, x)
    assert (network.run(x, "numba", record=True).codes[layer.name] == phases).any()


def test_payloads_that_two_phases_share(kind):
    make = Maker(np.random.default_rng(4), 24, 1.21, "graded")
    make.readout(make.conv(make.conv(make.input((1, 6, 6)), 5), 20))
    network = make.network()
    payload = network.layers[1].payload
    assert len(set(payload)) < len(payload)
    assert_parity(network, random_samples(network, 4))


@pytest.mark.parametrize("samples", [0, 1, 2, 5, 6, 7])
def test_blocks_of_samples(samples, kind, monkeypatch):
    monkeypatch.setattr(planner, "GROUP", 3)
    network = random_network(5)
    assert_parity(network, random_samples(network, samples))


def test_one_image_at_a_time_where_images_are_large(kind, monkeypatch):
    monkeypatch.setattr(planner, "ARENA_BYTES", 1)
    network = random_network(2)
    assert_parity(network, random_samples(network, 3))


def test_blocks_give_one_run(kind, monkeypatch):
    network = random_network(6)
    x = 1.7 * random_samples(network, 7)
    whole = network.run(x, "numba", record=True)
    monkeypatch.setattr(runs, "BLOCK_VALUES", 2 * x[0].size)
    parts = network.run(x, "numba", record=True)
    assert first_difference(whole, parts) is None
    assert (whole.spikes, whole.clipped) == (parts.spikes, parts.clipped)
    assert whole.rounding == parts.rounding


def test_unknown_kind(monkeypatch):
    monkeypatch.setattr(engine, "WANTED", "abacus")
    network = random_network(0)
    with pytest.raises(OptionError, match=r"^ONESPIKE_KERNEL: 'abacus' is not one of vnni, port"):
        network.run(random_samples(network, 1), "numba")


def plane(side):
    """One large plane of which a kernel of 1 x 1 makes as large a one."""
    entry = Input("in", (1, side, side), 8, np.zeros(1), np.ones(1))
    synapse = Synapse(0, np.full((1, 1, 1, 1), 3, np.int8))
    bias = np.array([5], np.int32)
    return Network((entry, Readout("out", (1, side, side), (synapse,), bias, 1.0)), 8, 8)


def test_offsets_beyond_int32_are_left_to_numpy(monkeypatch):
    """The kernels' tables hold int32, as do those of potentials, 64 bytes for each of a channel."""
    assert planner.compile_network(plane(4096), 8, False, "portable") is None
    monkeypatch.setattr(planner, "IMAGE_BYTES", 64 * 40**2)
    for side, served in ((30, True), (40, False)):
        network, wide = plane(side), np.arange(side**2).reshape(1, 1, side, side) % 251
        assert (engine._program(network, 8, False, "portable") is not None) == served
        assert_parity(network, wide.astype(np.float32))
