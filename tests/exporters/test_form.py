"""The normal form of a neuron: its equations, and the changes of variable that are exact."""

from fractions import Fraction

import numpy as np
import pytest

from exporters.form import Form


def by_hand(form, x):
    """Spikes of one neuron in exact fractions, step by step."""
    one = {key: Fraction(float(value)) for key, value in form.numbers().items()}
    taken = one.get("amount", one["threshold"])
    u, v, n, sent = Fraction(0), one["start"], 0, []
    for arriving in x:
        u = one["keep_u"] * u + Fraction(float(arriving))
        v = one["keep_v"] * v + one["gain"] * u + one["drive"]
        v = v - taken * n if form.reset == "late_subtract" else v
        v = Fraction(0) if form.reset == "late_zero" and n else v
        theta = one["threshold"]
        n = {"ge": v >= theta, "gt": v > theta, "none": False, "count": max(v // theta, 0)}[
            form.fire
        ]
        n = min(int(n), form.most) if form.most else int(n)
        sent.append(n)
        v = Fraction(0) if form.reset == "zero" and n else v
        v = v - taken * n if form.reset == "subtract" else v
        v = max(v, one["floor"]) if "floor" in one else v
    return sent


FORMS = [
    Form(1.0, fire=fire, reset=reset, keep_u=u, keep_v=v, gain=0.5, drive=0.125, start=0.25)
    for fire in ("ge", "gt", "none")
    for reset in ("zero", "subtract", "keep", "late_subtract", "late_zero")
    for u, v in ((0.0, 1.0), (0.0, 0.5), (0.5, 0.75))
] + [
    Form(0.5, fire="count", reset="subtract", floor=-0.5),
    Form(0.5, fire="count", reset="zero", keep_v=0.5, most=3),
    Form(1.0, reset="subtract", amount=0.75, floor=-1.0),
]


@pytest.mark.parametrize("form", FORMS)
def test_the_equations(form):
    x = np.random.default_rng(0).integers(-4, 12, (10, 40)) / 4
    spikes, _ = form.run(x)
    assert spikes.T.tolist() == [by_hand(form, row) for row in x.T]


@pytest.mark.parametrize("form", [each for each in FORMS if each.reset != "late_zero"])
def test_the_normal_form_of_a_form_sends_the_same(form):
    """Without a gain, and with what is taken off late taken off at once."""
    plain = form.normal()
    assert plain.gain == 1
    assert plain.reset in ("zero", "subtract", "keep")
    x = np.random.default_rng(1).integers(-4, 12, (10, 40)) / 4
    assert [by_hand(form, row) for row in x.T] == [by_hand(plain, row) for row in x.T] or (
        form.reset == "late_subtract" and form.keep_v == 0.75  # a third is no float
    )


def test_numbers_and_settings_are_all_of_it():
    form = Form([1.0, 2.0], keep_v=0.5, amount=0.75, fire="count", most=3)
    again = Form.of(form.numbers(), {**form.settings(), "steps": 4})
    assert again.settings() == form.settings()
    assert {k: v.tolist() for k, v in again.numbers().items()} == {
        k: v.tolist() for k, v in form.numbers().items()
    }


def test_constants_take_the_shape_of_a_layer():
    form = Form(np.arange(1.0, 3).reshape(2, 1, 1), keep_v=np.full((2, 1, 1), 0.5))
    wide = form.shaped((2, 3, 3))
    assert wide.keep_v.shape == ()
    assert wide.threshold.shape == (2, 3, 3)
    flat = Form(wide.threshold).shaped((18,))
    assert flat.threshold.tolist() == wide.threshold.reshape(-1).tolist()


def test_words():
    assert str(Form(1.0, fire="gt", reset="subtract")) == (
        "fires at v > threshold and is reset by subtraction"
    )
    assert str(Form(1.0, fire="none")) == "never fires"
