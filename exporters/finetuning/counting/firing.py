"""The spikes of integrate-and-fire neurons with soft reset, in whole numbers.

    v(t) = v(t-1) + what arrives + drive     fires where v(t) >= threshold, and takes it off

Backward they count as a ReLU at their counts, so that only spikes are computed here; neurons with a
gradient of their own are those of `exporters.training.fused`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import torch
from numba import njit
from torch import Tensor


def fire(arriving: Tensor, base: Tensor, bias: Tensor, steps: int, at_once: bool = False) -> Tensor:
    """Spikes uint8[T, N, *shape].

    arriving : whole numbers float32[S, N, *shape], of the first S of T steps; nothing arrives later
    base     : thresholds float32[C]
    bias     : whole numbers float32[C, 1, 1], or per neuron [*shape]: what all steps bring together
    at_once  : it enters in the first step, not in equal parts
    """
    rows = _rows(arriving)
    drive = torch.zeros_like(bias) if at_once else bias.div(steps, rounding_mode="floor")
    start, each = (_rows(part[None, None])[0] for part in (bias - drive * steps, drive))
    out = torch.empty((steps, *rows.shape[1:]), dtype=torch.uint8)
    _kernel()(*(part.numpy() for part in (rows, base, start.contiguous(), each.contiguous(), out)))
    return _planes(out, arriving)


def _rows(values: Tensor) -> Tensor:
    """[S, N, C, H, W] or [S, N, C] as [S, rows, C]; no copy of what lies channels last."""
    if values.dim() == 3:
        return values.contiguous()
    found = values.permute(0, 1, 3, 4, 2)
    return found.reshape(len(values), -1, found.shape[-1])


def _planes(rows: Tensor, like: Tensor) -> Tensor:
    """Rows [T, rows, C] in the shape of what arrived."""
    if like.dim() == 3:
        return rows
    _, count, channels, height, width = like.shape
    return rows.view(len(rows), count, height, width, channels).permute(0, 1, 4, 2, 3)


@cache
def _kernel() -> Callable[..., None]:
    compiled: Callable[..., None] = njit(nogil=True)(_fire)
    return compiled


def _fire(arriving, base, start, drive, out):  # type: ignore[no-untyped-def]
    """Potentials are whole numbers below 2**24, which float32 holds."""
    steps, rows, channels = out.shape
    places = len(start)
    held = start[0].copy()
    for row in range(rows):
        place = row % places
        for channel in range(channels):
            held[channel] = start[place, channel]
        for step in range(steps):
            for channel in range(channels):
                v = held[channel] + drive[place, channel]
                if step < len(arriving):
                    v += arriving[step, row, channel]
                fires = v >= base[channel]
                out[step, row, channel] = fires
                held[channel] = v - base[channel] if fires else v
