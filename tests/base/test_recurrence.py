"""The 24-bit proof of timed neurons: never below what a neuron reaches, close to it; its rules."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.errors import InvalidNetworkError
from onespike_lava.layers import (
    Firing,
    Growth,
    Input,
    Integration,
    MaxPool,
    Readout,
    Reset,
    Sum,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.limits import SUM_LIMIT
from onespike_lava.network import Network
from onespike_lava.neurons import TimedNeuron, at_rest, charge, discharge
from onespike_lava.rules.recurrence import _fallen, largest_state, proof_rows
from tests.networks import random_network, random_timed_network


def ints(*values):
    return np.array(values, np.int32)


def one(weights=(60, -40), **parts):
    """A layer of one neuron that reads as many inputs as there are weights."""
    synapse = Synapse(0, np.array([weights], np.int8))
    defaults = {
        "integration": Integration(ints(0)),
        "threshold": Threshold(ints(100)),
        "reset": Reset(),
        "firing": Firing(),
        "scale": np.ones(1),
        "synapses": (synapse,),
    }
    return Timed("one", (1,), **{**defaults, **parts})


def refused(message):
    return pytest.raises(InvalidNetworkError, match=message)


def network(layer, phases=6, bits=3, coding="events", **fields):
    inputs = layer.synapses[0].weight.shape[1] if layer.synapses else 2
    entry = Input("in", (inputs,), bits, np.zeros(1), np.ones(1), coding)
    synapse = Synapse(1, np.ones((1, 1), np.int8))
    end = TimedReadout("out", (1,), (synapse,), Integration(ints(0)), 1.0)
    return Network((entry, layer, end), phases, fields.pop("wait", 0), **fields)


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


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"integration": Integration(ints(0, 0))}, "bias: int32[2] is not int32[1]"),
        (
            {"integration": Integration(ints(0), ints(4097))},
            "keep_u: 4097..4097 is outside 0.",
        ),
        ({"integration": Integration(ints(0), keep_v=ints(1, 2))}, "keep_v: int32[2] is not int32"),
        (
            {"integration": Integration(ints(0), fraction_bits=9)},
            "fraction_bits: 9 is outside",
        ),
        (
            {"integration": Integration(ints(0), rounding="up")},
            "rounding: 'up' is not one of",
        ),
        (
            {"integration": Integration(ints(0), drive=ints(1, 2))},
            "drive: int32[2] is not int",
        ),
        (
            {"integration": Integration(ints(0), growth=Growth(5000, 12, 0, 6))},
            "growth: must be absent in this weighting",
        ),
        ({"threshold": None}, "threshold: absent; give one"),
        ({"threshold": Threshold(ints(0))}, "threshold: not positive, a resting neuron would fire"),
        (
            {"threshold": Threshold(ints(9), ints(1, 1))},
            "threshold table: int32[2] is not int3",
        ),
        (
            {"threshold": Threshold(ints(2**22), ints(2))},
            "threshold: 8388608 exceeds the stat",
        ),
        ({"reset": Reset("down")}, "reset: 'down' is not one of keep, zero, subtract, level"),
        (
            {"reset": Reset("zero", ints(5))},
            "reset: zero takes no amount; leave base and tabl",
        ),
        ({"reset": Reset("subtract", ints(-1))}, "reset: an amount below 0 would raise the poten"),
        ({"reset": Reset("level")}, "reset: level needs two spikes or more, one a step"),
        ({"firing": Firing(ints(0))}, "payload: 0..0 is outside 1..255 (0 is silence)"),
        ({"firing": Firing(ints(2), 0, 128)}, "payload: 2..256 is outside 1..255 (0 is silence)"),
        ({"firing": Firing(max_spikes=7)}, "max_spikes: 7 is outside 0..6 (steps); 0 stands"),
        ({"firing": Firing(max_count=256)}, "max_count: 256 is outside 1..255; use fewer"),
        ({"firing": Firing(floor=ints(100))}, "floor: 100 is not below the smallest threshold 100"),
        ({"scale": np.ones(2)}, "scale: float64[2] is not float64[1]"),
        (
            {"synapses": (Synapse(0, np.ones((1, 2), np.int8), delay=ints(63)),)},
            "delay: 63..63 is outside 0..62 steps; use less",
        ),
        (
            {"synapses": (Synapse(0, np.ones((1, 2), np.int8), delay=ints(1, 2, 3)),)},
            "delay: int32[3] is not int32[1] or int32[2]",
        ),
    ],
)
def test_a_broken_rule_is_named(change, message):
    with pytest.raises(InvalidNetworkError) as caught:
        network(replace(one(), **change))
    assert caught.value.violations[0].startswith(f"layer 1 (one): {message}"), caught.value


def test_what_only_networks_that_step_may_hold():
    """And what these may not."""
    old, new = random_network(1), random_timed_network(1)
    with refused(r"a Spiking in a network that steps; use Timed.of"):
        replace(new, layers=(*new.layers[:-1], replace(old.layers[1], name="old"), new.layers[-1]))
    end = Readout("end", (1,), (Synapse(1, np.ones((1, 1), np.int8)),), ints(0), 1.0)
    whole = network(one())
    with refused("a Timed needs a TimedReadout as the last layer"):
        replace(whole, layers=(*whole.layers[:-1], end))
    with refused("coding 'events' needs a network that steps; use"):
        replace(whole, layers=(*whole.layers[:-1], end))
    with refused("^proven: only networks that step may come without"):
        replace(old, proven=False)
    late = replace(old.layers[1], synapses=(replace(old.layers[1].synapses[0], delay=ints(1)),))
    with refused("delays need a network that steps; leave them out"):
        replace(old, layers=(old.layers[0], late, *old.layers[2:]))
    with refused("^phases: 4097 is outside 1..4096; export with"):
        network(one(), phases=4097)
    with refused("^wait: 1 is above 0, the only one of such neurons"):
        network(one(reset=Reset("zero")), wait=1)
    assert network(one(), wait=6).longest_wait == 6


def test_steps_times_neurons_are_bounded():
    shape = (1, 1024, 1024)
    entry = Input("in", shape, 1, np.zeros(1), np.ones(1), "once")
    synapse = Synapse(0, np.ones((1, 1, 1, 1), np.int8))
    end = TimedReadout("out", shape, (synapse,), Integration(ints(0)), 1.0)
    Network((entry, end), 512, 0)
    with refused(r"2097152 neurons in 513 steps exceed 1073741824"):
        Network((entry, end), 513, 0)


def test_neurons_that_share_their_constants_are_proven_once():
    """So that a proof takes seconds: as many rows as there are kinds, few enough for the steps."""
    shape = (2, 64, 64)
    entry = Input("in", shape, 1, np.zeros(1), np.ones(1), "constant")
    synapse = Synapse(0, np.ones((2, 1, 1, 1), np.int8), groups=2)
    same, drive = np.zeros(shape, np.int32), np.arange(2 * 64 * 64, dtype=np.int32).reshape(shape)
    parts = Integration(ints(0, 0), keep_v=ints(0))
    ends = [
        TimedReadout("out", shape, (synapse,), replace(parts, drive=each), 1.0)
        for each in (same, drive % 3, drive)
    ]
    wholes = [Network((entry, end), 64, 0) for end in ends]
    rows = [proof_rows(whole, end) for whole, end in zip(wholes, ends, strict=True)]
    assert rows == [1, 3, 2 * 64 * 64]
    assert largest_state(wholes[2], ends[2]) == 2 * 64 * 64
    with refused(r"neurons: 65536 of different constants in 1025 steps exceed 2097152, or "):
        varied(256)
    varied(16)


def varied(side):
    """Each neuron has a drive of its own, through 1025 steps."""
    shape = (1, side, side)
    entry = Input("in", shape, 1, np.zeros(1), np.ones(1), "constant")
    synapse = Synapse(0, np.ones((1, 1, 1, 1), np.int8))
    drive = np.arange(side * side, dtype=np.int32).reshape(shape)
    parts = Integration(ints(0), keep_v=ints(0), drive=drive)
    return Network((entry, TimedReadout("out", shape, (synapse,), parts, 1.0)), 1025, 0)


def test_sums_and_pools_of_steps():
    """A sum may send 255 at most, and adds layers of its own shape."""
    whole, shape = network(one(firing=Firing(ints(100)))), (1,)
    end = replace(whole.layers[-1], synapses=(replace(whole.layers[-1].synapses[0], source=2),))
    for sources, message in (
        ((1, 1, 1), r"its sources send up to 300 in a step, the largest payload is 255; add fewer"),
        ((0, 1), r"adds in of shape \(2,\) to shape \(1,\); use one shape"),
    ):
        layers = (*whole.layers[:2], Sum("sum", shape, sources), end)
        with refused(message):
            replace(whole, layers=layers)
    replace(whole, layers=(*whole.layers[:2], Sum("sum", shape, (1, 1)), end))
    chain = [*whole.layers[:2], *(Sum(f"s{k}", shape, (k, k)) for k in range(1, 200))]
    end = replace(end, synapses=(replace(end.synapses[0], source=200),))
    with refused(r"layer 3 \(s2\): its sources send up to 400"):
        replace(whole, layers=(*chain, end))


def test_a_pool_of_data_is_for_events():
    entry = Input("in", (1, 2, 2), 1, np.zeros(1), np.ones(1), "constant")
    pool = MaxPool("pool", (1, 1, 1), 0, (2, 2), replace(Synapse(0, np.ones((1, 1))).window))
    synapse = Synapse(1, np.ones((1, 1), np.int8))
    end = TimedReadout("out", (1,), (synapse,), Integration(ints(0)), 1.0)
    Network((replace(entry, coding="events"), pool, end), 2, 0)
    with refused("a max pool of the input is not supported; pool"):
        Network((entry, pool, end), 2, 0)


def test_one_step_stays_exact_even_without_proof():
    """Below 2^24, where float32 has every integer."""
    inputs = SUM_LIMIT // (127 * 255)
    weights = np.full((1, inputs), 127, np.int8)
    parts = Integration(ints(0), keep_v=ints(0))
    entry = Input("in", (inputs,), 8, np.zeros(1), np.ones(1), "once")
    end = TimedReadout("out", (1,), (Synapse(0, weights),), parts, 1.0)
    with pytest.warns(UserWarning, match="a state can reach"):
        Network((entry, end), 2, 0, proven=False)
    more = (replace(end.synapses[0], weight=np.full((1, inputs + 1), 127, np.int8)),)
    layers = (replace(entry, shape=(inputs + 1,)), replace(end, synapses=more))
    with refused(r"input of a step: \d+ can reach 16777216; scale"):
        Network(layers, 2, 0, proven=False)
