"""Images as latencies: contrast of either sign, its strongest first, one spike a neuron.

Centre-surround filters as in Kheradpisheh et al. (2018): differences of two Gaussians, on and off,
relative to the mean contrast around a place, their ranks divided into as many equal parts as there
are steps. Filters and sums are integers, so that ranks are the same on every machine.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava.data.samples import check_finite
from onespike_lava.errors import DataError, OptionError
from onespike_lava.layers import Window

UNIT = 1024
"""The largest weight of a filter."""


@dataclass(frozen=True)
class Contrast:
    """How an image becomes spikes.

    narrow, wide : deviations of the two Gaussians, in pixels
    reach        : pixels from the centre of a filter to its edge
    threshold    : contrast below which there is no spike, in units of a pixel's 0 .. 255
    around       : pixels from a place to the edge of what its contrast is relative to
    steps        : of a sample, `T`, at most 255
    """

    narrow: float = 1.0
    wide: float = 2.0
    reach: int = 3
    threshold: int = 50
    around: int = 8
    steps: int = 15

    def __post_init__(self) -> None:
        """Check each value."""
        if not 0 < self.narrow < self.wide:
            raise OptionError(
                f"narrow, wide: {self.narrow}, {self.wide} do not rise from 0; give the narrower "
                "Gaussian first"
            )
        low = {"reach": 1, "threshold": 1, "around": 0, "steps": 1}
        for name, least in low.items():
            value = getattr(self, name)
            if not least <= value <= 255:
                raise OptionError(f"{name}: {value} is outside {least}..255; give one of them")

    @property
    def filters(self) -> tuple[NDArray[np.int64], ...]:
        """Weights for bright and for dark centres, int64[rows, columns]; sums near 0.

        The largest weight of each is `UNIT`.
        """
        place = np.arange(-self.reach, self.reach + 1)
        squared = place[:, None] ** 2 + place**2
        narrow, wide = (
            np.exp(-squared / (2 * each**2)) / each**2 for each in (self.narrow, self.wide)
        )
        bright = narrow - wide - (narrow - wide).mean()
        dark = -bright
        return tuple(np.rint(each / each.max() * UNIT).astype(np.int64) for each in (bright, dark))


CONTRAST = Contrast()
"""For images of 28 x 28 pixels."""

BLOCK = 250
"""Images that are filtered together."""


def encode(images: ArrayLike, contrast: Contrast = CONTRAST) -> NDArray[np.uint8]:
    """Steps of spikes, uint8[N, 2, H, W]: 1 .. `steps`, 0 for none; bright centres, dark centres.

    images : [N, H, W] or [N, 1, H, W] of integers 0 .. 255

    Raises `DataError` for anything else.
    """
    pixels = _checked(images)
    blocks = [pixels[at : at + BLOCK] for at in range(0, len(pixels), BLOCK)]
    return np.concatenate([_encoded(each, contrast) for each in blocks])


def _checked(images: ArrayLike) -> NDArray[np.int64]:
    values = np.asarray(images)
    if values.ndim == 4 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim != 3 or not values.size or values.dtype.kind not in "fiu":
        found = f"{values.dtype}{list(values.shape)}"
        raise DataError(f"images: {found} is not [N, H, W] of numbers; give grey images")
    check_finite(values, "images")
    whole = np.rint(values).astype(np.int64)
    if (whole != values).any() or whole.min() < 0 or whole.max() > 255:
        raise DataError(
            f"images: {values.min():g}..{values.max():g} are not integers of 0..255; scale and "
            "round them"
        )
    return whole


def _encoded(pixels: NDArray[np.int64], contrast: Contrast) -> NDArray[np.uint8]:
    signed = np.stack([_slid(pixels, each, contrast.reach) for each in contrast.filters], axis=1)
    signed[signed < contrast.threshold * UNIT] = 0
    side = 2 * contrast.around + 1
    around = _slid(signed.reshape(-1, *pixels.shape[1:]), np.ones(side, np.int64), contrast.around)
    # Of both signs each is relative to its own mean; a contrast above 0 has one above 0.
    relative = signed / np.maximum(around.reshape(signed.shape), 1)
    steps = np.zeros(signed.shape, np.uint8)
    for place, values in zip(
        steps.reshape(len(steps), -1), relative.reshape(len(steps), -1), strict=True
    ):
        spiking = np.flatnonzero(values)
        order = spiking[np.argsort(-values[spiking], kind="stable")]
        place[order] = 1 + np.arange(len(order)) * contrast.steps // max(len(order), 1)
    return steps


def _slid(planes: NDArray[np.int64], kernel: NDArray[np.int64], reach: int) -> NDArray[Any]:
    """Planes [N, H, W] under a square kernel, or under one of rows and of columns alike."""
    if kernel.ndim == 1:
        down = _under(planes, kernel[:, None], (reach, 0))
        return _under(down, kernel[None, :], (0, reach))
    return _under(planes, kernel, (reach, reach))


def _under(planes: NDArray[np.int64], kernel: NDArray[np.int64], reach: tuple[int, int]) -> Any:
    rows, columns = reach
    window = Window(padding=(rows, columns, rows, columns))
    padded, total = window.pad(planes), np.zeros_like(planes)
    for row, column, (down, across) in window.taps(kernel.shape, planes.shape[1:]):
        total += kernel[row, column] * padded[:, down, across]
    return total
