"""The 24-bit proof of timed neurons: never below what a neuron reaches, close to it."""

from dataclasses import replace

import numpy as np

from onespike_lava.layers import (
    Firing,
    Integration,
    Reset,
    Synapse,
    Threshold,
)
from onespike_lava.neurons import TimedNeuron, at_rest, charge, discharge
from onespike_lava.rules.recurrence import _fallen, largest_state
from tests.lone import ints, network, one, refused


def drawn(rng):
    """A neuron of any setting and its network."""
    phases = int(rng.integers(1, 12))
    bits = int(rng.choice([0, 2, 6]))
    unit = 400 << bits
    keep = lambda: ints(int(rng.choice([0, 1, 1000, 2048, 3072, 4095, 4096])))  # noqa: E731
    around = lambda low, high: ints(int(rng.integers(low, high)))  # noqa: E731
    table = lambda high: rng.integers(1, high, phases if rng.random() < 0.5 else 1).astype("i4")  # noqa: E731
    kind = str(rng.choice(["keep", "zero", "subtract"]))
    amount = kind == "subtract" and rng.random() < 0.7
    return phases, one(
        weights=tuple(rng.integers(-128, 128, 3).tolist()),
        integration=Integration(
            around(-unit, unit),
            keep(),
            keep(),
            bits,
            str(rng.choice(["floor", "ceil", "zero"])),
            around(-unit // 2, unit // 2) if rng.random() < 0.5 else None,
        ),
        threshold=Threshold(around(1, 2 * unit), table(4)),
        reset=Reset(
            kind,
            around(0, 3 * unit) if amount else None,
            table(3) if amount and rng.random() < 0.5 else None,
        ),
        firing=Firing(
            ints(1),
            int(rng.integers(0, phases + 1)),
            int(rng.choice([1, 2, 5, 255])),
            around(-unit, 1) if rng.random() < 0.3 else None,
        ),
    )


def reached(layer, phases, rng, samples=400):
    """Largest state over inputs of extremes and of random payloads."""
    weight = layer.synapses[0].weight[0].astype(np.int64)
    neuron = TimedNeuron.of(layer, phases)
    payloads = rng.integers(0, 8, (phases, samples, len(weight)))
    push = rng.choice([-1, 0, 1], (phases, samples), p=[0.4, 0.1, 0.5])
    run = rng.integers(0, phases + 1, samples)
    push[:, ::2] = np.where(np.arange(phases)[:, None] < run[::2], 1, -1)
    push[:, ::4] *= -1
    for sign in (-1, 1):
        payloads = np.where((push == sign)[..., None], 7 * (weight * sign > 0), payloads)
    state = at_rest(neuron, np.zeros((samples, 1), np.int64))
    largest = int(np.abs(state.potential).max())
    for step in range(1, phases + 1):
        state = charge(neuron, state, step, (payloads[step - 1] @ weight)[:, None])
        largest = max(largest, *(int(np.abs(each).max()) for each in state[:2]))
        _, state = discharge(neuron, state, step)
        largest = max(largest, int(np.abs(state.potential).max()))
    return largest


def test_no_state_exceeds_the_bound():
    """800 drawn neurons under inputs made to push them; the bound is met by many of them."""
    rng = np.random.default_rng(0)
    met = 0
    for _ in range(800):
        phases, layer = drawn(rng)
        whole = network(layer, phases, proven=False)
        found, bound = reached(layer, phases, rng), largest_state(whole, layer)
        assert found <= bound, layer
        met += found > 0.9 * bound
    assert met > 300


def test_the_bound_of_counts_that_fall_by_less_than_the_threshold():
    """v = 19: one spike of threshold 10 takes 5 off and leaves 14, more than 20 - 2 * 5."""
    layer = one(
        (1,),
        integration=Integration(ints(0), keep_v=ints(4096)),
        threshold=Threshold(ints(10)),
        reset=Reset("subtract", ints(5)),
        firing=Firing(max_count=2),
    )
    whole = network(layer, phases=2, bits=8, coding="once")
    assert largest_state(whole, layer) == 255
    small = replace(layer, synapses=(Synapse(0, np.ones((1, 1), np.int8)),))
    held = network(small, phases=2, bits=5, coding="once")
    # 31 at first; after it 31 - 2 * 5 = 21; nothing more arrives
    assert largest_state(held, small) == 31
    rng = np.random.default_rng(1)
    for threshold, amount, most in rng.integers(1, 30, (300, 3)):
        for high in rng.integers(threshold, 120, 3):
            v = np.arange(threshold, high + 1)
            left = v - np.minimum(v // threshold, most) * amount
            ends = _fallen(*(np.array([each]) for each in (threshold, amount, high)), int(most))
            assert ends[0][0] <= left.min()
            assert ends[1][0] >= left.max()
            assert ends[0][0] >= left.min() - threshold
            assert ends[1][0] <= left.max() + threshold


def test_the_bound_ends_where_nothing_changes():
    """A leaky neuron settles; thousands of steps cost what a few do, and its bound stays."""
    layer = one(integration=Integration(ints(0), keep_v=ints(2048), rounding="zero"))
    short, long = (largest_state(network(layer, n), layer) for n in (40, 4096))
    assert short == long
    assert long < 2 * 60 * 7


def test_integrators_that_fire_stay_near_their_threshold():
    """Subtracting keeps them; without a reset they would pass 24 bits in 1,024 steps."""
    weights = (127,) * 40
    layer = one(weights, threshold=Threshold(ints(300_000)), reset=Reset("subtract"))
    assert largest_state(network(layer, 1024), layer) < 300_000 + 127 * 40 * 7 + 1
    with refused(r"layer 1 \(one\): potential: \d+ can reach the"):
        network(replace(layer, reset=Reset("keep")), 1024)
    # Two spikes at most: it is not cut once these are sent.
    with refused(r"layer 1 \(one\): potential: \d+ can reach the"):
        network(replace(layer, firing=Firing(max_spikes=2)), 1024)


def test_delays_and_recurrence_count():
    """What comes later, or from the layer itself, is in the bound."""
    plain = one((100,), firing=Firing(ints(5)))
    synapse = replace(plain.synapses[0], delay=ints(3))
    late = replace(plain, synapses=(synapse,))
    assert largest_state(network(plain, 4, coding="once"), plain) == 700
    assert largest_state(network(late, 4, coding="once"), late) == 700
    assert largest_state(network(late, 3, coding="once"), late) == 0
    back = Synapse(1, np.array([[50]], np.int8))
    loop = replace(plain, synapses=(*plain.synapses, back))
    assert largest_state(network(loop, 3, coding="once"), loop) == 700 + 2 * 250
