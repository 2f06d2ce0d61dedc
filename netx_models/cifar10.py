"""CIFAR-10 as JPEG files, as the CIFAR models of this folder take it.

The images do not travel with the repository: `ONESPIKE_DATA` names the folder that holds
`cifar10_jpeg/train.npz` and `test.npz` (JPEG bytes end to end, offsets, labels), by default
`shared/data` beside the repository. Run as `python cifar10.py FOLDER` to write
`calibration.npz` and `test.npz` for the command line.
"""

from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

MEAN = np.array([0.485, 0.456, 0.406], np.float32)
DEVIATION = np.array([0.229, 0.224, 0.225], np.float32)

CALIBRATION = 2000
"""The first training images calibrate; the last 5,000 choose between recipes."""

VALIDATION = 5000


def folder() -> Path:
    """Where the data are; exits with a line that says so where they are not."""
    default = Path(__file__).resolve().parents[2] / "shared" / "data"
    found = Path(os.environ.get("ONESPIKE_DATA", default)) / "cifar10_jpeg"
    if not (found / "train.npz").is_file():
        sys.exit(f"{found.name}: no CIFAR-10 JPEG files; set ONESPIKE_DATA to their folder")
    return found


def pixels(part: str, first: int = 0, count: int | None = None) -> NDArray[np.uint8]:
    """Images uint8[N, 3, 32, 32] of `train` or `test`."""
    from PIL import Image

    data = np.load(folder() / f"{part}.npz")
    stream, offset = data["jpeg"].tobytes(), data["offset"]
    last = len(offset) - 1 if count is None else first + count
    images = np.empty((last - first, 3, 32, 32), np.uint8)
    for place in range(first, last):
        one = Image.open(io.BytesIO(stream[offset[place] : offset[place + 1]])).convert("RGB")
        images[place - first] = np.asarray(one).transpose(2, 0, 1)
    return images


def labels(part: str, first: int = 0, count: int | None = None) -> NDArray[np.int64]:
    """Labels int64[N]."""
    found = np.load(folder() / f"{part}.npz")["label"]
    return found[first : None if count is None else first + count].astype(np.int64)


def normalised(images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Images as the networks take them, float32[N, 3, 32, 32]."""
    scaled = images.astype(np.float32) / np.float32(255)
    return (scaled - MEAN[:, None, None]) / DEVIATION[:, None, None]


def write(target: Path) -> None:
    """Write `calibration.npz` and `test.npz`."""
    target.mkdir(parents=True, exist_ok=True)
    images = normalised(pixels("train", 0, CALIBRATION))
    np.savez(target / "calibration.npz", x=images, y=labels("train", 0, CALIBRATION))
    np.savez(target / "test.npz", x=normalised(pixels("test")), y=labels("test"))


if __name__ == "__main__":
    write(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
