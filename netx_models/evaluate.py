"""What a recipe costs: `python evaluate.py resnet20-cifar10` (or digits, vgg-cifar10).

Converts the network of a folder with several recipes and prints, for each, accuracy, loss and
the mean squared error of the logits against the source network. `--part validation` (the
default) takes training images that calibration does not see: the defaults of the exporters are
what does best there. `--part test` takes the test images. `--options` shows each option's
effect alone; `--write` makes the network of the default recipe the folder's `.net` file.
"""

from __future__ import annotations

import argparse
from typing import Any

import numpy as np
import sources
from numpy.typing import NDArray

from exporters import PAPER, Conversion, convert
from exporters.fidelity.baseline import in_blocks
from onespike_lava import save
from onespike_lava.errors import InvalidNetworkError

RECIPES: dict[str, dict[str, Any]] = {
    "paper, T = 16, Q = 1.3": {**PAPER, "base": 1.3},
    "paper, T = 24, Q = 1.2": {**PAPER, "phases": 24, "base": 1.2},
    "default, T = 16": {},
    "default, T = 24": {"phases": 24},
}
"""The paper's recipe and the defaults, average pools merged in both."""

OPTIONS: dict[str, dict[str, Any]] = {
    "paper, average pool with neurons": {**PAPER, "pool": "own"},
    "paper, one constant per layer": {**PAPER, "scale": "layer"},
    "paper, percentile 99.9": {**PAPER, "normalisation": "p99.9"},
    "paper, constants of least squares": {**PAPER, "normalisation": "mse"},
    "paper, levels of least squares": {**PAPER, "levels": "data"},
    "paper, corrected biases": {**PAPER, "correct": "bias"},
    "paper, corrected weights": {**PAPER, "correct": "weights"},
    "paper, no threshold shift": {**PAPER, "shift": False},
    "paper, membrane weighting": {**PAPER, "weighting": "membrane"},
    "paper, two spikes": {**PAPER, "max_spikes": 2},
    "default, two spikes": {"max_spikes": 2},
    "default, no correction": {"correct": "none"},
    "default, corrected biases": {"correct": "bias"},
    "default, average pool with neurons": {"pool": "own"},
    "default, T = 32": {"phases": 32},
}
"""One option at a time."""


def main() -> None:
    """Print a line per recipe."""
    given = arguments()
    source = sources.load(
        given.folder, given.part, limit=given.limit, calibration=given.calibration
    )
    recipes = {**RECIPES, **OPTIONS} if given.options else RECIPES
    exact = None
    for name, recipe in recipes.items():
        try:
            found = convert(source.model, source.calibration, **recipe)
        except InvalidNetworkError as error:  # several spikes before a max pool
            print(f"{name}: refused: {error}")
            continue
        if exact is None:
            exact = in_blocks(found.source.evaluate, source.x)
            right = 100 * np.mean(exact.argmax(1) == source.y)
            print(f"ANN: {right:.2f} % of {len(source.y)} {given.part} images", flush=True)
        print(f"{name}: {line(found, source, exact)}", flush=True)
        if given.write and not recipe:
            save(found.network, source.file)


def line(found: Conversion, source: sources.Source, exact: NDArray[Any]) -> str:
    """Accuracy, loss in points and logit error of a conversion."""
    run = found.network.run(source.x)
    error = np.mean((run.scores * found.network.output_scale - exact) ** 2)
    accuracy = 100 * np.mean(run.predictions == source.y)
    loss = 100 * np.mean(exact.argmax(1) == source.y) - accuracy
    return f"{accuracy:.2f} %, loses {loss:.2f} points, squared logit error {error:.4f}"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", choices=sources.NAMES)
    parser.add_argument("--part", choices=sources.PARTS, default="validation")
    parser.add_argument("--limit", type=int, help="only the first images")
    parser.add_argument("--calibration", type=int, default=1000, help="at most so many images")
    parser.add_argument("--options", action="store_true", help="each option alone too")
    parser.add_argument("--write", action="store_true", help="write the folder's .net file")
    return parser.parse_args()


if __name__ == "__main__":
    main()
