"""Spiking networks for CIFAR-10 beside their ReLU twins: `python cifar.py`, on JPEG images.

SEW ResNet-20 (ADD, 16, 32 and 64 channels, T = 4) and a single-step VGG of S2NN neurons (64, 128
and 256 channels), each with the network of ReLUs of the same shape trained by the same loop: 16
epochs of SGD (rate 0.1, Nesterov's momentum 0.9, decay 5e-4, labels smoothed by 0.1), batches of
64, images moved by up to 4 pixels, half of them mirrored, the forward pass in bfloat16 where
torch's mixture allows; a tenth of the training images is kept out. Before that, SEW against spiking ResNet at 20 and 56 layers on 10,000 images, 15 epochs. Hours
on two cores, resumable.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import runs  # isort: skip  (puts the folder of cifar10 on the path)
import cifar10
import s2nn
import torch
from torch import Tensor, nn

from exporters.training.augmentation import Shifts
from exporters.training.loop import fit
from exporters.training.measures import mean, rates
from exporters.training.plan import Plan
from exporters.training.residual import ResNet

WIDTHS = (64, 128, 256)
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "SEW ResNet-20": lambda: ResNet("ADD", 20, steps=4),
    "ReLU ResNet-20": lambda: ResNet("spiking", 20, steps=1, neuron=nn.ReLU, zero=False),
    "S2NN VGG": lambda: s2nn.network("S2NN", 3, 32, WIDTHS),
    "ReLU VGG": lambda: s2nn.network("ReLU", 3, 32, WIDTHS),
    "SEW ResNet-56": lambda: ResNet("ADD", 56, steps=4),
    "spiking ResNet-20": lambda: ResNet("spiking", 20, steps=4),
    "spiking ResNet-56": lambda: ResNet("spiking", 56, steps=4),
}
SHIPPED = tuple(NETWORKS)[:4]
DEPTH = ("SEW ResNet-20", "spiking ResNet-20", "SEW ResNet-56", "spiking ResNet-56")


def pixels(x: Tensor) -> Tensor:
    """Bytes as the networks take them, channels last in memory."""
    mean, deviation = (
        torch.from_numpy(each)[:, None, None] for each in (cifar10.MEAN, cifar10.DEVIATION)
    )
    return ((x.float() / 255 - mean) / deviation).contiguous(memory_format=torch.channels_last)


def train(name: str, images: int, epochs: int, seed: int, work: Path) -> Mapping[str, Any]:
    """One network; its weights stay beside the unfinished runs."""
    x, y = cifar10.pixels("train", 0, images), cifar10.labels("train", 0, images)
    x_test, y_test = (torch.from_numpy(f("test")) for f in (cifar10.pixels, cifar10.labels))
    torch.manual_seed(seed)
    model = NETWORKS[name]().to(memory_format=torch.channels_last)
    plan = Plan(
        epochs=epochs,
        batch=64,
        rate=0.1,
        decay=5e-4,
        smoothing=0.1,
        seed=seed,
        validation=0.1,
        precision="bfloat16",
    )
    result = fit(
        model,
        torch.from_numpy(x),
        torch.from_numpy(y),
        plan,
        test=(x_test, y_test),
        prepare=pixels,
        augment=Shifts(4, mirror=True),
        path=work,
        progress=told(name),
    )
    torch.save(model.state_dict(), work.with_suffix(".weights"))
    found = rates(model, map(pixels, x_test[:1000].split(100)))
    return {**runs.kept(result), "spikes": round(mean(found), 4)}


def told(name: str) -> Callable[[str, int, int], None]:
    """Progress, every hundred steps."""

    def tell(work: str, done: int, total: int) -> None:
        if done % 100 == 0:
            print(f"{name}: {work}, step {done} of {total}", flush=True)

    return tell


def every() -> dict[str, runs.Train]:
    """Name -> run."""
    made = {f"{name}, seed 0": partial(train, name, 50_000, 16, 0) for name in SHIPPED}
    few = {f"{name}, 10000 images, seed 0": partial(train, name, 10_000, 15, 0) for name in DEPTH}
    return {**few, **made}


if __name__ == "__main__":
    runs.main("cifar", __doc__.splitlines()[0], every())
