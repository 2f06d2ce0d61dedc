"""What one-spike neurons send, as one function for autograd.

Forward it is the integer neuron: the payload of the first phase whose threshold the potential
reaches. Backward it is straight through (Bengio et al. 2013): the code rounds `potential / 2 h` to
a level, so its derivative is `1 / 2 h`, of negative potentials and beyond the largest level 0.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from numba import njit
from numpy.typing import NDArray
from torch import Tensor

from onespike_lava.limits import PAYLOAD_MAX

PLACES = 2 * PAYLOAD_MAX + 2
"""Least entries of a lookup: whole thresholds in units of `h` are at most `2 * PAYLOAD_MAX`, but
for those of two neurons that share a value."""


def lookup(table: NDArray[Any], payload: NDArray[Any], least: int = PLACES) -> NDArray[np.float32]:
    """What is sent for a potential of `n h` to below `(n + 1) h`, float32[`least` or more].

    table   : int[T], thresholds in units of `h`, graded weighting
    payload : int[T], what a spike of each phase carries
    """
    found = np.zeros(max(least, int(table.max()) + 1), np.float32)
    for threshold, value in zip(table[::-1], payload[::-1], strict=True):
        found[threshold:] = value  # the first phase last, since it comes before others
    return found


def send(potential: Tensor, base: Tensor, levels: Tensor) -> Tensor:
    """Payloads float32[N, C, ...] of potentials that are whole numbers below 2**24.

    base   : float32[C], `h` of each channel
    levels : what `lookup` gives; its last entry is the largest payload
    """
    sent: Tensor = _Sent.apply(potential, base, levels)
    return sent


class _Sent(torch.autograd.Function):  # type: ignore[misc]
    """Rows of channels, in the order in which convolutions work."""

    @staticmethod
    def forward(ctx: Any, potential: Tensor, base: Tensor, levels: Tensor) -> Tensor:
        """Payloads, and where the gradient passes."""
        rows = _rows(potential)
        out, inside = torch.empty_like(rows), torch.empty(rows.shape, dtype=torch.bool)
        given = (rows, base, levels, out, inside)
        _kernels()[0](*(each.detach().numpy() for each in given))
        ctx.save_for_backward(inside, base)
        return _planes(out, potential)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        """The gradient of the potential."""
        inside, base = ctx.saved_tensors
        rows, slope = _rows(gradient), 0.5 / base
        out = torch.empty_like(rows)
        _kernels()[1](*(each.numpy() for each in (rows, inside, slope, out)))
        return _planes(out, gradient), None, None


def _rows(values: Tensor) -> Tensor:
    """[N, C, H, W] or [N, C] as [rows, C]; no copy of what lies channels last."""
    if values.dim() == 2:
        return values.contiguous()
    return values.permute(0, 2, 3, 1).reshape(-1, values.shape[1])


def _planes(rows: Tensor, like: Tensor) -> Tensor:
    """Rows in the shape they came from."""
    if like.dim() == 2:
        return rows
    count, channels, height, width = like.shape
    return rows.view(count, height, width, channels).permute(0, 3, 1, 2)


@cache
def _kernels() -> tuple[Callable[..., None], Callable[..., None]]:
    """Both passes over memory once; torch would take one for each operation."""
    return njit(nogil=True)(_send), njit(nogil=True)(_pass)


def _send(potential, base, levels, out, inside):  # type: ignore[no-untyped-def]
    """Division of whole numbers below 2**24 rounds to nearest, so it reaches no threshold early."""
    last = np.float32(len(levels) - 1)
    largest = np.float32(2) * levels[len(levels) - 1]
    while levels[np.int32(largest)] < levels[len(levels) - 1]:  # of two neurons for a value
        largest += np.float32(1)
    for row in range(potential.shape[0]):
        for channel in range(potential.shape[1]):
            share = potential[row, channel] / base[channel]
            inside[row, channel] = (share > 0) & (share <= largest)
            held = min(max(share, np.float32(0)), last)
            out[row, channel] = levels[np.int32(held)]


def _pass(gradient, inside, slope, out):  # type: ignore[no-untyped-def]
    for row in range(gradient.shape[0]):
        for channel in range(gradient.shape[1]):
            passed = gradient[row, channel] * slope[channel]  # no branch, so that it is vectorised
            out[row, channel] = passed if inside[row, channel] else np.float32(0)
