"""`onespike inspect` of networks that step: every field of their neurons."""

import json

import numpy as np
import pytest

from onespike_lava import Network
from onespike_lava.layers import (
    Firing,
    Input,
    Integration,
    Reset,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.netx import save
from tests.networks import random_network, random_timed_network, timed


def ints(*values):
    return np.array(values, np.int32)


def hand_made(coding, hidden, synapses, **readout):
    """Two neurons of given parts between an input and two groups of outputs."""
    entry = Input("in", (2,), 3, np.zeros(1), np.ones(1), coding)
    middle = Timed("hidden", (2,), synapses, *hidden, np.ones(2))
    last = (Synapse(1, np.ones((4, 2), np.int8)),)
    out = TimedReadout("out", (4,), last, Integration(ints(0, 0, 0, 0)), 1.0, **readout)
    return Network((entry, middle, out), 6, 0)


WEIGHT = np.ones((2, 2), np.int8)
PLAIN = (Integration(ints(0, 0), keep_v=ints(2048)), Threshold(ints(9, 9)), Reset("zero"), Firing())
ODD = (
    Integration(ints(-3, 4), ints(3072), ints(4096, 2815), 2, "zero", ints(0, 5)),
    Threshold(ints(90, 70), ints(1, 1, 2, 2, 3, 3)),
    Reset("subtract", ints(40, 50), ints(2)),
    Firing(ints(1, 2, 2, 2, 2, 2), 4, 7, ints(-8)),
)


@pytest.fixture
def shown(onespike, tmp_path):
    """Head, layers, neurons and provenance as lines."""

    def inspect(network):
        save(network, tmp_path / "a.net")
        code, out, _ = onespike("inspect", tmp_path / "a.net")
        assert code == 0
        return [part.splitlines() for part in out.split("\n\n")]

    return inspect


def test_what_is_usual_has_no_column(shown):
    head, layers, neurons, *_ = shown(hand_made("constant", PLAIN, (Synapse(0, WEIGHT),)))
    assert [line.rsplit("  ", 1)[-1].strip() for line in head] == [
        "6",
        "constant, 0..7",
        "2",
        "12",
        "proven",
    ]
    assert [line.split("  ")[0] for line in head] == [
        "steps",
        "input",
        "neurons",
        "weights",
        "states within 24 bits",
    ]
    assert layers[0].split() == ["name", "type", "shape", "source", "weights", "potential"]
    assert neurons == [
        "neuron  current decay  voltage decay  threshold  reset  score",
        "hidden              1            1/2          9   zero",
        "out                 1              0                     last",
    ]


def test_every_field_has_a_column_where_it_is_set(shown):
    synapses = (Synapse(0, WEIGHT, delay=ints(0, 3)), Synapse(1, WEIGHT))
    ends = {"take": "sum", "group": 2, "threshold": Threshold(ints(50)), "firing": Firing()}
    network = hand_made("events", ODD, synapses, reset=Reset("zero"), **ends)
    rows = [line.split("  ") for line in shown(network)[2]]
    head, hidden, out = ([cell.strip() for cell in row if cell.strip()] for row in rows)
    assert dict(zip(head, hidden, strict=False)) == {
        "neuron": "hidden",
        "current decay": "1/4",
        "voltage decay": "0..1281/4096",
        "fraction bits": "2",
        "rounding": "zero",
        "bias": "-3..4",
        "drive": "0..5",
        "threshold": "70..270",
        "reset": "subtract 80..100",
        "spikes a sample": "4",
        "spikes a step": "7",
        "payload": "1..2",
        "floor": "-8",
        "delay": "0..3",
        "recurrent": "yes",
    }
    assert head[-1] == "score"
    assert out[-1] == "sum, 2 added"
    assert "50" in out


def test_figures_of_drawn_networks_are_those_of_their_parts(onespike, tmp_path):
    """Every field of every neuron, read back from JSON."""
    for seed in range(8):
        network = random_timed_network(seed)
        save(network, tmp_path / "a.net")
        found = json.loads(onespike("inspect", tmp_path / "a.net", "--json")[1])
        assert (found["phases"], found["proven"]) == (network.phases, True)
        assert found["coding"] == network.input.coding
        for at, (row, layer) in enumerate(zip(found["layers"], network.layers, strict=True)):
            if not layer.synapses:
                continue
            parts, firing = layer.integration, layer.firing
            delays = [0 if each.delay is None else each.delay for each in layer.synapses]
            spans = {
                "keep_u": parts.keep_u,
                "keep_v": parts.keep_v,
                "current_decay": (4096 - parts.keep_u) / 4096,
                "voltage_decay": (4096 - parts.keep_v) / 4096,
                "bias": parts.bias,
                "drive": 0 if parts.drive is None else parts.drive,
                "delay": np.concatenate([np.ravel(each) for each in delays]),
            }
            assert (row["fraction_bits"], row["rounding"]) == (parts.fraction_bits, parts.rounding)
            assert row["recurrent"] == (at in layer.sources)
            if layer.threshold is not None:
                factors = layer.threshold.table
                if layer.reset.kind == "subtract":
                    own = layer.reset
                    base = layer.threshold.base if own.base is None else own.base
                    spans["reset_amount"] = np.outer(
                        base, factors if own.table is None else own.table
                    )
                spans["threshold"] = np.outer(layer.threshold.base, factors)
                assert (row["reset"], row["max_count"]) == (layer.reset.kind, firing.max_count)
                assert row["max_spikes"] == (firing.max_spikes or network.phases)
                assert row["payload"] == sorted(set(firing.payload.tolist()))
                assert (row["floor"] is None) == (firing.floor is None)
            if firing.floor is not None and layer.threshold is not None:
                spans["floor"] = firing.floor
            for name, values in spans.items():
                ends = [np.min(values), np.max(values)]
                assert row[name] == (ends[0] if ends[0] == ends[1] else ends), name
        assert (found["layers"][-1]["take"], found["layers"][-1]["group"]) == (
            network.readout.take,
            network.readout.group,
        )


def test_growth_and_what_is_not_proven_are_shown(shown):
    grown = shown(timed(random_network(3, "membrane", phases=8)))[2]
    assert "growth" in grown[0]
    entry = Input("in", (1,), 8, np.zeros(1), np.ones(1), "constant")
    synapse = Synapse(0, np.full((1, 1), 127, np.int8))
    out = TimedReadout("out", (1,), (synapse,), Integration(ints(0), fraction_bits=6), 1.0)
    with pytest.warns(UserWarning, match="a state can reach"):
        head = shown(Network((entry, out), 20, 0, proven=False))[0]
    assert head[-1] == "states within 24 bits  not proven, checked by every run"
