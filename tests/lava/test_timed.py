"""Networks that step in Lava: both models compute the integers of the other engines."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from onespike_lava.data.encoding import Samples
from onespike_lava.engines import numpy as yardstick
from onespike_lava.engines import reference
from onespike_lava.errors import LavaRunError, OneSpikeWarning, OptionError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import (
    CODINGS,
    Firing,
    Input,
    Integration,
    Readout,
    Reset,
    Spiking,
    Sum,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.network import Network
from onespike_lava.netx import save
from onespike_lava.processes import Encoder, OneSpikeNetwork
from onespike_lava.processes import engine as lava
from onespike_lava.processes.netx import hdf5
from onespike_lava.schedule import period, total_steps
from tests.lava.drive import collect, feed
from tests.networks import random_network, random_samples, random_timed_network

pytestmark = pytest.mark.lava


def whole(*values):
    return np.array(values, np.int32)


def integers(network, count, seed=0):
    """Input integers of random samples."""
    return Samples(network.input, random_samples(network, count, seed), network.phases)[:]


def alike(network, data, model="leaf", wait=0):
    """That Lava's run is the yardstick's, which is returned."""
    expected = yardstick.run(network, data, wait, True)
    found = lava.run_model(network, data, wait, True, model)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert list(found.spikes) == list(expected.spikes)
    for mine, theirs in zip(found.codes, expected.codes, strict=True):
        assert mine.dtype == theirs.dtype == np.uint8
        np.testing.assert_array_equal(mine, theirs)
    return expected


@pytest.mark.parametrize("seed", range(0, 100, 5))
def test_leaf_of_drawn_networks(seed):
    """Every field of the parts, recurrence, delays, sums, pools, readouts, input codes."""
    for each in range(seed, seed + 5):
        network = random_timed_network(each)
        alike(network, integers(network, 3, each))


@pytest.mark.parametrize("coding", CODINGS)
@pytest.mark.parametrize("seed", [0, 1])
def test_hierarchy_of_drawn_networks(seed, coding):
    network = random_timed_network(seed, 6, coding)
    expected = alike(network, integers(network, 3, seed), "hierarchy")
    assert min(expected.spikes[:3]) > 0


def timed(network):
    """The same network of timed neurons."""
    turned = {Spiking: Timed.of, Readout: TimedReadout.of}
    layers = tuple(turned.get(type(layer), lambda same: same)(layer) for layer in network.layers)
    return replace(network, layers=layers)


@pytest.mark.parametrize("weighting", ["graded", "membrane"])
@pytest.mark.parametrize("seed", range(3))
def test_one_spike_neurons_as_a_setting(seed, weighting):
    """With every kind of wait, in which a neuron still fires for the sample before."""
    network = random_network(seed, weighting, 6, several=weighting == "graded")
    data = integers(network, 3, seed)
    for wait in (0, 2, 6):
        expected = reference.run(network, data, wait, True)
        found = lava.run_model(timed(network), data, wait, True, "leaf")
        np.testing.assert_array_equal(found.scores, expected.scores)
        assert list(found.spikes) == list(expected.spikes)
    if seed == 0:
        alike(timed(network), data, "hierarchy", 4)


def chain(phases=5, delay=None, recurrent=False, coding="once", **readout):
    """An input, a layer of two that may recur, a readout over axons of a delay."""
    weight = np.array([[20, -3], [7, 30]], np.int8)
    synapses = [Synapse(0, weight)]
    if recurrent:
        synapses.append(Synapse(1, np.full((2, 2), 100, np.int8), delay=delay))
    parts = (Integration(whole(0), keep_v=whole(3000), fraction_bits=2), Threshold(whole(60)))
    layer = Timed("a", (2,), tuple(synapses), *parts, Reset("zero"), Firing(), np.ones(2))
    out = Synapse(1, np.array([[3, 1], [-2, 5]], np.int8), delay=None if recurrent else delay)
    last = TimedReadout("out", (2,), (out,), Integration(whole(1)), 1.0, **readout)
    entry = Input("x", (2,), 3, np.zeros(1), np.ones(1), coding)
    return Network((entry, layer, last), phases, 0)


@pytest.mark.parametrize("model", lava.MODELS)
@pytest.mark.parametrize("recurrent", [False, True])
@pytest.mark.parametrize("delay", [None, whole(2), whole(62), np.array([0, 3], np.int32)])
def test_what_comes_late_is_lost_between_samples(delay, recurrent, model):
    """Samples stand so many steps apart as axons hold spikes back; each is as it is alone."""
    network = chain(4, delay, recurrent, "constant")
    late = 0 if delay is None else int(delay.max())
    assert period(network) == 4 + late + recurrent
    data = np.array([[7, 7], [0, 0], [7, 5], [1, 7]], np.uint8)
    expected = alike(network, data, model)
    assert expected.spikes[1] > 4
    alone = lava.run_model(network, data[2:3], 0, True, model)
    np.testing.assert_array_equal(alone.scores[0], expected.scores[2])


@pytest.mark.parametrize("model", lava.MODELS)
def test_a_layer_added_twice_counts_twice(model):
    """By way of a sum, beside another layer one step later."""
    first = chain(6, coding="constant").layers
    parts = (Integration(whole(0)), Threshold(whole(25)), Reset("subtract"), Firing(whole(2), 0, 4))
    later = Timed("b", (2,), (Synapse(1, np.eye(2, dtype=np.int8) * 40),), *parts, np.ones(2))
    total = Sum("sum", (2,), (1, 2, 1, 2))
    last = replace(first[2], synapses=(replace(first[2].synapses[0], source=3),))
    network = Network((*first[:2], later, total, last), 6, 0)
    expected = alike(network, np.array([[7, 7], [3, 6]], np.uint8), model)
    assert expected.codes[3].max() > expected.codes[2].max() > 2


def test_network_run_takes_the_engine():
    network = random_timed_network(3, 5, "latency")
    x = random_samples(network, 4)
    found, expected = (network.run(x, engine, record=True) for engine in ("lava", "numpy"))
    assert first_difference(found, expected) is None
    np.testing.assert_array_equal(found.trains("timed1"), expected.trains("timed1"))
    np.testing.assert_array_equal(found.predictions, expected.predictions)
    with pytest.raises(OptionError, match=r"engine lava does not note them; take one of numba, "):
        network.run(x, "lava", over_steps=True)


def unproven(phases):
    """A network whose first layer leaves 24 bits for large inputs alone."""
    network = chain(phases, coding="constant")
    entry, layer, last = network.layers
    grown = replace(layer.integration, fraction_bits=8, keep_v=whole(4096), drive=whole(2**20))
    layer = replace(layer, integration=grown, threshold=Threshold(whole(2**23 - 1)))
    return replace(network, layers=(entry, layer, last), proven=False)


@pytest.mark.parametrize("model", lava.MODELS)
def test_states_that_no_proof_covers_are_checked(model):
    network = unproven(7)
    alike(network, np.zeros((2, 2), np.uint8), model)
    with pytest.warns(OneSpikeWarning, match="a state can reach"):
        network = unproven(8)
    text = r"StateError: (a|neurons): a state of 83\d+ in step 8 reaches the limit of 8388608"
    with pytest.raises(LavaRunError, match=text):
        lava.run_model(network, np.zeros((1, 2), np.uint8), 0, False, model)


def test_scores_beyond_the_ports_of_lava():
    """The leaf notes them where the host reads; Lava's ports have 32 bits."""
    network = chain(1024, coding="constant", take="sum")
    entry, layer, last = network.layers
    last = replace(last, integration=Integration(whole(2**22)))
    network = replace(network, layers=(entry, layer, last))
    data = np.zeros((1, 2), np.uint8)
    assert alike(network, data).scores[0, 0] == 2**32
    with pytest.raises(LavaRunError, match=r"scores: 4294967296 exceeds 2147483647, the 32 bits"):
        lava.run_model(network, data, 0, False, "hierarchy")


@pytest.mark.parametrize("leaf", [True, False])
def test_real_numbers_where_nothing_is_rounded(leaf):
    """Without decay the floating-point models send the integers' scores."""
    network = random_timed_network(2, 5, "constant")
    layers = list(network.layers)
    for at, layer in enumerate(layers):
        if isinstance(layer, Timed | TimedReadout):
            plain = {"keep_u": whole(0), "keep_v": whole(4096)}
            layers[at] = replace(layer, integration=replace(layer.integration, **plain))
    network = replace(network, layers=tuple(layers))
    data = integers(network, 3)
    expected = yardstick.run(network, data, 0, True)
    assert expected.spikes[-1] > 0
    process = OneSpikeNetwork(network=network, samples=3, record=True)
    Encoder.of(network, data, integers=True).s_out.connect(process.inp)
    steps, first = total_steps(network, 0, 3), total_steps(network, 0, 1)
    sent = collect(process.out, steps, "floating_pt", select_sub_proc_model=not leaf)
    scores = np.moveaxis(sent[..., first - 1 :: period(network)], -1, 0)
    np.testing.assert_array_equal(scores.reshape(3, -1), expected.scores)


@pytest.mark.parametrize("coding", ["constant", "events"])
def test_a_file_as_a_process(coding, tmp_path):
    """lava-dl's interface reads files of networks that step; samples stand a period apart."""
    network = random_timed_network(1, 4, coding)
    save(network, tmp_path / "timed.net")
    data, offset = integers(network, 2), 3
    net = hdf5.Network(tmp_path / "timed.net", reset_offset=offset, integers=True)
    ends = net.samples_at(2)
    assert np.diff(ends).tolist() == [period(network)]
    assert len(str(net).splitlines()) > len(network.layers)
    stream = np.zeros((*net.inp.shape, int(ends[-1])), int)
    for sample, values in enumerate(data):
        start = offset + sample * period(network)
        if coding == "constant":
            stream[..., start] = values
        else:
            stream[..., start : start + 4] = np.moveaxis(values, 0, -1)
    feed(net.inp, stream)
    found = collect(net.out, int(ends[-1]))
    expected = yardstick.run(network, data, 0, False).scores
    np.testing.assert_array_equal(found[:, ends - 1].T, expected)


@pytest.mark.parametrize("wait", [1, 4])
def test_waits_that_such_neurons_cannot_have(wait, tmp_path):
    network = random_timed_network(1, 4, "constant")
    save(network, tmp_path / "timed.net")
    with pytest.raises(OptionError, match=rf"^wait: {wait} is above 0, the only one of a network"):
        OneSpikeNetwork(network=network, wait=wait)
    with pytest.raises(OptionError, match=rf"^wait: {wait} is above 0, the only one of a network"):
        hdf5.Network(tmp_path / "timed.net", wait=wait)
