"""Few synapses, which ones is learnt: `python rewiring.py`, on MNIST-5k and CIFAR-10.

784-800-10 LIF neurons (half of the potential stays, reset to zero), T = 8, the image a constant
current; loss: squared error of the output rates. 120 epochs of Adam (rate 1e-3, half a cosine),
batches of 128, every weight pruned, no image moved. CIFAR-10 (JPEG, 10,000 training images, 24
epochs, batches of 64, images moved by up to 4 pixels, half of them mirrored, one seed): three 3x3
convolutions of 16, 32 and 64 channels with batch norms and such neurons, pools of spikes behind
each, a linear layer whose mean over 4 steps is the scores; cross-entropy. Grad R by its drift. The
rivals have the connectivity that Grad R came to, and as many epochs in all: Deep R from the start;
layer by layer magnitude pruning of a dense network of half the epochs, the other half on what is
left, or of the dense network of all epochs without more.
Integers: int8 by `rounding="nearest"` (`least` makes up for what a weight loses by others, also by
such that were pruned), counted on the test images; what rounding made 0 is no synapse any more.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import runs  # isort: skip  (puts the folder of cifar10 on the path)
import cifar
import cifar10
import mnist5k
import torch
from torch import Tensor, nn

from exporters import convert_spiking
from exporters.training.augmentation import Shifts
from exporters.training.layers import Folded, Repeat
from exporters.training.loop import accuracy, fit
from exporters.training.neurons import LIF
from exporters.training.plan import Plan
from exporters.training.residual import convolution
from exporters.training.rewiring.rules import DeepR, GradR, Kept, Rule
from exporters.training.rewiring.synapses import connectivity, live, prune, told
from onespike_lava.connectivity import connections, is_fixed
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.netx import save

COMPARED = 10
DRIFTS = (0.1, 0.4, 0.03, 0.8)
Samples = tuple[Tensor, Tensor, Tensor, Tensor]


class Rate(nn.Module):
    """Spikes or scores per step: `[T, N, classes] -> [N, classes]`."""

    def forward(self, x: Tensor) -> Tensor:
        """The mean over the steps."""
        return x.mean(0)


def dense_layers() -> nn.Module:
    """`images[N, 1, 28, 28] -> rates[N, 10]`; the first layer sees the image once."""
    first = (nn.Flatten(), nn.Linear(784, 800, bias=False), Repeat(8))
    last = Folded(nn.Linear(800, 10, bias=False))
    return nn.Sequential(*first, LIF(threshold=2.0), last, LIF(threshold=2.0), Rate())


def convolutions() -> nn.Module:
    """`images[N, 3, 32, 32] -> scores[N, 10]`."""
    layers: list[nn.Module] = [convolution(3, 16, 3), nn.BatchNorm2d(16), Repeat(4), LIF()]
    for before, after in ((16, 32), (32, 64)):
        layers.append(Folded(nn.MaxPool2d(2)))
        layers += [Folded(convolution(before, after, 3), nn.BatchNorm2d(after)), LIF()]
    head = Folded(nn.MaxPool2d(2), nn.Flatten(), nn.Linear(64 * 16, 10))
    return nn.Sequential(*layers, head, Rate())


def squared(rates: Tensor, labels: Tensor) -> Tensor:
    """Of rates and one-hot labels."""
    return nn.functional.mse_loss(rates, nn.functional.one_hot(labels, 10).to(rates.dtype))


@cache
def colours() -> Samples:
    """Of CIFAR-10, as bytes."""
    x, y = cifar10.pixels("train", 0, 10_000), cifar10.labels("train", 0, 10_000)
    arrays = (x, y, cifar10.pixels("test"), cifar10.labels("test"))
    return tuple(map(torch.from_numpy, arrays))


@dataclass(frozen=True)
class Task:
    """What is learnt: a network, samples, how."""

    network: Callable[[], nn.Module]
    samples: Callable[[], Samples]
    plan: Mapping[str, Any]
    more: Mapping[str, Any] = field(default_factory=dict)

    def real(self, x: Tensor) -> Tensor:
        """Samples as the network takes them."""
        return self.more.get("prepare", lambda each: each)(x)

    def learn(
        self, model: nn.Module, rule: str | Rule, seed: int, work: Path, share: int = 1
    ) -> Any:
        """One training, of all epochs or of one `share`-th."""
        x, y, *test = self.samples()
        own = {**self.plan, "epochs": self.plan["epochs"] // share}
        plan = Plan(rate=1e-3, optimiser=rule, seed=seed, **own)
        return fit(model, x, y, plan, test=tuple(test), path=work, **self.more)

    def untrained(self, seed: int) -> nn.Module:
        """The network before."""
        torch.manual_seed(seed)
        return self.network()


MNIST = Task(dense_layers, mnist5k.split, {"epochs": 120, "batch": 128}, {"loss": squared})
CIFAR = Task(
    convolutions,
    colours,
    {"epochs": 24, "batch": 64, "precision": "bfloat16"},
    {"augment": Shifts(4, mirror=True), "prepare": cifar.pixels},
)


def kept(task: Task, model: nn.Module, result: Any, work: Path) -> Mapping[str, Any]:
    """Accuracy and synapses, real and whole."""
    x, _, x_test, y_test = task.samples()
    seen = task.real(x[:500]).numpy()
    found = told(convert_spiking(model.eval(), seen, rounding="nearest").network)
    file = work.with_suffix(".net")
    save(found, file)
    counted = evaluate(found, task.real(x_test).numpy(), y_test.numpy(), "numba")
    size = file.stat().st_size
    file.unlink()
    few, all_of_them = live(model)
    weights = [
        each.weight
        for layer in found.layers
        for each, trained in connections(found, layer)
        if not is_fixed(each, trained)
    ][: len(connectivity(model))]  # without what only counts output spikes
    whole = sum(int((each != 0).sum()) for each in weights)
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
        "equal": runs.equal(found, task.real(x_test[:COMPARED]).numpy()),
    }


def train(task: Task, rule: Rule, seed: int, work: Path) -> Mapping[str, Any]:
    """A network by one rule from the start."""
    model = task.untrained(seed)
    return kept(task, model, task.learn(model, rule, seed, work), work)


def dense(task: Task, seed: int, work: Path, share: int = 1) -> tuple[nn.Module, Any]:
    """The dense network of a seed; its file stays in the folder, for all that begin with it."""
    model = task.untrained(seed)
    file = f"dense-{task.network.__name__}-{task.plan['epochs'] // share}-{seed}.pt"
    return model, task.learn(model, "adam", seed, work.parent / file, share)


def whole(task: Task, seed: int, work: Path) -> Mapping[str, Any]:
    """The dense network itself."""
    return kept(task, *dense(task, seed, work), work)


def rival(task: Task, way: str, of: str, seed: int, work: Path) -> Mapping[str, Any]:
    """At the connectivity of the run of Grad R that is named."""
    known = runs.read("rewiring")
    if of not in known:
        raise SystemExit(f"{of}: has not run yet; run it first")
    if way == "Deep R":
        return train(task, DeepR(known[of]["connectivity"]), seed, work)
    half = 1 if way == "magnitude" else 2
    model, result = dense(task, seed, work, half)
    prune(model, {layer: max(share, 1e-9) for layer, share in known[of]["layers"].items()})
    if way == "magnitude":
        _, _, x, y = task.samples()
        result.last = accuracy(model, task.real(x), y)
    else:
        result = task.learn(model, Kept(), seed, work, half)
    return kept(task, model, result, work)


def every() -> dict[str, runs.Train]:
    """Name -> run."""
    made: dict[str, runs.Train] = {}
    parts = [("", MNIST, seed, DRIFTS) for seed in runs.SEEDS]
    parts.append(("CIFAR-10, ", CIFAR, 0, (0.1, 0.3)))
    for start, task, seed, drifts in parts:
        made[f"{start}dense, seed {seed}"] = partial(whole, task, seed)
        for drift in drifts:
            of = f"{start}Grad R {drift:g}, seed {seed}"
            made[of] = partial(train, task, GradR(drift), seed)
            for way in ("magnitude, retrained", "Deep R", "magnitude"):
                name = f"{start}{way} {drift:g}, seed {seed}"
                made[name] = partial(rival, task, way, of, seed)
    return made


if __name__ == "__main__":
    runs.main("rewiring", __doc__.splitlines()[0], every())
