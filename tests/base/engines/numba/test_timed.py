"""Networks that step on engine `numba`: every field, any span of steps, like the reference."""

from contextlib import suppress
from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.engines import numpy as vectorised
from onespike_lava.engines.numba import engine
from onespike_lava.engines.numba.kernels import stepping
from onespike_lava.engines.numba.kernels.operations import OPERATIONS
from onespike_lava.engines.numba.kernels.records import Neurons
from onespike_lava.engines.numba.kernels.stepping import Advance
from onespike_lava.engines.numba.plan import planner
from onespike_lava.errors import InvalidNetworkError, StateError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import (
    Firing,
    Input,
    Integration,
    Readout,
    Reset,
    Sparse,
    Spiking,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
    Window,
)
from onespike_lava.network import Network
from tests.base.engines.numba.twins import fields, holds, record_at
from tests.networks import TimedMaker, random_network, random_samples, random_timed_network

SAME, HALVING = Window((1, 1), (1, 1, 1, 1)), Window((2, 2))


def ints(*values):
    return np.array(values, np.int32)


def is_sparse(network):
    """Whether a connection is a matrix between places, which no kernel serves."""
    return any(isinstance(each, Sparse) for layer in network.layers for each in layer.synapses)


def dense_network(seed, **options):
    """A draw whose places have no matrix of a graph, which engine `numpy` would run."""
    while is_sparse(network := random_timed_network(seed, **options)):
        seed += 1000
    return network


def wide_network(seed, phases=5, simple=True):
    """Blocks of both widths, frames of several parts and of few pixels, grouped by channel.

    With `simple` its neurons are those that the kernel `update` serves.
    """
    for attempt in range(100):
        make = TimedMaker(np.random.default_rng([seed, attempt]), phases)
        at = make.input((3, 13, 11), "constant")
        at = skip = make.conv(at, 40, window=SAME)
        at = make.conv(at, 40, window=SAME, groups=40)
        at = make.pool(make.sum(at, skip))
        at = make.conv(at, 33, (3, 3), HALVING)
        make.readout(make.dense(make.conv(at, 20, (2, 2)), 40), 1, 5)
        if simple:
            make.layers[1:-1] = [alike(each) for each in make.layers[1:-1]]
        with suppress(InvalidNetworkError):
            return make.network()
    raise AssertionError("no draw is valid")


def alike(layer):
    """The same layer with one spike a step, all steps alike, no delays."""
    if not isinstance(layer, Timed):
        return layer
    reset = replace(layer.reset, table=None)
    reset = Reset() if reset.kind == "level" else reset
    synapses = tuple(replace(each, delay=None) for each in layer.synapses)
    firing = Firing(layer.firing.payload[:1], floor=layer.firing.floor)
    threshold = Threshold(layer.threshold.base, layer.threshold.table[:1])
    parts = {"reset": reset, "firing": firing, "threshold": threshold}
    return replace(layer, synapses=synapses, **parts)


def check(network, x, options=None):
    """Trains, spikes and scores of every step are the reference's, recorded or not."""
    options = options or {}
    expected = network.run(x, "reference", record=True, over_steps=True, **options)
    found = network.run(x, "numba", record=True, over_steps=True, **options)
    assert first_difference(found, expected) is None
    assert found.spikes == expected.spikes
    assert (found.over_steps == expected.over_steps).all()
    bare = network.run(x, "numba", **options)
    assert (bare.scores == expected.scores).all()
    assert bare.spikes == expected.spikes


def program(network, wait=0, kind="portable"):
    return planner.compile_network(network, wait, True, kind)


@pytest.fixture
def served(monkeypatch):
    """Nothing is left to engine `numpy`."""

    def refuse(*_):
        raise AssertionError("left to engine numpy")

    monkeypatch.setattr(vectorised, "_run_block", refuse)


@pytest.mark.parametrize("seed", range(30))
def test_like_the_reference(seed, kind, served):
    network = dense_network(seed)
    check(network, random_samples(network, 5, seed))


@pytest.mark.parametrize("simple", [True, False])
@pytest.mark.parametrize("seed", range(4))
def test_wide_layers(seed, simple, kind, served):
    network = wide_network(seed, simple=simple)
    check(network, random_samples(network, 3, seed))


@pytest.mark.parametrize("span", [1, 3, 16])
@pytest.mark.parametrize("sent", ["binary", "constant", "once", "latency", "events"])
def test_any_span_of_steps(sent, span, kind, served, monkeypatch):
    """States, axons, pools and scores go on from one span to the next; the last one is short."""
    monkeypatch.setattr(planner, "SPAN", span)
    network = dense_network(7, phases=20, sent=sent)
    assert program(network).span in (1, span, 10)
    check(network, random_samples(network, 3))
    network = wide_network(2, phases=7)
    assert program(network).span == {1: 1, 3: 3, 16: 7}[span]
    check(network, random_samples(network, 2))


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("weighting", ["graded", "membrane"])
def test_one_spike_neurons_as_a_setting(weighting, several, kind, served):
    """Every wait."""
    turned = {Spiking: Timed.of, Readout: TimedReadout.of}
    for seed in range(4):
        network = random_network(seed, weighting, several=several and weighting == "graded")
        layers = [turned.get(type(each), lambda same: same)(each) for each in network.layers]
        network = replace(network, layers=tuple(layers))
        for wait in {0, network.phases // 3, network.phases}:
            check(network, random_samples(network, 3, seed), {"wait": wait})


def test_draws_reach_every_operation_and_both_ways_of_advancing():
    seen, simple = set(), set()
    for seed in range(30):
        made = program(dense_network(seed))
        seen |= {each for each in OPERATIONS for row in made.rows if holds(each, row)}
    wanted = {each for each in vars(stepping).values() if hasattr(each, "_fields")}
    assert seen >= wanted
    for network in (wide_network(0), wide_network(0, simple=False)):
        made = program(network, kind="vnni")
        rows = [fields(Advance, row) for row in made.rows if holds(Advance, row)]
        assert {row.width for row in rows} == {1, 2}
        assert {row.together > 1 for row in rows} == {True, False}
        simple |= {record_at(Neurons, made.constants, row.neurons).simple for row in rows}
    assert simple == {0, 1}


def lone(integration, threshold, reset, phases, floor=None):
    """One layer of neurons that each have a synapse from a pixel of their own."""
    size = integration.bias.size
    synapse = Synapse(0, np.full((size, 1, 1, 1), 127, np.int8), groups=size)
    firing = Firing(floor=floor)
    shape = (size, 1, 1)
    layers = [Input("input", shape, 8, np.zeros(1), np.ones(1), "events")]
    parts = (integration, threshold, reset, firing, np.ones(size))
    layers.append(Timed("lone", shape, (synapse,), *parts))
    weight = np.eye(size, dtype=np.int8)
    end = Integration(np.zeros(size, np.int32))
    layers.append(TimedReadout("out", (size,), (Synapse(1, weight),), end, 1.0))
    return Network(tuple(layers), phases, 0)


@pytest.mark.parametrize("rounding", ["floor", "ceil", "zero"])
@pytest.mark.parametrize("keep", ["u", "v"])
def test_decay_is_exact_up_to_24_bits(keep, rounding, kind, served):
    """What is kept of states near the limit, of either sign, for keeps of all sizes."""
    rng = np.random.default_rng(5)
    size = 64
    bias = rng.integers(-(2**23) + 2**21, 2**23 - 2**21, size).astype(np.int32)
    bias[:4] = 2**23 - 2**21, -(2**23) + 2**21, -1, 1
    keeps = {f"keep_{keep}": rng.integers(0, 4097, size).astype(np.int32)}
    integration = Integration(bias, rounding=rounding, fraction_bits=4, **keeps)
    network = lone(integration, Threshold(ints(*[2**20] * size)), Reset("zero"), 4)
    check(network, rng.integers(0, 2, (6, 4, size, 1, 1)).astype(np.float32))


def test_memory_does_not_grow_with_steps(served):
    """But for the recorded trains; 4,096 steps of a recurrent layer with delays."""
    arenas, rng = set(), np.random.default_rng(1)
    for phases in (64, 4096):
        make = TimedMaker(np.random.default_rng(3), phases)
        at = make.dense(make.dense(make.input((6,), "events"), 8), 9, recurrent=True)
        make.readout(at)
        for place, layer in enumerate(make.layers[1:], start=1):
            leak = Integration(np.zeros(layer.shape, np.int32), ints(3000), ints(4000))
            parts = {"integration": leak, "reset": Reset("zero"), "firing": Firing()}
            parts["threshold"] = Threshold(np.full(layer.shape, 400, np.int32))
            parts["synapses"] = tuple(
                replace(each, delay=np.arange(each.weight.shape[1], dtype=np.int32))
                for each in layer.synapses
            )
            make.layers[place] = replace(layer, **parts)
        network = make.network()
        arenas.add(program(network).arena)
        x = rng.integers(0, 2, (2, *network.sample_shape)).astype(np.float32)
        assert (network.run(x, "numba").scores == network.run(x, "reference").scores).all()
    assert len(arenas) == 1


def test_what_no_kernel_serves_is_left_to_numpy(monkeypatch):
    """Matrices of graphs, states that are wanted, states that each run must check."""
    seed = next(seed for seed in range(99) if is_sparse(random_timed_network(seed)))
    network = random_timed_network(seed)
    x = random_samples(network, 2)
    assert program(network) is None
    assert first_difference(
        network.run(x, "numba", record=True), network.run(x, "reference", record=True)
    ) is None  # fmt: skip
    network = dense_network(1)
    x = random_samples(network, 2)
    one, two = (network.run(x, name, traces=True) for name in ("numba", "reference"))
    assert one.potentials
    assert all((one.potentials[name] == each).all() for name, each in two.potentials.items())
    drive = Integration(ints(0), drive=ints(2**22))
    layers = lone(Integration(ints(0)), Threshold(ints(1)), Reset(), 4).layers
    layers = (layers[0], replace(layers[1], integration=drive), layers[2])
    unproven = Network(layers, 4, 0, proven=False)
    with pytest.raises(StateError, match=r"^lone: a state of 8388608 in step 2 reaches"):
        unproven.run(np.zeros((1, 4, 1, 1, 1), np.float32), "numba")


def test_a_wait_beyond_one_span_is_left_to_numpy_only_where_memory_lacks(monkeypatch):
    network = random_network(1)
    turned = {Spiking: Timed.of, Readout: TimedReadout.of}
    layers = [turned.get(type(each), lambda same: same)(each) for each in network.layers]
    network = replace(network, layers=tuple(layers))
    assert program(network, wait=1).span == network.phases
    monkeypatch.setattr(planner, "IMAGE_BYTES", 1000)
    assert program(network, wait=1) is None


def test_concurrent_threads_share_samples(many_threads, kind):
    network = wide_network(1)
    x = random_samples(network, 40)
    assert (network.run(x, "numba").scores == network.run(x, "numpy").scores).all()


def test_auto_runs_networks_that_step(kind):
    network = wide_network(1)
    assert network.run(random_samples(network, 1)).engine == "numba"
    assert engine.kind() == kind
