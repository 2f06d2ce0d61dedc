"""Spiking networks for CIFAR-10 beside their ReLU twins: `python cifar.py`, on JPEG images.

SEW ResNet-20 (ADD, 16, 32 and 64 channels, T = 4) and a single-step VGG of S2NN neurons (64, 128
and 256 channels), each with the network of ReLUs of the same shape trained by the same loop: 16
epochs of SGD (rate 0.1, Nesterov's momentum 0.9, decay 5e-4, labels smoothed by 0.1), batches of
64, images moved by up to 4 pixels, half of them mirrored, the forward pass in bfloat16 where
torch's mixture allows; a tenth of the training images is held out. The VGGs go on from there in a
second round of 12 epochs, from half the rate on. Before that, SEW against spiking ResNet at 20 and
56 layers on 10,000 images, 10 epochs; and neurons of one step against each other and BNNs, three
seeds: VGGs of 32, 64 and 128 channels on 20,000 images, 6 epochs, rate 0.05, which the first 100
steps lead up to; BNNs by AdamW (rate 1e-3, no decay), which is their usual recipe. Hours on two
cores, resumable.

`as integers` exports the networks of seed 0, spiking ones as they are, those of ReLUs as one-spike
networks of 16 phases, by the defaults with 2,000 training images, and compares every engine on 100
images. The two spiking files and their weights are those of `netx_models/cifar10-trained`.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import runs  # isort: skip  (puts the folder of cifar10 on the path)
import cifar10
import deployed
import s2nn
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn

from exporters import convert, convert_spiking
from exporters.training.augmentation import Shifts
from exporters.training.layers import Folded, Repeat
from exporters.training.loop import accuracy, fit
from exporters.training.measures import mean, rates
from exporters.training.plan import Plan
from exporters.training.residual import ResNet
from onespike_lava import save

WIDTHS = (64, 128, 256)
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "SEW ResNet-20": lambda: ResNet("ADD", 20, steps=4),
    "ReLU ResNet-20": lambda: ResNet("spiking", 20, steps=1, neuron=nn.ReLU, zero=False),
    "S2NN VGG": lambda: s2nn.network("S2NN", 3, 32, WIDTHS),
    "ReLU VGG": lambda: s2nn.network("ReLU", 3, 32, WIDTHS),
    "SEW ResNet-56": lambda: ResNet("ADD", 56, steps=4),
    "spiking ResNet-20": lambda: ResNet("spiking", 20, steps=4),
    "spiking ResNet-56": lambda: ResNet("spiking", 56, steps=4),
    **{
        f"{name}, one step": partial(s2nn.network, name, 3, 32, (32, 64, 128))
        for name in (*s2nn.SURROGATES, *s2nn.RIVALS)
    },
}
SHIPPED = tuple(NETWORKS)[:4]
AGAIN = tuple(NETWORKS)[2:4]
"""Those with a second round."""

SHELF = runs.MODELS / "cifar10-trained"
FILES = {"SEW ResNet-20": "sew_resnet20", "S2NN VGG": "s2nn_vgg"}
ONE_STEP = tuple(name for name in NETWORKS if name.endswith("one step"))
DEPTH = ("SEW ResNet-20", "spiking ResNet-20", "SEW ResNet-56", "spiking ResNet-56")


def last_run(name: str) -> str:
    """The run whose weights are exported, without its seed."""
    return f"{name}, second round" if name in AGAIN else name


def pixels(x: Tensor) -> Tensor:
    """Bytes as the networks take them, channels last in memory."""
    mean, deviation = (
        torch.from_numpy(each)[:, None, None] for each in (cifar10.MEAN, cifar10.DEVIATION)
    )
    return ((x.float() / 255 - mean) / deviation).contiguous(memory_format=torch.channels_last)


def train(
    name: str, images: int, epochs: int, seed: int, work: Path, start: str | None = None
) -> Mapping[str, Any]:
    """One network; its weights stay beside the unfinished runs.

    start : the run whose weights it goes on from, in another order and from half the rate on
    """
    x, y = cifar10.pixels("train", 0, images), cifar10.labels("train", 0, images)
    x_test, y_test = (torch.from_numpy(f("test")) for f in (cifar10.pixels, cifar10.labels))
    torch.manual_seed(seed)
    model = NETWORKS[name]().to(memory_format=torch.channels_last)
    single, binary = name in ONE_STEP, name.startswith("BNN")
    if start is not None:
        model.load_state_dict(weights(start, work.with_name(f"{start}.weights")))
    plan = Plan(
        epochs=epochs,
        batch=64,
        optimiser="adam" if binary else "sgd",
        rate=1e-3 if binary else 0.1 if start is None and not single else 0.05,
        warm=100 if single else 0,
        decay=0.0 if binary else 5e-4,
        smoothing=0.1,
        seed=seed if start is None else seed + 1000,
        kept_seed=seed,
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


def rival(name: str, seed: int, work: Path) -> Mapping[str, Any]:
    """A small network of one step; what spikes also as integers, with what they cost."""
    found = train(name, 20_000, 6, seed, work)
    if name.partition(", ")[0] not in s2nn.SURROGATES:
        return found
    model = NETWORKS[name]()
    model.load_state_dict(torch.load(work.with_suffix(".weights"), weights_only=True))
    seen = cifar10.normalised(cifar10.pixels("train", 0, cifar10.CALIBRATION))
    network = convert_spiking(model.eval(), seen).network
    x, y = cifar10.normalised(cifar10.pixels("test")), cifar10.labels("test")
    return {**found, **deployed.counted(network, x, y)}


def integers(name: str, work: Path) -> Mapping[str, Any]:
    """A trained network as a file, its test accuracy, its cost, and what engines agree."""
    start = time.monotonic()
    model = NETWORKS[name]()
    run = f"{last_run(name)}, seed 0"
    model.load_state_dict(weights(run, work.with_name(f"{run}.weights")))
    seen = cifar10.normalised(cifar10.pixels("train", 0, cifar10.CALIBRATION))
    if name in FILES:
        network = convert_spiking(model.eval(), seen).network
    else:
        model = without_time(model).eval()
        network = convert(model, seen).network
    x, y = cifar10.normalised(cifar10.pixels("test")), cifar10.labels("test")
    found = deployed.counted(network, x, y)
    if name in FILES:
        SHELF.mkdir(exist_ok=True)
        save(network, SHELF / f"{FILES[name]}.net")
        kept = {key: value.contiguous() for key, value in model.state_dict().items()}
        save_file(kept, SHELF / f"{FILES[name]}.safetensors")
        found["equal"] = deployed.equal(network, torch.from_numpy(x[: deployed.COMPARED]))
    return {
        "last": accuracy(model, *map(torch.from_numpy, (x, y))),
        **found,
        "seconds": time.monotonic() - start,
    }


def without_time(model: nn.Module) -> nn.Module:
    """A network of ReLUs, on images alone: one step, taken out."""
    for module in list(model.modules()):
        for name, each in module.named_children():
            if isinstance(each, Folded):
                setattr(module, name, nn.Sequential(*each))
    if isinstance(model, ResNet):
        entry = [each for each in model.stem if not isinstance(each, Repeat)]
        return nn.Sequential(*entry, model.blocks, model.pool, model.head)
    return nn.Sequential(*list(model)[1:-1])  # without Repeat(1) and what joins it with the batch


def weights(run: str, trained: Path) -> Mapping[str, Tensor]:
    """Those of a training here, else the shipped ones, which are of a network's last run."""
    if trained.is_file():
        return torch.load(trained, weights_only=True)
    name = run.partition(", ")[0]
    shipped = SHELF / f"{FILES.get(name, name)}.safetensors"
    if run != f"{last_run(name)}, seed 0" or not shipped.is_file():
        sys.exit(f"{trained.name}: not trained; run `python cifar.py --only '{run}'` first")
    return load_file(shipped)


def told(name: str) -> Callable[[str, int, int], None]:
    """Progress, every hundred steps."""

    def tell(work: str, done: int, total: int) -> None:
        if done % 100 == 0:
            print(f"{name}: {work}, step {done} of {total}", flush=True)

    return tell


def every() -> dict[str, runs.Train]:
    """Name -> run."""
    made = {f"{name}, seed 0": partial(train, name, 50_000, 16, 0) for name in SHIPPED}
    few = {f"{name}, 10000 images, seed 0": partial(train, name, 10_000, 10, 0) for name in DEPTH}
    again = {
        f"{name}, second round, seed 0": partial(
            train, name, 50_000, 12, 0, start=f"{name}, seed 0"
        )
        for name in AGAIN
    }
    whole = {f"{name}, as integers": partial(integers, name) for name in SHIPPED}
    single = {
        f"{name}, seed {seed}": partial(rival, name, seed)
        for seed in runs.SEEDS
        for name in ONE_STEP
    }
    return {**few, **made, **again, **whole, **single}


if __name__ == "__main__":
    runs.main("cifar", __doc__.splitlines()[0], every())
