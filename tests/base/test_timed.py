"""Timed neurons: one-spike neurons as a setting, identities in exact arithmetic, engines alike."""

from fractions import Fraction

import numpy as np
import pytest

from onespike_lava.errors import OptionError, StateError, UnsupportedError
from onespike_lava.evaluation.comparison import first_difference
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.layers import (
    Firing,
    HeldCode,
    Input,
    Integration,
    LatencyCode,
    Reset,
    StepCode,
    Sum,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.network import Network
from onespike_lava.neurons import TimedNeuron, at_rest, charge, discharge, kept
from onespike_lava.rules import largest_potential
from tests.networks import random_network, random_samples, random_timed_network, timed


def ints(*values):
    return np.array(values, np.int32)


def neuron(phases, decay=None, count=1, spikes=0, floor=None, **parts):
    """A lone neuron's constants: parts as keywords of `Integration`, threshold, reset, payload."""
    threshold, reset = parts.pop("threshold"), parts.pop("reset", Reset())
    payload = parts.pop("payload", ints(1))
    integration = Integration(**{"bias": ints(0), **parts})
    synapse = Synapse(0, np.ones((1, 1), np.int8))
    firing = Firing(payload, spikes, count, floor)
    layer = Timed("one", (1,), (synapse,), integration, threshold, reset, firing, np.ones(1))
    return TimedNeuron.of(layer, phases, decay=decay)


def spikes(neuron, currents):
    """Payloads [T, N] for synaptic input [T, N]."""
    state, sent = at_rest(neuron, 0 * currents[0]), []
    for step, arriving in enumerate(currents, start=1):
        payload, state = discharge(neuron, charge(neuron, state, step, arriving), step)
        sent.append(payload)
    return np.stack(sent)


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


# Identities of the design, on the pure functions.


@pytest.mark.parametrize("kind", ["zero", "subtract"])
@pytest.mark.parametrize(("rounding", "strict"), [("floor", 0), ("ceil", 1)])
@pytest.mark.parametrize("shift", [1, 2])
def test_a_leak_by_a_power_of_two_is_exact(kind, rounding, strict, shift):
    """Sources that fire at `>=` round down, those that fire at `>` up: no fraction bits needed."""
    rng = np.random.default_rng(shift)
    phases, theta = 12, 5
    currents = rng.integers(-4, 7, (phases, 4000))
    keep = 4096 >> shift if shift == 1 else 4096 - (4096 >> shift) * 3
    limit = Threshold(ints(theta + strict))
    options = {"keep_v": ints(keep), "threshold": limit, "reset": Reset(kind, *reset_of(kind))}
    found = spikes(neuron(phases, rounding=rounding, **options), currents)
    exact = in_fractions(currents[:, :400], Fraction(keep, 4096), theta, kind, bool(strict))
    assert (found[:, :400] == exact).all()
    other = "ceil" if rounding == "floor" else "floor"
    wrong = spikes(neuron(phases, rounding=other, **options), currents)
    assert (wrong != found).mean() > 0.005  # ties are many on this grid


def reset_of(kind):
    return (ints(5),) if kind == "subtract" else ()


def in_fractions(currents, keep, theta, kind, strict):
    """Spikes of exact real arithmetic."""
    v = np.zeros(currents.shape[1], object) + Fraction(0)
    sent = []
    for arriving in currents:
        v = v * keep + arriving.astype(object)
        fires = (v > theta) if strict else (v >= theta)
        v = np.where(fires, Fraction(0) if kind == "zero" else v - theta, v)
        sent.append(fires)
    return np.stack(sent).astype(np.int64)


def test_a_leak_of_three_quarters_is_exact_with_fraction_bits():
    rng = np.random.default_rng(0)
    currents = rng.integers(-4, 7, (4, 500))
    limit = Threshold(ints(5 << 6))
    options = {"keep_v": ints(3072), "threshold": limit, "reset": Reset("zero")}
    found = spikes(neuron(4, fraction_bits=6, **options), currents)
    assert (found == in_fractions(currents, Fraction(3, 4), 5, "zero", False)).all()


def test_the_pure_functions_take_fractions():
    """`kept` instead of a rounding: the same steps in exact numbers."""
    rng = np.random.default_rng(1)
    currents = rng.integers(-4, 7, (8, 200))
    options = {"threshold": Threshold(ints(5)), "reset": Reset("zero"), "keep_v": ints(1000)}
    exact = neuron(8, decay=lambda x, keep: kept(x, keep.astype(object) * Fraction(1)), **options)
    found = spikes(exact, currents.astype(object) * Fraction(1))
    expected = in_fractions(currents, Fraction(1000, 4096), 5, "zero", False)
    assert (found == expected).all()


@pytest.mark.parametrize("half", [0, 1])
def test_spike_counts_of_integrators_are_quantised_drives(half):
    """clip(floor(T z / theta), 0, T); a bias of half a threshold rounds instead."""
    phases, theta = 8, 10
    z = np.arange(-30, 60)
    one = neuron(
        phases,
        bias=ints(half * theta // 2),
        threshold=Threshold(ints(theta)),
        reset=Reset("subtract"),
    )
    counts = spikes(one, np.broadcast_to(z, (phases, len(z)))).sum(axis=0)
    assert (counts == np.clip((phases * z + half * theta // 2) // theta, 0, phases)).all()


def test_counts_of_one_step_are_those_of_many():
    """With enough counts a step, all that fits is sent: floor of the sum so far."""
    rng = np.random.default_rng(0)
    currents = rng.integers(0, 25, (6, 300))
    limit = Threshold(ints(7))
    found = spikes(neuron(6, count=255, threshold=limit, reset=Reset("subtract")), currents)
    assert (found.cumsum(axis=0) == currents.cumsum(axis=0) // 7).all()


def test_a_halving_leak_is_a_table_of_payloads():
    """Leak 1/2, reset to zero = no leak, input and threshold times 2^(t - 1)."""
    rng = np.random.default_rng(2)
    phases = 8
    currents = rng.integers(-4, 7, (phases, 500))
    powers = 2 ** np.arange(phases)
    leaky = neuron(
        phases, keep_v=ints(2048), threshold=Threshold(ints(5)), reset=Reset("zero"),
        decay=lambda x, keep: kept(x, keep.astype(object) * Fraction(1)),
    )  # fmt: skip
    table = Threshold(ints(5), powers.astype(np.int32))
    grown = neuron(phases, threshold=table, reset=Reset("zero"))
    expected = spikes(leaky, currents.astype(object) * Fraction(1))
    assert (spikes(grown, currents * powers[:, None]) == expected).all()


def test_subtracting_at_the_next_step_is_subtracting_at_once():
    """Taken off one step later and undecayed, it is theta / beta taken off at once."""
    rng = np.random.default_rng(3)
    currents, theta, beta = rng.integers(-4, 7, (10, 400)), 6, Fraction(1, 2)
    v, fired, late = np.zeros(400, object) + Fraction(0), np.zeros(400, bool), []
    for arriving in currents:
        v = v * beta + arriving.astype(object) - theta * fired.astype(int)
        fired = v > theta
        late.append(fired)
    once = neuron(
        10,
        keep_v=ints(2048),
        rounding="ceil",
        threshold=Threshold(ints(theta + 1)),
        reset=Reset("subtract", ints(2 * theta)),
    )
    assert (spikes(once, currents) == np.stack(late)).all()


def test_one_step_merges_threshold_and_bias():
    currents = np.arange(-20, 20)[None]
    found = spikes(neuron(1, bias=ints(7), threshold=Threshold(ints(10))), currents)
    assert (found == spikes(neuron(1, threshold=Threshold(ints(3))), currents)).all()


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


def test_lava_refuses():
    network = random_timed_network(4)
    x = random_samples(network, 2)
    pytest.importorskip("lava")
    with pytest.raises(UnsupportedError, match=r"has no part for Timed; it knows Input, "):
        network.run(x, "lava")


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


def test_energy_counts_messages_and_a_constant_input_once():
    """Two values of four are not 0: eight synapses once; the spikes of each step at the next."""
    entry = Input("in", (4,), 2, np.zeros(1), np.ones(1), "constant")
    first = Synapse(0, np.ones((4, 4), np.int8))
    parts = (Integration(ints(0, 0, 0, 0)), Threshold(ints(4, 4, 4, 99)), Reset("zero"))
    hidden = Timed("hidden", (4,), (first,), *parts, Firing(ints(2)), np.ones(4))
    last = Synapse(1, np.ones((3, 4), np.int8))
    out = TimedReadout("out", (3,), (last,), Integration(ints(0, 0, 0)), 1.0)
    network = Network((entry, hidden, out), 6, 0)
    found = evaluate(network, [[1, 0, 1, 0]], [0]).energy
    assert [row.exact for row in found.layers] == [0, 8, 3 * 3 * 3]  # three fire in steps 2, 4, 6
    assert [row.macs for row in found.layers] == [0, 16, 12]
    assert found.layers[0].spikes_per_neuron == 3  # two values, each in six steps
