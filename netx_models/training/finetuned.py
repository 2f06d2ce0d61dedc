"""Networks trained on as integers: `python finetuned.py`, on digits, MNIST-5k, CIFAR-10's JPEGs.

The shipped networks, converted with the exporters' defaults and fine-tuned. Digits: to the logits
of their source, 10 epochs in 2 stages of Adam (rate 1e-3; with a drift, gradient rewiring, 3e-3),
batches of 48; `labels` learns these instead. ResNet-20 and VGG: to logits and labels (`both`), 2
epochs in 2 stages, batches of 64, on all 50,000 training images, moved by up to 4 pixels, half of
them mirrored; rate 5e-4, of ResNet-20 2e-4, at T = 4, with 4 bits, a drift or more epochs 1e-3.
More epochs are one stage; with a drift they are 4 in two stages, of which the first drifts.
No epoch is chosen: the networks know all training images, so that none could be held out.
Accuracies are those of all test images in integers, before and after. Resumable within a run.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Any

import runs  # isort: skip  (puts the folder of cifar10 on the path)
import cifar10
import mnist5k
import numpy as np
import sources
import torch
from data import split
from numpy.typing import NDArray
from torch import nn

from exporters import export
from exporters.finetuning.plan import FineTuning
from exporters.finetuning.tuning import finetune
from exporters.training.augmentation import Shifts
from exporters.training.loop import accuracy, fit
from exporters.training.plan import Plan
from onespike_lava import Network
from onespike_lava.evaluation.tally import evaluate

COUNTS = """\
Progressive tandem learning of spike counts, to the logits of the source: one layer more spikes in
each stage. Digits: the shipped network, 20 epochs in all of Adam (rate 1e-3), batches of 48.
MNIST-5k: three convolutions (16, 32 and 48 channels, the last two with stride 2) with batch norms,
and a linear layer, trained with ReLUs by the seed (15 epochs of SGD, rate 0.05, images moved by up
to 2 pixels); then 16 epochs of Adam (1e-3) on 4,000 images, which are kept as bytes. CIFAR-10: as
above, in at most 4 stages of one epoch. `frozen` lets the layer that begins to spike stand still at
once, as the authors' code does; `labels` learns these.
"""
"""What the page says of runs of spike counts."""

IMAGES, EPOCHS, CALIBRATION, COMPARED = 50_000, 2, 500, 10
DIGITS, RESNET, VGG, MNIST = "digits", "resnet20-cifar10", "vgg-cifar10", "mnist5k"
PARTS = {DIGITS: (20, 48, 1e-3), MNIST: (16, 50, 1e-3)}
"""Epochs, batch and rate of spike counts; elsewhere those of one spike, an epoch for each stage."""
STAGES = 4


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
        epochs=own.pop("epochs", 10 if name == DIGITS else EPOCHS),
        stages=own.pop("stages", None),
        batch=48 if name == DIGITS else 64,
        rate=own.pop("rate", 1e-3 if name == DIGITS else 5e-4),
        weight_bits=own.pop("weight_bits", 8),
        fan_in=own.pop("fan_in", None),
        learn=own.pop("learn", "source" if name == DIGITS else "both"),
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
        teacher=None if tuning.learn == "labels" else source.model,
        progress=show(work.stem),
    )
    file.unlink()
    before, after = (told(each, source.x, source.y) for each in (found.before, found.network))
    return {
        "last": after["accuracy"],
        "before": before,
        "after": after,
        "equal": runs.equal(found.network, source.x[:COMPARED]),
        "loss": [round(each["loss"], 4) for each in found.epochs],
        "seconds": round(sum(each["seconds"] for each in found.epochs), 1),
    }


def count(name: str, seed: int, settings: Mapping[str, Any], work: Path) -> Mapping[str, Any]:
    """One network of spike counts: the source, the primitive conversion, what training made of it.

    The conversion is made anew by a resumed run, from the same samples, so that it is the same.
    """
    epochs, batch, rate = PARTS.get(name, (STAGES, 64, 3e-4))
    own = dict(settings)
    model, seen, x, y, train_x, train_y, ann = given(name, seed, work)
    tuning = FineTuning(
        epochs=epochs,
        stages=None if name in PARTS else STAGES,
        batch=batch,
        rate=own.pop("rate", rate),
        weight_bits=own.pop("weight_bits", 8),
        fan_in=own.pop("fan_in", None),
        learn=own.pop("learn", "source"),
        new_layer=own.pop("new_layer", "trained"),
        seed=seed,
    )
    found = finetune(
        model,
        train_x,
        train_y,
        calibration=seen,
        code="count",
        tuning=tuning,
        augment=None if name in PARTS else Shifts(4, mirror=True),
        work=work.with_suffix(""),
        progress=show(work.stem),
        **own,
    )
    before, after = (told(each, x, y) for each in (found.before, found.network))
    return {
        "last": after["accuracy"],
        "ann": ann,
        "before": before,
        "after": after,
        "equal": runs.equal(found.network, x[:COMPARED]),
        "loss": [round(each["loss"], 4) for each in found.epochs],
        "seconds": round(sum(each["seconds"] for each in found.epochs), 1),
    }


def given(name: str, seed: int, work: Path) -> tuple[Any, ...]:
    """Source, calibration, test images and labels, training ones, what of the tests it gets right.

    Of the shipped networks the cards tell that.
    """
    if name != MNIST:
        source = sources.load(name, "test", calibration=CALIBRATION)
        return (source.model, source.calibration, source.x, source.y, *images(name), None)
    x, y, x_test, y_test = mnist5k.split()
    torch.manual_seed(seed)
    layers: list[nn.Module] = []
    for before, after in ((1, 16), (16, 32), (32, 48)):
        stride = 1 if before == 1 else 2
        layers += [nn.Conv2d(before, after, 3, stride, padding=1, bias=False)]
        layers += [nn.BatchNorm2d(after), nn.ReLU()]
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(48 * 49, 10))
    plan = Plan(epochs=15, batch=50, rate=0.05, seed=seed)
    fit(model, x, y, plan, augment=Shifts(2), path=work.parent / f"mnist5k-{seed}.pt")
    ann = accuracy(model.eval(), x_test, y_test)
    arrays = (x[:CALIBRATION], x_test, y_test, x, y)
    return (model, *(each.numpy() for each in arrays), ann)


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
    made: dict[str, tuple[str, int, dict[str, Any]]] = {}
    fast = {"phases": 8, "rate": 1e-3}
    for what, seed, own in (
        ("T = 8", 0, {"phases": 8}),
        ("T = 16", 0, {"phases": 16}),
        ("T = 4", 0, {"phases": 4, "rate": 1e-3}),
        ("T = 8, 4 bits", 0, {**fast, "weight_bits": 4}),
        ("T = 8, fan-in 256", 0, {"phases": 8, "fan_in": 256}),
        ("T = 8, payloads of 4 bits", 0, {"phases": 8, "payload_bits": 4}),
        ("T = 8", 1, {"phases": 8}),
        ("T = 8", 2, {"phases": 8}),
    ):
        made[f"VGG, {what}, seed {seed}"] = (VGG, seed, own)
        made[f"ResNet-20, {what}, seed {seed}"] = (RESNET, seed, {"rate": 2e-4, **own})
    at_once = {**fast, "stages": 1}
    for called, name, what, own in (
        ("VGG", VGG, "T = 8, 6 epochs", {**at_once, "epochs": 6}),
        ("ResNet-20", RESNET, "T = 8, 20 epochs", {**at_once, "epochs": 20}),
    ):
        made |= {f"{called}, {what}, seed {seed}": (name, seed, own) for seed in runs.SEEDS}
    for called, name, what, own in (
        ("VGG", VGG, "fan-in 256, 10 epochs", {**at_once, "fan_in": 256, "epochs": 10}),
        ("ResNet-20", RESNET, "fan-in 256, 10 epochs", {**at_once, "fan_in": 256, "epochs": 10}),
        ("ResNet-20", RESNET, "4 bits, 10 epochs", {**at_once, "weight_bits": 4, "epochs": 10}),
        ("VGG", VGG, "drift 0.1", {**fast, "drift": 0.1, "epochs": 4}),
        ("VGG", VGG, "drift 0.3", {**fast, "drift": 0.3, "epochs": 4}),
    ):
        made[f"{called}, T = 8, {what}, seed 0"] = (name, 0, own)
    double = {"phases": 8, "double": "stream", "rate": 2e-4}
    made["ResNet-20, T = 8, double stream, seed 0"] = (RESNET, 0, double)
    for what, own in (
        ("T = 2", {"phases": 2}),
        ("T = 3", {"phases": 3}),
        ("T = 4", {"phases": 4}),
        ("T = 2, labels", {"phases": 2, "learn": "labels"}),
        ("T = 4, drift 0.3", {"phases": 4, "drift": 0.3, "rate": 3e-3}),
        ("T = 4, drift 1", {"phases": 4, "drift": 1.0, "rate": 3e-3}),
        ("T = 4, 4 bits", {"phases": 4, "weight_bits": 4}),
        ("T = 4, fan-in 64", {"phases": 4, "fan_in": 64}),
        ("T = 4, payloads of 4 bits", {"phases": 4, "payload_bits": 4}),
    ):
        made |= {f"digits, {what}, seed {seed}": (DIGITS, seed, own) for seed in runs.SEEDS}
    return {key: partial(train, *each) for key, each in made.items()} | counts()


def counts() -> dict[str, runs.Train]:
    """Runs of spike counts; the small ones first."""
    few, fan = {"weight_bits": 4}, {"fan_in": 256}
    made: dict[str, tuple[str, int, dict[str, Any]]] = {}
    for seed in runs.SEEDS:
        for name, called, bound in ((DIGITS, "digits", 64), (MNIST, "MNIST-5k", 256)):
            for what, own in (
                ("T = 4", {"phases": 4}),
                ("T = 8", {"phases": 8}),
                ("T = 2", {"phases": 2}),
                ("T = 4, frozen", {"phases": 4, "new_layer": "frozen"}),
                ("T = 8, 4 bits", {"phases": 8, **few}),
                (f"T = 8, fan-in {bound}", {"phases": 8, "fan_in": bound}),
                ("T = 4, labels", {"phases": 4, "learn": "labels"}),
                ("T = 16", {"phases": 16}),
            ):
                made[f"{called}, counts, {what}, seed {seed}"] = (name, seed, own)
    for called, name in (("VGG", VGG), ("ResNet-20", RESNET)):
        for what, own in (
            ("T = 8", {"phases": 8}),
            ("T = 16", {"phases": 16}),
            ("T = 8, 4 bits", {"phases": 8, **few}),
            ("T = 8, fan-in 256", {"phases": 8, **fan}),
            ("T = 8, frozen", {"phases": 8, "new_layer": "frozen"}),
        ):
            made[f"{called}, counts, {what}, seed 0"] = (name, 0, own)
    return {key: partial(count, *each) for key, each in made.items()}


if __name__ == "__main__":
    runs.main("finetuned", __doc__.splitlines()[0], every())
