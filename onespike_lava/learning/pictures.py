"""What neurons have learnt to see, as pictures of the input."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.stack import Stage
from onespike_lava.limits import WEIGHT_MAX

Pictures = NDArray[np.float64]


def pictures(stages: Sequence[Stage], layers: Sequence[Plastic]) -> list[Pictures]:
    """For each layer a picture of each channel's kernel, float64[O, rows, columns].

    Of the first layer bright minus dark, where its input has these two channels, else the sum of
    all; of those above, the pictures of the layer below in their places, each times its weight.
    """
    found: list[Pictures] = []
    apart = 1
    for stage, layer in zip(stages, layers, strict=True):
        weight = layer.weight / WEIGHT_MAX
        if not found:
            signs = np.array([1.0, -1.0]) if weight.shape[1] == 2 else np.ones(weight.shape[1])
            found.append(np.einsum("oirc,i->orc", weight, signs))
        else:
            found.append(_placed(weight, found[-1], apart))
        apart *= stage.pool
    return found


def _placed(weight: NDArray[np.float64], below: Pictures, apart: int) -> Pictures:
    """The pictures of a kernel's inputs, `apart` pixels from each other, added by weight."""
    rows, columns = (
        size + apart * (kernel - 1)
        for size, kernel in zip(below.shape[1:], weight.shape[2:], strict=True)
    )
    total = np.zeros((len(weight), rows, columns))
    for row in range(weight.shape[2]):
        for column in range(weight.shape[3]):
            part = np.einsum("oi,iyx->oyx", weight[:, :, row, column], below)
            top, left = row * apart, column * apart
            total[:, top : top + below.shape[1], left : left + below.shape[2]] += part
    return total


def sheet(found: Pictures, columns: int = 16) -> NDArray[np.float64]:
    """Pictures side by side, each scaled to -1 .. 1, with lines of NaN between them."""
    count, height, width = found.shape
    rows = -(-count // columns)
    page = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1), np.nan)
    for number, picture in enumerate(found):
        top, left = number // columns * (height + 1) + 1, number % columns * (width + 1) + 1
        most = max(float(np.abs(picture).max()), 1e-9)
        page[top : top + height, left : left + width] = picture / most
    return page
