"""The networks of the benchmarks: as trained, with batch norms folded, and as one-spike network."""

from __future__ import annotations

import json
import os
import sys
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import nn

import exporters
from onespike_lava.network import Network

ROOT = Path(__file__).parents[2]
DATA = Path(os.environ.get("ONESPIKE_DATA", ROOT / ".." / "shared" / "data")) / "cifar10_jpeg"
MEAN, DEVIATION = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class MissingDataError(Exception):
    """A benchmark's data are not on this machine."""


@dataclass(frozen=True)
class Case:
    """One network of the table.

    folded  : the network as trained, batch norms folded, for PyTorch and ONNX Runtime
    network : the one-spike network made from it
    samples : float32[N, C, H, W]
    """

    name: str
    folded: nn.Module
    network: Network
    samples: np.ndarray


class Subsample(nn.Module):
    """Shortcut of option A: every second pixel, channels padded with zeros on both sides."""

    def __init__(self, channels: int):
        super().__init__()
        self.channels = channels

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        half = self.channels // 2
        return nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, half, half))


def as_convolution(channels: int) -> nn.Conv2d:
    """The same shortcut as a fixed 1x1 convolution, which the compiler reads."""
    layer = nn.Conv2d(channels, 2 * channels, 1, stride=2, bias=False)
    weight = torch.zeros(2 * channels, channels, 1, 1)
    for channel in range(channels):
        weight[channels // 2 + channel, channel] = 1
    layer.weight = nn.Parameter(weight, requires_grad=False)
    return layer


class Block(nn.Module):
    """Two convolutions and a shortcut."""

    def __init__(self, inputs: int, outputs: int, shortcut: type | object):
        super().__init__()
        stride = outputs // inputs
        self.conv1 = nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False)
        self.bn1, self.relu1 = nn.BatchNorm2d(outputs), nn.ReLU()
        self.conv2 = nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False)
        self.bn2, self.relu2 = nn.BatchNorm2d(outputs), nn.ReLU()
        self.shortcut = nn.Identity() if stride == 1 else shortcut(inputs)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        y = self.relu1(self.bn1(self.conv1(x)))
        return self.relu2(self.bn2(self.conv2(y)) + self.shortcut(x))


class ResNet20(nn.Module):
    """ResNet-20 for CIFAR (He et al. 2016)."""

    def __init__(self, shortcut):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)
        self.relu = nn.ReLU()
        for stage, (inputs, outputs) in enumerate(((16, 16), (16, 32), (32, 64)), start=1):
            blocks = [Block(inputs, outputs, shortcut)]
            blocks += [Block(outputs, outputs, shortcut) for _ in range(2)]
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
        before = name.replace("bn", "conv")
        pair = module.get_submodule(before), module.get_submodule(name)
        _put(module, before, nn.utils.fusion.fuse_conv_bn_eval(*pair))
        _put(module, name, nn.Identity())
    return module


def _put(module: nn.Module, name: str, part: nn.Module) -> None:
    parent, _, child = name.rpartition(".")
    setattr(module.get_submodule(parent), child, part)


def images(count: int, seed: int) -> np.ndarray:
    """Noise of 8-bit pixels as ResNet-20 takes them, float32[count, 3, 32, 32].

    The time of neither side depends on the values, so that no JPEG reader is needed.
    """
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (count, 3, 8, 8)).repeat(4, axis=2).repeat(4, axis=3)
    pixels = np.clip(coarse + rng.integers(-30, 30, coarse.shape), 0, 255)
    mean, deviation = (np.reshape(v, (3, 1, 1)) for v in (MEAN, DEVIATION))
    return ((pixels / 255 - mean) / deviation).astype(np.float32)


def resnet20(samples: int) -> Case:
    """ResNet-20 on CIFAR-10; raises `MissingDataError` where the weights are absent."""
    weights = DATA / "resnet20.safetensors"
    if not weights.is_file():
        raise MissingDataError(f"no {weights}; set ONESPIKE_DATA to the folder of cifar10_jpeg")
    state = load_file(weights)
    source, folded = ResNet20(as_convolution), ResNet20(Subsample)
    source.load_state_dict(state, strict=False)
    folded.load_state_dict(state)
    network = exporters.convert(source.eval(), images(200, 0), phases=16, base=1.3).network
    return Case("ResNet-20", fold(folded), network, images(samples, 1))


def digits(samples: int) -> Case:
    """The small network of `netx_models/digits`, with random weights, on random digits."""
    sys.path.insert(0, str(ROOT / "netx_models" / "digits"))
    import model

    torch.manual_seed(0)
    module = model.build().eval()
    x = torch.rand(samples, 1, 8, 8).mul(16).round().div(16)
    network = exporters.convert(module, x[:200].numpy(), phases=16, base=1.3).network
    return Case("digits", fold(module), network, x.numpy())


def vgg(samples: int) -> Case:
    """A VGG-style network for 32x32 images, 64 to 512 channels, with random weights."""
    torch.manual_seed(0)
    parts, channels = OrderedDict(), 3
    for number, outputs in enumerate((64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0)):
        if outputs == 0:
            parts[f"pool{number}"] = nn.MaxPool2d(2)
            continue
        parts[f"conv{number}"] = nn.Conv2d(channels, outputs, 3, padding=1, bias=False)
        parts[f"bn{number}"], parts[f"relu{number}"] = nn.BatchNorm2d(outputs), nn.ReLU()
        channels = outputs
    parts["flatten"], parts["linear"] = nn.Flatten(), nn.Linear(512, 10)
    module = nn.Sequential(parts).eval()
    network = exporters.convert(module, images(64, 0), phases=16, base=1.3).network
    return Case("VGG", fold(module), network, images(samples, 1))
