"""Plans of training: what makes no sense is refused at once."""

# ruff: noqa: E402  (imports follow importorskip)

import math

import pytest

torch = pytest.importorskip("torch")
from torch import nn

from exporters.training.loop import fit
from exporters.training.plan import Plan
from onespike_lava.errors import OptionError


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"optimiser": "rmsprop"}, "optimiser is 'rmsprop'; give one of sgd, adam"),
        ({"epochs": 0}, "epochs is 0; give 1 or more"),
        ({"batch": 0}, "batch is 0; give 1 or more"),
        ({"warm": -1}, "warm is -1; give 0 or more"),
        ({"validation": 1.0}, "validation is 1.0; give a share of 0 to below 1"),
        ({"validation": -0.1}, "validation is -0.1; give a share of 0 to below 1"),
        ({"epochs": 1.5}, "epochs is 1.5; give a whole number"),
        ({"batch": 16.0}, "batch is 16.0; give a whole number"),
        ({"warm": "3"}, "warm is '3'; give a whole number"),
        ({"seed": None}, "seed is None; give a whole number"),
        ({"clip": -1}, "clip is -1; give a number above 0"),
        ({"bound": -1.0}, "bound is -1.0; give a number above 0"),
        ({"bound": 0}, "bound is 0; give a number above 0"),
        ({"bound": math.nan}, "bound is nan; give a number above 0"),
        ({"rate": -0.1}, "rate is -0.1; give a number of 0 or more"),
        ({"rate": "fast"}, "rate is 'fast'; give a number of 0 or more"),
        ({"rate": math.inf}, "rate is inf; give a number of 0 or more"),
        ({"decay": -0.1}, "decay is -0.1; give a number of 0 or more"),
        ({"momentum": 1.0}, "momentum is 1.0; give a share of 0 to below 1"),
        ({"precision": "float16"}, "precision is 'float16'; give one of float32, bfloat16"),
        ({"smoothing": math.nan}, "smoothing is nan; give a share of 0 to below 1"),
    ],
)
def test_plans_that_make_no_sense_are_refused(options, message):
    with pytest.raises(OptionError, match=f"^Plan: {message}$"):
        Plan(**options)


def test_decay_is_for_weights_alone():
    x, y = torch.zeros(4, 1), torch.zeros(4, dtype=torch.int64)
    model = nn.Linear(1, 1)
    nn.init.ones_(model.weight)
    nn.init.ones_(model.bias)
    plan = Plan(epochs=1, batch=4, rate=0.1, momentum=0.0, decay=0.5)
    fit(model, x, y, plan, loss=lambda out, labels: 0 * out.sum())
    assert model.weight.item() == pytest.approx(0.95)
    assert model.bias.item() == 1.0


@pytest.mark.parametrize("precision", ["float32", "bfloat16"])
def test_a_precision_is_of_the_forward_pass_in_training_alone(precision):
    seen = []

    class Noted(nn.Linear):
        def forward(self, x):
            out = super().forward(x)
            seen.append((self.training, out.dtype))
            return out

    def loss(out, labels):
        assert out.dtype == torch.float32
        return nn.functional.cross_entropy(out, labels)

    x, y = torch.randn(8, 3), torch.arange(8) % 2
    model = Noted(3, 2)
    plan = Plan(epochs=1, batch=4, validation=0.5, precision=precision)
    fit(model, x, y, plan, test=(x, y), loss=loss)
    assert {dtype for training, dtype in seen if training} == {getattr(torch, precision)}
    assert {dtype for training, dtype in seen if not training} == {torch.float32}
    assert model.weight.dtype == torch.float32
