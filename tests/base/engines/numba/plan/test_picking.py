"""What is picked, step by step: every live weight once, as few steps as the sweep needs."""

import numpy as np
import pytest

from onespike_lava.engines.numba.kernels.picking.forms import FORMS
from onespike_lava.engines.numba.plan.picking import choice, sweep

TAPS = np.array([0, 40, 80, 700, 740, 780, 1400, 1440, 1480])


def drawn(outputs, inputs, share, seed=0):
    rng = np.random.default_rng(seed)
    weight = rng.integers(1, 128, (outputs, inputs, len(TAPS))) * rng.choice([-1, 1])
    return (weight * (rng.random(weight.shape) < share)).astype(np.int8)


def read(steps, size=2000):
    """Weights by the byte that they read, int[outputs, bytes]."""
    found = np.zeros((steps.index.shape[1], size), int)
    places = steps.offsets[:, None, None] + steps.index
    rows = np.broadcast_to(np.arange(len(found))[:, None], places.shape)
    np.add.at(found, (rows, places), steps.weights)
    return found


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 1.0])
@pytest.mark.parametrize("groups", [1, 2, 40])
def test_every_live_weight_is_picked_once(groups, share, form, monkeypatch):
    weight = drawn(40, 40 // groups, share)
    expected = np.zeros((48, 2000), int)
    for output, row in enumerate(weight):
        channels = output // (40 // groups) * (40 // groups) + np.arange(40 // groups)
        expected[output, (channels[:, None] + TAPS).reshape(-1)] = row.reshape(-1)
    blocks = [(0, 2), (32, 1)]
    for at_once in (1, sweep.AT_ONCE):
        monkeypatch.setattr(sweep, "AT_ONCE", at_once)
        found = sweep.sweep(weight, groups, TAPS, blocks, form)
        assert [each.index.shape[1] for each in found] == [32, 16]
        np.testing.assert_array_equal(np.concatenate([read(each) for each in found]), expected)
        for each in found:
            assert (each.index < form.window).all()
            assert not (each.offsets % form.align).any()
            assert (np.diff(each.offsets) >= 0).all()


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_outputs_may_be_ahead_of_others(form):
    """Few steps more than the output with most weights needs, fewer than window by window."""
    rng = np.random.default_rng(0)
    weight = (rng.random((32, 2000, 1)) < 0.3).astype(np.int8)
    (found,) = sweep.sweep(weight, 1, np.zeros(1, np.int64), [(0, 2)], form)
    least = -(-int(weight.sum((1, 2)).max()) // form.each)
    chunks = np.add.reduceat(weight[:, :, 0].astype(int), np.arange(0, 2000, form.window), 1)
    apart = (-(-chunks // form.each)).max(0).sum()
    assert least <= len(found.offsets) < 1.25 * least
    assert len(found.offsets) < 0.9 * apart


def test_dense_synapses_are_refused_before_any_sweep(monkeypatch):
    def refuse(*_):
        raise AssertionError("swept")

    monkeypatch.setattr(choice, "sweep", refuse)
    for kind in FORMS:
        assert choice.picked(drawn(40, 40, 1.0), 1, TAPS, [(0, 2), (32, 1)], kind) == ()


def test_processors_that_permute_no_bytes_pick_nothing(monkeypatch):
    monkeypatch.setattr(choice, "form_of", lambda kind: None)
    for kind in FORMS:
        assert choice.picked(drawn(40, 40, 0.01), 1, TAPS, [(0, 2), (32, 1)], kind) == ()
