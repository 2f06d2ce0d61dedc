"""Convolutions by tiles: sizes, paddings, what arrives besides, the largest values."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.engines.numba import engine
from onespike_lava.engines.numba.kernels.operations import OPERATIONS, Winograd
from onespike_lava.engines.numba.kernels.winograd import tables
from onespike_lava.engines.numba.plan import planner
from onespike_lava.engines.numba.plan.winograd import tiling
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import Synapse, Window
from tests.base.engines.numba.parity import assert_parity, largest
from tests.base.engines.numba.process import in_process
from tests.networks import Maker, random_samples

pytestmark = pytest.mark.usefixtures("many_threads")

TWIN = """
from tests.base.engines.numba import twins
twins.take_over()
print(twins.tiled_difference({kind!r}))
"""


@pytest.fixture
def always(monkeypatch):
    """By tiles wherever they can, paying or not."""
    monkeypatch.setattr(tiling, "_pays", lambda *_: True)


def tiled(network, kind, few=False, record=True):
    """How many layers go by tiles."""
    made = planner.compile_network(network, network.phases, record, kind, few=few)
    return int((made.rows[:, 0] == OPERATIONS.index(Winograd)).sum())


def one_bias(make, at):
    """A bias for each channel, which tiles need, where the draw has some for each neuron."""
    layer = make.layers[at]
    bias = layer.bias.reshape(layer.shape[0], -1)[:, 0]
    make.layers[at] = replace(layer, bias=bias)
    return at


SAME = Window((1, 1), (1,) * 4)


def convolution(make, source, channels, window=SAME):
    return one_bias(make, make.conv(source, channels, window=window))


SIZES = [(4, 4), (5, 7), (8, 8), (3, 9), (7, 6), (1, 13), (11, 2)]


@pytest.mark.parametrize("size", SIZES)
def test_sizes(size, kind, always):
    """Whole tiles and parts of them, two layers in a row, samples alone and together."""
    make = Maker(np.random.default_rng(sum(size)), 8, 1.3, "graded")
    at = convolution(make, make.input((3, *size)), 32)
    at = convolution(make, convolution(make, at, 64), 32)
    make.readout(at)
    network = make.network()
    assert tiled(network, kind) == tiled(network, kind, few=True) == 2
    for samples in (1, 5):
        assert_parity(network, random_samples(network, samples))
    assert_parity(network, random_samples(network, 2), network.phases // 2)


@pytest.mark.parametrize("padding", [(0, 0, 0, 0), (2, 0, 1, 2), (0, 1, 2, 0)])
def test_paddings_and_a_pool_behind(padding, kind, always):
    make = Maker(np.random.default_rng(sum(padding)), 8, 1.3, "graded")
    at = convolution(make, make.input((32, 6, 9)), 32, Window((1, 1), padding))
    make.readout(make.pool(at))
    network = make.network()
    assert tiled(network, kind) == 1
    assert_parity(network, random_samples(network, 3))


def test_what_arrives_besides(kind, always):
    """A skip channel by channel, and a convolution of another size and stride."""
    make = Maker(np.random.default_rng(0), 8, 1.3, "graded")
    first = convolution(make, make.input((2, 10, 9)), 32)
    half = make.conv(first, 32, window=Window((2, 2), (1,) * 4))
    at = one_bias(make, make.residual(half, half))
    main = Synapse(at, make.weight((32, 32, 3, 3)), SAME)
    shortcut = Synapse(first, make.weight((32, 32, 1, 1)), Window((2, 2)))
    at = one_bias(make, make.spiking([main, shortcut], make.layers[at].shape))
    make.readout(at)
    network = make.network()
    assert tiled(network, kind) == 2
    assert_parity(network, random_samples(network, 3))


@pytest.mark.parametrize("groups", [1, 2, 4, 64])
@pytest.mark.parametrize("first", [False, True])
def test_a_shortcut_of_groups_before_and_behind(groups, first, kind, always):
    """Groups of fewer channels than a block has make narrow blocks, which tiles do not know."""
    make = Maker(np.random.default_rng(groups), 8, 1.3, "graded")
    start = convolution(make, make.input((3, 8, 8)), 64)
    at = convolution(make, start, 64)
    main = Synapse(at, make.weight((64, 64, 3, 3)), SAME)
    shortcut = Synapse(start, make.weight((64, 64 // groups, 1, 1)), Window(), groups)
    both = [shortcut, main] if first else [main, shortcut]
    at = one_bias(make, make.spiking(both, (64, 8, 8)))
    make.readout(make.pool(at))
    network = make.network()
    narrow = 64 // groups < 16 * max(tiling.TILES[kind])
    assert tiled(network, kind) == (1 if 1 < groups < 64 and narrow else 2)
    assert_parity(network, random_samples(network, 5))


def test_several_strips_and_units(kind, always, monkeypatch):
    """Strips of parts of an image and across images; more samples than go together."""
    for size in (1, 60_000, 10**9):
        monkeypatch.setattr(tiling, "STRIP_BYTES", size)
        make = Maker(np.random.default_rng(1), 8, 1.3, "graded")
        at = convolution(make, convolution(make, make.input((3, 9, 9)), 32), 32)
        make.readout(make.pool(at))
        network = make.network()
        assert tiled(network, kind) == 1
        x = random_samples(network, 2 * planner.GROUP + 3)
        found, expected = (network.run(x, name, record=True) for name in ("numba", "numpy"))
        assert first_difference(found, expected) is None


@pytest.mark.parametrize("sign", [1, -1])
def test_largest_values(sign, kind, always):
    """Bytes of 255, weights of 127 and -128, sums up to the limit of the state."""
    network, x = largest(sign)
    assert network.proven
    assert tiled(network, kind) == 1
    assert_parity(network, x)


def test_transformed_weights_fit_their_type():
    """The largest that `tables` names, and inputs likewise: sums of magnitudes."""
    signs = np.sign(np.einsum("ai,bj->abij", tables.G, tables.G)).reshape(36, 3, 3)
    worst = tables.transformed((signs * -128)[:, None].astype(np.int8))
    assert np.abs(worst.astype(int)).max() == 49 * 128 == 6272
    assert (9 * tables.NINTH) % 2**32 == 1


def test_few_samples_and_small_planes_do_without(kind):
    """Weights that are fetched for one sample must pay for it."""
    make = Maker(np.random.default_rng(1), 8, 1.3, "graded")
    at = convolution(make, convolution(make, make.input((3, 8, 8)), 64), 64)
    make.readout(make.pool(at))
    network = make.network()
    assert (tiled(network, kind), tiled(network, kind, few=True)) == (1, 0)
    for samples in (engine.FEW - 1, engine.FEW):
        x = random_samples(network, samples)
        found, expected = (network.run(x, name, record=True) for name in ("numba", "numpy"))
        assert first_difference(found, expected) is None


def test_plans_that_are_alike_are_one(kind):
    """Where few samples change nothing a network keeps one set of weights."""
    make = Maker(np.random.default_rng(1), 8, 1.3, "graded")
    make.readout(make.conv(make.input((3, 8, 8)), 16))
    network, wait = make.network(), 8
    assert engine._program(network, wait, False, kind) is engine._program(
        network, wait, False, kind, few=True
    )
    assert engine._program(network, 3, False, kind) is not engine._program(
        network, wait, False, kind
    )


def test_what_tiles_do_not_serve(kind, always):
    """Strides, dilations, groups, channels that do not fill a block, biases of neurons."""
    for channels, window, groups in (
        (32, Window((2, 1), (1,) * 4), 1),
        (32, Window((1, 1), (2,) * 4, (2, 2)), 1),
        (32, SAME, 2),
        (24, SAME, 1),
    ):
        make = Maker(np.random.default_rng(1), 8, 1.3, "graded")
        at = convolution(make, make.input((3, 6, 6)), 32)
        make.readout(one_bias(make, make.conv(at, channels, (3, 3), window, groups)))
        assert tiled(make.network(), kind) == 0
    make = Maker(np.random.default_rng(1), 8, 1.3, "graded")
    at = convolution(make, convolution(make, make.input((3, 6, 6)), 32), 32)
    bias = np.arange(32 * 36).reshape(32, 6, 6).astype(np.int32)
    make.layers[at] = replace(make.layers[at], bias=bias)
    make.readout(at)
    assert tiled(make.network(), kind) == 0
    assert_parity(make.network(), random_samples(make.network(), 2))


@pytest.mark.parametrize("name", ["vnni", "portable"])
def test_a_plain_twin_agrees(name):
    assert in_process(TWIN.format(kind=name), NUMBA_DISABLE_JIT="1") == ["0"]
