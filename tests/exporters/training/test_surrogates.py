"""Surrogates: height and width mean the same of all, the papers' parameters give their formulas."""

import math

import pytest

torch = pytest.importorskip("torch")

from exporters.training.surrogates import (  # noqa: E402
    S2NN,
    ATan,
    Rectangle,
    Sigmoid,
    SuperSpike,
)
from onespike_lava.errors import OptionError  # noqa: E402

ALL = [ATan, Sigmoid, SuperSpike, Rectangle, S2NN]
X = torch.linspace(-3, 3, 60001, dtype=torch.float64)


@pytest.mark.parametrize("kind", ALL)
@pytest.mark.parametrize(("height", "width"), [(1.0, 1.5), (0.3, 1.2), (2.5, 2.0)])
def test_height_is_at_the_threshold_and_width_at_half_of_it(kind, height, width):
    made = kind(height, width)
    values = made.derivative(X)
    assert made.derivative(torch.zeros(1, dtype=torch.float64)).item() == pytest.approx(height)
    assert values.max() <= height * (1 + 1e-12)
    wide = X[values >= height / 2]
    assert (wide[-1] - wide[0]).item() == pytest.approx(width, abs=3e-4)


@pytest.mark.parametrize("kind", ALL)
def test_the_papers_parameter_is_the_default(kind):
    assert kind() == kind.of()


def test_the_papers_formulas():
    s = torch.sigmoid(4 * X)
    formulas = [
        (ATan.of(3), 1.5 / (1 + (math.pi * 3 * X / 2) ** 2)),
        (Sigmoid.of(4), 4 * s * (1 - s)),
        (SuperSpike.of(10), 1 / (1 + 10 * X.abs()) ** 2),
        (SuperSpike.of(10, height=5), 5 / (1 + 10 * X.abs()) ** 2),
        (Rectangle.of(2), (X.abs() < 1).double() / 2),
        (S2NN.of(4), torch.where(X < 0, 4 * s * (1 - s), 1 / (X.clamp(min=0) + 1))),
    ]
    for made, wanted in formulas:
        torch.testing.assert_close(made.derivative(X), wanted, rtol=1e-12, atol=1e-15)


def test_of_unit_area_where_the_paper_has_it():
    far = torch.linspace(-4000, 4000, 4_000_001, dtype=torch.float64)
    for made in (ATan(), Sigmoid(), Rectangle.of(1.7), SuperSpike.of(4, height=2)):
        area = torch.trapezoid(made.derivative(far), far).item()
        assert area == pytest.approx(1, abs=2e-3)


@pytest.mark.parametrize("kind", ALL)
def test_a_flat_surrogate_says_so(kind):
    made = kind(0.5, 1.5)
    values = set(made.derivative(X).tolist())
    assert made.flat == (values == {0.0, 0.5})


@pytest.mark.parametrize("kind", ALL)
def test_the_argument_stays(kind):
    x = torch.randn(9)
    before = x.clone()
    kind().derivative(x)
    assert torch.equal(x, before)


@pytest.mark.parametrize("value", [0.0, -1.0, math.inf, math.nan])
def test_heights_and_widths_are_positive(value):
    with pytest.raises(OptionError, match=r"^ATan: height is \S+; give a positive number$"):
        ATan(height=value)
    with pytest.raises(OptionError, match=r"^Rectangle: width is \S+; give a positive number$"):
        Rectangle(width=value)


def test_s2nn_is_wider_than_its_fired_side():
    with pytest.raises(OptionError, match=r"^S2NN: width is 1; its fired side alone has 1, give"):
        S2NN(1, 1)
