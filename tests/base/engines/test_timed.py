"""Timed neurons on the engines: one-spike neurons as a setting, engines alike."""

import numpy as np
import pytest

from onespike_lava.errors import OptionError, StateError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.layers import (
    CODINGS,
    HeldCode,
    Input,
    Integration,
    Reset,
    Sum,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.network import Network
from onespike_lava.rules import largest_potential
from tests.lone import ints, neuron, spikes
from tests.networks import random_network, random_samples, random_timed_network, timed


@pytest.mark.parametrize("kind", ["graded", "membrane", "several"])
@pytest.mark.parametrize("seed", range(6))
def test_one_spike_neurons_are_a_setting(seed, kind):
    """Every wait; the reference and numpy."""
    weighting = "membrane" if kind == "membrane" else "graded"
    network = random_network(seed, weighting, several=kind == "several")
    x, same = random_samples(network, 5, seed), timed(network)
    for wait in {0, network.phases // 3, network.phases}:
        expected = network.run(x, "reference", wait, record=True)
        for engine in ("reference", "numpy", "auto"):
            found = same.run(x, engine, wait, record=True)
            assert (found.scores == expected.scores).all()
            for layer in network.layers[:-1]:
                assert (found.trains(layer.name) == expected.trains(layer.name)).all()


@pytest.mark.parametrize("seed", range(40))
def test_numpy_equals_reference(seed):
    """In spikes, potentials, currents and the scores of every step; never above the bound."""
    network = random_timed_network(seed)
    x = random_samples(network, 3, seed)
    options = {"record": True, "over_steps": True, "traces": True}
    expected = network.run(x, "reference", **options)
    found = network.run(x, "numpy", **options)
    assert first_difference(found, expected) is None
    assert found.spikes == expected.spikes
    assert (found.over_steps == expected.over_steps).all()
    assert (found.over_steps[:, -1] == found.scores).all()
    for layer in network.layers:
        if layer.synapses:
            traces = [run.potentials[layer.name] for run in (found, expected)]
            traces += [run.currents[layer.name] for run in (found, expected)]
            assert (traces[0] == traces[1]).all()
            assert (traces[2] == traces[3]).all()
            largest = max(int(np.abs(each.astype(np.int64)).max()) for each in traces)
            assert largest <= largest_potential(network, layer)


def test_the_draws_reach_every_setting():
    """Resets, counts, floors, filters, recurrence, delays, readouts, input codes; and they fire."""
    seen, fired = set(), 0
    for seed in range(40):
        network = random_timed_network(seed)
        seen.add(network.input.coding)
        for at, layer in enumerate(network.layers[1:], start=1):
            seen.add(type(layer))
            seen |= {"recurrent"} if at in layer.sources else set()
            seen |= {"delay" for each in layer.synapses if each.delay is not None}
            if isinstance(layer, Timed | TimedReadout):
                seen |= {layer.reset.kind, layer.integration.rounding}
                seen |= {"floor"} if layer.firing.floor is not None else set()
                seen |= {"count"} if layer.firing.max_count > 1 else set()
            if isinstance(layer, TimedReadout):
                seen |= {layer.take, "fires" if layer.threshold else "silent"}
        run = network.run(random_samples(network, 2, seed), "numpy")
        fired += sum(count > 0 for count in run.spikes.values())
    wanted = "binary constant once latency events recurrent delay keep zero subtract level floor"
    wanted += " ceil count last sum maximum fires silent"
    assert seen >= {*wanted.split(), Sum, Timed, TimedReadout}
    assert fired > 100


def test_result_does_not_depend_on_blocks(monkeypatch):
    from onespike_lava.engines import numpy as vectorised
    from onespike_lava.engines.timed import arrays

    network = random_timed_network(5)
    x = random_samples(network, 5)
    whole = network.run(x, "numpy", record=True, over_steps=True, traces=True)
    monkeypatch.setattr(vectorised, "BLOCK_BYTES", 1)
    monkeypatch.setattr(arrays, "CHUNK_BYTES", 1)
    parts = network.run(x, "numpy", record=True, over_steps=True, traces=True)
    assert first_difference(whole, parts) is None
    assert (whole.over_steps == parts.over_steps).all()
    assert all((whole.potentials[name] == each).all() for name, each in parts.potentials.items())


@pytest.mark.parametrize("engine", ["reference", "numpy", "numba"])
def test_no_samples_have_no_scores_over_steps(engine):
    network = random_timed_network(5)
    found = network.run(random_samples(network, 5)[:0], engine, over_steps=True)
    outputs = found.scores.shape[1]
    assert found.over_steps is None or found.over_steps.shape == (0, network.phases, outputs)


# Identities of the design, on the pure functions.


def test_filters_floors_and_limits():
    """By hand: u halves, v keeps all, a floor of -3, two spikes at most."""
    one = neuron(
        6,
        keep_u=ints(2048),
        threshold=Threshold(ints(8)),
        reset=Reset("zero"),
        spikes=2,
        floor=ints(-3),
        payload=ints(1, 2, 3, 4, 5, 6),
    )
    currents = np.array([[8], [0], [0], [-20], [30], [30]])
    # u: 8 4 2 -19 20 40; v before: 8 4 6 -13 17 40
    assert spikes(one, currents)[:, 0].tolist() == [1, 0, 0, 0, 5, 0]


# Input codes, readouts, runs.


def test_runs_that_step_have_trains_instead_of_codes():
    network = random_timed_network(3)
    run = network.run(random_samples(network, 2), record=True)
    assert not run.codes
    name = network.layers[1].name
    assert run.trains(name).shape == (2, network.phases, *network.layers[1].shape)
    assert run.trains(name).dtype == np.uint8
    with pytest.raises(OptionError, match=rf"^codes of {name}: networks that step have none; take"):
        run.codes[name]
    with pytest.raises(OptionError, match=r"^trains of x: not recorded; recorded are input, "):
        run.trains("x")
    silent = network.run(random_samples(network, 2))
    with pytest.raises(OptionError, match=r"recorded are none; run with record=True$"):
        silent.trains(name)


@pytest.mark.parametrize("coding", CODINGS)
def test_rates_are_shares_of_neurons_in_each_step(coding):
    network = random_timed_network(3, phases=7, sent=coding)
    run = network.run(random_samples(network, 3), record=True)
    for layer in network.layers[:-1]:
        spikes = (run.trains(layer.name) > 0).swapaxes(0, 1).reshape(7, -1)
        assert run.rates(layer.name).tolist() == spikes.mean(axis=1).tolist()
    with pytest.raises(OptionError, match=r"^rates of x: not recorded; recorded are input, "):
        run.rates("x")


def test_options_that_networks_do_not_have():
    network = random_timed_network(3)
    x = random_samples(network, 1)
    with pytest.raises(OptionError, match=r"^wait: 1 is above 0, the only one of a network whose"):
        network.run(x, wait=1)
    with pytest.raises(OptionError, match=r"^over_steps, traces: engine lava does not note them"):
        network.run(x, "lava", over_steps=True)
    one_spike = random_network(3)
    with pytest.raises(OptionError, match=r"^over_steps, traces: networks that step have scores"):
        one_spike.run(random_samples(one_spike, 1), traces=True)


def test_codes_of_steps_agree_with_their_trains():
    """Payloads, counts, totals and sums of every code that steps."""
    for seed in range(12):
        network = random_timed_network(seed)
        run = network.run(random_samples(network, 3, seed), record=True)
        for name, (code, codes) in run.recorded.items():
            train = run.trains(name).astype(np.int64)
            assert codes.shape[1:] == code.shape(next(
                layer.shape for layer in network.layers if layer.name == name
            ))  # fmt: skip
            assert (code.counts(codes) == (train != 0).sum(axis=1)).all()
            assert code.total(codes) == (train != 0).sum() == run.spikes[name]
            assert (code.sent(codes, 0, network.phases) == train.sum(axis=1)).all()
            assert (code.sent(codes, 1, 3) == train[:, 1:3].sum(axis=1)).all()
            by_step = code.by_step(codes)
            steps = [(train[:, k] != 0).sum() for k in range(code.steps)]
            assert by_step.tolist() == [(code.counts(codes) == 0).sum(), *steps]
            assert train.sum(axis=1).max() <= code.most
            assert (train.max(axis=(0, *range(2, train.ndim)))[: code.steps] <= code.payloads).all()
            around = code.train(codes, -2, network.phases + 1)
            assert (around[:, 2:-1] == train).all()
            assert not around[:, :2].any()
            assert not around[:, -1].any()
    assert HeldCode(3, 2).most == 14


def test_a_network_without_proof_is_checked_as_it_runs():
    """Its integers were given: a warning names the layer, a run that leaves 24 bits stops."""
    entry = Input("in", (1,), 8, np.zeros(1), np.ones(1), "constant")
    synapse = Synapse(0, np.full((1, 1), 127, np.int8))
    parts = Integration(ints(0), fraction_bits=6)
    out = TimedReadout("out", (1,), (synapse,), parts, 1.0)
    with pytest.raises(Exception, match=r"layer 1 \(out\): potential: .* within 20 steps; use few"):
        Network((entry, out), 20, 0)
    with pytest.warns(UserWarning, match=r"layer 1 \(out\): a state can reach \d+, the limit is"):
        network = Network((entry, out), 20, 0, proven=False)
    for engine in ("reference", "numpy"):
        assert network.run([[1]], engine).scores.tolist() == [[127 * 64 * 20]]
        with pytest.raises(StateError, match=r"^out: a state of \d+ in step 5 reaches the limit"):
            network.run([[255]], engine)
