"""Networks that step, of Lava's own processes, against engine `numpy`: every score and spike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc needs Python 3.10")

from onespike_lava.cli import main
from onespike_lava.data.encoding import Samples
from onespike_lava.engines import numpy as yardstick
from onespike_lava.engines import reference
from onespike_lava.engines.numba import engine as numba
from onespike_lava.layers import (
    Firing,
    Input,
    Integration,
    MaxPool,
    Reset,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
    Window,
)
from onespike_lava.loihi import stepping
from onespike_lava.loihi.price import price
from onespike_lava.network import Network
from onespike_lava.netx import save
from onespike_lava.processes import engine as lava
from onespike_lava.processes import stock
from tests.networks import random_samples
from tests.stock import StockMaker, drawn, whole

pytestmark = pytest.mark.lava


def integers(network, count, seed=0):
    return Samples(network.input, random_samples(network, count, seed), network.phases)[:]


def alike(network, data, **options):
    expected = yardstick.run(network, data, 0, True)
    found = stock.run(network, data, record=True, **options)
    np.testing.assert_array_equal(found.scores, expected.scores)
    for layer, one, two in zip(network.layers[:-1], found.codes, expected.codes, strict=True):
        np.testing.assert_array_equal(one, two, layer.name)
    assert list(found.spikes) == list(expected.spikes)
    return expected


@pytest.mark.parametrize("kind", ["hard", "soft", "plain"])
@pytest.mark.parametrize("seed", [0, 1, *(pytest.param(n, marks=pytest.mark.long) for n in (2, 3))])
def test_drawn_networks(seed, kind):
    """Leaks and thresholds of each channel, drives, biases, sums, pools, groups of outputs."""
    network = drawn(seed, kind)
    expected = alike(network, integers(network, 3, seed), shared=seed % 2 == 0)
    assert sum(expected.spikes[1:]) > 50


GRADED, LATE = {"graded": True}, {"late": True}


@pytest.mark.long
@pytest.mark.parametrize(
    ("seed", "more"), [(0, GRADED), (1, LATE), *((n, GRADED | LATE) for n in (2, 3))]
)
@pytest.mark.parametrize("kind", ["hard", "soft", "plain"])
def test_drawn_networks_of_payloads_recurrence_and_delays(seed, kind, more):
    """Drives, which go on between samples, and biases; one sample is not felt by the next."""
    network = drawn(seed + 10, kind, **more)
    data = integers(network, 3, seed)
    expected = alike(network, data)
    assert sum(expected.spikes[1:]) > 50
    if more.get("late"):
        assert stepping.late_senders(network) or more.get("graded")
        alone = stock.run(network, data[2:])
        np.testing.assert_array_equal(alone.scores[0], expected.scores[2])


@pytest.mark.long
@pytest.mark.parametrize("kind", ["hard", "soft", "plain"])
def test_all_engines_and_models(kind):
    """One spike train of each neuron in loops, arrays, kernels, Processes and stock Processes."""
    network = drawn(20, kind, 5, "events", late=True, graded=True)
    data = integers(network, 2)
    runs = [engine.run(network, data, 0, True) for engine in (reference, numba)]
    runs += [lava.run_model(network, data, 0, True, model) for model in lava.MODELS]
    expected = alike(network, data)
    for found in runs:
        np.testing.assert_array_equal(found.scores, expected.scores)
        for one, two in zip(found.codes, expected.codes, strict=True):
            np.testing.assert_array_equal(one, two)


def restless(depth, bias, delay, subtracts, phases=4, drive=(30, 5)):
    """A layer of a drive above its threshold, whose neurons excite each other, behind others."""
    entry = Input("x", (2,), 3, np.zeros(1), np.ones(1), "constant")
    layers, one = [entry], np.eye(2, dtype=np.int8)
    ends = (Reset("zero"), Firing(), np.ones(2))
    for at in range(depth):
        given = (Integration(whole(0), keep_v=whole(0)), Threshold(whole(1, 1)))
        layers.append(Timed(f"before{at}", (2,), (Synapse(at, one),), *given, *ends))
    loop = Synapse(depth + 1, np.full((2, 2), 50, np.int8), delay=delay)
    integration = Integration(whole(bias, bias), drive=whole(*drive))
    ends = (Reset("subtract" if subtracts else "zero"), *ends[1:])
    given = (integration, Threshold(whole(20, 60)), *ends)
    layers.append(Timed("a", (2,), (Synapse(depth, one), loop), *given))
    out = Synapse(depth + 1, np.array([[3, 1], [-2, 5]], np.int8))
    layers.append(TimedReadout("out", (2,), (out,), Integration(whole(1)), 1.0, take="sum"))
    return Network(tuple(layers), phases, 0)


@pytest.mark.parametrize("subtracts", [False, True])
@pytest.mark.parametrize("delay", [None, whole(1), np.array([0, 62], np.int32)])
@pytest.mark.parametrize("bias", [0, 40])
def test_neurons_that_would_never_rest(bias, delay, subtracts):
    """They are held down between samples, and before the first, when no sample has begun."""
    network = restless(0, bias, delay, subtracts)
    assert stepping.late_senders(network) == {1}
    expected = alike(network, np.array([[7, 7], [0, 0], [1, 5]], np.uint8))
    assert expected.spikes[1] >= 12


def test_pools_are_held_down_too():
    """Neurons that fire in every step, between samples too, under a pool of delayed axons."""
    entry = Input("x", (1, 2, 2), 3, np.zeros(1), np.ones(1), "constant")
    ends = (Threshold(whole(3)), Reset("zero"), Firing(), np.ones(1))
    one = Synapse(0, np.ones((1, 1, 1, 1), np.int8))
    busy = Timed("busy", (1, 2, 2), (one,), Integration(whole(0), drive=whole(9)), *ends)
    pool = MaxPool("pool", (1, 1, 1), 1, (2, 2), Window((2, 2)))
    late = Synapse(2, np.array([[5]], np.int8), delay=whole(2))
    adds = Timed("adds", (1,), (late,), Integration(whole(0)), *ends)
    read = Synapse(3, np.array([[1]], np.int8))
    out = TimedReadout("out", (1,), (read,), Integration(whole(0)), 1.0)
    network = Network((entry, busy, pool, adds, out), 3, 0)
    assert stepping.late_senders(network) == {2}
    expected = alike(network, np.zeros((3, 1, 2, 2), np.uint8))
    assert expected.codes[3].reshape(3, 3).tolist() == [[0, 0, 1]] * 3


def test_drives_that_run_long_before_the_first_sample():
    """Behind many layers, where the first sample comes late, the clock holds them down before."""
    network = restless(20, 0, None, True, 2, (60, 0))
    held = stepping.hold(network, 21)
    assert held < 20 * 40  # what a drive of 60 has left of thresholds of 20 by then
    expected = alike(network, np.array([[0, 0], [7, 7]], np.uint8))
    assert expected.spikes[21] > 0


@pytest.mark.long
@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_sparse_synapses_and_pools_of_payloads(kind):
    """A matrix between places, its axons delayed, behind a pool whose windows pass payloads on."""
    make = StockMaker(np.random.default_rng(5), 6, kind, late=True)
    at = make.pool(make.conv(make.input((2, 6, 6), "constant"), 3))
    make.layers[1] = replace(make.layers[1], firing=Firing(whole(1, 3, 2, 1, 4, 2)))
    make.readout(make.recurrent(make.sparse(at), 6))
    network = make.network()
    assert network.layers[3].kind == "sparse"
    assert stepping.payloads(network, 2).tolist() == [1, 3, 2, 1, 4, 2]
    expected = alike(network, integers(network, 3))
    assert min(expected.spikes) > 5


@pytest.mark.parametrize("coding", ["events", "latency", "once"])
def test_input_codes(coding):
    network = drawn(1, "plain", coding=coding)
    alike(network, integers(network, 2))


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_only_processes_of_lava_and_the_price_that_is_told(kind):
    network = drawn(2, kind)
    data = integers(network, 2)
    made = stock.SteppingStockNetwork(network, data, shared=False)
    assert {type(each).__module__.split(".")[0] for each in made.processes} == {"lava"}
    told = price(network)
    names = ("LIF", "LIFReset", "ATRLIF", "ProdNeuron")
    found = [each for each in made.processes if type(each).__name__ in names]
    assert told.layers[-1].processes == len(found)
    assert told.layers[-1].neurons == sum(each.s_out.size for each in found)
    weights = [each.weights.init for each in made.processes if hasattr(each, "weights")]
    kept = sum(np.count_nonzero(getattr(each, "data", each)) for each in weights)
    assert kept <= told.layers[-1].synapses  # weights of 0 are left out
    assert told.steps_per_sample == network.phases
    assert (told.pauses > 0) == any(
        plan is not None and plan.initial is not None for plan in made.plans
    )


def test_command(tmp_path, capsys):
    """`evaluate --engine lava --stock` and `check --stock`."""
    network = drawn(3, "soft")
    x = random_samples(network, 3)
    labels = network.run(x, "numpy").predictions
    save(network, tmp_path / "soft.net")
    np.savez(tmp_path / "d.npz", x=x, y=labels)

    def onespike(*words, code=0):
        with pytest.raises(SystemExit) as end:
            main([words[0], str(tmp_path / "soft.net"), *words[1:]])
        assert end.value.code == code
        return capsys.readouterr()

    data = ("--data", str(tmp_path / "d.npz"))
    found = onespike("evaluate", *data, "--engine", "lava", "--stock").out
    assert "100.00 %" in found
    assert "stock" in found
    assert "pauses per sample" in onespike("check", "--stock").out
    refused = onespike("evaluate", *data, "--stock", code=2).err
    assert "--stock: needs --engine lava, found auto; add it or leave it out" in refused
