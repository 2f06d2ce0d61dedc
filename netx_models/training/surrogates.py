"""Which surrogates train plain networks of what depth: `python surrogates.py`, on digits.

Plain convolutions of 8 channels, each with a batch norm and IF neurons, T = 4, no shortcuts: 8
epochs, batches of 48. SuperSpike of height 1 is made wider and narrower (`a` is its steepness), by
SGD (rate 0.01, Nesterov's momentum 0.9) and AdamW (3e-3), with and without batch norms; without,
initial weights are 2.5 times as large, so that deep layers fire at all. The measured factor of a
layer stands beside. One seed for the grid, three for its winners.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import runs
import torch
from data import split
from torch import nn

from exporters.training.layers import Folded, Repeat
from exporters.training.loop import fit
from exporters.training.measures import gain, mean, rates
from exporters.training.neurons import IF
from exporters.training.plan import Plan
from exporters.training.residual import convolution
from exporters.training.surrogates import ATan, SuperSpike, Surrogate
from onespike_lava.errors import DataError

CHANNELS, STEPS = 8, 4
RATES = {"sgd": 0.01, "adam": 3e-3}
SURROGATES: dict[str, Surrogate] = {
    **{f"SuperSpike a={a:g}": SuperSpike.of(a) for a in (0.5, 0.7, 0.85, 1, 1.2, 1.4, 2, 5, 10)},
    **{f"ATan alpha={alpha:g}": ATan.of(alpha) for alpha in (2, 3)},
}
FIRST = ("SuperSpike a=0.5", "SuperSpike a=1", "SuperSpike a=2", "SuperSpike a=10", "ATan alpha=2")
WINNERS = ("SuperSpike a=0.7", "SuperSpike a=0.85", "SuperSpike a=1", "SuperSpike a=1.2")


class Plain(nn.Sequential):
    """`depth` layers: convolutions and a last linear one. `images[N, 1, 8, 8] -> scores[N, 10]`."""

    def __init__(self, depth: int, surrogate: Surrogate, batch_norm: bool = True) -> None:
        layers: list[nn.Module] = []
        for place in range(depth - 1):
            weights = convolution(CHANNELS if place else 1, CHANNELS, 3)
            norm = [nn.BatchNorm2d(CHANNELS)] if batch_norm else []
            if not batch_norm:
                weights.weight.data.mul_(2.5)
            if place:
                layers.append(Folded(weights, *norm))
            else:
                layers += [weights, *norm, Repeat(STEPS)]
            layers.append(IF(surrogate=surrogate))
        pool = Folded(nn.AdaptiveAvgPool2d(4), nn.Flatten())
        super().__init__(*layers, pool, Mean(), nn.Linear(CHANNELS * 16, 10))


class Mean(nn.Module):
    """Over the steps."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """`[T, N, ...] -> [N, ...]`."""
        return x.mean(0)


def train(
    name: str, depth: int, optimiser: str, batch_norm: bool, seed: int, work: Path
) -> Mapping[str, Any]:
    """One network."""
    x, y, x_test, y_test = map(torch.from_numpy, split())
    surrogate = SURROGATES[name]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        factor = gain(lambda: IF(surrogate=surrogate), STEPS, 20, batch_norm=batch_norm)
    torch.manual_seed(seed)
    model = Plain(depth, surrogate, batch_norm)
    plan = Plan(
        epochs=8, batch=48, rate=RATES[optimiser], optimiser=optimiser, validation=0.1, seed=seed
    )
    try:
        result = fit(model, x, y, plan, test=(x_test, y_test), path=work)
    except DataError as error:  # the loss left the numbers
        return {"last": 0.1, "seconds": 0.0, "gain": round(factor, 3), "stopped": str(error)}
    found = rates(model, x_test.split(301))
    return {**runs.kept(result), "gain": round(factor, 3), "spikes": round(mean(found), 4)}


def every() -> dict[str, runs.Train]:
    """Name -> run: depths 10 and 20 first, one seed; then the winners' seeds, then the rest."""
    grid = [
        (name, depth, optimiser, True, 0)
        for depth in (10, 20)
        for optimiser in RATES
        for name in SURROGATES
    ]
    grid += [
        (name, 20, optimiser, True, seed)
        for seed in runs.SEEDS[1:]
        for optimiser in RATES
        for name in WINNERS
    ]
    grid += [(name, depth, "sgd", False, 0) for depth in (10, 20) for name in FIRST]
    grid += [(name, depth, "adam", False, 0) for depth in (10, 20) for name in FIRST]
    grid += [(name, 50, optimiser, True, 0) for optimiser in RATES for name in FIRST]
    return {
        f"{name}, {depth} layers, {optimiser}{'' if norm else ', no batch norm'}, seed {seed}": (
            partial(train, name, depth, optimiser, norm, seed)
        )
        for name, depth, optimiser, norm, seed in grid
    }


if __name__ == "__main__":
    runs.main("surrogates", __doc__.splitlines()[0], every())
