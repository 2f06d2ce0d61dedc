"""MNIST-5k: 500 images a class, split once and for all into 4,000 training and 1,000 test images.

The images do not travel with the repository: `ONESPIKE_DATA` names the folder that holds
`mnist5k/mnist_5k.npz` (`x` uint8[5000, 28, 28], `y`), by default `shared/data` beside the
repository.
Run as `python data.py FOLDER` to write `test.npz`, as the network takes it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.uint8]
Labels = NDArray[np.int64]

TEST = 1000
"""Images that judge the end, of a fixed random order."""


def file() -> Path:
    """Where the images are; exits with a line that says so where they are not."""
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    found = Path(os.environ.get("ONESPIKE_DATA", default)) / "mnist5k" / "mnist_5k.npz"
    if not found.is_file():
        sys.exit(f"{found.name}: is not there; set ONESPIKE_DATA to the folder of mnist5k")
    return found


def split(seed: int = 0) -> tuple[Images, Labels, Images, Labels]:
    """Images uint8[N, 28, 28] and labels: training in an order by the seed, then test."""
    data = np.load(file())
    x, y = data["x"], data["y"].astype(np.int64)
    order = np.random.RandomState(2023).permutation(len(x))  # its stream is frozen
    train, test = order[TEST:], order[:TEST]
    train = train[np.random.RandomState(seed).permutation(len(train))]
    return x[train], y[train], x[test], y[test]


def write(folder: str | Path) -> None:
    """Write `test.npz`: steps of spikes float32[N, 2, 28, 28] and labels."""
    from exporters.training.stdp import encode

    _, _, x, y = split()
    Path(folder).mkdir(parents=True, exist_ok=True)
    np.savez_compressed(Path(folder) / "test.npz", x=encode(x).astype(np.float32), y=y)


if __name__ == "__main__":
    write(sys.argv[1] if len(sys.argv) > 1 else ".")
