"""What inputs of networks that step send, and what readouts take."""

import numpy as np
import pytest

from onespike_lava.layers import (
    Firing,
    Input,
    Integration,
    LatencyCode,
    Reset,
    StepCode,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.network import Network
from tests.lone import ints


def lone(coding, bits=3, phases=6, **readout):
    """One input value read by an output neuron of weight 1."""
    entry = Input("in", (1,), bits, np.zeros(1), np.ones(1), coding)
    synapse = Synapse(0, np.ones((1, 1), np.int8), delay=readout.pop("delay", None))
    parts = Integration(ints(0), **readout.pop("integration", {}))
    return Network((entry, TimedReadout("out", (1,), (synapse,), parts, 1.0, **readout)), phases, 0)


@pytest.mark.parametrize("engine", ["reference", "numpy"])
@pytest.mark.parametrize(
    ("coding", "expected"),
    [
        ("binary", [4, 0, 1, 0, 0, 0]),
        ("constant", [5] * 6),
        ("once", [5, 0, 0, 0, 0, 0]),
        ("latency", [0, 0, 0, 0, 1, 0]),
    ],
)
def test_what_inputs_send(coding, expected, engine):
    memoryless = {"integration": {"keep_v": ints(0)}}
    run = lone(coding, **memoryless).run([[5]], engine, record=True, over_steps=True)
    assert run.trains("in")[0, :, 0].tolist() == expected
    assert run.over_steps[0, :, 0].tolist() == expected
    late = lone(coding, delay=ints(2), **memoryless).run([[5]], engine, over_steps=True)
    assert late.over_steps[0, :, 0].tolist() == [0, 0, *expected[:4]]


def test_latency_behind_the_last_step_is_silence():
    network = lone("latency", phases=4)
    run = network.run([[0], [4], [5], [7]], record=True)
    assert run.scores[:, 0].tolist() == [0, 1, 0, 0]
    assert run.spikes == {"in": 1}
    assert network.code(0) == LatencyCode(4)
    assert network.code(0).by_step(run.recorded["in"][1]).tolist() == [3, 0, 0, 0, 1]


def test_events_are_payloads_of_every_step():
    network = lone("events", phases=3)
    x = np.array([[[1], [0], [7]], [[2], [2], [2]]], np.uint8)
    run = network.run(x, record=True)
    assert run.scores[:, 0].tolist() == [8, 6]
    assert (run.trains("in") == x).all()
    assert network.code(0) == StepCode((7, 7, 7))
    with pytest.raises(Exception, match=r"^x: shape \(2, 1\) does not match \[N, 3, 1\]"):
        network.run(x[:, 0])


@pytest.mark.parametrize("engine", ["reference", "numpy"])
@pytest.mark.parametrize(
    ("take", "expected"),
    [("last", [2, 0, 1]), ("sum", [2, 2, 3]), ("maximum", [2, 2, 2])],
)
def test_what_readouts_take(take, expected, engine):
    """Of v = 2, 0, 1: before the reset that the firing neuron has all the same."""
    fires = {"threshold": Threshold(ints(2)), "reset": Reset("subtract"), "firing": Firing()}
    network = lone("events", phases=3, take=take, **fires)
    run = network.run(np.array([[[2], [0], [1]]]), engine, over_steps=True)
    assert run.over_steps[0, :, 0].tolist() == expected
    assert run.scores[0, 0] == expected[-1]


def test_groups_of_outputs_are_added():
    entry = Input("in", (4,), 8, np.zeros(1), np.ones(1), "once")
    synapse = Synapse(0, np.eye(4, dtype=np.int8))
    out = TimedReadout("out", (4,), (synapse,), Integration(ints(0)), 1.0, group=2)
    run = Network((entry, out), 2, 0).run([[1, 2, 3, 4]], "numpy")
    assert run.scores.tolist() == [[3, 7]]
    assert run.predictions.tolist() == [1]


@pytest.mark.parametrize("engine", ["reference", "numpy", "numba"])
@pytest.mark.parametrize(
    ("signs", "threshold", "logic"),
    [
        ((1, 1), 2, lambda s, a: s & a),
        ((1, -1), 1, lambda s, a: s & ~a & 1),
        ((1, 1), 1, lambda s, a: s | a),
    ],
    ids=["AND", "IAND", "OR"],
)
def test_joins_of_spike_trains_are_neurons_without_memory(signs, threshold, logic, engine):
    """S + A > 1, S - A > 0 and S + A > 0 of two binary trains; IAND is S and not A."""
    x = np.random.default_rng(0).integers(0, 2, (3, 5, 2, 4, 4), np.uint8)
    entry = Input("in", (2, 4, 4), 1, np.zeros(1), np.ones(1), "events")
    places = [np.array(each, np.int8).reshape(1, 2, 1, 1) for each in ([1, 0], [0, 1])]
    synapses = [Synapse(0, sign * each) for sign, each in zip(signs, places, strict=True)]
    parts = Integration(ints(0), keep_v=ints(0))
    fires = (Threshold(ints(threshold)), Reset("zero"), Firing(), np.ones(1))
    join = Timed("join", (1, 4, 4), tuple(synapses), parts, *fires)
    out = TimedReadout("out", (1,), (Synapse(1, np.ones((1, 16), np.int8)),), parts, 1.0)
    run = Network((entry, join, out), 5, 0).run(x, engine, record=True)
    assert (run.trains("join")[:, :, 0] == logic(x[:, :, 0], x[:, :, 1])).all()
