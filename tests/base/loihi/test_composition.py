"""What of networks that step stock processes express, and what check says of it; without Lava."""

import json
from dataclasses import replace
from math import prod

import numpy as np
import pytest

from onespike_lava.cli import main
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Synapse, Threshold
from onespike_lava.loihi import check, notes, stepping
from onespike_lava.loihi.composition import compose
from onespike_lava.loihi.populations import exponents
from onespike_lava.loihi.price import price
from onespike_lava.netx import save
from tests.base.loihi.networks import lowered
from tests.stock import StockMaker, changed, drawn, whole

REFUSED = [
    ({"kind": "subtract", "rounding": "zero"}, "leaks and subtracts: ATRLIF rounds the two apart"),
    ({"kind": "keep"}, "resets by 'keep'; use zero or subtract"),
    ({"floor": whole(-9, -9, -9)}, "has a floor"),
    ({"max_count": 3}, "sends up to 3 spikes a step"),
    ({"max_spikes": 2}, "fires in at most 2 steps"),
    ({"table": whole(1, 1, 1, 2, 2, 2)}, "has thresholds that change from step to step"),
    ({"rounding": "floor"}, "leaks with 6 fraction bits, rounded by 'floor'"),
    ({"fraction_bits": 5}, "leaks with 5 fraction bits, rounded by 'zero'"),
    ({"keep_u": whole(4096)}, r"needs a current keep of 4,096, the limit is 4,095 of 4096 a step"),
    ({"keep_v": whole(0), "keep_u": whole(9)}, "keeps a current, but no potential"),
    ({"base": whole(66, 129, 129)}, "compares with a threshold between two of Lava's"),
    (
        {"drive": whole(4097, 0, 0)},
        "needs a bias mantissa of 14 bits, the limit is 13 bits, signed; round the",
    ),
]


@pytest.mark.parametrize(("fields", "text"), REFUSED)
def test_what_is_refused_by_name(fields, text):
    """Of a leaky layer that resets to zero; nothing is run."""
    network = drawn(0, "hard")
    plain = {"base": whole(65, 129, 193), "keep_u": whole(9), "keep_v": whole(3000)}
    fields = {**plain, "drive": None, **fields}
    network = changed(network, 1, **fields)
    with pytest.raises(UnsupportedError, match=f"^stock composition: timed1 {text}"):
        compose(network)


def test_payloads_of_recurrent_neurons_need_a_step():
    network = drawn(0, "plain", late=True)
    position = len(network.layers) - 2
    found = stepping.late_senders(network)
    assert position in found
    graded = changed(network, position, payload=whole(2))
    assert position not in stepping.late_senders(graded)
    with pytest.raises(UnsupportedError, match="recurs at once with payloads other than 1, whose"):
        compose(graded)


def test_paths_longer_than_a_synapse_holds_take_relays():
    """62 steps of an axon, and a payload, which takes a step more than in the schedule."""
    network = drawn(0, "plain")
    synapse = network.layers[2].synapses[0]
    neurons = prod(network.input.shape)
    for graded, relays in ((False, 0), (True, 1)):
        chain = changed(network, 1, payload=whole(2)) if graded else network
        slow = replace(synapse, source=0, weight=synapse.weight[:, :2])
        found, plain = (
            price(changed(chain, 2, synapses=(synapse, replace(slow, delay=whole(late))))).layers[1]
            for late in (62, 61)
        )
        assert found.neurons - plain.neurons == relays * neurons
        assert found.synapses - plain.synapses == relays * neurons
        assert found.processes - plain.processes == relays


def test_states_beyond_lava_are_refused():
    network = drawn(0, "plain")
    layer = network.layers[1]
    high = changed(network, 1, base=layer.threshold.base * 0 + 2**22, bias=layer.bias * 0)
    with pytest.raises(UnsupportedError, match="a threshold of 22 bits, the limit is 17 bits, uns"):
        compose(high)


def test_sums_beyond_lava_are_refused():
    network = drawn(0, "plain")
    synapse = network.layers[1].synapses[0]
    strong = replace(synapse, weight=np.full_like(synapse.weight, -127))
    network = changed(network, 1, synapses=(strong,), fraction_bits=0)
    with pytest.raises(UnsupportedError, match=r"timed1 needs states up to \d+, the limit is 8388"):
        compose(network)


def test_readouts_that_fire_and_pools_of_payloads_are_refused():
    network = drawn(1, "plain", coding="events")
    last = len(network.layers) - 1
    layer = replace(network.readout, threshold=Threshold(np.full(6, 64, np.int32)))
    network = replace(network, layers=(*network.layers[:last], layer))
    with pytest.raises(UnsupportedError, match="readout is a readout that fires: its potential is"):
        compose(network)
    make = StockMaker(np.random.default_rng(1), 6, "plain")
    make.input((2, 6, 6), "events")
    make.layers[0] = replace(make.layers[0], bits=2)
    make.readout(make.conv(make.pool(0), 3))
    with pytest.raises(UnsupportedError, match="pool1 pools payloads above 1 of input, which diff"):
        compose(make.network())


def stock_rules(network, **options):
    return [
        (each.layer, each.rule, each.found)
        for each in check(network, stock=True, **options)
        if each.rule in ("threshold", "bias_mantissa", "current_keep")
    ]


def three(value):
    """One number for each channel of the first layer."""
    return np.full(3, value, np.int32)


PLAIN = {"base": three(65), "keep_u": whole(0), "keep_v": whole(4096), "drive": None}


@pytest.mark.parametrize(
    ("limit", "rule", "found", "fields"),
    [
        ("lif_threshold_bits", "threshold", 14, {"base": three((1 << 19) + 1)}),
        ("bias_mantissa_bits", "bias_mantissa", 8, {"drive": three(127 << 6)}),
        ("bias_mantissa_bits", "bias_mantissa", 8, {"drive": three(-128 << 7)}),
        ("bias_mantissa_bits", "bias_mantissa", 9, {"drive": three(-128 << 8)}),
        ("current_keep", "current_keep", 4000, {"keep_u": whole(4000), "keep_v": whole(3000)}),
    ],
)
def test_each_register_holds_itself_and_not_one_less(limit, rule, found, fields):
    """In a leaky layer of 6 fraction bits."""
    network = changed(drawn(0, "hard"), 1, **{**PLAIN, **fields})
    assert stock_rules(network) == []
    at, below = (lowered(limit, number) for number in (found, found - 1))
    assert [each for each in stock_rules(network, limits=at) if each[0] == "timed1"] == []
    assert ("timed1", rule, found) in stock_rules(network, limits=below)
    assert rule not in {each.rule for each in check(network, limits=below)}  # its own neuron's
    compose(network)


def test_limits_of_lava_itself():
    """13 bits of a mantissa reach -4096 and 4095, 3 of its exponent 7."""
    network = changed(drawn(0, "hard"), 1, **PLAIN)
    for drive in (4095, -4096, 4095 << 7, -4096 << 7):
        compose(changed(network, 1, drive=three(drive)))
    for drive in (4097, -4097, (4095 << 7) + 64):
        with pytest.raises(UnsupportedError, match="needs a bias mantissa of 14"):
            compose(changed(network, 1, drive=three(drive)))
    rng = np.random.default_rng(0)
    drives = rng.integers(-4096, 4096, 200) << rng.integers(0, 8, 200)
    shifts = exponents(drives)
    assert ((drives >> shifts << shifts) == drives).all()
    assert shifts.max() <= 7
    assert (drives >> shifts).min() >= -4096
    assert (drives >> shifts).max() <= 4095


def test_remarks_say_what_no_stock_neuron_does():
    """Unless the stock composition is meant these are no violations."""
    network = changed(drawn(0, "hard"), 1, **{**PLAIN, "keep_v": whole(3000), "rounding": "floor"})
    far = changed(network, 1, rounding="zero", drive=three(4097))
    found = [[str(each) for each in notes(each)] for each in (network, far)]
    text = (
        "timed1: stock neuron: leaks with 6 fraction bits, rounded by 'floor'; Lava has 6, rounded"
    )
    assert [each for each in found[0] if each.startswith(text)]
    text = "timed1: stock neuron: needs a bias mantissa of 14 bits, the limit is 13 bits, signed;"
    assert [each for each in found[1] if each.startswith(text)]
    assert check(network) == check(far) == []
    (violation,) = check(far, stock=True)
    assert str(violation) == (
        "timed1: bias_mantissa: 14 exceeds 13 bits, signed; round the drive to fewer bits, or use "
        "a smaller scale"
    )
    assert {each.topic for each in notes(drawn(0, "hard"))} == {"chip models", "max pool"}


def test_the_command_checks_the_registers_of_stock_neurons(tmp_path, capsys):
    network = changed(drawn(0, "hard"), 1, **{**PLAIN, "drive": three(4097)})
    save(network, tmp_path / "far.net")
    for words, code, rules in (((), 0, []), (("--stock",), 1, ["bias_mantissa"])):
        with pytest.raises(SystemExit) as end:
            main(["check", str(tmp_path / "far.net"), "--json", *words])
        assert end.value.code == code
        found = json.loads(capsys.readouterr().out)
        assert [each["rule"] for each in found["violations"]] == rules
    assert found["stock"]["possible"] is False
    assert "timed1 needs a bias mantissa of 14 bits, the limit is 13" in found["stock"]["reason"]


def test_thresholds_are_told_in_the_numbers_of_lava():
    """With 6 fraction bits a threshold of 23 bits is one of 17, and no remark."""
    network = changed(drawn(0, "plain"), 1, **PLAIN, fraction_bits=6, rounding="zero")
    at = changed(network, 1, base=three((((1 << 17) - 1) << 6) + 1))
    assert not [each for each in notes(at) if each.layer == "timed1"]


def test_axons_hold_paths_and_samples_up():
    network = drawn(0, "plain")
    synapse = network.layers[2].synapses[0]
    skip = replace(synapse, source=0, weight=synapse.weight[:, :2], delay=whole(62))
    network = changed(network, 2, synapses=(synapse, skip))
    assert check(network) == check(network, limits=lowered("delay", 62)) == []
    (note,) = (
        each for each in notes(network, limits=lowered("delay", 62)) if each.topic == "relays"
    )
    count = prod(network.input.shape)
    assert str(note) == (
        f"timed2: relays: spikes of input are 63 steps on their way, a synapse holds 62: {count} "
        "relays pass them on"
    )
    (note,) = (each for each in notes(network) if each.topic == "delays")
    assert str(note) == (
        "timed2: delays: axons hold spikes back up to 62 steps beyond the synapse; samples stand "
        "62 steps more apart"
    )


def test_widths_that_lava_declares_and_does_not_keep_to():
    """In Lava's units: here a shift of one bit, for odd thresholds."""
    network = changed(drawn(0, "soft"), 1, base=three(4095), fraction_bits=0, drive=None)
    network = changed(network, 2, base=three(64), fraction_bits=0, drive=None)
    rows = network.layers[1].synapses[0].weight.astype(int).reshape(3, -1)
    either = [np.maximum(sign * rows, 0).sum(1).max() for sign in (1, -1)]
    largest = max(either) * 15 << 1
    bits = int(largest).bit_length() + 1
    assert network.input.bits == 4
    for limit, number, text in (
        ("atrlif_threshold_bits", 12, "12 bits are half a threshold of ATRLIF"),
        ("lif_input_bits", bits, f"{bits} bits arrive in a step"),
    ):
        told = [
            [str(each) for each in notes(network, limits=lowered(limit, most))]
            for most in (number - 1, number)
        ]
        note = f"timed1: declared width: {text}; Lava declares {number - 1} and simulates more"
        assert note in told[0]
        assert not [each for each in told[1] if text in each and each.startswith("timed1")]


def test_fan_in():
    """Of a convolution of 3 channels and 3 by 3 places, behind a sum of two layers twice that."""
    network = drawn(0, "hard")
    make = StockMaker(np.random.default_rng(0), 4, "hard")
    first = make.input((2, 4, 4), "constant")
    one, two = make.conv(first, 3, (1, 1)), make.conv(first, 3, (1, 1))
    make.readout(make.conv(make.sum(one, two), 4))
    network = make.network()
    found = {
        number: [str(each) for each in notes(network, limits=lowered("input_axons", number))]
        for number in (53, 54)
    }
    (note,) = (each for each in found[53] if "fan-in" in each and "timed4" in each)
    assert note == (
        "timed4: fan-in: a neuron reads 54 others; a core of the first Loihi has 53 input axons "
        "(secondary source), the number of Loihi 2 is not public"
    )
    assert not [each for each in found[54] if "fan-in" in each]


def test_price_of_thresholds_payloads_and_recurrence_by_hand():
    """A layer of 5 channels behind an input, a readout of 6 behind it."""

    def chain(base, payload, recurs):
        make = StockMaker(np.random.default_rng(0), 4, "plain")
        make.input((3,), "constant")
        weight = np.ones((5, 3), np.int8)
        loop = Synapse(1, np.eye(5, dtype=np.int8))
        make.neurons([Synapse(0, weight), loop][: 1 + recurs], (5,))
        make.readout(1)
        fields = {"fraction_bits": 0, "drive": None, "bias": np.zeros(5, np.int32)}
        return changed(make.network(), 1, **fields, base=base, payload=payload)

    one, five = whole(7, 7, 7, 7, 7), whole(7, 8, 9, 10, 7)

    counts = ("processes", "neurons", "synapses", "clock")
    for base, payload, recurs, expected, steps in (
        (one, 1, False, (1, 5, 15, 0), (4, 6)),
        (five, 1, False, (4, 5, 15, 0), (4, 6)),
        (one, 2, False, (2, 10, 15 + 5 + 5, 1), (4, 7)),
        (one, 1, True, (1, 5, 15 + 25 + 5, 1), (5, 7)),
    ):
        found = price(chain(base, whole(payload), recurs))
        assert tuple(getattr(found.layers[0], name) for name in counts) == expected
        assert (found.steps_per_sample, found.latency_steps) == steps
