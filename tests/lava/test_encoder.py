"""The encoder's spikes against the binary code of the input layer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from onespike_lava.data.encoding import as_integers, encode
from onespike_lava.errors import DataError
from onespike_lava.layers import Input
from onespike_lava.processes import Encoder
from tests.lava.architectures import build, integers
from tests.lava.drive import collect, feed

pytestmark = pytest.mark.lava

LAYER = Input("x", (2, 3), 4, np.array([-1.0, 0.5]), np.array([0.25, 0.125]))


def raw(samples: int) -> np.ndarray:
    """Values off the grid, some beyond its ends."""
    return np.random.default_rng(0).uniform(-2, 4, (samples, 2, 3))


def code(layer: Input, x: np.ndarray, phases: int, unary: bool, steps: int) -> np.ndarray:
    """The definition, bit by bit: [*shape, steps]."""
    stream = np.zeros((*layer.shape, steps), int)
    for sample, values in enumerate(encode(layer, x).integers):
        for phase in range(1, layer.bits + 1):
            place = 2 ** (layer.bits - phase)
            bit = values // place % 2
            stream[..., sample * phases + phase - 1] = bit * (1 if unary else place)
    return stream


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
@pytest.mark.parametrize("unary", [False, True])
def test_samples_leave_in_binary_phases(unary, tag):
    encoder = Encoder(layer=LAYER, phases=6, unary=unary, samples=raw(3))
    found = collect(encoder.s_out, 24, tag)
    np.testing.assert_array_equal(found, code(LAYER, raw(3), 6, unary, 24))
    assert encoder.clipped == encode(LAYER, raw(3)).clipped > 0
    assert encoder.rounding == encode(LAYER, raw(3)).rounding > 0


def test_features_of_a_vector_have_grids_of_their_own():
    layer = Input("x", (3,), 8, np.array([-1.0, 0.0, 300.0]), np.array([0.01, 4.0, 2.5]))
    x = np.array([[-0.5, 100.0, 700.0], [1.2, 1000.0, 305.0]])
    encoder = Encoder(layer=layer, phases=8, samples=x)
    assert encode(layer, x).integers.tolist() == [[50, 25, 160], [220, 250, 2]]
    np.testing.assert_array_equal(collect(encoder.s_out, 16), code(layer, x, 8, False, 16))


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
def test_samples_may_start_later(tag):
    encoder = Encoder(layer=LAYER, phases=4, samples=raw(2), start=3)
    found = collect(encoder.s_out, 12, tag)
    assert not found[..., :3].any()
    np.testing.assert_array_equal(found[..., 3:], code(LAYER, raw(2), 4, False, 9))


def test_a_stream_is_read_at_the_first_phase_of_each_sample():
    given = np.full((*LAYER.shape, 20), 99.0)  # what comes between is ignored
    given[..., 2::6] = np.moveaxis(raw(3), 0, -1)
    encoder = Encoder(layer=LAYER, phases=6, start=2)
    feed(encoder.a_in, given)
    found = collect(encoder.s_out, 20, "floating_pt")
    np.testing.assert_array_equal(found[..., 2:], code(LAYER, raw(3), 6, False, 18))


def test_a_stream_of_eachin_fixed_point():
    values = np.random.default_rng(1).integers(0, 16, (3, 2, 3))
    given = np.zeros((2, 3, 18), int)
    given[..., ::6] = np.moveaxis(values, 0, -1)
    encoder = Encoder(layer=LAYER, phases=6, integers=True)
    feed(encoder.a_in, given)
    x = LAYER.low[:, None] + LAYER.step[:, None] * values
    np.testing.assert_array_equal(collect(encoder.s_out, 18), code(LAYER, x, 6, False, 18))


def stepped(coding: str) -> Input:
    return replace(LAYER, bits=3, coding=coding, low=np.zeros(1), step=np.ones(1))


@pytest.mark.parametrize("tag", ["fixed_pt", "floating_pt"])
@pytest.mark.parametrize("streams", [False, True])
@pytest.mark.parametrize("coding", ["constant", "once", "latency"])
def test_codes_of_networks_that_step(coding, streams, tag):
    """Samples six steps apart, four steps long; 5 to 7 lie behind the last step of latency."""
    values = np.random.default_rng(1).integers(0, 8, (3, 2, 3))
    expected = np.zeros((2, 3, 18), int)
    for sample, each in enumerate(values):
        for step in range(1, 5):
            sent = {
                "constant": each,
                "once": each * (step == 1),
                "latency": each == step,
            }
            expected[..., 6 * sample + step - 1] = sent[coding]
    given = {"layer": stepped(coding), "phases": 4, "period": 6}
    if not streams:
        encoder = Encoder(samples=values, **given)
    else:
        encoder, stream = Encoder(**given), np.full((2, 3, 18), 3)  # what comes between is ignored
        stream[..., ::6] = np.moveaxis(values, 0, -1)
        feed(encoder.a_in, stream)
    np.testing.assert_array_equal(collect(encoder.s_out, 18, tag), expected)


@pytest.mark.parametrize("streams", [False, True])
def test_events_are_sent_as_they_are(streams):
    values = np.random.default_rng(1).integers(0, 8, (3, 4, 2, 3))
    expected = np.zeros((2, 3, 18), int)
    for sample in range(3):
        expected[..., 6 * sample : 6 * sample + 4] = np.moveaxis(values[sample], 0, -1)
    given = {"layer": stepped("events"), "phases": 4, "period": 6}
    if not streams:
        encoder = Encoder(samples=values, **given)
    else:
        encoder, stream = Encoder(**given), expected.copy()
        stream[..., 4::6] = 5  # between samples
        feed(encoder.a_in, stream)
    np.testing.assert_array_equal(collect(encoder.s_out, 18), expected)


@pytest.mark.parametrize("weighting", ["graded", "membrane"])
def test_encoder_of_a_network(weighting):
    network = build("conv", weighting)
    data = integers(network, 3)
    steps = 3 * network.phases + 2
    x = network.input.low + network.input.step * data
    unary = weighting == "membrane"
    expected = code(network.input, x, network.phases, unary, steps)
    np.testing.assert_array_equal(collect(Encoder.of(network, x).s_out, steps), expected)
    coded = Encoder.of(network, data, integers=True)
    np.testing.assert_array_equal(collect(coded.s_out, steps), expected)


@pytest.mark.parametrize(
    ("samples", "message"),
    [
        (np.zeros((2, 3)), r"^x: shape \(2, 3\) does not match \[N, 2, 3\]; an axis is"),
        (np.zeros((0, 2, 3)), r"^samples: there are none; give at least one$"),
        (np.full((1, 2, 3), np.nan), r"^x: 6 values are NaN or infinite; clean the data$"),
    ],
)
def test_samples_that_do_not_fit(samples, message):
    with pytest.raises(DataError, match=message):
        Encoder(layer=LAYER, phases=6, samples=samples)


def test_integers_are_not_brought_onto_the_grid_again(monkeypatch):
    """Engine `lava` gets the integers of the input layer: encoded once, by who reads samples."""

    def refuse(self, values, integers):
        raise AssertionError("encoded again")

    given = encode(LAYER, raw(3)).integers
    monkeypatch.setattr("onespike_lava.data.encoding.Samples._encode", refuse)
    encoder = Encoder(layer=LAYER, phases=6, samples=given, integers=True)
    assert (encoder.clipped, encoder.rounding) == (0, 0.0)
    assert (encoder.samples.init == given).all()


def test_integers_in_another_type_are_rounded_and_clipped():
    found = as_integers(LAYER, np.array([[[-1.0, 0.25, 3.0], [15.0, 16.0, 14.6]]]))
    assert found.integers.tolist() == [[[0, 0, 3], [15, 15, 15]]]
    assert found.clipped == 2
    assert found.rounding == pytest.approx(0.4)
