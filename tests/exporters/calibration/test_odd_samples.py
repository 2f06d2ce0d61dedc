"""Calibration data that are odd: what is taken of them, what is said; healthy ones are silent."""

import re
import warnings

import numpy as np
import pytest

from exporters import convert
from exporters.calibration.grid import input_grid
from exporters.graph import Graph, Node
from onespike_lava.errors import OneSpikeWarning
from onespike_lava.evaluation.tally import evaluate
from tests import DIGITS

WAY = "ranges and corrections rest on these, give some hundred real samples"


@pytest.fixture(scope="module")
def digits():
    """17 grey levels in 0..1, float32[1797, 1, 8, 8], and their labels."""
    datasets = pytest.importorskip("sklearn.datasets")
    x, y = datasets.load_digits(return_X_y=True)
    return (x / 16).reshape(-1, 1, 8, 8).astype(np.float32), y


@pytest.fixture(scope="module")
def model():
    pytest.importorskip("onnx")
    return str(DIGITS / "digits.onnx")


def said(call, *arguments, **options):
    """What a call returns, and the warnings it gives."""
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        result = call(*arguments, **options)
    ours = [each for each in found if issubclass(each.category, OneSpikeWarning)]
    assert all(each.filename == __file__ for each in ours)
    assert all("\n" not in str(each.message) for each in ours)
    return result, [str(each.message) for each in ours]


def odd(x, kind):
    """300 samples, one of them not as the others."""
    x = x[:300].copy()
    if kind == "one value":
        x[17, 0, 3, 3] = 65535
    elif kind == "at both ends":
        x[17, 0, 3, 3], x[200, 0, 1, 1] = 65535, -65535
    elif kind == "a sample of another scale":
        x[17] *= 255
    return x


@pytest.mark.parametrize("kind", ["one value", "at both ends", "a sample of another scale"])
@pytest.mark.parametrize("options", [{}, {"input_range": (0, 1)}])
def test_an_outlier_takes_no_grid(digits, model, kind, options):
    """One value of 65,535 took 92.5 % to 10 %, in silence."""
    x, y = digits
    found, notes = said(convert, model, odd(x, kind), **options)
    (note,) = notes
    known = {"one value": (1, "65535"), "at both ends": (2, "-?65535")}
    count, high = known.get(kind, (r"\d+", "255"))
    end = "1" if options else "1.0625"
    assert re.fullmatch(
        rf"calibration: {count} of 19200 values, up to {high}, lie outside the input grid "
        rf"0..{end} and are clipped; clean the data, or give an input range",
        note,
    )
    result, notes = said(evaluate, found.network, x[500:], y[500:])
    assert result.accuracy > 0.99
    assert not notes


def test_an_outlier_among_normalised_pixels_leaves_their_lattice():
    whole = np.random.default_rng(0).integers(0, 256, (100, 3, 8, 8))
    whole[0, :, 0, :2] = 0, 255
    x = ((whole / 255 - 0.45) / 0.22).astype(np.float32)
    plain = input_grid(x, 8, None)
    x[50, 1, 2, 2] = 1e4
    low, step = input_grid(x, 8, None)
    np.testing.assert_allclose(low, plain[0], rtol=1e-6)
    np.testing.assert_allclose(step, plain[1], rtol=1e-6)


def test_many_samples_of_another_scale_are_told(digits, model):
    x, _ = digits
    mixed = x[:300].copy()
    mixed[::10] *= 255
    _, notes = said(convert, model, mixed)
    assert notes == [
        "calibration: most samples span 1 of 255 steps of the input grid 0..255; bring all samples "
        "to one scale, or give an input range"
    ]


@pytest.mark.parametrize(
    ("make", "note"),
    [
        (lambda x: np.full_like(x, 0.5), f"all values are 0.5; {WAY}"),
        (lambda x: x[:1], f"a single sample; {WAY}"),
        (lambda x: np.repeat(x[:1], 9, axis=0), f"all 9 samples are the same; {WAY}"),
    ],
)
def test_samples_that_tell_too_little(digits, model, make, note):
    x, _ = digits
    _, notes = said(convert, model, make(x[:30]))
    assert notes == [f"calibration: {note}"]


def small(bias=0.0):
    rng = np.random.default_rng(0)
    weights = {"weight": rng.normal(size=(4, 3, 3, 3)), "bias": np.full(4, bias)}
    nodes = (
        Node("x", "input", attrs={"shape": (3, 5, 5)}),
        Node("conv1", "conv", ("x",), weights),
        Node("relu", "relu", ("conv1",)),
        Node("fc", "linear", ("relu",), {"weight": rng.normal(size=(2, 36))}),
    )
    return Graph(nodes, "fc")


def test_a_channel_of_one_value_and_a_dead_layer():
    x = np.random.default_rng(0).random((50, 3, 5, 5)).astype(np.float32)
    assert not said(convert, small(), x)[1]
    x[:, 1] = 0.25
    assert said(convert, small(), x)[1] == [
        "calibration: channels 1 of 3 hold one value alone; check how the data are made, or leave "
        "these channels out of the network"
    ]
    x[:, 1] = x[:, 0]
    assert said(convert, small(-1e3), x)[1] == [
        "calibration: no neuron of conv1 is ever active; give samples as the network was trained "
        "on, or check its weights"
    ]


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (lambda x: 255 * x, r"\d+ of 83008 values lie outside the input grid 0..15.9375 and"),
        (lambda x: 16 * x, r"\d+ of 83008 values lie outside the input grid 0..15.9375 and"),
        (lambda x: (x - 0.3) / 0.37, r"\d+ of 83008 values lie outside the input grid 0..15.93"),
        (lambda x: x / 255, "the values span 0 of 255 steps of the input grid 0..15.9375 and lie"),
    ],
)  # fmt: skip
def test_data_on_another_scale_than_the_files(digits, model, change, note):
    x, y = digits
    network = convert(model, x[:300]).network
    _, notes = said(evaluate, network, change(x[500:]), y[500:])
    assert len(notes) == 1
    assert re.match(f"x: {note}", notes[0])
    assert notes[0].endswith("; scale the data as the calibration samples were")
    assert said(network.run, change(x[500:]))[1] == notes


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_healthy_data_are_silent(digits, model, bits):
    """On the grid, off it by nature, with a few values beyond it, and few bits."""
    x, y = digits
    noise = np.random.default_rng(0).normal(0, 0.02, x.shape).astype(np.float32)
    for calibration, later in ((x, x), (x + noise, x + noise), (x, x + noise), (x[:10], x)):
        found, notes = said(convert, model, calibration[:300], input_bits=bits)
        assert not notes
        assert not said(evaluate, found.network, later[500:600], y[500:600])[1]


def test_empty_images_among_events_are_silent():
    """Most frames hold nothing; integers lie on the grid, whatever they span."""
    x = np.zeros((100, 3, 5, 5), np.float32)
    x[::9, :, 2, 2] = 3
    x[5] = np.random.default_rng(0).integers(0, 200, (3, 5, 5))
    assert not said(convert, small(), x)[1]
