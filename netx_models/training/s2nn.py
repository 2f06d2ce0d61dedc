"""Single-step networks (S2NN, Suetake et al. 2022) against rivals: `python s2nn.py`, on MNIST-5k.

A VGG of six 3x3 convolutions (16, 16, 32, 32, 64, 64 channels), each with a batch norm and neurons
that fire once or not, T = 1, max pools between pairs; 12 epochs, batches of 50, images moved by up
to 2 pixels. The neurons differ in their surrogate; `BNN` has sign functions (-1, 1) and a clipped
straight-through gradient, `BNN, binary weights` weights of two values per channel too; `ReLU` is
the twin without spikes. SGD (rate 0.05, Nesterov's momentum 0.9, decay 5e-4) for all, BNNs by AdamW
(1e-3) beside, which is their usual recipe; the better of a BNN's two is for the reader to take.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import mnist5k
import runs
import torch
from torch import Tensor, nn

from exporters.training.augmentation import Shifts
from exporters.training.layers import Folded, Repeat
from exporters.training.loop import fit
from exporters.training.measures import mean, rates
from exporters.training.neurons import IF
from exporters.training.plan import Plan
from exporters.training.surrogates import S2NN, ATan, Rectangle, Sigmoid, Surrogate

WIDTHS = (16, 32, 64)
SURROGATES: dict[str, Surrogate] = {
    "S2NN": S2NN(),
    "ATan": ATan(),
    "sigmoid": Sigmoid(),
    "rectangle": Rectangle(),
}
RIVALS = ("BNN", "BNN, binary weights", "ReLU")


class _Sign(torch.autograd.Function):
    """-1 and 1; the gradient passes where `|x| <= 1`."""

    @staticmethod
    def forward(ctx: Any, x: Tensor) -> Tensor:
        ctx.save_for_backward(x)
        return torch.where(x >= 0, 1.0, -1.0)

    @staticmethod
    def backward(ctx: Any, grad: Tensor) -> Tensor:
        (x,) = ctx.saved_tensors
        return grad * (x.abs() <= 1)


class Sign(nn.Module):
    """The neuron of binary networks."""

    def forward(self, x: Tensor) -> Tensor:
        """-1 or 1."""
        return _Sign.apply(x)


class BinaryConv2d(nn.Conv2d):
    """Its weights are their mean magnitude, per output channel, times their sign."""

    def forward(self, x: Tensor) -> Tensor:
        """The convolution."""
        size = self.weight.detach().abs().mean((1, 2, 3), keepdim=True)
        return self._conv_forward(x, size * _Sign.apply(self.weight), self.bias)


def neuron(name: str) -> nn.Module:
    """Of a network of this name."""
    if name in SURROGATES:
        return IF(surrogate=SURROGATES[name])
    return nn.ReLU() if name == "ReLU" else Sign()


def network(name: str, inputs: int = 1, size: int = 28, widths: tuple[int, ...] = WIDTHS) -> Any:
    """`images[N, inputs, size, size] -> scores[N, 10]`, untrained."""
    layers: list[nn.Module] = [Repeat(1)]
    before = inputs
    for stage, width in enumerate(widths):
        if stage:
            layers.append(Folded(nn.MaxPool2d(2)))
        for place in range(2):
            whole = name != "BNN, binary weights" or not (stage or place)
            kind = nn.Conv2d if whole else BinaryConv2d
            weights = kind(before, width, 3, padding=1, bias=False)
            nn.init.kaiming_normal_(weights.weight, mode="fan_out")
            layers += [Folded(weights, nn.BatchNorm2d(width)), neuron(name)]
            before = width
    plane = size // 2 ** (len(widths) - 1)
    head = Folded(nn.Flatten(), nn.Linear(before * plane**2, 10))
    return nn.Sequential(*layers, head, nn.Flatten(0, 1))


def train(name: str, optimiser: str, seed: int, work: Path) -> Mapping[str, Any]:
    """One network."""
    x, y, x_test, y_test = mnist5k.split()
    torch.manual_seed(seed)
    model = network(name)
    adam = optimiser == "adam"
    plan = Plan(
        epochs=12,
        batch=50,
        rate=1e-3 if adam else 0.05,
        optimiser=optimiser,
        decay=0.0 if adam else 5e-4,
        validation=0.1,
        seed=seed,
    )
    result = fit(model, x, y, plan, test=(x_test, y_test), augment=Shifts(2), path=work)
    found = rates(model, x_test.split(250))
    return {**runs.kept(result), "spikes": round(mean(found), 4)}


def every() -> dict[str, runs.Train]:
    """Name -> run, seed by seed."""
    grid = [(name, "sgd", seed) for seed in runs.SEEDS for name in (*SURROGATES, *RIVALS)]
    grid += [(name, "adam", seed) for seed in runs.SEEDS for name in RIVALS[:2]]
    return {
        f"{name}, {optimiser}, seed {seed}": partial(train, name, optimiser, seed)
        for name, optimiser, seed in grid
    }


if __name__ == "__main__":
    runs.main("s2nn", __doc__.splitlines()[0], every())
