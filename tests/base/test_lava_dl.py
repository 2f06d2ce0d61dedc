"""Plain lava-dl files: read as what they compute, written where stock LIF neurons say it."""

import struct
import warnings
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import onespike_lava
from onespike_lava import netx
from onespike_lava.cli import main
from onespike_lava.errors import (
    FormatError,
    InvalidNetworkError,
    OneSpikeError,
    OneSpikeWarning,
    OptionError,
    StateError,
    UnsupportedError,
)
from onespike_lava.layers import Input, Timed, TimedReadout
from onespike_lava.netx import lavadl
from onespike_lava.netx.heap import text_at
from tests.networks import random_network, random_timed_network
from tests.plain import DATA, TRUTH, Drawn, delayed, drawn, simulated

MODEL = Path(__file__).parents[2] / "netx_models" / "digits" / "digits.net"


def input_of(make, network, seed):
    """What goes into the network, and the same for the yardstick."""
    rng, shape = np.random.default_rng(seed), network.input.shape
    if network.input.coding == "events":
        sent = (rng.random((make.steps, *shape)) < 0.3).astype(np.uint8)
        return sent[None], sent.astype(np.int64)
    weight = abs(int(make.layers[0]["weight"]))
    x = rng.integers(-weight, weight + 1, shape) / weight
    return x[None], x


def check_run(make, network, engine, seed=0):
    """Spikes, currents and potentials of every layer, and the scores."""
    x, sent = input_of(make, network, seed)
    run = network.run(x, engine=engine, record=True, traces=True)
    neurons = [each for each in network.layers if isinstance(each, (Timed, TimedReadout))]
    expected = simulated(make.layers, sent, make.steps)
    for layer, (spikes, u, v) in zip(neurons, expected, strict=False):
        if isinstance(layer, Timed):
            assert (run.trains(layer.name)[0] == spikes).all(), layer.name
        else:
            assert (run.scores[0] == v[-1]).all()
        if layer.sources != (0,) or network.input.coding == "events":  # numbers enter shifted
            assert (run.currents[layer.name][0] == u.reshape(len(u), *layer.shape)).all()
        assert (run.potentials[layer.name][0] == v.reshape(len(v), *layer.shape)).all()
    return run, expected


@pytest.mark.parametrize("engine", ["reference", "numpy"])
@pytest.mark.parametrize("seed", range(12))
def test_every_type_computes_what_lava_dl_says(seed, engine):
    make = drawn(seed)
    network = netx.from_bytes(make.content())
    run, expected = check_run(make, network, engine, seed)
    if network.readout.name == "readout":  # counts, of groups where the file averages
        spikes, late = expected[-1][0], make.layers[-1 - (seed % 4 == 1)].get("delay")
        counts = spikes.sum(axis=0)
        if late is not None:
            counts = delayed(spikes, late).sum(axis=0)
        assert (run.scores[0] == counts.reshape(len(run.scores[0]), -1).sum(axis=1)).all()


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**31), st.integers(1, 14))
def test_drawn_files_compute_what_lava_dl_says(seed, steps):
    make = drawn(seed, steps)
    check_run(make, netx.from_bytes(make.content()), "numpy", seed)


@pytest.mark.parametrize("seed", range(12))
def test_what_is_read_is_written_and_read_again(seed):
    """The same network but for names, and once more the same bytes."""
    network = netx.from_bytes(undriven(drawn(seed)).content())
    again = lavadl.from_tree(lavadl.to_tree(network))
    assert again.phases == network.phases
    assert lavadl.from_tree(lavadl.to_tree(again)) == again
    x, _ = input_of(drawn(seed), network, seed)
    first, second = (each.run(x, record=True, engine="numpy") for each in (network, again))
    for one, two in zip(network.layers[:-1], again.layers[:-1], strict=True):
        assert (first.trains(one.name) == second.trains(two.name)).all()
    assert (first.predictions == second.predictions).all()


def undriven(make):
    """Without the biases that stock layers would obey too early."""
    if any("delay" in layer or "weight_rec" in layer for layer in make.layers):
        for layer in make.layers:
            layer.pop("bias", None)
    return make


def smallest():
    make = Drawn(np.random.default_rng(0))
    make.input(3)
    make.dense(2)
    make.dense(2)
    return make


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"type": "pool"}, r"layer/1/type: 'pool' is not one of input, dense, dense_rec, conv, "),
        ({"type": "input"}, r"layer/1/type: 'input' is in the wrong place; an input comes first"),
        ({"weight": np.full((2, 3), 0.5)}, r"layer/1/weight: 0.5 is not a whole number; quantise "),
        ({"weight": np.full((2, 3), np.nan)}, r"layer/1/weight: nan is not a whole number"),
        ({"weight": np.full((2, 3), 201.0)}, r"weight: 201..201 is outside -128..127, what odd "),
        ({"weight": np.full((2, 3), 256.0)}, r"256..256 is outside -256..254, what even weights "),
        ({"weight": np.ones((3, 2))}, r"layer/1/weight: \[3, 2\] is no matrix of 2 outputs"),
        ({"weight": np.ones((2, 4))}, r"\(2, 4\) does not connect 3 inputs to 2 outputs"),
        ({"bias": np.full(2, 0.5)}, r"layer/1/bias: 0.5 is not a whole number"),
        ({"bias": np.ones(3)}, r"3 values are neither one nor one a channel, 2; load the file "),
        ({"delay": np.full(2, 63)}, r"layer/1/delay: 63..63 is not within 0..62"),
        ({"delay": np.ones(5)}, r"layer/1/delay: 5 values are neither one nor one a channel, 2"),
        (
            {"weight": None, "weight/real": np.ones((2, 3)), "weight/imag": np.ones((2, 3))},
            r"layer/1/weight: a group, as complex weights have, not an array; load the file with ",
        ),
        ({"imag": np.ones(2)}, r"layer/1/imag: 1 keys of a lava-dl file that no network here has"),
        ({"neuron/alpha": 1}, r"layer/1/neuron/alpha: 1 keys of a lava-dl file that no network"),
        ({"neuron/type": "SDNN"}, r"layer/1/neuron/type: 'SDNN' is not LOIHI or CUBA; load the "),
        ({"neuron/gradedSpike": True}, r"gradedSpike: 1 is not 0 \(a spike carries 1\); no net"),
        ({"neuron/refDelay": 2}, r"refDelay: 2 is not 1 \(a neuron may fire in every step\)"),
        ({"neuron/wgtExp": 2}, r"wgtExp: 2 is not 0 \(weights enter as they are\)"),
        ({"neuron/messageBits": 8}, r"messageBits: 8 is not 0 \(a spike carries 1\)"),
        ({"neuron/iDecay": 4097}, r"iDecay: 4097..4097 is not within 0..4096; load the file with"),
        ({"neuron/vThMant": 2**17}, r"vThMant: 131072 exceeds 131071 \(17 bits\) in a layer whose"),
        ({"neuron": None}, r"layer/1/neuron: missing in a layer whose spikes are read"),
        ({"inFeatures": 4}, r"layer/1/inFeatures: 4 is not 3 \(inputs of the weights\)"),
        ({"shape": [2**30]}, r"layer/1/shape: \[1073741824\] makes too large a network"),
        ({"shape": [0]}, r"layer/1/shape: 0..0 is not within 1..2147483647"),
        ({"type": "average"}, r"layer/1/shape: 2 outputs of 3 are read where they divide them"),
        ({"type": "flatten"}, r"layer/1/shape: 2 is not the size of \(3,\), what it flattens"),
        (
            {"type": "dense_rec", "weight_rec": np.ones((2, 2)), "delay": np.ones(2)},
            r"layer/1/delay: SLAYER delays what leaves a recurrent layer, netx also what recurs",
        ),
    ],
)
def test_what_no_network_here_has_is_refused_by_name(values, message):
    make = smallest()
    layer = make.layers[1]
    for path, value in values.items():
        group = layer.setdefault("neuron", {}) if path.startswith("neuron/") else layer
        if value is None:
            del group[path]
        else:
            group[path.removeprefix("neuron/")] = value
    with pytest.raises(FormatError, match=message) as caught:
        netx.from_bytes(make.content())
    assert len(str(caught.value).splitlines()) == 1


def test_convolutions_need_an_input_and_their_kernel():
    make = Drawn(np.random.default_rng(0))
    make.input(2, 7, 6)
    make.conv(4)
    make.layers[1]["kernelSize"] = [2, 2]
    with pytest.raises(FormatError, match=r"layer/1/kernelSize: is not that of the weight, \[3, 3"):
        netx.from_bytes(make.content())
    del make.layers[0]
    with pytest.raises(FormatError, match=r"layer/0/type: 'conv' is in the wrong place; an input"):
        netx.from_bytes(make.content())


def test_a_file_without_input_begins_with_its_first_matrix():
    make = smallest()
    del make.layers[0]
    network = netx.from_bytes(make.content())
    assert network.layers[0] == Input("input", (3,), 1, np.zeros(1), np.ones(1), "events")


def test_delays_of_inputs_come_before_the_synapse():
    """netx takes as many delays as inputs for theirs, where neurons are of another number."""
    make = smallest()
    make.layers[1]["delay"] = np.array([3, 0, 1])
    network = netx.from_bytes(make.content())
    assert network.layers[1].synapses[0].delay.tolist() == [3, 0, 1]
    assert network.layers[2].synapses[0].delay is None


def test_steps_come_from_the_file_or_the_caller(tmp_path):
    make, path = smallest(), tmp_path / "a.net"
    path.write_bytes(make.content())
    assert onespike_lava.load(path).phases == 9
    assert onespike_lava.load(path, steps=20).phases == 20
    tree = {key: array for key, array in make.tree().items() if key[:5] == "layer"}
    with pytest.warns(OneSpikeWarning, match=r"simulation/tSample: missing; a sample gets 32"):
        assert lavadl.from_tree(tree).phases == 32
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert lavadl.from_tree(tree, 5).phases == 5
    netx.save(random_network(1), path)
    with pytest.raises(OptionError, match=r"steps: the file itself says how many; leave them out"):
        onespike_lava.load(path, steps=20)


def test_states_without_proof_are_named_and_checked():
    """A weight that drives a state without leak out of 24 bits, if spikes come for long enough."""
    make = smallest()
    make.steps = 1000
    make.layers[1]["weight"] = np.full((2, 3), -250.0)
    make.layers[1]["neuron"] |= {"iDecay": 4096, "vDecay": 0}
    make.layers[1]["bias"] = np.zeros(2)
    with pytest.warns(OneSpikeWarning, match=r"layer 1 \(dense_1\): a state can reach \d+, the li"):
        network = netx.from_bytes(make.content())
    sent = np.ones((1, 1000, 3), np.uint8)
    sent[:, 100:] = 0
    assert network.run(sent, engine="numpy").scores.shape == (1, 2)
    for engine in ("numpy", "reference"):
        with pytest.raises(StateError, match=r"dense_1: a state of \d+ in step 175 reaches"):
            network.run(np.ones_like(sent), engine=engine)


def stepping(seed=4):
    """A network that stock neurons express."""
    return netx.from_bytes(undriven(drawn(seed)).content())


def with_layer(network, position, **values):
    layers = list(network.layers)
    layers[position] = replace(layers[position], **values)
    return replace(network, layers=tuple(layers))


def misfits():
    network = stepping()
    layer = network.layers[1]
    parts, base = layer.integration, layer.threshold.base
    firing, reset = layer.firing, layer.reset
    wide = np.arange(1, len(base) + 1, dtype=np.int32)
    leaky = replace(parts, keep_v=np.array([2048], np.int32))
    for text, values in {
        "its potential starts elsewhere": {"integration": replace(parts, bias=wide)},
        "its channels decay differently": {"integration": replace(parts, keep_v=4000 + wide)},
        "rounded 'floor', those of stock": {"integration": replace(leaky, rounding="floor")},
        "have 3 fraction bits, those of": {"integration": replace(leaky, fraction_bits=3)},
        "its reset is 'subtract'": {"reset": replace(reset, kind="subtract")},
        "are counted or limited": {"firing": replace(firing, max_count=3)},
        "payload or threshold changes": {"firing": replace(firing, payload=wide[1:2])},
        "has a floor": {"firing": replace(firing, floor=-wide)},
        "is no multiple of 64 of 13 bits": {"integration": replace(parts, drive=wide)},
        "have different thresholds": {"threshold": replace(layer.threshold, base=base + wide)},
        "lies between two of stock": {
            "integration": leaky,
            "threshold": replace(layer.threshold, base=base + 1),
        },
    }.items():
        yield text, with_layer(network, 1, **values)
    readout = network.readout
    yield "take sums or maxima", with_layer(network, -1, take="maximum")
    delay = np.array([1], np.int32)
    first, back = network.layers[2].synapses
    changed = (first, replace(back, delay=delay))
    yield "delays that stock netx does not take", with_layer(network, 2, synapses=changed)
    driven = replace(parts, drive=64 * wide)
    yield "recurs or is late, and is driven", with_layer(network, 1, integration=driven)
    yield "obey a phase code", random_network(1)
    assert readout.name == "readout"


@pytest.mark.parametrize(("text", "network"), misfits())
def test_what_stock_neurons_have_not_is_not_written(tmp_path, text, network):
    path = tmp_path / "a.net"
    with pytest.raises(UnsupportedError, match=text) as caught:
        netx.save_lava_dl(network, path)
    assert str(caught.value).startswith(f"{path}: ")
    assert not path.exists()


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**31))
def test_drawn_networks_are_written_as_they_are_or_refused(seed):
    """Residual paths, pools, floors and other things are refused; what is written runs alike."""
    network = random_timed_network(seed, phases=6)
    with suppress(UnsupportedError):
        lavadl.from_tree(lavadl.to_tree(network))


def test_layers_without_leak_are_written_in_stock_units():
    """Fraction bits 0: the threshold 3 is `> 2 << 6`, a drive of 2 the bias 2, weights stay."""
    make = Drawn(np.random.default_rng(1))
    make.input(5)
    make.dense(12)
    make.dense(8)
    network = netx.from_bytes(make.content())
    layer, ones = network.layers[1], np.ones(12, np.int32)
    keeps = {"keep_u": 0 * ones[:1], "keep_v": 4096 * ones[:1], "drive": 2 * ones}
    parts = replace(layer.integration, **keeps, fraction_bits=0)
    base = replace(layer.threshold, base=3 * ones)
    free = with_layer(network, 1, integration=parts, threshold=base)
    tree = lavadl.to_tree(free)
    assert tree["layer/1/neuron/vThMant"] == 2
    assert tree["layer/1/bias"].tolist() == [2] * 12
    assert (tree["layer/1/weight"] == layer.synapses[0].weight).all()
    again = lavadl.from_tree(tree)
    x = (np.random.default_rng(0).random((3, 9, 5)) < 0.2).astype(np.uint8)
    one, two = (each.run(x, engine="numpy", record=True) for each in (free, again))
    assert one.trains("dense_1").any()
    assert (one.trains("dense_1") == two.trains("dense_1")).all()
    assert (one.scores == two.scores).all()
    with pytest.raises(UnsupportedError, match="its states times 64, stock neurons' fraction bit"):
        lavadl.to_tree(replace(free, phases=4000))


@settings(deadline=None, max_examples=60)
@given(
    st.integers(0, 8),
    st.sampled_from([(0, 4096), (0, 0), (4096, 4096), (4096, 0)]),
    st.integers(1, 40_000),
    st.sampled_from([0, 1, -1, 3, 64, -640, 64 * 4095, 64 * 4096]),
)
def test_what_forgets_nothing_is_the_same_in_stock_units(bits, keeps, base, drive):
    """Or refused, where a threshold falls between two of stock neurons or a number does not fit."""
    make = Drawn(np.random.default_rng(bits))
    make.input(5)
    make.dense(6)
    network = netx.from_bytes(make.content())
    layer, ones = network.layers[1], np.ones(6, np.int32)
    values = {"keep_u": keeps[0] * ones[:1], "keep_v": keeps[1] * ones[:1], "drive": drive * ones}
    parts = replace(layer.integration, **values, fraction_bits=bits, rounding="floor")
    limit = replace(layer.threshold, base=base * ones)
    with suppress(UnsupportedError, InvalidNetworkError):
        free = with_layer(network, 1, integration=parts, threshold=limit)
        again = lavadl.from_tree(lavadl.to_tree(free))
        x = (np.random.default_rng(base).random((3, 9, 5)) < 0.4).astype(np.uint8)
        one, two = (each.run(x, engine="numpy", record=True) for each in (free, again))
        assert (one.trains("dense_1") == two.trains("dense_1")).all()


# What a stranger's file may do.

TREES = [drawn(seed).tree() for seed in range(4)]
KINDS = ["int8", "uint8", "int64", "float32", "float64", "bool", "S3", "complex64"]


def check_line(error):
    assert len(str(error).splitlines()) == 1


def network_or_one_line(build):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", OneSpikeWarning)
        try:
            network = build()
        except OneSpikeError as error:
            check_line(error)
        else:
            assert netx.from_bytes(netx.to_bytes(network)) == network


@settings(deadline=None, max_examples=60)
@given(st.sampled_from(TREES), st.data())
def test_changed_keys_are_a_network_or_an_error(tree, data):
    keys = dict(tree)
    for _ in range(data.draw(st.integers(1, 3))):
        path = data.draw(st.sampled_from(sorted(keys)))
        change = data.draw(st.sampled_from(["drop", "move", "type", "shape", "value", "swap"]))
        array = keys.pop(path)
        if change == "move":
            keys[data.draw(st.sampled_from([f"{path}x", "layer/0", f"{path}/0", "/"]))] = array
        elif change == "type":
            keys[path] = np.ones(array.shape, data.draw(st.sampled_from(KINDS)))
        elif change == "shape":
            keys[path] = np.resize(array, data.draw(st.lists(st.integers(0, 4), max_size=5)))
        elif change == "swap":
            keys[path] = tree[data.draw(st.sampled_from(sorted(tree)))]
        elif change == "value" and array.size:
            raw = data.draw(st.binary(min_size=array.itemsize, max_size=array.itemsize))
            changed = np.array(array)
            at = data.draw(st.integers(0, array.size - 1))
            changed.reshape(-1)[at] = np.frombuffer(raw, array.dtype)[0]
            keys[path] = changed
    network_or_one_line(lambda: lavadl.from_tree(keys))


SMALL = smallest().content()


@settings(deadline=None, max_examples=100)
@given(st.lists(st.tuples(st.integers(0, len(SMALL) - 1), st.integers(0, 255)), min_size=1))
def test_changed_bytes_are_a_network_or_an_error(changes):
    content = bytearray(SMALL)
    for at, value in changes:
        content[at] = value
    network_or_one_line(lambda: netx.from_bytes(bytes(content)))


def heap(objects):
    """A collection of objects `(number, size, content)` at byte 8 of a file."""
    body = b"".join(struct.pack("<HHxxxxQ", n, 1, length) + text for n, length, text in objects)
    head = struct.pack("<4sB3xQ", b"GCOL", 1, 16 + len(body))
    return b"\0" * 8 + head + body


SOUND = [(1, 4, b"LIF\0\0\0\0\0"), (2, 5, b"LOIHI\0\0\0")]


def test_texts_of_any_length_are_found():
    content = heap(SOUND)
    at = len(content)
    for length, start, number, found in ((5, 8, 2, b"LOIHI"), (3, 8, 1, b"LIF"), (0, 0, 0, b"")):
        descriptor = struct.pack("<IQI", length, start, number)
        assert text_at(content + descriptor, at, "x") == found


@pytest.mark.parametrize(
    ("objects", "descriptor"),
    [
        ([(1, 0, b""), (1, 0, b"")] * 9, (5, 8, 2)),  # HDF5 reads some such heaps for ever
        ([(1, 2**63, b"")], (5, 8, 2)),
        ([(0, 8, b"CUBA\0\0\0\0"), *SOUND], (5, 8, 2)),
        (SOUND, (5, 9, 2)),
        (SOUND, (5, 2**63, 2)),
        (SOUND, (5, 8, 3)),
        (SOUND, (100, 8, 2)),
        ([(2, 300, b"x" * 304)], (300, 8, 2)),
    ],
)
def test_texts_that_are_not_there_are_refused(objects, descriptor):
    content = heap(objects)
    with pytest.raises(FormatError, match=r"^type: its text is not in the file, or longer than"):
        text_at(content + struct.pack("<IQI", *descriptor), len(content), "type")


def test_a_damaged_heap_ends():
    """Objects without size, as a turned bit makes them: HDF5 would read them for ever."""
    content, at = bytearray(SMALL), 0
    while (at := content.find(b"GCOL", at + 1)) > 0:
        content[at + 16 : at + 32] = struct.pack("<HHxxxxQ", 1, 1, 0)
    with pytest.raises(FormatError, match=r"neuron/type: its text is not in the file"):
        netx.from_bytes(bytes(content))


def test_command_line(tmp_path, capsys):
    """A plain file becomes one of this format and back; what is left out is said."""
    plain, ours, back = (str(tmp_path / name) for name in ("a.net", "b.net", "c.net"))
    Path(plain).write_bytes(smallest().content())
    for words in (
        [plain, "-o", ours, "--to", "onespike", "--steps", "12"],
        [ours, "-o", back, "--to", "lava-dl"],
    ):
        with pytest.raises(SystemExit) as end:
            main(["convert", *words])
        assert end.value.code == 0
    assert "not in the file: the scores are counts of the last layer's" in capsys.readouterr().err
    assert onespike_lava.load(ours) == onespike_lava.load(plain, steps=12)
    assert onespike_lava.load(back) == onespike_lava.load(ours)
    with pytest.raises(SystemExit) as end:
        main(["convert", str(MODEL), "-o", str(tmp_path / "d.net"), "--to", "lava-dl"])
    assert end.value.code == 2
    assert "its neurons obey a phase code, stock LIF neurons do not" in capsys.readouterr().err
    with pytest.raises(SystemExit) as end:
        main(["convert", plain, "-o", str(tmp_path / "d.net")])
    assert end.value.code == 2
    assert "between two .net files say --to lava-dl or --to onespike" in capsys.readouterr().err


# Trained networks of Intel's, and what Intel recorded of them.


PILOTNET = {
    "input_0": "input",
    **{f"conv_{number + 1}": f"conv_{number}" for number in range(5)},
    **{f"dense_{number + 7}": f"fc_{number}" for number in range(3)},
}


@TRUTH
@pytest.mark.parametrize("engine", ["reference", "numpy"])
def test_pilotnet_is_what_intel_recorded(engine):
    """Spikes, u and v of every layer in every step of the first sample, 17 steps of its own.

    A layer's first step is one behind its source's; potentials are noted before the reset.
    """
    network = onespike_lava.load(DATA / "pilotnet_lif.net", steps=17)
    assert network.proven
    with np.load(DATA / "pilotnet_lif_truth.npz") as file:
        truth = {key: file[key].transpose(*reversed(range(file[key].ndim))) for key in file}
    x = (truth["image"] - 36) / 40  # noted is 40 x + 36
    run = network.run(x[None], engine=engine, record=True, traces=True)
    seen = 0
    for late, (name, key) in enumerate(PILOTNET.items()):
        steps = min(17, 24 - late)
        spikes = truth[key][late : late + steps]
        assert (run.trains(name)[0, :steps] == spikes).all(), name
        if key != "input":
            u, v = (truth[f"{key}_{state}"][late : late + steps] for state in "uv")
            assert (run.currents[name][0, :steps] == u).all(), name
            assert ((run.potentials[name][0, :steps] == v) | spikes).all(), name
        seen += spikes.size
    assert seen > 2_500_000


@TRUTH
def test_pilotnet_is_written_as_it_was_read():
    network = onespike_lava.load(DATA / "pilotnet_lif.net")
    assert lavadl.from_tree(lavadl.to_tree(network)) == network


@TRUTH
def test_ntidigits_is_what_intel_recorded():
    """All 3,000 steps; the record is 4 steps behind layers without steps of their own."""
    network = onespike_lava.load(DATA / "ntidigits.net")
    assert (network.phases, network.proven) == (3000, True)
    with np.load(DATA / "ntidigits_truth.npz") as file:
        sent, expected = file["input"].T, file["output"].T
    x = sent.reshape(1, 3000, *network.input.shape).astype(np.uint8)
    run = network.run(x, engine="numpy", record=True)
    found = run.trains("dense_4")[0]
    assert found.sum() == 22_572
    assert (found[:-4] == expected[4:]).all()
    assert not expected[:4].any()
    assert (run.scores[0] == found.reshape(3000, 11, 22).sum(axis=(0, 2))).all()
    window = replace(network, phases=200)
    part = window.run(x[:, :200], engine="reference", record=True).trains("dense_4")[0]
    assert part.any()
    assert (part == found[:200]).all()


@TRUTH
def test_mnist_runs_without_a_proof():
    with pytest.warns(OneSpikeWarning) as warned:
        network = onespike_lava.load(DATA / "mnist.net")
    assert not network.proven
    assert any("layer 1 (dense_0): a state can reach" in str(each.message) for each in warned)
    x = (np.random.default_rng(0).random((3, 32, 784)) < 0.1).astype(np.uint8)
    numpy, reference = (network.run(x, engine=name) for name in ("numpy", "reference"))
    assert numpy.scores.any()
    assert (numpy.scores == reference.scores).all()
