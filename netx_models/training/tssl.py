"""TSSL-BP (Zhang and Li 2020) and what of it counts: `python tssl.py`, on 5,000 digits of MNIST.

784-400-400-10, T = 5, tau_m 5, tau_s 3, kernel loss, 15 epochs of AdamW (rate 5e-4, half a cosine)
with batches of 50, gradients clipped to norm 1, weights within 4: 3,600 images train, 400 choose
the best epoch, 1,000 test, split by a fixed order. The variants leave parts of the gradient out;
`sigmoid` is the silent neurons' surrogate for all, back through the potential as any surrogate.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import runs
import torch
from mnist5k import split
from torch import Tensor, nn

from exporters.training.layers import Folded, Repeat
from exporters.training.loop import Reading, accuracy, fit
from exporters.training.measures import mean, rates
from exporters.training.neurons import CUBA
from exporters.training.plan import Plan
from exporters.training.tssl import SILENT, TSSL, KernelLoss, Trace

WIDTHS = (784, 400, 400, 10)
STEPS = 5
VARIANTS: dict[str, Mapping[str, Any]] = {
    "TSSL-BP": {},
    "no timing": {"timing": False},
    "no silent": {"silent": None},
    "no intra": {"intra": False},
    "sigmoid": {},
}


def network(variant: str = "TSSL-BP") -> nn.Sequential:
    """`images[N, 1, 28, 28] -> spikes[T, N, 10]`, untrained."""
    layers: list[nn.Module] = [nn.Flatten(), Repeat(STEPS)]
    for before, after in pairwise(WIDTHS):
        weights = nn.Linear(before, after, bias=False)
        nn.init.kaiming_normal_(weights.weight)
        layers += [Folded(weights), neuron(variant)]
    return nn.Sequential(*layers)


def neuron(variant: str) -> nn.Module:
    """Of a variant; all fire alike."""
    made = TSSL(**VARIANTS[variant])
    if variant != "sigmoid":
        return made
    wide = type(SILENT)(SILENT.height / made.threshold, SILENT.width * made.threshold)
    return CUBA(made.decay, made.current_decay, threshold=made.threshold, surrogate=wide)


def scores(spikes: Tensor) -> Tensor:
    """Sum over the steps of the filtered output spikes, [N, 10]."""
    return Trace()(spikes).sum(0)


def train(variant: str, seed: int, work: Path) -> Mapping[str, Any]:
    """One network."""
    x, y, x_test, y_test = split()
    torch.manual_seed(seed)
    model = network(variant)
    plan = Plan(
        epochs=15,
        batch=50,
        rate=5e-4,
        optimiser="adam",
        clip=1.0,
        bound=4.0,
        validation=0.1,
        seed=seed,
    )
    test = (x_test, y_test)
    result = fit(model, x, y, plan, test=test, loss=KernelLoss(), scores=scores, path=work)
    found = rates(model, x_test.split(250))
    counts = accuracy(model, x_test, y_test, Reading(scores=lambda spikes: spikes.sum(0)))
    torch.save(model.state_dict(), work.with_suffix(".weights"))
    return {**runs.kept(result), "counts": counts, "spikes": round(mean(found), 4)}


def every() -> dict[str, runs.Train]:
    """Name -> run, seed by seed."""
    return {
        f"{variant}, seed {seed}": partial(train, variant, seed)
        for seed in runs.SEEDS
        for variant in VARIANTS
    }


if __name__ == "__main__":
    runs.main("tssl", __doc__.splitlines()[0], every())
