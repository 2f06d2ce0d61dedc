"""Networks that step, of Lava's own processes, against engine `numpy`: every score and spike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc needs Python 3.10")

from onespike_lava.cli import main
from onespike_lava.data.encoding import Samples
from onespike_lava.engines import numpy as yardstick
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Firing, Integration, Reset, Synapse, Threshold, Timed, TimedReadout
from onespike_lava.loihi import stepping
from onespike_lava.loihi.price import price
from onespike_lava.netx import save
from onespike_lava.processes import stock
from tests.networks import HALVING, PLAIN, TimedMaker, Window, random_samples

pytestmark = pytest.mark.lava

SAME = Window((1, 1), (1, 1, 1, 1))


class StockMaker(TimedMaker):
    """Draws networks that stock processes express.

    kind : `hard` leaky with hard reset, `soft` without leak and with soft reset, `plain` hard
           reset without leak, in any number of fraction bits
    """

    def __init__(self, rng, phases, kind):
        super().__init__(rng, phases)
        self.kind = kind

    def synapse(self, source, weight_shape, window=PLAIN, groups=1):
        weight = self.rng.normal(1, 8, weight_shape).astype(np.int8)
        return Synapse(source, weight, window, groups)

    def neurons(self, synapses, shape):
        fan_in = sum(each.weight[:1].size for each in synapses)
        parts = self.parts(shape, int(6 * np.sqrt(fan_in)) + 1)
        self.layers.append(
            Timed(self.name("timed"), shape, tuple(synapses), *parts, np.ones(shape[0]))
        )
        return len(self.layers) - 1

    def keeps(self, shape):
        leaks = self.kind == "hard"
        v = self.rng.choice([4096, 3000, 2048, 1], shape[0] if leaks and self.chance() else 1)
        u = self.rng.choice([0, 1000, 4095], 1) if leaks else np.zeros(1)
        return u.astype(np.int32), (v if leaks else np.full(1, 4096)).astype(np.int32)

    def parts(self, shape, unit, count=True):
        bits = 6 if self.kind == "hard" else int(self.rng.choice([0, 1, 3, 6, 7]))
        bits = min(bits, 1) if self.kind == "soft" else bits
        u, v = self.keeps(shape)
        drive = self.rng.integers(-8, 16, shape[0]) << bits if self.chance() else None
        drive = None if drive is None else drive.astype(np.int32)
        bias = self.values(-unit, unit, shape) if self.chance() else np.zeros(shape[0], np.int32)
        integration = Integration(bias, u, v, bits, "zero", drive)
        base = self.rng.integers(unit // 2 + 1, 2 * unit, shape[0]) << bits
        base = base if self.chance() else np.full(shape[0], base[0])
        kind = "subtract" if self.kind == "soft" else "zero"
        # A LIF fires above its threshold, which is a multiple of 64.
        base = base + 1 if bits == 6 and kind == "zero" else base
        return integration, Threshold(base.astype(np.int32)), Reset(kind), Firing()

    def readout(self, source, group=2, classes=3):
        super().readout(source, group, classes)
        last = self.layers[-1]
        self.layers[-1] = TimedReadout(
            *(last.name, last.shape, last.synapses, last.integration, 1.0, last.take, group)
        )


def drawn(seed, kind, phases=6, coding="constant"):
    rng = np.random.default_rng(seed)
    make = StockMaker(rng, phases, kind)
    at = make.input((2, 5, 6), coding)
    skip = make.conv(at, 3, window=SAME)
    at = make.conv(skip, 3, window=SAME)
    at = make.sum(skip, at) if make.chance(0.6) else make.pool(at)
    at = make.conv(at, 4, (2, 2), HALVING)
    at = make.dense(at, 6)
    make.readout(at)
    return make.network()


def integers(network, count, seed=0):
    return Samples(network.input, random_samples(network, count, seed), network.phases)[:]


def alike(network, data, **options):
    expected = yardstick.run(network, data, 0, True)
    found = stock.run(network, data, record=True, **options)
    np.testing.assert_array_equal(found.scores, expected.scores)
    for layer, one, two in zip(network.layers, found.codes, expected.codes, strict=False):
        np.testing.assert_array_equal(one, two, layer.name)
    assert list(found.spikes) == list(expected.spikes)
    return expected


@pytest.mark.parametrize("kind", ["hard", "soft", "plain"])
@pytest.mark.parametrize("seed", range(4))
def test_drawn_networks(seed, kind):
    """Leaks and thresholds of each channel, drives, biases, sums, pools, groups of outputs."""
    network = drawn(seed, kind)
    expected = alike(network, integers(network, 3, seed), shared=seed % 2 == 0)
    assert sum(expected.spikes[1:]) > 50


@pytest.mark.parametrize("coding", ["events", "latency", "once"])
def test_input_codes(coding):
    network = drawn(1, "plain", coding=coding)
    alike(network, integers(network, 2))


def changed(network, position, **fields):
    """The network with other parts of a layer; names of fields of any part."""
    layer = network.layers[position]
    for name in ("integration", "threshold", "reset", "firing"):
        part = getattr(layer, name)
        known = {"kind"} if name == "reset" else set(part.__dataclass_fields__)
        mine = {key: value for key, value in fields.items() if key in known}
        layer = replace(layer, **{name: replace(part, **mine)}) if mine else layer
    mine = {key: value for key, value in fields.items() if key in layer.__dataclass_fields__}
    layer = replace(layer, **mine)
    layers = (*network.layers[:position], layer, *network.layers[position + 1 :])
    return replace(network, layers=layers)


def whole(*values):
    return np.array(values, np.int32)


REFUSED = [
    ({"kind": "subtract", "rounding": "zero"}, "leaks and subtracts: ATRLIF rounds the two apart"),
    ({"kind": "keep"}, "resets by 'keep'; use zero or subtract"),
    ({"floor": whole(-9, -9, -9)}, "has a floor"),
    ({"max_count": 3}, "sends up to 3 spikes a step"),
    ({"max_spikes": 2}, "fires in at most 2 steps"),
    ({"payload": whole(2)}, "sends payloads up to 2; a LIF sends 1"),
    ({"table": whole(1, 1, 1, 2, 2, 2)}, "has thresholds that change from step to step"),
    ({"rounding": "floor"}, "leaks with 6 fraction bits, rounded by 'floor'"),
    ({"fraction_bits": 5}, "leaks with 5 fraction bits, rounded by 'zero'"),
    ({"keep_u": whole(4096)}, "keeps its current whole"),
    ({"keep_v": whole(0), "keep_u": whole(9)}, "keeps a current, but no potential"),
    ({"base": whole(66, 129, 129)}, "compares with a threshold between two of Lava's"),
    ({"drive": whole(4097, 0, 0)}, "has a drive of 4097, which 13 bits"),
]


@pytest.mark.parametrize(("fields", "text"), REFUSED)
def test_what_is_refused_by_name(fields, text):
    """Of a leaky layer that resets to zero; nothing is run."""
    network = drawn(0, "hard")
    plain = {"base": whole(65, 129, 193), "keep_u": whole(9), "keep_v": whole(3000)}
    fields = {**plain, "drive": None, **fields}
    network = changed(network, 1, **fields)
    with pytest.raises(UnsupportedError, match=f"^stock composition: timed1 {text}"):
        stepping.compose(network)


def test_recurrence_and_delays_are_refused():
    network = drawn(0, "plain")
    synapse = network.layers[1].synapses[0]
    late = changed(network, 1, synapses=(replace(synapse, delay=whole(2)),))
    with pytest.raises(UnsupportedError, match="timed1 has axons with delays: its last spikes"):
        stepping.compose(late)
    position = len(network.layers) - 2
    layer = network.layers[position]
    loop = Synapse(position, np.eye(layer.shape[0], dtype=np.int8))
    recurrent = changed(network, position, synapses=(*layer.synapses, loop))
    with pytest.raises(UnsupportedError, match="recurs: its last spikes would reach the next"):
        stepping.compose(recurrent)


def test_states_beyond_lava_are_refused():
    network = drawn(0, "plain")
    layer = network.layers[1]
    high = changed(network, 1, base=layer.threshold.base * 0 + 2**22, bias=layer.bias * 0)
    with pytest.raises(UnsupportedError, match=r"needs a threshold of \d+, the limit is 131071"):
        stepping.compose(high)


@pytest.mark.parametrize("kind", ["hard", "soft"])
def test_only_processes_of_lava_and_the_price_that_is_told(kind):
    network = drawn(2, kind)
    data = integers(network, 2)
    made = stock.SteppingStockNetwork(network, data, shared=False)
    assert {type(each).__module__.split(".")[0] for each in made.processes} == {"lava"}
    told = price(network)
    names = ("LIF", "LIFReset", "ATRLIF")
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


def test_sums_beyond_lava_are_refused():
    network = drawn(0, "plain")
    synapse = network.layers[1].synapses[0]
    strong = replace(synapse, weight=np.full_like(synapse.weight, -127))
    network = changed(network, 1, synapses=(strong,), fraction_bits=0)
    with pytest.raises(UnsupportedError, match=r"timed1 needs states up to \d+, the limit is 8388"):
        stepping.compose(network)


def test_readouts_that_fire_and_pools_of_payloads_are_refused():
    network = drawn(1, "plain", coding="events")
    last = len(network.layers) - 1
    layer = replace(network.readout, threshold=Threshold(np.full(6, 64, np.int32)))
    network = replace(network, layers=(*network.layers[:last], layer))
    with pytest.raises(UnsupportedError, match="readout is a readout that fires: its potential is"):
        stepping.compose(network)
    make = StockMaker(np.random.default_rng(1), 6, "plain")
    make.input((2, 6, 6), "events")
    make.layers[0] = replace(make.layers[0], bits=2)
    make.readout(make.conv(make.pool(0), 3))
    with pytest.raises(UnsupportedError, match="pool1 pools payloads above 1 of input; a LIF only"):
        stepping.compose(make.network())
