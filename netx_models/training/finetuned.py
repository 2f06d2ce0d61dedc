"""One-spike networks trained on as integers: `python finetuned.py`, on digits and CIFAR-10's JPEGs.

The shipped networks, converted with the exporters' defaults and fine-tuned to the logits of their
sources. Digits: 10 epochs in 2 stages of Adam (rate 1e-3; with a drift, gradient rewiring, 3e-3),
batches of 48. ResNet-20 and VGG: 2 epochs in 2 stages (rate 3e-4, with 4 bits 1e-3), batches of 64,
on the first 20,000 training images, moved by up to 4 pixels, half of them mirrored. No epoch is
chosen: the networks know all training images, so that none could be kept out; `labels` learns these
instead. Accuracies are those of all test images in integers, before and after. ResNet-20 was
trained elsewhere on other pixels than these of JPEG files. Resumable within a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import runs  # isort: skip  (puts the folder of cifar10 on the path)
import cifar10
import numpy as np
import sources
from data import split
from numpy.typing import NDArray

from exporters import export
from exporters.finetuning.plan import FineTuning
from exporters.finetuning.tuning import finetune
from exporters.training.augmentation import Shifts
from onespike_lava import Network
from onespike_lava.evaluation.tally import evaluate

IMAGES, EPOCHS, CALIBRATION = 20_000, 2, 500
DIGITS, RESNET, VGG = "digits", "resnet20-cifar10", "vgg-cifar10"


@cache
def images(name: str) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Training images and labels."""
    if name == DIGITS:
        return split()[:2]
    pixels, labels = cifar10.pixels("train", 0, IMAGES), cifar10.labels("train", 0, IMAGES)
    return cifar10.normalised(pixels), labels


def told(network: Network, x: NDArray[np.float32], y: NDArray[np.int64]) -> dict[str, Any]:
    """Accuracy, spikes and synaptic operations of integers."""
    found = evaluate(network, x, y, "numba")
    return {
        "accuracy": found.accuracy,
        "spikes": round(found.spikes_per_neuron, 4),
        "synops": round(found.energy.exact),
        "live": sum(int((e.weight != 0).sum()) for each in network.layers for e in each.synapses),
        "energy": round(found.energy.ratios["fp32"], 2),
    }


def train(name: str, seed: int, settings: Mapping[str, Any], work: Path) -> Mapping[str, Any]:
    """One network, before and after."""
    source, own = sources.load(name, "test", calibration=CALIBRATION), dict(settings)
    tuning = FineTuning(
        epochs=10 if name == DIGITS else EPOCHS,
        batch=48 if name == DIGITS else 64,
        rate=own.pop("rate", 1e-3 if name == DIGITS else 3e-4),
        weight_bits=own.pop("weight_bits", 8),
        fan_in=own.pop("fan_in", None),
        learn=own.pop("learn", "source"),
        drift=own.pop("drift", None),
        seed=seed,
    )
    file = work.with_suffix(".net")  # a resumed run converts nothing again
    if not file.exists():
        pool = {} if tuning.fan_in is None else {"pool": "own"}
        file.parent.mkdir(parents=True, exist_ok=True)
        export(source.model, source.calibration, file, progress=show(work.stem), **pool, **own)
    found = finetune(
        file,
        *images(name),
        tuning=tuning,
        augment=None if name == DIGITS else Shifts(4, mirror=True),
        work=work.with_suffix(""),
        teacher=source.model,
        progress=show(work.stem),
    )
    file.unlink()
    before, after = (told(each, source.x, source.y) for each in (found.before, found.network))
    return {
        "last": after["accuracy"],
        "before": before,
        "after": after,
        "loss": [round(each["loss"], 4) for each in found.epochs],
        "seconds": round(sum(each["seconds"] for each in found.epochs), 1),
    }


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
        "ResNet-20, T = 8, labels, seed 0": (RESNET, 0, {"phases": 8, "learn": "labels"}),
    }
    for what, own in (
        ("T = 2", {"phases": 2}),
        ("T = 3", {"phases": 3}),
        ("T = 4", {"phases": 4}),
        ("T = 2, labels", {"phases": 2, "learn": "labels"}),
        ("T = 4, drift 0.3", {"phases": 4, "drift": 0.3, "rate": 3e-3}),
        ("T = 4, drift 1", {"phases": 4, "drift": 1.0, "rate": 3e-3}),
        ("T = 4, 4 bits", {"phases": 4, "weight_bits": 4}),
        ("T = 4, fan-in 64", {"phases": 4, "fan_in": 64}),
    ):
        made |= {f"digits, {what}, seed {seed}": (DIGITS, seed, own) for seed in runs.SEEDS}
    return {key: partial(train, *each) for key, each in made.items()}


if __name__ == "__main__":
    runs.main("finetuned", __doc__.splitlines()[0], every())
