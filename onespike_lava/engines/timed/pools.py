"""Max pools and sums of trains, in engine `numpy`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Code, MaxPool

Trains = NDArray[np.uint8]


def pooled(layer: MaxPool, sent: Trains, first: bool) -> Trains:
    """Largest payload of each window in each step; with `first` of the first that spikes.

    sent : uint8[N, T, *source shape]
    """
    samples, steps, *shape = sent.shape
    window, order = layer.window, sent.reshape(samples * steps, *shape)
    order = window.pad(order)
    for axis in (0, 1):  # the largest of a column of largest of rows
        across = order.swapaxes(2 + axis, 3)
        size = layer.shape[1 + axis]
        order = across[..., window.under(axis, 0, size)].copy()
        for tap in range(1, layer.kernel[axis]):
            np.maximum(order, across[..., window.under(axis, tap, size)], out=order)
        order = order.swapaxes(2 + axis, 3)
    found = np.ascontiguousarray(order).reshape(samples, steps, *layer.shape)
    if first:
        found[np.cumsum(found != 0, axis=1, dtype=np.int32) > 1] = 0
    return found


def added(codes: Sequence[Code], trains: Sequence[Trains], phases: int) -> Trains:
    """Payloads of several sources added step by step, uint8[N, T, *shape]."""
    total: Trains = np.zeros((), np.uint8)
    for code, each in zip(codes, trains, strict=True):
        total = total + code.train(each, 0, phases)
    return total
