"""The trained networks of this folder with their data, by name."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cifar10
import numpy as np
from numpy.typing import NDArray

from exporters.frontends.torch.factory import load_factory

HERE = Path(__file__).resolve().parent

NAMES = ("digits", "resnet20-cifar10", "vgg-cifar10")
"""Folders of networks that classify images."""

DEEP = "resnet44-cifar10"
"""A deeper one that ships no file: the model stands in the folder of ResNet-20."""

PARTS = ("validation", "test")
"""Training images that calibration does not see, or the test images."""


@dataclass(frozen=True)
class Source:
    """A trained network and labelled data.

    model       : what `exporters.convert` takes
    calibration : float32[N, *shape], training images
    x, y        : float32[N, *shape] and int64[N], images of the part asked for
    file        : the network's `.net` file
    """

    name: str
    model: Any
    calibration: NDArray[np.float32]
    x: NDArray[np.float32]
    y: NDArray[np.int64]
    file: Path


def load(name: str, part: str, *, limit: int | None = None, calibration: int = 1000) -> Source:
    """The network of a folder, or `DEEP`, with `limit` images of a part.

    Ends with a line where data lack.
    """
    read = _digits if name == "digits" else _cifar10
    model, seen, x, y = read(name, part)
    file = HERE / name / f"{name.split('-')[0]}.net"
    return Source(name, model, seen[:calibration], x[:limit], y[:limit], file)


def _digits(name: str, part: str) -> tuple[Any, ...]:
    data = _module(HERE / name / "data.py")
    x, y, x_test, y_test = data.split()
    seen = x[: data.CALIBRATION]
    model = HERE / name / "digits.onnx"
    if part == "test":
        return model, seen, x_test, y_test
    return model, seen, x[data.CALIBRATION :], y[data.CALIBRATION :]


def _cifar10(name: str, part: str) -> tuple[Any, ...]:
    first = 0 if part == "test" else 50_000 - cifar10.VALIDATION
    of = "test" if part == "test" else "train"
    images, labels = cifar10.pixels(of, first), cifar10.labels(of, first)
    seen = cifar10.normalised(cifar10.pixels("train", 0, cifar10.CALIBRATION))
    folder = HERE / ("resnet20-cifar10" if name == DEEP else name)
    sys.modules["model"] = _module(folder / "model.py")
    own = sorted(folder.glob("*.safetensors"))
    weights = own[0] if own else cifar10.folder() / f"{name.split('-')[0]}.safetensors"
    factory = "model:resnet44" if name == DEEP else "model:build"
    return load_factory(factory, weights), seen, cifar10.normalised(images), labels


def _module(path: Path) -> Any:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
