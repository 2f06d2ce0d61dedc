"""Every rule of a valid network: kept at the limit, broken one beyond, named when broken."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava import coding
from onespike_lava.errors import FormatError, InvalidNetworkError
from onespike_lava.layers import Growth, Input, MaxPool, Readout, Spiking, Synapse, Window
from onespike_lava.limits import LAYERS_MAX, NEURONS_MAX
from onespike_lava.network import Network
from onespike_lava.rules import largest_potential
from tests.networks import Maker, random_network

PAYLOADS = coding.payload_table(16, 1.3, 8)


def dense(weight=100, bias=0, base=10, source=0, inputs=4):
    """A layer of one neuron."""
    return Spiking(
        "hidden",
        (1,),
        (Synapse(source, np.full((1, inputs), weight, np.int8)),),
        np.array([bias], np.int32),
        np.array([base], np.int32),
        coding.threshold_table(PAYLOADS),
        PAYLOADS[:-1],
        8,
        1.3,
        np.ones(1),
    )


def network(hidden, features=4, **fields):
    source = Input("input", (features,), 8, np.zeros(1), np.ones(1))
    out = Readout("out", (1,), (Synapse(1, np.ones((1, 1), np.int8)),), np.zeros(1, np.int32), 1.0)
    return Network((source, hidden, out), **{"phases": 16, "wait": 16, **fields})


def messages(hidden, **fields):
    with pytest.raises(InvalidNetworkError) as error:
        network(hidden, **fields)
    return error.value.violations


def test_state_limit_of_potentials():
    room = 2**23 - 4 * 100 * 255
    assert largest_potential(network(dense(bias=room - 1)), dense(bias=room - 1)) == 2**23 - 1
    assert messages(dense(bias=-room)) == (
        f"layer 1 (hidden): potential: {2**23} can reach the state limit of {2**23} (24 bits "
        "signed); export with fewer payload bits",
    )


def test_state_limit_of_thresholds():
    top = int(coding.threshold_table(PAYLOADS)[0])
    network(dense(base=(2**23 - 1) // top))
    assert "exceeds the state limit" in messages(dense(base=2**23 // top + 1))[0]


@pytest.mark.parametrize(("weighting", "seed"), [("graded", 3), ("membrane", 3), ("membrane", 6)])
def test_no_potential_exceeds_its_bound(weighting, seed):
    """The bound holds for the worst inputs, and comes close for the first layer."""
    network = random_network(seed, weighting, phases=16)
    layer = network.layers[1]
    weight = layer.synapses[0].weight
    channel = int(np.argmax(np.maximum(weight, 0).reshape(len(weight), -1).sum(1)))
    top = 2**network.input.bits - 1
    patch = np.where(weight[channel] > 0, top, 0)
    x = np.zeros((1, *network.input.shape))
    x[0, :, 1:4, 1:4] = patch * network.input.step[0]
    readout = Readout("out", layer.shape, layer.synapses, layer.bias, 1.0, layer.growth)
    alone = Network((network.input, readout), network.phases, network.wait, weighting)
    reached = int(np.abs(alone.run(x).scores).max())
    bound = largest_potential(alone, readout)
    assert reached <= bound
    assert reached > 0.4 * bound


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"payload": np.zeros(16, np.int32)}, "payload: 0..0 is outside 1..255 (0 is silence);"),
        ({"payload": np.arange(1, 17, dtype=np.int32)}, "payload: increases from one phase to"),
        ({"threshold_base": np.zeros(1, np.int32)}, "threshold: not positive, a resting neuron"),
        ({"threshold_base": np.ones(2, np.int32)}, "threshold_base: int32[2] is not int32[1]"),
        ({"threshold_table": np.ones(15, np.int32)}, "threshold_table: int32[15] is not int32[16]"),
        ({"bias": np.zeros(1, np.int64)}, "bias: int64[1] is not int32[1] or int32[1]"),
        ({"scale": np.array([np.nan])}, "scale: not finite and positive; calibrate with other"),
        ({"base": 2.5}, "base: 2.5 is outside (1, 2]; export with another base"),
        ({"payload_bits": 9}, "payload_bits: 9 is outside 1..8"),
        ({"shape": (1, 1)}, "shape (1, 1) is neither (C, H, W) nor (F,) of positive sizes"),
        ({"growth": Growth(5000, 12, 4, 8)}, "growth: must be absent in this weighting"),
        (
            {"synapses": (Synapse(0, np.ones((1, 5), np.int8)),)},
            "weight: (1, 5) does not connect 4 inputs to shape (1,)",
        ),
        (
            {"synapses": (Synapse(0, np.ones((1, 4), np.float32)),)},  # type: ignore[arg-type]
            "weight: float32[1, 4] is not int8[O, I] or int8[O, I/groups, rows, columns]",
        ),
        (
            {"synapses": (Synapse(0, np.ones((1, 4, 1, 1), np.int8)),)},
            "a convolution needs a source (C, H, W), found (4,); use a dense synapse",
        ),
    ],
)
def test_a_broken_rule_is_named(change, message):
    found = messages(replace(dense(), **change))
    assert found[0].startswith(f"layer 1 (hidden): {message}"), found


@pytest.mark.parametrize("field", ["stride", "padding", "dilation"])
@pytest.mark.parametrize("part", ["conv", "pool"])
def test_windows_of_too_few_numbers(part, field):
    """Found by fuzzing: they must not end in a traceback."""
    entry = Input("in", (1, 4, 4), 2, np.zeros(1), np.ones(1))
    window = replace(Window(), **{field: (1,)})
    synapse = Synapse(0, np.ones((1, 1, 1, 1), np.int8), window if part == "conv" else Window())
    hidden = replace(dense(), shape=(1, 4, 4), synapses=(synapse,))
    pool = MaxPool("pool", (1, 4, 4), 1, (1, 1), window if part == "pool" else Window())
    synapse = Synapse(2, np.ones((1, 16), np.int8))
    end = Readout("out", (1,), (synapse,), np.zeros(1, np.int32), 1.0)
    with pytest.raises(InvalidNetworkError) as caught:
        Network((entry, hidden, pool, end), 16, 16, "graded", ())
    assert "must have 2, 2, 4 and 2 numbers" in str(caught.value)


@pytest.mark.parametrize("name", ["two\nlines", "\x1b[2J"])
def test_names_that_a_terminal_would_obey_are_refused(name):
    found = messages(replace(dense(), name=name))
    assert found == (f"layer 1: name {name!r} cannot be printed; rename it",)


def test_errors_are_one_line():
    assert str(FormatError("layer/\x1b[2J\n: not in the format")) == (
        "layer/\\x1b[2J\\n: not in the format"
    )


def test_sources_and_names():
    assert messages(dense(source=1))[0] == (
        "layer 1 (hidden): source 1 is not an earlier layer (0..0); sort the layers"
    )
    assert "name 'out' is empty or not unique" in messages(replace(dense(), name="out"))[0]
    assert messages(replace(dense(), synapses=()))[0].startswith("layer 1 (hidden): has no source")
    assert messages(dense(), phases=65)[0].startswith("phases: 65 is outside 1..64")
    assert messages(dense(), wait=17)[0].startswith("wait: 17 is outside 0..16")
    assert messages(dense(), weighting="rate")[0].startswith("weighting: 'rate' is not one of")


def test_sources_of_different_codes_are_refused():
    hidden = dense()
    mixed = replace(
        dense(),
        name="mixed",
        synapses=(Synapse(0, np.ones((1, 4), np.int8)), Synapse(1, np.ones((1, 1), np.int8))),
    )
    source = Input("input", (4,), 8, np.zeros(1), np.ones(1))
    out = Readout("out", (1,), (Synapse(2, np.ones((1, 1), np.int8)),), np.zeros(1, np.int32), 1.0)
    with pytest.raises(InvalidNetworkError, match="its sources send different codes"):
        Network((source, hidden, mixed, out), 16, 16)


def test_all_violations_come_at_once():
    bad = replace(dense(), bias=np.zeros(3, np.int32), base=3.0, scale=np.zeros(2))
    found = messages(bad)
    assert len(found) == 4
    assert all(text.startswith("layer 1 (hidden): ") for text in found)


def test_arrays_are_read_only_copies():
    weight = np.ones((1, 4), np.int8)
    synapse = Synapse(0, weight)
    weight[0, 0] = 5
    assert synapse.weight[0, 0] == 1
    with pytest.raises(ValueError, match="read-only"):
        synapse.weight[0, 0] = 2


def test_window_sizes():
    assert Window((2, 1), (1, 0, 2, 0), (1, 2)).output_size((6, 7), (3, 3)) == (4, 3)


def padded(size, padding, kernel=(1, 1)):
    """A readout that sees one plane with silence around it."""
    window = Window((1, 1), padding)
    synapse = Synapse(0, np.ones((1, 1, *kernel), np.int8), window)
    source = Input("in", (1, *size), 2, np.zeros(1), np.ones(1))
    shape = synapse.output_shape(source.shape)
    return Network((source, Readout("out", shape, (synapse,), np.zeros(1, "i4"), 1.0)), 2, 2)


def test_silence_around_a_layer_counts():
    top = 4096
    assert top**2 == NEURONS_MAX
    padded((1, top), (top - 1, 0, 0, 0))
    with pytest.raises(InvalidNetworkError, match=r"\(1, 1, 4096\), more than 16777216 values; "):
        padded((1, top), (top, 0, 0, 0), (2, 1))
    padded((1, 1), (7, 7, 7, 7))  # more silence than the kernel reaches


def test_a_pool_sees_no_more_silence_than_a_layer_may_hold():
    make = Maker(np.random.default_rng(0), 4, 1.3, "graded")
    make.conv(make.input((1, 1, 1)), 1, (1, 1))
    make.pool(1, (2**15, 2**15), Window((2**15,) * 2, (2**15 - 1,) * 4))
    make.readout(2)
    with pytest.raises(InvalidNetworkError, match="more than 16777216 values; use less padding"):
        make.network()


def chain(pools, name="pool", size=(2, 2)):
    """A network with many pools in a row."""
    make = Maker(np.random.default_rng(0), 4, 1.3, "graded")
    at = make.conv(make.input((1, *size)), 1, (1, 1))
    shape = make.layers[at].shape
    make.layers += [
        MaxPool(f"{name}{number}", shape, at + number, (1, 1), Window()) for number in range(pools)
    ]
    synapse = Synapse(at + pools, np.ones((1, 1, 1, 1), np.int8))
    make.layers.append(Readout("out", shape, (synapse,), np.zeros(1, np.int32), 1.0))
    return make.network()


def test_all_layers_together_are_bounded():
    side = 4096
    with pytest.raises(InvalidNetworkError, match=f"layers: {5 * side**2} neurons exceed"):
        chain(2, size=(side, side))


def test_number_of_layers_is_bounded():
    chain(LAYERS_MAX - 3)
    with pytest.raises(InvalidNetworkError, match=r"layers: 1025 exceed 1024; use a shallower"):
        chain(LAYERS_MAX - 2)


def test_length_of_names_is_bounded():
    chain(1, "\u00e9" * 511 + "a")
    with pytest.raises(InvalidNetworkError, match=r"layer 2: a name of 1025 bytes exceeds 1024; "):
        chain(1, "\u00e9" * 512)


def test_a_layer_that_nothing_reads_is_refused():
    """It would still spike after the readout's last step, where Lava has stopped."""
    make = Maker(np.random.default_rng(0), 4, 1.3, "graded")
    make.dense(make.input((4,)), 3)
    make.dense(0, 3)
    make.readout(1)
    with pytest.raises(
        InvalidNetworkError, match=r"^layer 2 \(spiking2\): no later layer reads it; leave it out$"
    ):
        make.network()
