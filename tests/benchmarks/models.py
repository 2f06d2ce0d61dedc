"""The networks of the benchmarks: as trained, with batch norms folded, and as one-spike network.

The one-spike networks are the files of `netx_models`; those there that step come without a source.
"""

from __future__ import annotations

import copy
import json
import os
import runpy
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import nn

from onespike_lava import Network, load, models
from onespike_lava.data.encoding import decode

ROOT = Path(__file__).parents[2]
MODELS = ROOT / "netx_models"
DATA = Path(os.environ.get("ONESPIKE_DATA", ROOT / ".." / "shared" / "data")) / "cifar10_jpeg"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class MissingDataError(Exception):
    """A benchmark's data are not on this machine."""


@dataclass(frozen=True)
class Case:
    """One network of the table.

    folded  : the network as trained, batch norms folded, for PyTorch and ONNX Runtime; None of one
              that steps, which they do not run
    network : the one-spike network made from it, or the one that steps
    samples : float32[N, C, H, W]
    """

    name: str
    folded: nn.Module | None
    network: Network
    samples: np.ndarray

    @property
    def most(self) -> int:
        """The largest batch that is sensible: some 160 MB of values."""
        return max(1, 40_000_000 // self.samples[0].size)


class Subsample(nn.Module):
    """Shortcut of option A: every second pixel, channels padded with zeros on both sides."""

    def __init__(self, channels: int):
        super().__init__()
        self.channels = channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        half = self.channels // 2
        return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, half, half))


def as_convolution(part: Subsample) -> nn.Conv2d:
    """The same shortcut as a fixed 1x1 convolution, for libraries that know no padding."""
    channels = part.channels
    layer = nn.Conv2d(channels, 2 * channels, 1, stride=2, bias=False)
    weight = torch.zeros(2 * channels, channels, 1, 1)
    for channel in range(channels):
        weight[channels // 2 + channel, channel] = 1
    layer.weight = nn.Parameter(weight, requires_grad=False)
    return layer


def of_layers(module: nn.Module) -> nn.Module:
    """A copy of a network whose shortcuts are convolutions."""
    copied = copy.deepcopy(module)
    for name, part in list(copied.named_modules()):
        if isinstance(part, Subsample):
            _put(copied, name, as_convolution(part))
    return copied


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int):
        super().__init__()
        stride = outputs // inputs
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1, self.relu1 = nn.BatchNorm2d(outputs), nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2, self.relu2 = nn.BatchNorm2d(outputs), nn.ReLU()
        self.shortcut = nn.Identity() if stride == 1 else Subsample(inputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        return self.relu2(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet20(nn.Module):
    """ResNet-20 for CIFAR (He et al. 2016), its ReLUs modules, as SpikingJelly wants them."""

    def __init__(self):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        for stage, (inputs, outputs) in enumerate(((16, 16), (16, 32), (32, 64)), start=1):
            blocks = [Block(inputs, outputs)]
            blocks += [Block(outputs, outputs) for _ in range(2)]
            setattr(self, f"layer{stage}", nn.Sequential(*blocks))
        self.pool, self.flatten = nn.AvgPool2d(8), nn.Flatten()
        self.linear = nn.Linear(64, 10)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.relu(self.bn1(self.conv1(x)))
        y = self.layer3(self.layer2(self.layer1(y)))
        return self.linear(self.flatten(self.pool(y)))


def load_file(path: Path) -> dict[str, torch.Tensor]:
    """Tensors of a safetensors file: a JSON header after its length in 8 bytes, then the data."""
    content = path.read_bytes()
    start = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8:start]).items():
        if name != "__metadata__":
            kind = {"F32": np.float32, "I64": np.int64}[entry["dtype"]]
            first, last = entry["data_offsets"]
            values = np.frombuffer(content[start + first : start + last], kind)
            tensors[name] = torch.from_numpy(values.reshape(entry["shape"]).copy())
    return tensors


def fold(module: nn.Module) -> nn.Module:
    """Batch norms folded into the convolutions before them, in place."""
    module.eval()
    names = [name for name, part in module.named_modules() if isinstance(part, nn.BatchNorm2d)]
    for name in names:
        before = name.replace("bn", "conv") if "bn" in name else f"{name[:-1]}0"  # downsample.1
        pair = module.get_submodule(before), module.get_submodule(name)
        _put(module, before, nn.utils.fusion.fuse_conv_bn_eval(*pair))
        _put(module, name, nn.Identity())
    return module


def _put(module: nn.Module, name: str, part: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(module.get_submodule(parent), child, part)


def images(count: int, seed: int, size: int = 32) -> np.ndarray:
    """Noise of 8-bit pixels as ResNet-20 takes them, float32[count, 3, size, size].

    The time of neither side depends on the values, so that no JPEG reader is needed.
    """
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 3, 8, 8))
    coarse = coarse.repeat(size // 8, axis=2).repeat(size // 8, axis=3)
    pixels = np.clip(coarse + rng.integers(-30, 30, coarse.shape), 0, 255)
    mean, deviation = (np.reshape(v, (3, 1, 1)) for v in (MEAN, DEVIATION))
    return ((pixels / 255 - mean) / deviation).astype(np.float32)


def resnet20(samples: int) -> Case:
    """ResNet-20 on CIFAR-10; raises `MissingDataError` where the weights are absent."""
    weights = DATA / "resnet20.safetensors"
    if not weights.is_file():
        raise MissingDataError(
            f"no {weights.name}; set ONESPIKE_DATA to the folder of cifar10_jpeg"
        )
    module = ResNet20()
    module.load_state_dict(load_file(weights))
    network = load(MODELS / "resnet20-cifar10" / "resnet20.net")
    return Case("ResNet-20", fold(module), network, images(samples, 1))


def digits(samples: int) -> Case:
    """The small network of `netx_models/digits`; beside it the same with random weights."""
    torch.manual_seed(0)
    x = torch.rand(samples, 1, 8, 8).mul(16).round().div(16)
    module = fold(built("digits"))
    return Case("digits", module, load(MODELS / "digits" / "digits.net"), x.numpy())


def vgg(samples: int) -> Case:
    """The VGG-style network of `netx_models/vgg-cifar10`."""
    module = built("vgg-cifar10")
    module.load_state_dict(load_file(MODELS / "vgg-cifar10" / "vgg.safetensors"), strict=False)
    network = load(MODELS / "vgg-cifar10" / "vgg.net")
    return Case("VGG", fold(module), network, images(samples, 1))


def resnet18(samples: int) -> Case:
    """torchvision's ResNet-18 for 224 x 224 pixels, its weights drawn, its norms those of noise."""
    try:
        from torchvision.models import resnet18
    except ImportError:
        raise MissingDataError(
            "no torchvision; install it with `pip install torchvision`"
        ) from None
    import exporters

    torch.manual_seed(0)
    module, size = resnet18(weights=None), 224
    seen = images(8, 2, size)
    with torch.no_grad():
        for _ in range(10):
            module.train()(torch.from_numpy(seen))
    network = exporters.export(module.eval(), seen, correct="none", rounding="nearest")
    return Case("ResNet-18, 224", fold(module), network, images(min(samples, 256), 1, size))


def shipped(name: str, samples: int) -> Case:
    """A network of `netx_models` that steps, and samples of its grid that are drawn."""
    network = models.load(name)
    integers = np.random.default_rng(1).integers(
        0, 2**network.input.bits, (samples, *network.sample_shape), np.uint8
    )
    return Case(name, None, network, decode(network.input, integers).astype(np.float32))


def built(folder: str) -> nn.Module:
    """What `build` of a folder's `model.py` makes."""
    module = runpy.run_path(str(MODELS / folder / "model.py"))["build"]()
    return module.eval()


CASES = {"digits": digits, "resnet20": resnet20, "vgg": vgg, "resnet18": resnet18}
CASES |= {name: partial(shipped, name) for name in models.names() if name not in CASES}
"""What a benchmark calls a network -> what makes it for a number of samples."""
