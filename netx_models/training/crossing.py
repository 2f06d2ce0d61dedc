"""Training as an SNN against conversion, by steps: `python crossing.py`, on digits.

Three convolutions (16, 32 and 48 channels, the last two with stride 2) with batch norms, and a
linear layer. Trained with IF neurons (ATan) over 1 to 10 steps; and with ReLUs, then converted: IF
neurons with soft reset, each layer's threshold the 99.9th percentile of its activations (threshold
balancing), over 1 to 1,000 steps; and exported as one-spike network, T = 16, int8, with this
package's defaults. 15 epochs of SGD (rate 0.05, Nesterov's momentum 0.9), batches of 48.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import runs
import torch
from data import CALIBRATION, split
from torch import Tensor, nn

from exporters import export
from exporters.training.layers import Folded, Repeat
from exporters.training.loop import accuracy, fit
from exporters.training.neurons import IF
from exporters.training.plan import Plan, Result
from onespike_lava import Network

STEPS = (1, 2, 4, 10, 32, 100, 320, 1000)
TRAINED = (1, 2, 4, 10)
WIDTHS = (16, 32, 48)
PLAN = Plan(epochs=15, batch=48, rate=0.05, validation=0.1)
Trained = tuple[Tensor, Tensor, Tensor, Tensor]


class Net(nn.Module):
    """`images[N, 1, 8, 8] -> scores[N, 10]`, the mean over the steps."""

    def __init__(self, steps: int, neuron: Callable[[], nn.Module]) -> None:
        super().__init__()
        layers: list[nn.Module] = [Repeat(steps)]
        before = 1
        for width in WIDTHS:
            stride = 1 if before == 1 else 2
            weights = nn.Conv2d(before, width, 3, stride, padding=1, bias=False)
            layers += [Folded(weights, nn.BatchNorm2d(width)), neuron()]
            before = width
        self.body = nn.Sequential(*layers, Folded(nn.Flatten(), nn.Linear(before * 4, 10)))

    def forward(self, x: Tensor) -> Tensor:
        """Scores."""
        return self.body(x).mean(0)


class Balanced(nn.Module):
    """IF neurons with soft reset, whose spikes stand for their threshold."""

    def __init__(self, threshold: float) -> None:
        super().__init__()
        self.neuron = IF(threshold=threshold, reset="subtract")

    def forward(self, x: Tensor) -> Tensor:
        """Spikes times the threshold."""
        return self.neuron(x) * self.neuron.threshold


def converted(model: Net, images: Tensor, steps: int) -> Net:
    """The network of ReLUs with balanced neurons."""
    found = Net(steps, nn.ReLU)
    found.load_state_dict(model.state_dict())
    value = images.unsqueeze(0)
    with torch.no_grad():
        for place, part in enumerate(model.eval().body[1:], 1):
            value = part(value)
            if isinstance(part, nn.ReLU):
                highest = float(np.quantile(value.numpy(), 0.999))
                found.body[place] = Balanced(highest)
    return found.eval()


def plain(model: Net) -> nn.Sequential:
    """The network of ReLUs without steps, as it is exported."""
    parts = list(model.eval().body[1:])
    flat = [each for part in parts for each in (part if isinstance(part, Folded) else [part])]
    return nn.Sequential(*flat)


def trained(model: Net, samples: Trained, seed: int, work: Path) -> Result:
    """A network trained on the digits."""
    x, y, x_test, y_test = samples
    plan = Plan(**{**PLAN.__dict__, "seed": seed})
    return fit(model, x, y, plan, test=(x_test, y_test), path=work)


def train(seed: int, work: Path) -> Mapping[str, Any]:
    """All networks of a seed; `last` is that of ten steps."""
    samples = tuple(map(torch.from_numpy, split()))
    found: dict[str, Any] = {"trained": {}, "converted": {}}
    for steps in TRAINED:
        torch.manual_seed(seed)
        file = work.with_suffix(f".{steps}.pt")
        result = trained(Net(steps, IF), samples, seed, file)
        found["trained"][str(steps)] = result.last
        file.unlink()
    torch.manual_seed(seed)
    model = Net(1, nn.ReLU)
    found["ReLU"] = trained(model, samples, seed, work).last
    x, _, x_test, y_test = samples
    for steps in STEPS:
        network = converted(model, x[:CALIBRATION], steps)
        found["converted"][str(steps)] = accuracy(network, x_test, y_test, batch=20)
    network = export(plain(model), x[:CALIBRATION].numpy())
    found["one-spike"] = right(network, x_test, y_test)
    return {**runs.kept(result), **found}


def right(network: Network, x: Tensor, y: Tensor) -> float:
    """Share of images whose class is found by the integer network."""
    return float(np.mean(network.predict(x.numpy()) == y.numpy()))


def every() -> dict[str, runs.Train]:
    """Name -> run."""
    return {f"seed {seed}": partial(train, seed) for seed in runs.SEEDS}


if __name__ == "__main__":
    runs.main("crossing", __doc__.splitlines()[0], every())
