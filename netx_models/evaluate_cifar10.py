"""Accuracy of CIFAR-10 networks by recipe: `python evaluate_cifar10.py resnet20-cifar10`.

Converts the model of a folder with several recipes and prints, for each, accuracy and the
mean squared error of the logits against the source network; `--part validation` (default)
uses training images that calibration does not see, `--part test` the test images. With
`--write` the network of the last recipe becomes the folder's `.net` file.
"""

from __future__ import annotations

import argparse
import importlib.util
import time
from pathlib import Path
from typing import Any

import cifar10
import numpy as np

from exporters import Conversion, convert
from exporters.factory import load_factory
from onespike_lava import save

PAPER: dict[str, Any] = {"pool": "merge"}
BEST: dict[str, Any] = {
    "pool": "merge", "levels": "data", "normalisation": "mse", "correct": "weights"
}  # fmt: skip
RECIPES: dict[str, dict[str, Any]] = {
    "paper, T = 16": {**PAPER, "base": 1.3},
    "paper, T = 24": {**PAPER, "phases": 24, "base": 1.2},
    "best, T = 24": {**BEST, "phases": 24},
    "best, T = 16": BEST,
}
HERE = Path(__file__).resolve().parent


def main() -> None:
    """Print a line per recipe."""
    options = arguments()
    folder = HERE / options.folder
    module = load(folder, options.weights)
    x = cifar10.normalised(images(options.part)[: options.limit])
    y = classes(options.part)[: options.limit]
    calibration = cifar10.normalised(cifar10.pixels("train", 0, options.calibration))
    source = None
    for name, recipe in RECIPES.items():
        began = time.perf_counter()
        found = convert(module, calibration, **recipe)
        seconds = time.perf_counter() - began
        if source is None:
            source = np.concatenate(
                [found.source.evaluate(x[i : i + 256]) for i in range(0, len(x), 256)]
            )
            print(f"ANN: {100 * np.mean(source.argmax(1) == y):.2f} % of {len(y)} images")
        print(line(name, found, x, y, source, seconds), flush=True)
    if options.write:
        save(found.network, folder / f"{folder.name.split('-')[0]}.net")


def line(
    name: str, found: Conversion, x: np.ndarray, y: np.ndarray, source: np.ndarray, seconds: float
) -> str:
    """Accuracy, loss in points and logit error of a conversion."""
    run = found.network.run(x)
    error = np.mean((run.scores * found.network.output_scale - source) ** 2)
    accuracy = 100 * np.mean(run.predictions == y)
    loss = 100 * np.mean(source.argmax(1) == y) - accuracy
    return (
        f"{name}: {accuracy:.2f} %, loses {loss:.2f} points, squared logit error {error:.3f}, "
        f"export {seconds:.0f} s"
    )


def load(folder: Path, weights: str | None) -> Any:
    """The folder's trained network; ResNet-20's weights lie with the data."""
    spec = importlib.util.spec_from_file_location("model", folder / "model.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    import sys

    sys.modules["model"] = module
    own = sorted(folder.glob("*.safetensors"))
    path = weights or (own[0] if own else cifar10.folder() / "resnet20.safetensors")
    return load_factory("model:build", path)


def images(part: str) -> np.ndarray:
    """Images of `test`, or the last training images (`validation`)."""
    first = 50_000 - cifar10.VALIDATION
    return cifar10.pixels("test") if part == "test" else cifar10.pixels("train", first)


def classes(part: str) -> np.ndarray:
    """Labels of the same images."""
    first = 50_000 - cifar10.VALIDATION
    return cifar10.labels("test") if part == "test" else cifar10.labels("train", first)


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", help="resnet20-cifar10 or vgg-cifar10")
    parser.add_argument("--weights", help="safetensors file, if not the folder's own")
    parser.add_argument("--part", choices=("validation", "test"), default="validation")
    parser.add_argument("--limit", type=int, help="only the first images")
    parser.add_argument("--calibration", type=int, default=1000, help="training images")
    parser.add_argument("--write", action="store_true", help="write the folder's .net file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
