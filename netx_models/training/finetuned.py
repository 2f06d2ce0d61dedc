"""One-spike networks trained on as integers: `python finetuned.py`, on CIFAR-10's JPEG images.

The shipped ResNet-20 and VGG, converted with the exporters' defaults and fine-tuned: 3 epochs in 2
stages of Adam (rate 3e-4, with 4 bits 1e-3), batches of 64, on the first 20,000 training images,
moved by up to 4 pixels, half of them mirrored. No epoch is chosen: the networks know all training
images, so that none could be kept out. Accuracies are those of all 10,000 test images in integers,
before and after. ResNet-20 was trained elsewhere on other pixels than these of JPEG files; `ReLU`
trains it on as a ReLU network, so that what more training gives is told from what the code loses.
Resumable within a run.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import runs  # isort: skip  (puts the folder of cifar10 on the path)
import cifar10
import numpy as np
import sources
import torch
from numpy.typing import NDArray

from exporters.finetuning.plan import FineTuning
from exporters.finetuning.tuning import finetune
from exporters.training.augmentation import Shifts
from exporters.training.loop import fit
from exporters.training.plan import Plan
from onespike_lava import Network
from onespike_lava.evaluation.tally import evaluate

IMAGES, EPOCHS = 20_000, 3
RESNET, VGG = "resnet20-cifar10", "vgg-cifar10"


@cache
def images() -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Training images and labels."""
    pixels, labels = cifar10.pixels("train", 0, IMAGES), cifar10.labels("train", 0, IMAGES)
    return cifar10.normalised(pixels), labels


def told(network: Network, x: NDArray[np.float32], y: NDArray[np.int64]) -> dict[str, Any]:
    """Accuracy, spikes and synaptic operations of integers."""
    found = evaluate(network, x, y, "numba")
    return {
        "accuracy": found.accuracy,
        "spikes": round(found.spikes_per_neuron, 4),
        "synops": round(found.energy.exact),
        "energy": round(found.energy.ratios["fp32"], 2),
    }


def train(name: str, seed: int, settings: Mapping[str, Any], work: Path) -> Mapping[str, Any]:
    """One network, before and after."""
    source = sources.load(name, "test")
    own = dict(settings)
    tuning = FineTuning(
        epochs=own.pop("epochs", EPOCHS),
        rate=own.pop("rate", 3e-4),
        weight_bits=own.pop("weight_bits", 8),
        fan_in=own.pop("fan_in", None),
        seed=seed,
    )
    found = finetune(
        source.model,
        *images(),
        calibration=source.calibration,
        tuning=tuning,
        augment=Shifts(4, mirror=True),
        work=work.with_suffix(""),
        progress=show(work.stem),
        **own,
    )
    before, after = (told(each, source.x, source.y) for each in (found.before, found.network))
    return {
        "last": after["accuracy"],
        "before": before,
        "after": after,
        "loss": [round(each["loss"], 4) for each in found.epochs],
        "seconds": round(sum(each["seconds"] for each in found.epochs), 1),
    }


def relu(name: str, seed: int, work: Path) -> Mapping[str, Any]:
    """The source network trained on: batch norms keep their statistics."""
    source = sources.load(name, "test")
    model = Steady(copy.deepcopy(source.model))
    x, y = (torch.from_numpy(each) for each in images())
    test = (torch.from_numpy(source.x), torch.from_numpy(source.y))
    plan = Plan(epochs=EPOCHS, batch=64, rate=1e-3, seed=seed)
    black = float(((0 - cifar10.MEAN) / cifar10.DEVIATION).mean())
    augment = Shifts(4, mirror=True, fill=black)
    result = fit(model, x, y, plan, test=test, augment=augment, path=work, progress=show(work.stem))
    return runs.kept(result)


class Steady(torch.nn.Module):
    """A network whose batch norms never learn statistics anew."""

    def __init__(self, inner: torch.nn.Module) -> None:
        super().__init__()
        self.inner = inner

    def train(self, mode: bool = True) -> Steady:
        """Stay in evaluation mode."""
        return super().train(False)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Logits."""
        return self.inner(x)


def show(name: str) -> Any:
    """Progress, every hundredth."""
    seen = [-1]

    def tell(what: str, done: int, total: int) -> None:
        if total and 100 * done // total != seen[0]:
            seen[0] = 100 * done // total
            print(f"{name}: {what}, {seen[0]} %", flush=True)

    return tell


def every() -> dict[str, runs.Train]:
    """Name -> run."""
    few = {"weight_bits": 4, "rate": 1e-3}
    made: dict[str, tuple[str, int, dict[str, Any]]] = {
        "ResNet-20, T = 8, seed 0": (RESNET, 0, {"phases": 8}),
        "ResNet-20, T = 8, 4 bits, seed 0": (RESNET, 0, {"phases": 8, **few}),
        "ResNet-20, T = 8, fan-in 256, seed 0": (RESNET, 0, {"phases": 8, "fan_in": 256}),
        "ResNet-20, T = 4, seed 0": (RESNET, 0, {"phases": 4}),
        "ResNet-20, T = 16, seed 0": (RESNET, 0, {"phases": 16}),
        "ResNet-20, T = 8, seed 1": (RESNET, 1, {"phases": 8}),
        "ResNet-20, T = 8, seed 2": (RESNET, 2, {"phases": 8}),
        "VGG, T = 8, seed 0": (VGG, 0, {"phases": 8}),
        "VGG, T = 8, 4 bits, seed 0": (VGG, 0, {"phases": 8, **few}),
        "VGG, T = 4, seed 0": (VGG, 0, {"phases": 4}),
        "VGG, T = 8, fan-in 256, seed 0": (VGG, 0, {"phases": 8, "fan_in": 256}),
    }
    found: dict[str, runs.Train] = {key: partial(train, *each) for key, each in made.items()}
    return {**found, "ResNet-20, ReLU, seed 0": partial(relu, RESNET, 0)}


if __name__ == "__main__":
    runs.main("finetuned", __doc__.splitlines()[0], every())
