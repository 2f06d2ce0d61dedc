"""Rules of networks that step."""

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
    TimedReadout,
)
from onespike_lava.limits import SUM_LIMIT
from onespike_lava.network import Network
from onespike_lava.rules.recurrence import largest_state, proof_rows
from tests.lone import ints, network, one, refused
from tests.networks import random_network, random_timed_network


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


def test_payloads_of_no_length_are_named_where_a_sum_adds_them():
    """Another layer's rules ask what they are."""
    whole = random_timed_network(0, 4)
    added = next(each.added[0] for each in whole.layers if each.added)
    layers = list(whole.layers)
    firing = replace(layers[added].firing, payload=ints(1, 1))
    layers[added] = replace(layers[added], firing=firing)
    with refused(r"payload: int32\[2\] is not int32\[1\] or int32\[4\]"):
        replace(whole, layers=tuple(layers))


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
