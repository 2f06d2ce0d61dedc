"""Few synapses, which ones is learnt: `python rewiring.py`, on MNIST-5k.

784-800-10 LIF neurons (half of the potential stays, reset to zero), T = 8, the image a constant
current; loss: squared error of the output rates. 120 epochs of Adam (rate 1e-3, half a cosine),
batches of 128, every weight pruned, no image moved. Grad R by its drift. The rivals have the
connectivity that Grad R came to: Deep R from the start; layer by layer magnitude pruning of the
dense network and then as many epochs again on what is left, or none.
Integers: int8 by `rounding="nearest"` (`least` makes up for what a weight loses by others, also by
such that were pruned), counted on the test images; what rounding made 0 is no synapse any more.
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

from exporters import convert_spiking
from exporters.training.layers import Folded, Repeat
from exporters.training.loop import accuracy, fit
from exporters.training.neurons import LIF
from exporters.training.plan import Plan
from exporters.training.rewiring.rules import DeepR, GradR, Kept, Rule
from exporters.training.rewiring.synapses import connectivity, live, prune, told
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.netx import save

STEPS, HIDDEN, EPOCHS = 8, 800, 120
DRIFTS = (0.1, 0.4, 0.03, 0.8, 0.2)


class Rate(nn.Module):
    """Spikes per step: `[T, N, classes] -> [N, classes]`."""

    def forward(self, x: Tensor) -> Tensor:
        """The mean over the steps."""
        return x.mean(0)


def network(seed: int) -> nn.Module:
    """`images[N, 1, 28, 28] -> rates[N, 10]`; the first layer sees the image once."""
    torch.manual_seed(seed)
    first = (nn.Flatten(), nn.Linear(784, HIDDEN, bias=False), Repeat(STEPS))
    last = Folded(nn.Linear(HIDDEN, 10, bias=False))
    return nn.Sequential(*first, LIF(threshold=2.0), last, LIF(threshold=2.0), Rate())


def squared(rates: Tensor, labels: Tensor) -> Tensor:
    """Of rates and one-hot labels."""
    return nn.functional.mse_loss(rates, nn.functional.one_hot(labels, 10).to(rates.dtype))


def learn(model: nn.Module, rule: str | Rule, seed: int, work: Path) -> Any:
    """One training."""
    x, y, x_test, y_test = mnist5k.split()
    plan = Plan(epochs=EPOCHS, batch=128, rate=1e-3, optimiser=rule, seed=seed)
    return fit(model, x, y, plan, test=(x_test, y_test), loss=squared, path=work)


def kept(model: nn.Module, result: Any, work: Path) -> Mapping[str, Any]:
    """Accuracy and synapses, real and whole."""
    x, _, x_test, y_test = mnist5k.split()
    found = told(convert_spiking(model.eval(), x[:500].numpy(), rounding="nearest").network)
    file = work.with_suffix(".net")
    save(found, file)
    counted = evaluate(found, x_test.numpy(), y_test.numpy(), "numba")
    size = file.stat().st_size
    file.unlink()
    few, all_of_them = live(model)
    read = [each for layer in found.layers[:-1] for each in layer.synapses]
    whole = sum(int((each.weight != 0).sum()) for each in read)
    return {
        **runs.kept(result),
        "connectivity": few / all_of_them,
        "layers": connectivity(model),
        "int8": counted.accuracy,
        "whole": whole / all_of_them,
        "live": whole,
        "energy": round(counted.energy.ratios["fp32"], 2),
        "synops": round(counted.energy.exact),
        "input_macs": round(counted.energy.input_macs),
        "bytes": size,
    }


def train(rule: Rule, seed: int, work: Path) -> Mapping[str, Any]:
    """A network by one rule from the start."""
    model = network(seed)
    return kept(model, learn(model, rule, seed, work), work)


def dense(seed: int, work: Path) -> tuple[nn.Module, Any]:
    """The dense network of a seed; its file stays in the folder, for all that begin with it."""
    model = network(seed)
    return model, learn(model, "adam", seed, work.parent / f"dense-{seed}.pt")


def whole(seed: int, work: Path) -> Mapping[str, Any]:
    """The dense network itself."""
    return kept(*dense(seed, work), work)


def rival(way: str, drift: float, seed: int, work: Path) -> Mapping[str, Any]:
    """At the connectivity of Grad R's run of this drift and seed."""
    known = runs.read("rewiring")
    name = f"Grad R {drift:g}, seed {seed}"
    if name not in known:
        raise SystemExit(f"{name}: has not run yet; run it first")
    if way == "Deep R":
        return train(DeepR(known[name]["connectivity"]), seed, work)
    model, result = dense(seed, work)
    prune(model, {layer: max(share, 1e-9) for layer, share in known[name]["layers"].items()})
    if way == "magnitude":
        _, _, x, y = mnist5k.split()
        result.last = accuracy(model, x, y)
    else:
        result = learn(model, Kept(), seed, work)
    return kept(model, result, work)


def every() -> dict[str, runs.Train]:
    """Name -> run."""
    made: dict[str, runs.Train] = {}
    for seed in runs.SEEDS:
        made[f"dense, seed {seed}"] = partial(whole, seed)
        for drift in DRIFTS:
            made[f"Grad R {drift:g}, seed {seed}"] = partial(train, GradR(drift), seed)
            for way in ("magnitude, retrained", "Deep R", "magnitude"):
                made[f"{way} {drift:g}, seed {seed}"] = partial(rival, way, drift, seed)
    return made


if __name__ == "__main__":
    runs.main("rewiring", __doc__.splitlines()[0], every())
