"""Rules of layers: kept at the limit, broken one beyond, named when broken."""

from dataclasses import replace

import numpy as np
import pytest

from onespike_lava.errors import FormatError, InvalidNetworkError
from onespike_lava.layers import Growth, Input, MaxPool, Readout, Synapse, Window
from onespike_lava.limits import NEURONS_MAX
from onespike_lava.network import Network
from tests.base.rules.layers import dense, messages
from tests.networks import Maker


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


def test_all_violations_come_at_once():
    bad = replace(dense(), bias=np.zeros(3, np.int32), base=3.0, scale=np.zeros(2))
    found = messages(bad)
    assert len(found) == 4
    assert all(text.startswith("layer 1 (hidden): ") for text in found)


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
