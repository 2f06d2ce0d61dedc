"""Rules of Loihi 2: each limit holds itself, and not one more."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava import loihi
from onespike_lava.errors import OptionError
from onespike_lava.layers import Readout, Spiking, Synapse, Window
from onespike_lava.loihi import LOIHI2
from tests.base.loihi.networks import broken, lowered, maker, small
from tests.networks import changed


@pytest.mark.parametrize("weighting", ["graded", "membrane"])
def test_a_network_within_the_limits_passes(weighting):
    assert loihi.check(small(weighting)) == []


@pytest.mark.parametrize(
    ("limit", "rule", "position", "number"),
    [
        ("weight_bits", "weight_bits", 1, 8),
        ("state_bits", "state_bits", 1, None),
        ("threshold_bits", "threshold_bits", 1, None),
        ("payload_bits", "payload_bits", 1, 9),
        ("packed_bits", "message_bits", 0, 8),
        ("chip_neurons", "neurons", None, 4 * 36 + 4 * 9 + 3),
        ("core_neurons", "neurons", None, 4 * 36 + 4 * 9 + 3),
        ("chip_synapses", "synapses", None, 4 * 2 * 9 + 36 * 3),
        ("core_synapse_bytes", "synapses", None, 4 * 2 * 9 + 36 * 3),
    ],
)
def test_each_limit_holds_itself_and_not_one_less(limit, rule, position, number):
    network = small()
    layer = "network" if position is None else network.layers[position].name
    (found,) = (
        violation
        for violation in loihi.check(network, limits=lowered(limit, 1e-9))
        if (violation.layer, violation.rule) == (layer, rule)
    )
    assert number in (None, found.found)
    assert found.secondary == LOIHI2[limit].secondary
    factor = 128 if limit.startswith("core_") else 1
    at, below = (lowered(limit, n / factor) for n in (found.found, found.found - 1))
    assert (layer, rule) not in broken(network, limits=at)
    assert (layer, rule) in broken(network, limits=below)


def test_weights_of_eight_bits_hold_minus_128():
    network = small()
    weight = network.layers[1].synapses[0].weight.copy()
    weight[0, 0, 0, 0] = -128
    synapse = replace(network.layers[1].synapses[0], weight=weight)
    assert loihi.check(changed(network, 1, synapses=(synapse,))) == []


def test_all_violations_at_once_each_with_the_way_out():
    found = loihi.check(
        small(),
        limits={
            **lowered("weight_bits", 4),
            **{"chip_neurons": replace(LOIHI2["chip_neurons"], number=100)},
        },
    )
    name = small().layers[1].name
    texts = [str(violation) for violation in found]
    assert texts == [
        f"{name}: weight_bits: 8 exceeds 4 bits, sign included; export with smaller weights",
        f"{small().layers[3].name}: weight_bits: 8 exceeds 4 bits, sign included; export with "
        "smaller weights",
        "network: neurons: 183 exceeds 100 neurons per chip (secondary source); use a narrower "
        "network or at least 2 chips",
    ]


def test_limits_of_cores_are_told_of_the_chips_that_are_meant():
    names = ("core_neurons", "core_synapse_bytes")
    few = {**LOIHI2, **{name: replace(LOIHI2[name], number=1) for name in names}}
    found = loihi.check(small(), limits=few)
    assert [(each.rule, each.limit, each.unit) for each in found] == [
        ("neurons", 128, "neurons per chip"),
        ("synapses", 128, "bytes of synaptic memory per chip"),
    ]
    (found,) = loihi.check(small(), limits=lowered("chip_neurons", 50), chips=2)
    assert (found.limit, found.unit) == (100, "neurons on 2 chips")


def test_more_chips_hold_more():
    few = lowered("chip_neurons", 100)
    assert broken(small(), limits=few, chips=2) == []
    with pytest.raises(OptionError, match="chips: 0 is below 1"):
        loihi.check(small(), chips=0)
    with pytest.raises(OptionError, match=r"wait: 9 is outside 0\.\.8.*; give a whole number"):
        loihi.check(small(), wait=9)


def test_notes():
    network = small()
    topics = [(note.layer, note.topic) for note in loihi.notes(network)]
    assert topics == [("network", "chip models"), (network.layers[2].name, "max pool")]
    topics = [(note.layer, note.topic) for note in loihi.notes(small("membrane"))]
    assert ("network", "weighting") in topics
    make = maker()
    at = make.conv(make.input((1, 6, 6)), 2, window=Window((1, 1), (0, 0, 1, 1)))
    make.readout(at)
    network = make.network()
    name = network.layers[1].name
    weight = -np.abs(network.layers[1].synapses[0].weight)
    weight[0, 0, 0, 0] = -128
    synapse = replace(network.layers[1].synapses[0], weight=weight)
    base = np.array([400, 400], np.int32)
    network = changed(network, 1, synapses=(synapse,), threshold_base=base)
    assert 400 * network.layers[1].threshold_table[0] >= 2**17
    topics = [(note.layer, note.topic) for note in loihi.notes(network)]
    assert topics[1:] == [(name, "threshold"), (name, "signs"), (name, "padding")]
    network = small()
    tight = lowered("chip_synapses", 1000)
    assert loihi.notes(network, limits=tight)[-1].topic == "synapses"
    assert loihi.check(network, limits=tight) == []


def test_layers_are_what_the_rules_know():
    """A new kind of layer must be thought about here."""
    network = small()
    assert {type(layer).__name__ for layer in network.layers} == {
        "Input",
        "Spiking",
        "MaxPool",
        "Readout",
    }
    assert isinstance(network.layers[1], Spiking)
    assert isinstance(network.layers[3], Readout)
    assert isinstance(network.layers[1].synapses[0], Synapse)
