"""Synaptic input in float32 on BLAS, exact in any order.

Payloads and weights are integers, and the network's bound (`rules.bound`) keeps every partial sum
below 2**24, the last integer up to which float32 has them all. So no order of summation, and no
fused product, rounds anything; Winograd, FFT or Strassen, which form other sums, would.
"""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.rows import Product, aggregate, product
from onespike_lava.layers import CONNECTIONS, Connection, Registry, Shape, Sparse, Synapse

Floats = NDArray[np.float32]

TAPS_BYTES = 2**28
"""Memory of one sample's unfolded input, from which on nothing is unfolded."""

DENSE_BYTES = 2**26
"""Memory of a dense connection's weights that are multiplied at a time."""

CONNECT: Registry[Callable[[Any, Floats, Product], Floats]] = Registry(
    "products of engine numpy", CONNECTIONS
)


def connect(
    synapse: Connection, sent: NDArray[np.float32], by_rows: Product = product
) -> NDArray[np.float32]:
    """Synaptic input float32[N, *shape] from payloads float32[N, *source shape].

    `by_rows` sums the rows of a sparse synapse.
    """
    found: Floats = CONNECT.of(synapse)(synapse, sent, by_rows)
    return found


@CONNECT.add(Sparse)
def _sparse(synapse: Sparse, sent: Floats, by_rows: Product) -> Floats:
    return aggregate(synapse, sent, by_rows)


@CONNECT.add(Synapse)
def _dense_or_conv(synapse: Synapse, sent: Floats, by_rows: Product) -> Floats:
    if synapse.kind == "dense":
        return _dense(synapse, sent.reshape(len(sent), -1))
    outputs, _, rows, columns = synapse.weight.shape
    groups = synapse.groups
    size = synapse.window.output_size(sent.shape[2:], (rows, columns))
    if unfolded_bytes(synapse, size) > TAPS_BYTES:
        return _by_taps(synapse, sent)
    view = synapse.window.view(sent, (rows, columns))
    samples, channels, height, width = view.shape[:4]
    unfolded = view.reshape(samples, groups, channels // groups, height, width, rows, columns)
    patches = unfolded.transpose(1, 0, 3, 4, 2, 5, 6).reshape(groups, samples * height * width, -1)
    kernels = synapse.weight.reshape(groups, outputs // groups, -1).astype(np.float32)
    product = patches @ kernels.transpose(0, 2, 1)
    result = product.reshape(groups, samples, height, width, outputs // groups)
    return result.transpose(1, 0, 4, 2, 3).reshape(samples, outputs, height, width)


def _dense(synapse: Synapse, sent: Floats) -> Floats:
    """Some neurons at a time, so that a large layer's weights are not all float32 at once."""
    size = max(1, DENSE_BYTES // (4 * sent.shape[1]))
    parts = [synapse.weight[at : at + size] for at in range(0, len(synapse.weight), size)]
    found = [sent @ part.T.astype(np.float32) for part in parts]
    return found[0] if len(found) == 1 else np.concatenate(found, axis=1)


def _by_taps(synapse: Synapse, sent: NDArray[np.float32]) -> NDArray[np.float32]:
    """A convolution as `connect` gives it, one kernel position after the other: little memory."""
    outputs, inputs, rows, columns = synapse.weight.shape
    groups, samples = synapse.groups, len(sent)
    view = synapse.window.view(sent, (rows, columns))
    height, width = view.shape[2:4]
    kernels = synapse.weight.reshape(groups, outputs // groups, inputs, rows, columns)
    total = np.zeros((samples, groups, outputs // groups, height * width), np.float32)
    for row in range(rows):
        for column in range(columns):
            under = view[..., row, column].reshape(samples, groups, inputs, height * width)
            total += kernels[..., row, column].astype(np.float32) @ under
    return total.reshape(samples, outputs, height, width)


def input_bytes(synapse: Connection, source: Shape, target: Shape) -> int:
    """Bytes that one sample's input takes at most, padded or unfolded."""
    if synapse.kind != "conv" or isinstance(synapse, Sparse):
        return 4 * prod(source)
    return max(unfolded_bytes(synapse, target[1:]), 4 * prod(synapse.window.padded(source)))


def unfolded_bytes(synapse: Synapse, size: Shape) -> int:
    """Bytes of one sample's values under each position of the kernel of a convolution."""
    return 4 * prod(size) * prod(synapse.weight.shape[1:]) * synapse.groups
