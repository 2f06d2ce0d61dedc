"""Memory does not grow with samples or calls; `python tests/faults/load.py` has the long run."""

import gc
import tracemalloc

import numpy as np
import pytest

from onespike_lava.engines.numba import engine as numba
from onespike_lava.engines.numba.run import runs
from onespike_lava.layers import (
    Firing,
    Input,
    Integration,
    Reset,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
    Window,
)
from onespike_lava.network import Network
from onespike_lava.netx import from_bytes, to_bytes
from onespike_lava.summary import summary
from tests.lone import ints
from tests.networks import random_network, random_samples

ENGINES = ("numba", "numpy")

SMALL = 2**14
"""Bytes that caches of Python's own may take; a kept result or network is more."""


@pytest.fixture
def traced():
    tracemalloc.start()
    yield
    tracemalloc.stop()


def peak(network, x, engine):
    """Most bytes of arrays and objects during a call, beside the scores."""
    gc.collect()
    tracemalloc.reset_peak()
    before = tracemalloc.get_traced_memory()[0]
    scores = network.run(x, engine).scores
    return tracemalloc.get_traced_memory()[1] - before - scores.nbytes


@pytest.mark.parametrize("engine", ENGINES)
def test_five_times_the_samples_take_no_more_memory(engine, traced):
    network = random_network(1, phases=8)
    x = random_samples(network, 1500).astype(np.float32)
    network.run(x[:300], engine)
    few, many = peak(network, x[:300], engine), peak(network, x, engine)
    assert many < 1.5 * few + 2**17


def stepping(phases):
    """A network that steps: two convolutions of LIF neurons, of which half is kept."""
    rng, half = np.random.default_rng(1), ints(2048)
    layers = [Input("in", (3, 16, 16), 4, np.zeros(1), np.ones(1), "constant")]
    for channels in (8, 16):
        source = len(layers) - 1
        weight = rng.integers(-20, 30, (channels, layers[source].shape[0], 3, 3), np.int8)
        synapse = Synapse(source, weight, Window((1, 1), (1, 1, 1, 1)))
        rest, limit = np.zeros(channels, np.int32), np.full(channels, 400, np.int32)
        fires = (Threshold(limit), Reset("zero"), Firing(), np.ones(channels))
        parts = Integration(rest, keep_v=half)
        layers.append(Timed(f"conv{source}", (channels, 16, 16), (synapse,), parts, *fires))
    ends = Synapse(2, np.ones((5, 16 * 256), np.int8))
    parts = Integration(np.zeros(5, np.int32), keep_v=half)
    layers.append(TimedReadout("out", (5,), (ends,), parts, 1.0))
    return Network(tuple(layers), phases, 0)


def test_neither_samples_nor_steps_take_more_memory(monkeypatch, traced):
    """Of engine `numba`, whose buffers hold the steps of a span; the first call makes these."""
    monkeypatch.setattr(runs, "limit", lambda: 1)  # each thread has buffers of its own
    stepping(8).run(np.zeros((1, 3, 16, 16)), "numba")  # loads the kernels
    found = []
    for samples, phases in ((50, 8), (400, 8), (50, 800)):
        network = stepping(phases)
        x = random_samples(network, samples).astype(np.float32)
        found.append(peak(network, x, "numba"))
    few, many, long = found
    assert many < 1.5 * few + 2**17
    assert long < 1.5 * few + 2**17


def held(call, calls):
    """Bytes that so many calls leave: the least of some rounds, for caches fill once."""

    def traced():
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    found, before = [], traced()
    for _ in range(4):
        for _ in range(calls):
            call()
        after = traced()
        found.append(after - before)
        before = after
    return min(found)


@pytest.mark.parametrize("engine", ENGINES)
def test_calls_leave_nothing(engine, traced):
    network = random_network(1, phases=8)
    x = random_samples(network, 30)
    assert held(lambda: network.run(x, engine, record=True), 20) < SMALL


def test_networks_leave_nothing(traced):
    """What engine `numba` prepares for a network goes with it."""
    content = to_bytes(random_network(1, phases=8))
    x = random_samples(from_bytes(content), 1)
    known = len(numba._programs)

    def call():
        network = from_bytes(content)
        summary(network)
        network.run(x, "numba")

    assert held(call, 8) < SMALL
    assert len(numba._programs) == known


def test_the_reference_holds_no_phases(traced):
    """Potentials and input of one phase at a time, whatever their number."""
    few, many = (random_network(3, phases=phases) for phases in (4, 16))
    x = random_samples(few, 24).astype(np.float32)
    few.run(x, "reference")
    assert peak(many, x, "reference") < 1.5 * peak(few, x, "reference") + SMALL
