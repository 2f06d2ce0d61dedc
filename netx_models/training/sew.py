"""Depth of residual spiking networks: `python sew.py`, on the digits of scikit-learn.

SEW ResNet ([Fang et al. 2021, arXiv:2102.04159](https://arxiv.org/abs/2102.04159)) with its three
joins against the spiking ResNet and the plain network: 20, 56 and 110 layers of 8 channels on the
whole 8x8 plane, over 4 steps; 8 epochs of SGD
with Nesterov's momentum 0.9 and batches of 48, the last batch norm of a block at 0 unless a name
says `no zero`. A tenth of the training images chooses the best epoch; 602 test images judge.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import runs
import torch
from data import split

from exporters.training.loop import fit
from exporters.training.measures import mean, rates
from exporters.training.plan import Plan
from exporters.training.residual import ResNet

RATES = (0.05, 0.01)
DEPTHS = (20, 56, 110)
SEEN = [(kind, depth) for depth in DEPTHS for kind in ("ADD", "IAND", "spiking", "plain")]
NO_ZERO = ("ADD", "IAND", "spiking")


def network(kind: str, depth: int, zero: bool = True) -> ResNet:
    """`images[N, 1, 8, 8] -> scores[N, 10]`, untrained."""
    return ResNet(kind, depth, widths=(8,), strides=(1,), pool=4, inputs=1, steps=4, zero=zero)


def train(
    kind: str, depth: int, rate: float, zero: bool, seed: int, work: Path
) -> Mapping[str, Any]:
    """One network."""
    x, y, x_test, y_test = map(torch.from_numpy, split())
    torch.manual_seed(seed)
    model = network(kind, depth, zero)
    plan = Plan(epochs=8, batch=48, rate=rate, validation=0.1, seed=seed)
    result = fit(model, x, y, plan, test=(x_test, y_test), path=work)
    found = rates(model, x_test.split(301))
    return {
        **runs.kept(result),
        "spikes": round(mean(found), 4),
        "payload": largest_sum(model, x_test),
    }


def largest_sum(model: ResNet, x: torch.Tensor) -> float:
    """Most spikes that a place of a block's output stands for."""
    seen = [0.0]
    handles = [
        block.register_forward_hook(lambda *given: seen.append(float(given[2].max())))
        for block in model.blocks
    ]
    with torch.no_grad():
        model.eval()(x)
    for handle in handles:
        handle.remove()
    return max(seen)


def every() -> dict[str, runs.Train]:
    """Name -> run: three seeds at the first rate; the second, and what else there is, at one."""
    grid = [(kind, depth, RATES[0], True, seed) for seed in runs.SEEDS for kind, depth in SEEN]
    grid += [("AND", depth, RATES[0], True, 0) for depth in (20, 56)]
    grid += [(kind, depth, RATES[1], True, 0) for kind, depth in SEEN]
    grid += [(kind, depth, RATES[0], False, 0) for depth in (20, 56) for kind in NO_ZERO]
    return {name(*each): partial(train, *each) for each in grid}


def name(kind: str, depth: int, rate: float, zero: bool, seed: int) -> str:
    """Of a run."""
    return f"{kind} {depth}, rate {rate:g}{'' if zero else ', no zero'}, seed {seed}"


if __name__ == "__main__":
    runs.main("sew", __doc__.splitlines()[0], every())
