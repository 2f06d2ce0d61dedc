"""All networks that were tried: `python -m tests.doors.tried` prints the table of `docs/tried.md`.

torchvision's networks need torchvision; without it their rows are missing.
"""

from __future__ import annotations

import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from exporters import convert
from exporters.frontends.read import read
from exporters.passes import prepare
from onespike_lava.errors import OneSpikeError, RefusedNodesError
from tests.doors import modules
from tests.doors.modules import UNet, conv, nearest

Array = NDArray[Any]
Tried = tuple[str, Any, tuple[int, ...]]

PARITY = 30_000_000
"""Most weights of a network whose integers run here; the others are compared in floats alone."""

SIZES = {"inception_v3": 96, "alexnet": 96, "squeezenet1_1": 64}
"""Rows and columns, else 64 or, of segmentations, 32."""

CLASSIFIERS = (
    *("alexnet", "vgg11", "vgg11_bn", "resnet18", "resnet50", "resnext50_32x4d", "wide_resnet50_2"),
    *("densenet121", "squeezenet1_1", "googlenet", "inception_v3", "mobilenet_v2", "mnasnet0_5"),
    *("shufflenet_v2_x1_0", "regnet_x_400mf", "regnet_y_400mf", "mobilenet_v3_small"),
    *("efficientnet_b0", "convnext_tiny", "vit_b_32", "swin_t"),
)
SEGMENTATIONS = ("fcn_resnet50", "deeplabv3_mobilenet_v3_large")


def of_torchvision() -> Iterator[Tried]:
    """torchvision's, with the weights that they begin with."""
    with suppress(ImportError):
        from torchvision import models

        for name in CLASSIFIERS:
            size = SIZES.get(name, 224 if name.startswith("vit") else 64)
            more = {"aux_logits": False} if name in ("googlenet", "inception_v3") else {}
            more |= {"init_weights": False} if more else {}
            yield (
                f"{name}, {size} x {size}",
                models.get_model(name, weights=None, **more),
                (*(3, size, size),),
            )
        for name in SEGMENTATIONS:
            net = models.get_model(name, weights=None, weights_backbone=None, aux_loss=False)
            yield f"{name}, 32 x 32", net, (3, 32, 32)


class SubPixel(nn.Module):
    """Super-resolution by sub-pixels, as in the ONNX zoo."""

    def __init__(self) -> None:
        super().__init__()
        sizes = ((1, 64, 5), (64, 64, 3), (64, 32, 3), (32, 9, 3))
        self.layers = nn.ModuleList([conv(a, b, k) for a, b, k in sizes])

    def forward(self, x: Any) -> Any:
        for layer in self.layers[:3]:
            x = torch.relu(layer(x))
        x = self.layers[3](x)
        n, _, rows, columns = x.shape
        x = x.view(n, 1, 3, 3, rows, columns).permute(0, 1, 4, 2, 5, 3)
        return x.reshape(n, 1, rows * 3, columns * 3)


class Shuffled(nn.Module):
    """A unit of the first ShuffleNet: grouped convolutions, a shuffle, a shortcut."""

    def __init__(self) -> None:
        super().__init__()
        self.one, self.two = nn.Conv2d(24, 24, 1, groups=4), nn.BatchNorm2d(24)
        self.deep = nn.Conv2d(24, 24, 3, padding=1, groups=24)
        self.last, self.norm = nn.Conv2d(24, 24, 1, groups=4), nn.BatchNorm2d(24)

    def forward(self, x: Any) -> Any:
        y = torch.relu(self.two(self.one(x)))
        n, channels, rows, columns = y.shape
        y = y.view(n, 4, channels // 4, rows, columns).transpose(1, 2).reshape(y.shape)
        return torch.relu(x + self.norm(self.last(self.deep(y))))


def yolo(activation: Callable[[], nn.Module], pool: Callable[[int], nn.Module]) -> nn.Module:
    """The body of tiny YOLO v2 on a smaller image."""
    layers: list[nn.Module] = []
    for inputs, outputs in ((3, 16), (16, 32), (32, 64), (64, 64)):
        layers += [conv(inputs, outputs, bias=False), nn.BatchNorm2d(outputs), activation()]
        layers += [pool(2)]
    return nn.Sequential(*layers, conv(64, 64), activation(), nn.Conv2d(64, 25, 1))


def faces() -> nn.Module:
    """A residual network with PReLU and batch norms at both ends, as for faces."""

    def block() -> nn.Module:
        inner = [nn.BatchNorm2d(16), conv(16, 16), nn.PReLU(16), conv(16, 16), nn.BatchNorm2d(16)]
        return modules.Function(lambda m, x: x + m.inner(x), inner=nn.Sequential(*inner))

    end = [
        nn.BatchNorm2d(16),
        nn.Dropout(),
        nn.Flatten(),
        nn.Linear(16 * 256, 32),
        nn.BatchNorm1d(32),
    ]
    return nn.Sequential(conv(3, 16), nn.PReLU(16), block(), block(), *end)


def digits() -> nn.Module:
    """A small network for digits as the ONNX zoo has it, `view` included."""
    net = nn.Sequential(
        *(conv(1, 8, 5), nn.ReLU(), nn.MaxPool2d(2), conv(8, 16, 5), nn.ReLU(), nn.MaxPool2d(3)),
    )
    return modules.Function(
        lambda m, x: m.last(m.net(x.view(-1, 1, 28, 28)).view(x.size(0), -1)),
        net=net, last=nn.Linear(256, 10),
    )  # fmt: skip


def normalised(kind: Callable[[], nn.Module]) -> nn.Module:
    """A network with a norm that is none of batch norms."""
    return modules.ended(conv(), nn.ReLU(), kind(), conv(6), nn.ReLU())


def of_the_zoo() -> Iterator[Tried]:
    """Architectures of the ONNX zoo at small sizes, random weights, through ONNX."""
    leaky = lambda: nn.LeakyReLU(0.1)  # noqa: E731
    yield "digits with `view` (MNIST)", digits(), (784,)
    yield "super-resolution by sub-pixels", SubPixel(), (1, 16, 16)
    yield (
        "ShuffleNet v1 unit",
        modules.ended(conv(3, 24), nn.ReLU(), Shuffled(), features=24),
        (*(3, 16, 16),),
    )
    yield "tiny YOLO v2, max pools behind LeakyReLU", yolo(leaky, nn.MaxPool2d), (3, 32, 32)
    yield "tiny YOLO v2, average pools", yolo(leaky, nn.AvgPool2d), (3, 32, 32)
    yield "tiny YOLO v2, ReLU", yolo(nn.ReLU, nn.MaxPool2d), (3, 32, 32)
    yield "residual network with PReLU (faces)", faces(), (3, 16, 16)
    yield (
        "U-Net, transposed convolutions",
        UNet(lambda i, o: nn.ConvTranspose2d(i, o, 2, 2)),
        (*(1, 16, 16),),
    )
    yield "U-Net, nearest neighbours", UNet(nearest), (1, 16, 16)
    yield (
        "local response norm (AlexNet, GoogLeNet)",
        normalised(lambda: nn.LocalResponseNorm(3)),
        (*(3, 16, 16),),
    )
    yield "instance norm (style transfer)", normalised(lambda: nn.InstanceNorm2d(6)), (3, 16, 16)


def of_keras() -> Iterator[tuple[str, Path, Array]]:
    """Keras' networks by its own producer, channels last."""
    folder = Path(__file__).parent / "keras"
    for path in sorted(folder.glob("*.onnx")):
        with np.load(path.with_suffix(".npz")) as held:
            yield f"{path.stem}", path, held["x"]


def calm(module: nn.Module, x: Array) -> nn.Module:
    """The network with batch norms that know the samples, so that values keep their size."""
    module.train()
    with torch.no_grad():
        for _ in range(3):
            module(torch.from_numpy(x))
    return module.eval()


def outcome(model: Any, x: Array) -> str:
    """Cells of the table: converted or refused, float agreement, parity."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            source = read(model, x.shape[1:])
            prepared, _ = prepare(source)
            exact = source.evaluate(x)
            apart = np.abs(prepared.evaluate(x) - exact).max() / np.abs(exact).max()
            size = sum(each.size for node in prepared.nodes for each in node.params.values())
            if size > PARITY:
                return f"converted | {apart:.0e} | not run |"
            options: Any = {"correct": "none", "rounding": "nearest", "phases": 8}
            network = convert(model, x, **options).network
            one, other = (network.run(x[:2], engine=each).scores for each in ("numpy", "numba"))
            return f"converted | {apart:.0e} | {'equal' if (one == other).all() else 'NOT EQUAL'} |"
    except RefusedNodesError as error:
        found = dict.fromkeys(f"{node.rpartition(' ')[2]} {why}" for node, why in error.nodes)
        return f"refused: {'; '.join(list(found)[:3]).replace('|', '/')} | | |"
    except OneSpikeError as error:
        return f"refused: {str(error).replace('|', '/')} | | |"


def lines() -> Iterator[str]:
    """Rows of the table, as they are found."""
    random = np.random.default_rng(0)
    for origin, group in (("torchvision", of_torchvision()), ("ONNX", of_the_zoo())):
        for name, net, shape in group:
            torch.manual_seed(0)
            x = random.normal(size=(8, *shape)).astype(np.float32)
            with suppress(ValueError):  # a batch norm of one place
                net = calm(net, x)
            net.eval()
            with tempfile.TemporaryDirectory() as folder:
                model = net
                if origin == "ONNX":
                    model = Path(folder) / "net.onnx"
                    axes = {"x": {0: "N"}}
                    with warnings.catch_warnings():
                        warnings.simplefilter("ignore")
                        torch.onnx.export(
                            net, torch.from_numpy(x[:2]), str(model), input_names=["x"],
                            dynamic_axes=axes, opset_version=17,
                        )  # fmt: skip
                yield f"| {origin} | {name} | {outcome(model, x)}"
    for name, path, x in of_keras():
        yield f"| Keras, tf2onnx | {name} | {outcome(path, x)}"


if __name__ == "__main__":
    print("| from | network | result | float difference | engines |\n|---|---|---|---|---|")
    for line in lines():
        print(line)
        sys.stdout.flush()
