"""Processes of networks that step against plain arithmetic."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.source import RingBuffer as Source

from onespike_lava.errors import LavaRunError, OptionError
from onespike_lava.layers import Firing, Integration, Reset, Threshold, Window
from onespike_lava.layers import Timed as TimedLayer
from onespike_lava.neurons import TimedNeuron, at_rest, charge, discharge, kept
from onespike_lava.processes import Delay, Pool, Probe, Relay, Timed, TimedReadout
from onespike_lava.processes.runner.session import Session
from tests.lava.drive import collect, feed

pytestmark = [
    pytest.mark.lava,
    pytest.mark.filterwarnings("error::pytest.PytestUnraisableExceptionWarning"),
]


def whole(*values):
    return np.array(values, np.int32)


def drive(process, given, tag="fixed_pt"):
    """What a Process sends, [*shape, steps], for input of the same form."""
    feed(getattr(process, "s_in", None) or process.a_in, given)
    return collect(process.s_out, given.shape[-1], tag)


PARTS = {
    "integration": Integration(
        whole(7, -3, 0), whole(2000), whole(3500), 1, "zero", drive=whole(5, 9, 2)
    ),
    "threshold": Threshold(whole(40, 55, 60), whole(1, 2, 1, 1, 3)),
    "reset": Reset("subtract", whole(30, 60, 61)),
    "firing": Firing(whole(5, 4, 3, 2, 1), 3, 2, whole(-50)),
}


def alone(given, parts, decay=None):
    """What a neuron sends for input [N, T], step by step, from rest."""
    layer = TimedLayer("n", (len(given),), (), *parts.values(), np.ones(1))
    neuron = TimedNeuron.of(layer, given.shape[1], decay=decay)
    state, sent = at_rest(neuron, 0 * given[:, 0]), []
    for step in range(1, given.shape[1] + 1):
        payload, state = discharge(neuron, charge(neuron, state, step, given[:, step - 1]), step)
        sent.append(payload)
    return np.stack(sent, axis=1)


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
def test_process_of_timed_neurons(tag):
    """Samples seven steps apart: what comes between is lost. Real numbers as exact fractions."""
    rng, phases, start = np.random.default_rng(0), 5, 2
    given = rng.integers(-20, 60, (3, start + 3 * 7))
    process = Timed(shape=(3,), phases=phases, start=start, period=7, **PARTS)
    found = drive(process, given, tag)
    exact = np.vectorize(Fraction, otypes=[object]) if tag == "floating_pt" else np.asarray
    for sample in range(3):
        first = start + 7 * sample
        part = exact(given[:, first : first + phases])
        expected = alone(part, PARTS, kept if tag == "floating_pt" else None)
        np.testing.assert_array_equal(found[:, first : first + phases], expected)
        assert not found[:, first + phases : first + 7].any()
        assert expected.any()


def test_real_constants_need_real_numbers():
    parts = {**PARTS, "threshold": Threshold(np.full(3, 0.75))}
    given = np.full((3, 5), 1)
    with pytest.raises(LavaRunError, match="constants: real numbers do not fit a fixed-point"):
        drive(Timed(shape=(3,), phases=5, **parts), given)
    parts = {"integration": Integration(np.zeros(1)), "threshold": Threshold(np.full(1, 0.75))}
    process = Timed(shape=(2,), phases=3, reset=Reset("zero"), **parts)
    found = drive(process, np.array([[0.5, 0.25, 0.5], [0.5, 0.2, 0.0]]), "floating_pt")
    assert found.tolist() == [[0, 1, 0], [0, 0, 0]]


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
@pytest.mark.parametrize(
    ("take", "expected"), [("last", [7, 3]), ("sum", [26, 6]), ("maximum", [13, 3])]
)
def test_readout_of_groups(take, expected, tag):
    """Neighbours added; taken before the reset; the second sample from rest."""
    given = np.array([[3, 2, -6, 9, 3, 2, -6], [4, 3, 1, 9, 4, 3, 1], [0] * 7, [1] * 7])
    readout = TimedReadout(
        shape=(4,), phases=3, period=4, group=2, take=take, integration=Integration(whole(0))
    )
    # Potentials 3 5 -1 and 4 7 8; 0 and 1 2 3: each neuron has its own maximum.
    found = drive(readout, given, tag)
    assert found[:, 2].tolist() == found[:, 6].tolist() == expected
    assert not found[:, [0, 1, 3, 4, 5]].any()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"wait": 6}, r"^wait: 6 is outside 0..5, the neuron's phases"),
        ({"wait": 1}, r"^wait: 1 is above 0, the only one of neurons that leak, filter"),
        ({"period": 4}, r"^period: 4 is below 5, the steps of a sample; leave it out$"),
    ],
)
def test_neurons_refuse(change, message):
    with pytest.raises(OptionError, match=message):
        Timed(shape=(3,), phases=5, **PARTS, **change)


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
@pytest.mark.parametrize("least", [0, 1])
def test_delay_of_each_neuron(least, tag):
    """A neuron without delay passes in its own step."""
    given, late = np.arange(1, 22).reshape(3, 7), [least, 2, 4]
    found = drive(Delay(shape=(3,), steps=late), given, tag)
    for neuron, steps in enumerate(late):
        expected = [0] * steps + given[neuron, : 7 - steps].tolist()
        assert found[neuron].tolist() == expected


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
def test_relay_adds_what_is_connected(tag):
    relay = Relay(shape=(2,))
    Source(data=np.array([[1, 2, 3], [0, 5, 0]])).s_out.connect(relay.s_in)
    found = drive(relay, np.array([[10, 0, 20], [0, 30, 1]]), tag)
    assert found.tolist() == [[11, 2, 23], [0, 35, 1]]


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
def test_pool_of_the_largest_payload_of_each_step(tag):
    given = np.random.default_rng(0).integers(0, 3, (1, 2, 2, 8))
    window = {"kernel": (2, 2), "window": Window(), "phases": 4, "first": False}
    pool = Pool(input_shape=(1, 2, 2), shape=(1, 1, 1), **window)
    assert drive(pool, given, tag)[0, 0, 0].tolist() == given.max(axis=(0, 1, 2)).tolist()


def test_probe_of_payloads():
    """Two steps of each sample, samples four apart; a spike in the third step is only counted."""
    given = np.array([[9, 3, 1, 5, 0, 0, 6, 1, 2], [9, 0, 0, 0, 0, 0, 4, 1, 2]])
    source = Source(data=given)
    probe = Probe(shape=(2,), samples=2, phases=3, start=1, kept=2, period=4)
    source.s_out.connect(probe.s_in)
    with Session(probe, Loihi2SimCfg(select_tag="fixed_pt")) as session:
        session.run(9)
        assert session.get(probe.codes).tolist() == [[[3, 0], [1, 0]], [[0, 0], [6, 4]]]
        assert session.get(probe.spikes).tolist() == [9]
