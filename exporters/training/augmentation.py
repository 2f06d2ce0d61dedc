"""Images moved and mirrored, by slices: what the training loop may do to a batch."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from onespike_lava.errors import DataError, OptionError


@dataclass(frozen=True)
class Shifts:
    """Each image is moved by up to `reach` pixels in both directions, half of them mirrored.

    reach  : the border is padded with `fill`, and a window of the old size cut out
    mirror : from left to right; not for letters
    """

    reach: int = 4
    mirror: bool = False
    fill: float = 0.0

    def __post_init__(self) -> None:
        if self.reach < 0:
            raise OptionError(f"Shifts: reach is {self.reach}; give 0 or more pixels")

    def __call__(self, images: Tensor, generator: torch.Generator) -> Tensor:
        """New images [N, C, H, W]; `DataError` for others, and for small ones."""
        if images.dim() != 4:
            raise DataError(f"Shifts: images of shape {list(images.shape)}; give [N, C, H, W]")
        height, width = images.shape[2:]
        reach = self.reach
        if reach >= min(height, width):
            raise DataError(
                f"Shifts: moves of up to {reach} pixels leave nothing of images "
                f"of {height} x {width}; give up to {min(height, width) - 1}"
            )
        padded = torch.nn.functional.pad(images, (reach,) * 4, value=self.fill)
        moves = torch.randint(0, 2 * reach + 1, (len(images), 2), generator=generator).tolist()
        mirrored = (torch.rand(len(images), generator=generator) < 0.5).tolist()
        out = torch.empty_like(images)
        for place, (down, across) in enumerate(moves):
            window = padded[place, :, down : down + height, across : across + width]
            out[place] = window.flip(2) if self.mirror and mirrored[place] else window
        return out
