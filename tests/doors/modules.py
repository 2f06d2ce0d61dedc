"""Small torch modules, one for each way in which people write ReLU networks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("torch")

import torch
import torch.nn.functional as F  # noqa: N812  (its name everywhere)
from torch import nn

from tests.exporters.frontends.torch.modules import Function

Make = Callable[[], nn.Module]
PLANES = (3, 8, 8)


def conv(inputs: int = 3, outputs: int = 6, size: int = 3, **options: Any) -> nn.Conv2d:
    """A convolution that keeps the plane."""
    return nn.Conv2d(inputs, outputs, size, padding=size // 2, **options)


def ended(*layers: nn.Module, features: int = 6, classes: int = 4) -> nn.Sequential:
    """Layers, a global average pool and a classifier."""
    end = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(features, classes)]
    return nn.Sequential(*layers, *end)


def between(forward: Callable[[nn.Module, torch.Tensor], torch.Tensor], **parts: nn.Module) -> Make:
    """`forward(self, x)` of 6 channels between a convolution with ReLU and a classifier."""

    def make() -> nn.Module:
        return ended(conv(), nn.ReLU(), Function(forward, **parts), nn.LazyConv2d(6, 1), nn.ReLU())

    return make


def alone(forward: Callable[[nn.Module, torch.Tensor], Any], **parts: nn.Module) -> Make:
    """A whole network."""
    return lambda: Function(forward, **parts)


def instead(activation: nn.Module) -> Make:
    """A network with an activation instead of ReLU, residual and behind a batch norm."""

    def make() -> nn.Module:
        inner = nn.Sequential(conv(6, 6), nn.BatchNorm2d(6), activation, conv(6, 6))
        block = Function(lambda m, x: m.act(x + m.inner(x)), inner=inner, act=activation)
        return ended(conv(), nn.BatchNorm2d(6), activation, block, conv(6, 6), nn.ReLU())

    return make


def shuffled(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """ShuffleNet's own words."""
    n, channels, height, width = x.size()
    x = x.view(n, 2, channels // 2, height, width)
    x = torch.transpose(x, 1, 2).contiguous()
    return x.view(n, -1, height, width)


def halves_exchanged(m: nn.Module, x: torch.Tensor) -> torch.Tensor:
    """Two parts that are joined the other way round."""
    one, two = torch.chunk(x, 2, 1)
    return torch.cat([two, one], 1)


class Defaults(nn.Module):
    """Arguments of `forward` with defaults, one of them a tensor that may be absent."""

    def __init__(self) -> None:
        super().__init__()
        self.body = ended(conv(), nn.ReLU())

    def forward(self, x: Any, mask: Any = None, scale: float = 1.0, flag: bool = False) -> Any:
        if mask is not None:
            x = x * mask
        return self.body(x) * scale


class Several(nn.Module):
    """Two inputs that are concatenated."""

    def __init__(self) -> None:
        super().__init__()
        self.body = ended(conv(3), nn.ReLU())

    def forward(self, image: Any, other: Any) -> Any:
        return self.body(torch.cat([image, other], 1))


class UNet(nn.Module):
    """Two levels down and up; `up` makes what enlarges."""

    def __init__(self, up: Callable[[int, int], nn.Module], classes: int = 3) -> None:
        super().__init__()
        self.one, self.two = self.block(1, 4), self.block(4, 6)
        self.deep = self.block(6, 8)
        self.up2, self.up1 = up(8, 6), up(6, 4)
        self.back2, self.back1 = self.block(12, 6), self.block(8, 4)
        self.head = nn.Conv2d(4, classes, 1)

    @staticmethod
    def block(inputs: int, outputs: int) -> nn.Sequential:
        return nn.Sequential(conv(inputs, outputs), nn.BatchNorm2d(outputs), nn.ReLU())

    def forward(self, x: Any) -> Any:
        one = self.one(x)
        two = self.two(F.max_pool2d(one, 2))
        deep = self.deep(F.max_pool2d(two, 2))
        two = self.back2(torch.cat([self.up2(deep), two], 1))
        return self.head(self.back1(torch.cat([self.up1(two), one], 1)))


def nearest(inputs: int, outputs: int) -> nn.Module:
    """Nearest neighbours and a convolution."""
    return nn.Sequential(nn.Upsample(scale_factor=2), conv(inputs, outputs))


def autoencoder(*up: nn.Module) -> Make:
    """A convolutional autoencoder of [1, 8, 8]."""
    down = [nn.Conv2d(1, 4, 3, 2, 1), nn.ReLU(), nn.Conv2d(4, 8, 3, 2, 1), nn.ReLU()]
    return lambda: nn.Sequential(*down, *up)


ROW = (2, 16)
EDGES: dict[str, tuple[Make, tuple[int, ...]]] = {
    "view to a plane": (
        alone(lambda m, x: m.net(x.view(-1, 1, 8, 8)), net=ended(conv(1), nn.ReLU())), (64,)),
    "unflatten": (lambda: nn.Sequential(nn.Unflatten(1, (1, 8, 8)), ended(conv(1), nn.ReLU())),
                  (64,)),
    "view after linear": (
        alone(lambda m, x: m.net(torch.relu(m.first(x)).view(x.size(0), 6, 4, 4)),
              first=nn.Linear(20, 96), net=ended(conv(6), nn.ReLU())), (20,)),
    "first place": (alone(lambda m, x: m.last(torch.relu(m.conv(x))[:, :, 0, 0]),
                          conv=nn.Conv2d(3, 6, 8), last=nn.Linear(6, 4)), PLANES),
    "one channel by index": (between(lambda m, x: x[:, 2:3] + x[:, 1].unsqueeze(1)), PLANES),
    "sum over the plane": (
        alone(lambda m, x: m.last(torch.relu(m.conv(x)).sum((2, 3))), conv=conv(),
              last=nn.Linear(6, 4)), PLANES),
    "torch.sum over a row": (
        alone(lambda m, x: m.last(torch.sum(torch.relu(m.conv(x)), dim=-1)),
              conv=nn.Conv1d(2, 6, 3), last=nn.Linear(6, 4)), ROW),
    "mean over channels": (between(lambda m, x: torch.mean(x, 1, keepdim=True)), PLANES),
    "chunk": (between(halves_exchanged), PLANES),
    "chunk of a keyword": (between(lambda m, x: x.chunk(chunks=2, dim=1)[1]), PLANES),
    "split": (between(lambda m, x: torch.split(x, [2, 4], dim=1)[1]), PLANES),
    "maximum with 0": (
        alone(lambda m, x: m.last(torch.maximum(m.conv(x), torch.tensor(0.0)).mean((2, 3))),
              conv=conv(), last=nn.Linear(6, 4)), PLANES),
    "maximum of zeros_like": (
        alone(lambda m, x: m.last(torch.max(m.conv(x), torch.zeros(1)).mean((2, 3))),
              conv=conv(), last=nn.Linear(6, 4)), PLANES),
    "maximum of two": (between(lambda m, x: torch.maximum(m.a(x), m.b(x)), a=conv(6), b=conv(6)),
                       PLANES),
    "minimum of two": (between(lambda m, x: torch.minimum(m.a(x), m.b(x)), a=conv(6), b=conv(6)),
                       PLANES),
    "threshold of 0": (lambda: ended(conv(), nn.Threshold(0, 0)), PLANES),
    "F.threshold": (between(lambda m, x: F.threshold(m.c(x), 0, 0), c=conv(6)), PLANES),
    "clamp_min": (between(lambda m, x: m.c(x).clamp_min(0), c=conv(6)), PLANES),
    "x.to": (lambda: ended(Function(lambda m, x: x.to(torch.float32)), conv(), nn.ReLU(),
                           Function(lambda m, x: x.to("cpu").type_as(x))), PLANES),
    "SyncBatchNorm": (lambda: ended(conv(), nn.SyncBatchNorm(6), nn.ReLU()), PLANES),
    "default arguments": (Defaults, PLANES),
    "softmax of pixels": (
        lambda: nn.Sequential(conv(), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Conv2d(6, 4, 1),
                              nn.Softmax(1)), PLANES),
    "softmax of planes": (lambda: nn.Sequential(conv(), nn.ReLU(), conv(6, 4), nn.Softmax(dim=1)),
                          PLANES),
    "softmax2d": (lambda: nn.Sequential(conv(), nn.ReLU(), conv(6, 4), nn.Softmax2d()), PLANES),
    "argmax of planes": (alone(lambda m, x: m.net(x).argmax(1),
                               net=nn.Sequential(conv(), nn.ReLU(), conv(6, 4))), PLANES),
    "sigmoid of planes": (lambda: nn.Sequential(conv(), nn.ReLU(), conv(6, 1), nn.Sigmoid()),
                          PLANES),
    "padding beyond the plane": (lambda: ended(nn.Conv2d(3, 6, 3, padding=9), nn.ReLU()), PLANES),
    "uneven adaptive pool": (
        lambda: nn.Sequential(conv(), nn.ReLU(), nn.AdaptiveAvgPool2d(3), nn.Flatten(),
                              nn.Linear(54, 4)), PLANES),
    "adaptive pool that widens": (
        lambda: nn.Sequential(conv(), nn.ReLU(), nn.MaxPool2d(8), nn.AdaptiveAvgPool2d(7),
                              nn.Flatten(), nn.Linear(6 * 49, 5), nn.ReLU(), nn.Linear(5, 4)),
        PLANES),
    "adaptive pool 7 of 2": (
        lambda: nn.Sequential(conv(), nn.ReLU(), nn.MaxPool2d(4), nn.AdaptiveAvgPool2d((7, 7)),
                              nn.Flatten(), nn.Linear(6 * 49, 5), nn.ReLU(), nn.Linear(5, 4)),
        PLANES),
    "uneven pool before a convolution": (
        lambda: ended(conv(), nn.ReLU(), nn.AdaptiveAvgPool2d(3), conv(6), nn.ReLU()), PLANES),
    "average pool, ceil": (
        lambda: ended(conv(), nn.ReLU(), nn.AvgPool2d(3, 2, ceil_mode=True), conv(6), nn.ReLU()),
        PLANES),
    "average pool, border not counted": (
        lambda: ended(conv(), nn.ReLU(), nn.AvgPool2d(3, 2, 1, count_include_pad=False), conv(6),
                      nn.ReLU()), PLANES),
    "channel shuffle": (between(shuffled), PLANES),
    "nn.ChannelShuffle": (between(lambda m, x: m.shuffle(x), shuffle=nn.ChannelShuffle(3)), PLANES),
    "nn.PixelUnshuffle": (between(lambda m, x: m.shuffle(x), shuffle=nn.PixelUnshuffle(2)), PLANES),
    "flip and roll of channels": (between(lambda m, x: x[:, [2, 0, 1, 5, 4, 3]]), PLANES),
    "index_select": (between(lambda m, x: torch.index_select(x, 1, torch.tensor([3, 0]))), PLANES),
    "ReLU at the end": (lambda: nn.Sequential(nn.Flatten(), nn.Linear(192, 8), nn.ReLU(),
                                              nn.Linear(8, 4), nn.ReLU()), PLANES),
    "ReLU6 at the end": (lambda: nn.Sequential(conv(), nn.ReLU(), conv(6, 2), nn.ReLU6()), PLANES),
    "pool at the end": (lambda: nn.Sequential(conv(), nn.ReLU(), nn.MaxPool2d(2)), PLANES),
    "features at the end": (lambda: nn.Sequential(conv(), nn.ReLU(), nn.AdaptiveAvgPool2d(1),
                                                  nn.Flatten()), PLANES),
    "permute before linear": (
        alone(lambda m, x: m.last(torch.relu(m.conv(x)).permute(0, 2, 3, 1).flatten(1)),
              conv=conv(), last=nn.Linear(384, 4)), PLANES),
    "channels last at the input": (
        alone(lambda m, x: m.net(x.permute(0, 3, 1, 2)), net=ended(conv(), nn.ReLU())), (8, 8, 3)),
    "channels last at the input of a row": (
        alone(lambda m, x: m.net(x.transpose(1, 2)).mean(2), net=nn.Sequential(
            nn.Conv1d(2, 6, 3), nn.ReLU(), nn.Conv1d(6, 4, 1))), (16, 2)),
    "there and back": (between(lambda m, x: m.norm(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2),
                               norm=nn.Identity()), PLANES),
    "linear along channels": (
        between(lambda m, x: torch.relu(m.linear(x.permute(0, 2, 3, 1))).permute(0, 3, 1, 2),
                linear=nn.Linear(6, 5)), PLANES),
    "row network": (
        lambda: nn.Sequential(nn.Conv1d(2, 6, 3), nn.BatchNorm1d(6), nn.ReLU(), nn.MaxPool1d(2),
                              nn.Conv1d(6, 6, 3), nn.ReLU(), nn.AdaptiveAvgPool1d(1),
                              nn.Flatten(), nn.Linear(6, 4)), ROW),
    "row network, batch norm first": (
        lambda: nn.Sequential(nn.BatchNorm1d(2), nn.Conv1d(2, 6, 3), nn.ReLU(), nn.Flatten(),
                              nn.Linear(84, 4)), ROW),
    "row of one channel by unsqueeze": (
        alone(lambda m, x: m.net(x.unsqueeze(1)), net=nn.Sequential(
            nn.Conv1d(1, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(84, 4))), (16,)),
    "matmul with a parameter": (
        alone(lambda m, x: torch.relu(x @ m.w.weight.t()) @ m.v.weight.t(), w=nn.Linear(12, 8),
              v=nn.Linear(8, 4)), (12,)),
    "stack of branches": (
        alone(lambda m, x: torch.stack([m.a(x), m.b(x)], 1).sum(1), a=ended(conv(), nn.ReLU()),
              b=ended(conv(), nn.ReLU())), PLANES),
    "unbind by iteration of sizes": (
        alone(lambda m, x: m.last(torch.relu(m.conv(x)).view(*(x.shape[0], -1))), conv=conv(),
              last=nn.Linear(384, 4)), PLANES),
    "largest place, its first part": (
        alone(lambda m, x: m.last(torch.max(torch.relu(m.conv(x)), 2, keepdim=True)[0].flatten(1)),
              conv=nn.Conv1d(2, 6, 1), last=nn.Linear(6, 4)), ROW),
    "log-softmax of the last axis": (
        alone(lambda m, x: F.log_softmax(m.last(torch.relu(m.conv(x)).mean(2, keepdim=True)
                                                .permute(0, 2, 1)), dim=2),
              conv=nn.Conv1d(2, 6, 3), last=nn.Linear(6, 4)), ROW),
    "last step": (alone(lambda m, x: m.last(torch.relu(m.conv(x))[:, :, :-2][:, :, -1]),
                        conv=nn.Conv1d(2, 6, 3, padding=2), last=nn.Linear(6, 4)), ROW),
    "sum over a set": (
        alone(lambda m, x: m.last(torch.relu(m.each(x.view(-1, 5, 3))).sum(1)),
              each=nn.Linear(3, 8), last=nn.Linear(8, 2)), (15,)),
    "squeeze": (
        alone(lambda m, x: m.last(m.pool(torch.relu(m.conv(x))).squeeze(-1).squeeze(-1)),
              conv=conv(), pool=nn.AdaptiveAvgPool2d(1), last=nn.Linear(6, 4)), PLANES),
    "relu6 by hand": (between(lambda m, x: torch.clamp(m.c(x), 0, 6), c=conv(6)), PLANES),
    "divided sum of relus": (between(lambda m, x: (F.relu(m.c(x)) + F.relu(-m.c(x))) / 2,
                                     c=conv(6)), PLANES),
}  # fmt: skip
"""Name -> what makes the network, and the shape of a sample."""

ACTIVATIONS: dict[str, tuple[Make, tuple[int, ...]]] = {
    "LeakyReLU": (instead(nn.LeakyReLU(0.1)), PLANES),
    "PReLU": (instead(nn.PReLU()), PLANES),
    "PReLU of channels": (instead(nn.PReLU(6, init=0.3)), PLANES),
    "RReLU": (instead(nn.RReLU()), PLANES),
    "F.leaky_relu": (between(lambda m, x: F.leaky_relu(m.c(x), 0.2), c=conv(6)), PLANES),
    "abs": (between(lambda m, x: torch.abs(m.c(x)), c=conv(6)), PLANES),
    "x.abs() and a max pool": (between(lambda m, x: F.max_pool2d(m.c(x).abs(), 2), c=conv(6)),
                               PLANES),
    "Hardtanh": (instead(nn.Hardtanh()), PLANES),
    "Hardtanh of other limits": (instead(nn.Hardtanh(-0.5, 2.0)), PLANES),
    "clamp beside 0": (between(lambda m, x: m.c(x).clamp(0.25, 1.5), c=conv(6)), PLANES),
    "clamp below": (between(lambda m, x: m.c(x).clamp(max=0.5), c=conv(6)), PLANES),
    "Hardsigmoid": (instead(nn.Hardsigmoid()), PLANES),
    "Softshrink": (instead(nn.Softshrink(0.2)), PLANES),
    "Hardtanh at the end": (lambda: nn.Sequential(conv(), nn.ReLU(), conv(6, 2), nn.Hardtanh()),
                            PLANES),
}  # fmt: skip
"""Activations that pairs of neurons say exactly."""

ENLARGING: dict[str, tuple[Make, tuple[int, ...]]] = {
    "U-Net, transposed": (lambda: UNet(lambda i, o: nn.ConvTranspose2d(i, o, 2, 2)), (1, 8, 8)),
    "U-Net, nearest": (lambda: UNet(nearest), (1, 8, 8)),
    "autoencoder": (autoencoder(
        nn.ConvTranspose2d(8, 4, 3, 2, 1, output_padding=1), nn.ReLU(),
        nn.ConvTranspose2d(4, 1, 3, 2, 1, output_padding=1)), (1, 8, 8)),
    "autoencoder, sigmoid": (autoencoder(
        nn.ConvTranspose2d(8, 4, 2, stride=2), nn.ReLU(), nn.ConvTranspose2d(4, 1, 2, stride=2),
        nn.Sigmoid()), (1, 8, 8)),
    "DCGAN kernels": (autoencoder(
        nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.BatchNorm2d(4), nn.ReLU(),
        nn.ConvTranspose2d(4, 1, 4, 2, 1)), (1, 8, 8)),
    "pixel shuffle": (autoencoder(conv(8, 16), nn.ReLU(), nn.PixelShuffle(2), conv(4, 4), nn.ReLU(),
                                  conv(4, 4), nn.PixelShuffle(2)), (1, 8, 8)),
    "generator from a vector": (
        lambda: nn.Sequential(nn.Linear(10, 8 * 4 * 4), nn.ReLU(), nn.Unflatten(1, (8, 4, 4)),
                              nn.ConvTranspose2d(8, 4, 4, 2, 1), nn.ReLU(),
                              nn.ConvTranspose2d(4, 1, 4, 2, 1)), (10,)),
    "grouped, dilated, stride 3": (
        lambda: nn.Sequential(conv(3, 4), nn.ReLU(),
                              nn.ConvTranspose2d(4, 6, 3, stride=3, dilation=2, padding=2,
                                                 output_padding=2, groups=2), nn.ReLU(),
                              conv(6, 2)), PLANES),
    "transposed of stride 1": (
        lambda: nn.Sequential(nn.ConvTranspose2d(3, 4, 3), nn.ReLU(), conv(4, 2)), PLANES),
    "enlarged, then smaller again": (
        lambda: nn.Sequential(conv(3, 4), nn.ReLU(), nn.Upsample(scale_factor=2),
                              nn.Conv2d(4, 6, 3, 2, 1), nn.ReLU(), nn.Flatten(), nn.Linear(384, 4)),
        PLANES),
    "enlarged, flattened": (
        lambda: nn.Sequential(conv(3, 2), nn.ReLU(), nn.Upsample(scale_factor=2), conv(2, 2),
                              nn.ReLU(), nn.Flatten(), nn.Linear(512, 4)), PLANES),
    "enlarged and pooled": (
        lambda: ended(conv(3, 4), nn.ReLU(), nn.Upsample(scale_factor=2), conv(4, 6), nn.ReLU(),
                      nn.AvgPool2d(2)), PLANES),
    "interpolate to a size": (
        between(lambda m, x: F.interpolate(m.down(x), size=(8, 8), mode="nearest") + x,
                down=nn.Sequential(nn.Conv2d(6, 6, 2, 2), nn.ReLU())), PLANES),
    "interpolate to the size of another": (
        between(lambda m, x: F.interpolate(m.down(x), size=x.shape[2:]) + x,
                down=nn.Sequential(nn.Conv2d(6, 6, 2, 2), nn.ReLU())), PLANES),
    "repeat_interleave": (
        between(lambda m, x: x.repeat_interleave(2, dim=2).repeat_interleave(2, dim=3)), PLANES),
    "row, transposed": (
        lambda: nn.Sequential(nn.Conv1d(2, 6, 4, 2, 1), nn.ReLU(),
                              nn.ConvTranspose1d(6, 2, 4, 2, 1)), ROW),
    "row, nearest": (
        lambda: nn.Sequential(nn.Conv1d(2, 6, 4, 2, 1), nn.ReLU(), nn.Upsample(scale_factor=2),
                              nn.Conv1d(6, 2, 3, padding=1)), ROW),
    "SegNet without indices": (
        lambda: nn.Sequential(conv(3, 4), nn.ReLU(), nn.MaxPool2d(2), conv(4, 8), nn.ReLU(),
                              nn.MaxPool2d(2), nn.Upsample(scale_factor=2), conv(8, 4), nn.ReLU(),
                              nn.UpsamplingNearest2d(scale_factor=2), conv(4, 3), nn.Softmax(1)),
        PLANES),
}  # fmt: skip
"""Networks that enlarge planes."""
