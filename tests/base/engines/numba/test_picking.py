"""Sums over live weights: whole networks of any density, the choice, processors without it."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest

from onespike_lava.engines.numba.kernels.operations import OPERATIONS, Connect, Winograd
from onespike_lava.engines.numba.kernels.picking import forms
from onespike_lava.engines.numba.kernels.records import Block
from onespike_lava.engines.numba.kernels.stepping import Advance
from onespike_lava.engines.numba.plan import planner
from onespike_lava.engines.numba.plan.picking import choice
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import Synapse, Window
from tests.base.engines.numba.parity import assert_parity, largest
from tests.base.engines.numba.process import in_process
from tests.base.engines.numba.twins import record_at
from tests.networks import (
    Maker,
    random_network,
    random_samples,
    random_timed_network,
    timed,
)
from tests.pruned import pruned, silenced

pytestmark = pytest.mark.usefixtures("many_threads")

SAME = Window((1, 1), (1,) * 4)
SHARES = [0.0, 0.01, 0.05, 0.2, 0.5, 1.0]

TWIN = """
from tests.base.engines.numba import twins
twins.take_over()
print(twins.picked_difference({kind!r}))
"""

WITHOUT = """
import numpy as np
from numba import njit
from onespike_lava.engines.numba.kernels.intrinsics import connect
from onespike_lava.engines.numba.kernels.picking.forms import form_of
kind = {kind!r}
@njit
def block(constants, arena, last):
    connect(kind, 1, constants, arena, 0, 0, 0, last)
block(np.zeros(1024, np.uint8), np.zeros(1024, np.uint8), 0)
print(form_of(kind))
"""


@pytest.fixture
def always(kind, monkeypatch):
    """Picked wherever it can be, paying or not."""
    monkeypatch.setitem(choice.PICK, kind, 0)
    return kind


def ways(network, kind, few=False):
    """How many blocks have a segment that is picked, how many one that is a dot product, tiles."""
    made = planner.compile_network(network, network.wait, False, kind, few=few)
    picks = dots = tiles = 0
    for row in made.rows:
        operation = OPERATIONS[row[0]]
        tiles += operation is Winograd
        if operation in (Connect, Advance) and row[1] >= 0:
            block = record_at(Block, made.constants, row[1])
            picks, dots = picks + (block.picks > 0), dots + (block.dots > 0)
    return picks, dots, tiles


def same(network, x, wait=None):
    """Every code and score is that of engine `numpy`."""
    found, expected = (network.run(x, name, wait, record=True) for name in ("numba", "numpy"))
    assert first_difference(found, expected) is None
    assert (network.run(x, "numba", wait).scores == expected.scores).all()


def kept(make, share):
    """Weights from now on are 0 but for a share."""
    drawn = make.weight

    def weight(shape, sparse=0.0):
        return drawn(shape, 1 - share)

    make.weight = weight
    return make


@pytest.mark.parametrize("made", ["graded", "membrane", "several"])
@pytest.mark.parametrize("seed", range(6))
def test_like_the_reference(seed, made, always):
    """Groups, strides, paddings, dilations, skips; of few synapses, and none in a layer."""
    share = SHARES[seed % len(SHARES)]
    weighting, several = ("graded", True) if made == "several" else (made, False)
    network = pruned(random_network(seed, weighting, several=several), share, seed)
    for each in (network, silenced(network, 1)):
        picks, dots, _ = ways(each, always)
        assert picks > 0 == dots
        assert_parity(each, random_samples(each, 20))
        assert_parity(each, random_samples(each, 3), network.phases // 2)


@pytest.mark.parametrize("seed", range(12))
def test_networks_that_step(seed, always):
    network = pruned(random_timed_network(seed), 0.3, seed)
    same(network, random_samples(network, 5))


WINDOWS = [
    Window(),
    SAME,
    Window((2, 1), (2, 0, 1, 3)),
    Window((1, 1), (2,) * 4, (2, 2)),
    Window((3, 2), (1, 2, 0, 1), (1, 2)),
]


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("window", WINDOWS)
def test_channels_that_fill_no_window_and_several(window, share, always):
    """From 3 to 100 channels, blocks of both widths and parts of one."""
    make = kept(Maker(np.random.default_rng(1), 8, 1.3, "graded"), share)
    at = make.conv(make.input((3, 9, 10)), 100, window=SAME)
    at = make.conv(at, 40, window=window)
    at = make.conv(at, 48, (1, 1), Window((3, 3)), groups=4)
    make.readout(make.dense(at, 50))
    network = make.network()
    assert ways(network, always)[1:] == (0, 0)
    for samples in (1, 19):
        same(network, random_samples(network, samples))


@pytest.mark.parametrize("sign", [1, -1])
def test_largest_values(sign, always):
    """Bytes of 255 and weights of 127 and -128, sums up to the limit of the state."""
    network, x = largest(sign)
    assert network.proven
    assert_parity(network, x)


def one_convolution(share, seed=0):
    make = kept(Maker(np.random.default_rng(seed), 8, 1.3, "graded"), share)
    at = make.conv(make.input((64, 16, 16)), 64, window=SAME)
    make.layers[at] = replace(make.layers[at], bias=np.arange(64, dtype=np.int32))
    make.readout(make.conv(at, 4, (1, 1), Window((8, 8))))
    return make.network()


def test_few_live_weights_are_picked_many_are_not(kind):
    """A convolution goes by tiles, a dense layer by dot products, until few of them live."""
    picks, dots, tiles = ways(one_convolution(1.0), kind)
    assert (picks, dots > 0, tiles) == (0, True, 1)
    picks, dots, tiles = ways(one_convolution(0.02), kind)
    assert (picks > 0, dots, tiles) == (True, 0, 0)
    for share in (0.02, 1.0):
        network = one_convolution(share)
        same(network, random_samples(network, 5))


def test_tiles_are_left_only_where_picking_takes_less_time_than_they(kind):
    """Between the two densities a convolution would be picked, were it not for tiles."""
    for share in (1.0, 0.7, 0.5, 0.45, 0.4, 0.35, 0.3, 0.25, 0.2, 0.15, 0.1, 0.05):
        network = one_convolution(share)
        weight = network.layers[1].synapses[0].weight
        if choice.fastest(weight, kind) < choice.dense(weight, 1, [(0, 4)]) / 4:
            break
    assert ways(network, kind)[2] == 1


@pytest.mark.parametrize("order", permutations(range(3)))
def test_synapses_of_one_layer_each_in_its_own_way(order, kind):
    """Picked, all products, channel by channel, in any order, of neurons of both kinds."""
    make = Maker(np.random.default_rng(1), 4, 1.3, "graded")
    first = make.conv(make.input((3, 5, 5)), 20, window=SAME)
    second = make.conv(first, 40, window=SAME)
    synapses = [
        Synapse(first, make.weight((40, 20, 3, 3), 0.98), SAME),
        Synapse(second, make.weight((40, 40, 1, 1))),
        Synapse(second, np.full((40, 1, 1, 1), 90, np.int8), groups=40),
    ]
    at = make.spiking([synapses[i] for i in order], (40, 5, 5))
    make.readout(make.conv(at, 4, (1, 1), Window((3, 3))))
    network = make.network()
    picks, dots, _ = ways(network, kind)
    assert 0 < picks < dots
    same(network, random_samples(network, 5))
    steps = timed(network)
    assert ways(steps, kind)[0] > 0
    same(steps, random_samples(steps, 5))


def test_planes_of_a_source_share_their_steps(always, monkeypatch):
    """Spikes of one neuron lie in planes, whose weights are the same."""
    seen = []
    before = choice.sweep

    def swept(*given):
        seen.append(given)
        return before(*given)

    monkeypatch.setattr(choice, "sweep", swept)
    network = pruned(random_network(0, several=True), 0.1)
    planner.compile_network(network, network.wait, False, always)
    kept = [each for layer in network.layers for each in layer.synapses]
    assert len(seen) <= len(kept)
    assert max(getattr(layer, "max_spikes", 1) for layer in network.layers) > 1


def test_synapses_of_the_same_weights_read_their_own_groups(always):
    """Each group reads other channels, though weights and taps are the same."""
    make = Maker(np.random.default_rng(1), 4, 1.3, "graded")
    start = make.input((3, 5, 5))
    narrow, wide = (make.conv(start, channels, window=SAME) for channels in (8, 16))
    first = Synapse(narrow, make.weight((24, 8, 3, 3), 0.8), SAME)
    second = Synapse(wide, first.weight, SAME, groups=2)
    for synapses in ([first, second], [second, first]):
        at = make.spiking(synapses, (24, 5, 5))
    make.readout(make.residual(at, at - 1))
    network = make.network()
    assert network.layers[at].synapses[0].weight is network.layers[at].synapses[1].weight
    same(network, random_samples(network, 5))


@pytest.mark.parametrize("name", ["vnni", "portable"])
def test_a_plain_twin_agrees(name):
    assert in_process(TWIN.format(kind=name), NUMBA_DISABLE_JIT="1") == ["0"]


def test_processors_that_permute_no_bytes_do_without(kind):
    """LLVM would end the process where a kernel named an instruction that they lack."""
    lacked = {"avx512vbmi", "avx512vbmi2"} if kind == "vnni" else {"avx2"}
    left = forms.features() - lacked if kind == "vnni" else {"sse4.2"}
    features = ",".join(f"+{name}" for name in sorted(left))
    off = ",".join(f"-{name}" for name in sorted(lacked))
    code = WITHOUT.format(kind=kind)
    assert in_process(code, NUMBA_CPU_FEATURES=f"{features},{off}") == ["None"]


def test_without_avx_every_kind_does_without():
    """Numba then compiles for no AVX, whatever the processor has."""
    code = """
from onespike_lava.engines.numba.engine import kinds
from onespike_lava.engines.numba.kernels.picking.forms import form_of
print(*kinds(), form_of("portable"))
"""
    assert in_process(code, NUMBA_ENABLE_AVX="0") == ["portable", "None"]
