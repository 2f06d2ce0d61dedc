"""Rules of Loihi 2, the fit table, and the command that shows them."""

import json
from dataclasses import replace

import numpy as np
import pytest

from onespike_lava import loihi, netx
from onespike_lava.cli import main
from onespike_lava.errors import DataError, OptionError, UnsupportedError
from onespike_lava.layers import Readout, Spiking, Synapse, Window
from onespike_lava.loihi import LOIHI2, limits, stock
from onespike_lava.schedule import total_steps
from tests import ROOT
from tests.graphs import random_graph_network
from tests.networks import Maker

GUIDE = ROOT / "docs" / "loihi.md"


def maker(phases=8, weighting="graded"):
    return Maker(np.random.default_rng(0), phases, 1.3, weighting)


def small(weighting="graded"):
    """Convolution, pool and dense readout."""
    make = maker(weighting=weighting)
    at = make.input((2, 6, 6))
    at = make.conv(at, 4, window=Window((1, 1), (1, 1, 1, 1)))
    at = make.pool(at)
    make.readout(at, 3)
    return make.network()


def changed(network, position, **fields):
    """The network with fields of one layer replaced."""
    layers = list(network.layers)
    layers[position] = replace(layers[position], **fields)
    return replace(network, layers=tuple(layers))


def lowered(name, number):
    """The limits with one of them lowered."""
    return {**LOIHI2, name: replace(LOIHI2[name], number=number)}


def broken(network, **options):
    return [(found.layer, found.rule) for found in loihi.check(network, **options)]


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


@pytest.mark.parametrize(("channels", "rules"), [(127, []), (128, ["groups"])])
def test_groups(channels, rules):
    make = maker()
    at = make.input((channels, 3, 3))
    at = make.conv(at, channels, groups=channels)
    make.readout(at)
    assert [rule for _, rule in broken(make.network())] == rules


@pytest.mark.parametrize(("stride", "rules"), [(127, []), (128, ["geometry"])])
def test_geometry(stride, rules):
    make = maker()
    at = make.input((1, 3, 3))
    at = make.conv(at, 2, window=Window((1, stride)))
    make.readout(at)
    assert [rule for _, rule in broken(make.network())] == rules


@pytest.mark.parametrize(("wait", "rules"), [(62, []), (63, ["delay_bits"])])
def test_skip_delay(wait, rules):
    """One layer skipped: its `T_w + 1` steps must fit 6 bits."""
    make = Maker(np.random.default_rng(0), 64, 1.02, "graded", payload_bits=8)
    padded = Window((1, 1), (1, 1, 1, 1))
    skip = at = make.conv(make.input((2, 4, 4)), 3, window=padded)
    at = make.conv(at, 3, window=padded)
    at = make.residual(at, skip)
    make.readout(at)
    network = make.network()
    assert broken(network, wait=wait) == [(network.layers[at].name, rule) for rule in rules]


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


def test_fit_of_a_small_network_by_hand():
    found = loihi.fit(small(), wait=8, chips=1, step_time=10)
    entry, conv, pool, readout, all_ = found.layers
    # 3x3 kernels with padding 1 on 6x6: 16 of 18 rows' taps are inside, on each axis
    assert (conv.neurons, conv.weights, conv.synapses) == (144, 72, 2 * 4 * 16 * 16)
    assert conv.state_bits == 144 * (24 + 24 + 1)
    assert loihi.fit(small(), wait=0).layers[1].state_bits == 144 * (24 + 1)
    assert (pool.neurons, pool.weights, pool.synapses, pool.state_bits) == (36, 0, 0, 36)
    assert (readout.neurons, readout.synapses, readout.state_bits) == (3, 108, 72)
    assert (entry.share, entry.binds) == (0, "")
    assert conv.share == pytest.approx(144 / 1e6)
    assert conv.binds == "neurons"
    assert conv.unrolled == conv.share
    assert loihi.fit(small(), limits=lowered("core_synapse_bytes", 1)).layers[
        1
    ].unrolled == pytest.approx(2048 / 128)
    assert readout.binds == "synapses"
    assert all_.neurons == 144 + 36 + 3
    assert all_.weights == 72 + 108
    assert found.steps_per_sample == 8
    assert found.latency_steps == total_steps(small(), 8, 1)
    assert found.samples_per_second == pytest.approx(12_500)
    assert found.latency == 10 * found.latency_steps
    assert loihi.fit(small()).samples_per_second is None


def test_sparse_synapses():
    """The entries of the matrix once, and for every channel and sign when unrolled."""
    network = random_graph_network(0)
    found = loihi.fit(network).layers[2]
    (synapse,) = network.layers[2].synapses
    assert found.type == "sparse"
    assert found.weights == len(synapse.weight)
    assert found.synapses == len(synapse.weight) * network.layers[2].shape[0] * 2
    assert loihi.check(network) == []
    weight = synapse.weight.copy()
    weight[0] = -128  # a sign of -1 makes 128 of it
    network = changed(network, 2, synapses=(replace(synapse, weight=weight),))
    assert broken(network) == [(network.layers[2].name, "weight_bits")]
    with pytest.raises(UnsupportedError, match="holds a weight of 128, the limit is 127"):
        stock.refuse(network, network.phases)


def test_spikes_are_measured():
    network = small()
    x = np.random.default_rng(1).random((5, 2, 6, 6))
    run = network.run(x)
    found = loihi.fit(network, x)
    assert [layer.spikes for layer in found.layers[:-2]] == [
        run.spikes[layer.name] / 5 for layer in network.layers[:-1]
    ]
    assert found.layers[-1].spikes == pytest.approx(sum(run.spikes.values()) / 5)
    with pytest.raises(DataError, match="no samples"):
        loihi.fit(network, x[:0])
    with pytest.raises(OptionError, match="step time: 0 is not positive"):
        loihi.fit(network, step_time=0)


def test_a_graph_is_one_sample():
    network = random_graph_network(1)
    features, nodes, _ = network.input.shape
    x = np.random.default_rng(0).random((nodes, features))
    spikes = network.run(x).spikes
    found = loihi.fit(network, x).layers[:-2]
    assert {layer.name: layer.spikes for layer in found} == spikes


def test_several_spikes_take_more_state():
    make = maker()
    make.readout(make.conv(make.input((2, 6, 6)), 4))
    several = changed(make.network(), 1, max_spikes=4)
    fit = loihi.fit(several, wait=8)
    assert fit.layers[1].state_bits == fit.layers[1].neurons * (24 + 24 + 3)


@pytest.fixture
def onespike(capsys):
    def call(*words):
        with pytest.raises(SystemExit) as end:
            main([str(word) for word in words])
        captured = capsys.readouterr()
        return end.value.code, captured.out, captured.err

    return call


def test_command(onespike, tmp_path):
    net = tmp_path / "small.net"
    netx.save(small(), net)
    code, text, _ = onespike("check", net, "--step-time", "0.1")
    assert code == 0
    assert "violations: none" in text
    np.savez(tmp_path / "d.npz", x=np.zeros((3, 2, 6, 6), np.float32))
    code, text, _ = onespike("check", net, "--data", tmp_path / "d.npz", "--json")
    found = json.loads(text)
    assert code == 0
    assert found["ok"] is True
    assert found["fit"]["layers"][0]["spikes"] == 0.0
    assert found["fit"]["samples_per_second"] is None
    assert [note["topic"] for note in found["notes"]] == ["chip models", "max pool"]


def test_command_exits_1_on_a_violation_and_2_on_bad_input(onespike, tmp_path):
    make = maker()
    make.readout(make.conv(make.input((200, 3, 3)), 200, groups=200))
    network, net = make.network(), tmp_path / "wide.net"
    netx.save(network, net)
    code, text, _ = onespike("check", net, "--json")
    found = json.loads(text)
    assert code == 1
    assert found["ok"] is False
    (violation,) = found["violations"]
    assert violation["layer"] == network.layers[1].name
    assert (violation["rule"], violation["found"], violation["limit"]) == ("groups", 200, 127)
    assert "split the channels" in violation["fix"]
    code, text, _ = onespike("check", net)
    assert code == 1
    assert f"{network.layers[1].name}: groups: 200 exceeds 127 groups (int8); split" in text
    for words in (("nowhere.net",), (net, "--wait", "99"), (net, "--step-time", "-1")):
        code, _, error = onespike("check", *words)
        assert code == 2
        assert error.startswith("onespike: ")
        assert error.count("\n") == 1


def test_every_limit_names_its_source_and_the_guide_shows_it():
    for limit in LOIHI2.values():
        assert limit.number > 0
        assert limit.source
        assert limit.unit
        assert limit.secondary == (not limit.source.startswith("lava-nc 0.10.0, lava."))
    text = GUIDE.read_text()
    start = text.index("<!-- generated by python -m onespike_lava.loihi.limits -->")
    shown = text[start : text.index("<!-- end -->")].split("-->", 1)[1].strip()
    assert shown == f"{limits.table()}\n\n{limits.unknown_table()}"


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
