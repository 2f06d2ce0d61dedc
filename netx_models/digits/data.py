"""The digits data set of scikit-learn, split once and for all: 1,195 training, 602 test images.

Run as `python data.py FOLDER` to write `calibration.npz`, `validation.npz` (training images that
calibration does not see) and `test.npz`.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float32]
Labels = NDArray[np.int64]

TEST_SHARE = 3
"""Of each class, in a fixed random order, every third image is a test image."""

CALIBRATION = 500
"""How many training images calibrate the conversion."""


def split() -> tuple[Images, Labels, Images, Labels]:
    """Images float32[N, 1, 8, 8] in 0..1 (17 grey levels) and labels: training, then test."""
    from sklearn.datasets import load_digits

    digits = load_digits()
    x = (digits.images / 16.0).astype(np.float32)[:, None]
    y = digits.target.astype(np.int64)
    test = np.zeros(len(y), bool)
    random = np.random.RandomState(2023)  # its stream is frozen, unlike default_rng's
    for label in range(10):
        members = random.permutation(np.flatnonzero(y == label))
        test[members[::TEST_SHARE]] = True
    return x[~test], y[~test], x[test], y[test]


def write(folder: str | Path) -> None:
    """Write `calibration.npz` (the first training images), `validation.npz` and `test.npz`."""
    x_train, y_train, x_test, y_test = split()
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(
        folder / "calibration.npz", x=x_train[:CALIBRATION], y=y_train[:CALIBRATION]
    )
    np.savez_compressed(folder / "validation.npz", x=x_train[CALIBRATION:], y=y_train[CALIBRATION:])
    np.savez_compressed(folder / "test.npz", x=x_test, y=y_test)


if __name__ == "__main__":
    write(sys.argv[1] if len(sys.argv) > 1 else ".")
