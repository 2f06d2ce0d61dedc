"""Constants of a layer as integers: whole thresholds, 24 bits, presets."""

import numpy as np
import pytest

from exporters.form import Form
from exporters.quantization.sources import Linear, Source
from exporters.stepping.layers import fitted, int8, narrow
from onespike_lava.errors import UnsupportedError
from onespike_lava.limits import STATE_LIMIT


def maps(weight, steps=8):
    every = np.ones(weight.shape[1])
    source = Source(0, (weight.shape[1],), every, 0 * every, 0, 1.0, steps, False, 1.0)
    return [Linear(source, np.asarray(weight, float))]


def made(form, weight=None, constant=None, fits=lambda layer: True, **options):
    weight = np.random.default_rng(0).normal(0, 0.1, (5, 40)) if weight is None else weight
    constant = np.zeros(len(weight)) if constant is None else constant
    return fitted("layer", maps(weight), constant, form, fits, **options)


@pytest.mark.parametrize("threshold", [1.0, 0.3, [1.0, 0.5, 0.7, 2.0, 1.1]])
def test_thresholds_are_whole_and_scales_hardly_larger(threshold):
    layer = made(Form(threshold, reset="subtract"))
    units = np.broadcast_to(threshold, 5) / layer.unit
    assert np.allclose(units, np.rint(units), rtol=1e-12)
    assert np.array_equal(layer.threshold.base, np.rint(units))
    assert np.array_equal(layer.reset.base, layer.threshold.base)
    weight = np.random.default_rng(0).normal(0, 0.1, (5, 40))
    least = np.abs(weight).max(axis=1) / 127
    assert (layer.scale >= least).all()
    assert (layer.scale <= 1.13 * least).all()
    assert (
        np.abs(layer.weights[0] * layer.scale[:, None] - weight).max() <= 0.51 * layer.scale.max()
    )


def test_above_is_one_more():
    ge, gt = (made(Form(1.0, fire=fire, reset="subtract")) for fire in ("ge", "gt"))
    assert np.array_equal(gt.threshold.base, ge.threshold.base + 1)
    assert np.array_equal(gt.reset.base, ge.reset.base)
    assert (ge.integration.rounding, gt.integration.rounding) == ("floor", "ceil")


def test_weights_far_above_the_threshold_keep_their_resolution():
    layer = made(Form(0.01), weight=np.random.default_rng(0).normal(0, 1, (5, 40)))
    assert np.abs(layer.weights[0]).max() == 127
    units = 0.01 / layer.unit
    assert np.array_equal(layer.threshold.base, np.maximum(np.ceil(units - 1e-9), 1))


@pytest.mark.parametrize("preset", ["exact", "lava"])
def test_weights_next_to_0_are_0_beside_a_threshold(preset):
    """As what rewiring leaves of a synapse that waits; a threshold beyond 32 bits would wrap."""
    weight = np.random.default_rng(0).normal(0, 0.1, (5, 40))
    weight[2] = 1e-12
    layer = made(Form(1.0), weight=weight, preset=preset)
    assert layer.threshold.base.min() >= 1
    assert layer.threshold.base.max() < STATE_LIMIT
    assert not layer.weights[0][2].any()
    assert layer.lowered == (preset == "exact")  # one scale for all is that of the others
    others = np.arange(5) != 2
    assert np.abs(layer.weights[0][others]).max(axis=1).min() > 50


def test_constants_beyond_32_bits_do_not_wrap():
    drive = np.array([1e9, -1e9, 0, 0, 0])
    layer = made(Form(1.0), constant=drive)
    assert (np.sign(layer.integration.drive) == np.sign(drive)).all()
    assert np.abs(layer.integration.drive).max() < STATE_LIMIT * 2**layer.integration.fraction_bits
    assert np.array_equal(narrow(np.array([1e12, -1e12])), [2**31 - 1, 1 - 2**31])


def test_fraction_bits():
    assert made(Form(1.0)).integration.fraction_bits == 0  # nothing to round
    drive = np.full(5, 0.01)
    assert made(Form(1.0), constant=drive).integration.fraction_bits == 4
    assert made(Form(1.0, keep_v=0.5), constant=drive).integration.fraction_bits == 4
    assert made(Form(1.0, keep_v=0.9)).integration.fraction_bits == 8
    assert made(Form(1.0, keep_u=0.5, keep_v=0.5)).integration.fraction_bits == 8


def test_bits_go_first_then_the_scale():
    """Where 24 bits do not hold a layer."""
    few = made(Form(1.0, keep_v=0.9), fits=lambda layer: layer.integration.fraction_bits <= 3)
    assert (few.integration.fraction_bits, few.lowered) == (3, False)
    plain = made(Form(1.0))
    wide = made(Form(1.0), fits=lambda layer: layer.scale.min() > 3 * plain.scale.max())
    assert wide.lowered
    assert wide.threshold.base.max() < plain.threshold.base.min()
    with pytest.raises(UnsupportedError, match="layer: its states do not fit into 24 bits"):
        made(Form(1.0), fits=lambda layer: False)


def test_stock_neurons():
    """One scale, Lava's shift and rounding where there is a leak, thresholds of 64 and one."""
    layer = made(Form(1.0, keep_v=0.75), preset="lava", constant=np.full(5, 0.01))
    assert (layer.integration.fraction_bits, layer.integration.rounding) == (6, "zero")
    assert np.ptp(layer.scale) == 0
    assert (layer.threshold.base % 64 == 1).all()
    assert (layer.integration.drive % 64 == 0).all()
    strict = made(Form(1.0, keep_v=0.75, fire="gt"), preset="lava")
    assert strict.threshold.base[0] == layer.threshold.base[0] + 64
    assert made(Form(1.0), preset="lava").integration.fraction_bits == 0


def test_decays_that_differ_within_a_channel():
    form = Form(1.0, keep_v=np.linspace(0.1, 0.9, 20).reshape(5, 2, 2))
    with pytest.raises(UnsupportedError, match="neurons of one channel decay differently"):
        fitted("c", maps(np.ones((5, 40))), np.zeros((5, 2, 2)), form, lambda layer: True)


def test_weights_alone():
    random = np.random.default_rng(0)
    weights = [random.normal(0, 1, (4, 6)), random.normal(0, 3, (4, 2, 3, 3))]
    for alike in (False, True):
        found, units = int8("layer", weights, alike)
        assert [each.shape for each in found] == [each.shape for each in weights]
        largest = np.max([np.abs(each.reshape(4, -1)).max(axis=1) for each in found], axis=0)
        assert largest.max() == 127
        assert (np.ptp(units) == 0) == alike
        assert alike or (largest == 127).all()
        for whole, weight in zip(found, weights, strict=True):
            scale = units.reshape(-1, *[1] * (weight.ndim - 1))
            assert (np.abs(whole * scale - weight) <= 0.5001 * scale).all()
    with pytest.raises(UnsupportedError, match="layer: weights that are no numbers"):
        int8("layer", [np.full((2, 2), np.nan)], False)
