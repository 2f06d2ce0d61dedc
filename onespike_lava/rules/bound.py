"""The proof that potentials stay within 24 bits, for any input (`neuron` in the concepts)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import (
    CONNECTIONS,
    Connection,
    Growth,
    Layer,
    Registry,
    Shape,
    Sparse,
    Synapse,
)
from onespike_lava.model import Model

RowSums = Callable[[Any, Shape], tuple[NDArray[np.int64], NDArray[np.int64]]]

ROW_SUMS: Registry[RowSums] = Registry("24-bit bound", CONNECTIONS)


def largest_potential(network: Model, layer: Layer) -> int:
    """Largest magnitude that a potential of the layer can take at any step, for any input.

    Positive and negative weights apart, over all synapses (Sec. II-B): also the bound of
    every partial sum in any order.
    """
    positive = negative = np.zeros(len(layer.shape) * (1,), np.float64)
    for synapse in layer.synapses:
        most = network.code(synapse.source).reach(layer.growth)
        above, below = row_sums(synapse, layer.shape)
        positive, negative = positive + above * most, negative + below * most
    bias = np.abs(layer.bias.astype(np.int64))
    bias = bias if bias.ndim > 1 else bias.reshape(-1, *[1] * (len(layer.shape) - 1))
    grown = layer.growth.base**layer.growth.steps if layer.growth else 1.0
    total = np.maximum(positive, negative) + bias * grown + rounding_of(layer.growth)
    return int(np.ceil(total.max()))


def row_sums(synapse: Connection, shape: Shape) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Sums of the positive and of the negative weights of each row, both as magnitudes.

    A row is a channel, `[C, 1, 1]`, of a sparse synapse a place, `[1, H, W]`.
    """
    return ROW_SUMS.of(synapse)(synapse, shape)


@ROW_SUMS.add(Synapse)
def _row_sums(synapse: Synapse, shape: Shape) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    rows = synapse.weight.reshape(shape[0], -1)  # stays int8, for large ones
    form = (-1, *[1] * (len(shape) - 1))
    above = np.maximum(rows, 0).sum(1, dtype=np.int64)
    below = np.minimum(rows, 0).sum(1, dtype=np.int64)
    return above.reshape(form), -below.reshape(form)


@ROW_SUMS.add(Sparse)
def sparse_row_sums(synapse: Sparse, shape: Shape) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """As `row_sums`; a sign of -1 turns the weights' sign."""
    weight = synapse.weight.astype(np.int64)
    added = np.concatenate([[0], np.cumsum(np.maximum(weight, 0))])
    taken = np.concatenate([[0], np.cumsum(np.maximum(-weight, 0))])
    above, below = np.diff(added[synapse.indptr]), np.diff(taken[synapse.indptr])
    plus, minus = int((synapse.signs > 0).sum()), int((synapse.signs < 0).sum())
    form = (1, *shape[1:])
    return (
        (plus * above + minus * below).reshape(form),
        (plus * below + minus * above).reshape(form),
    )


def rounding_of(growth: Growth | None) -> float:
    """Most that the rounding of growth adds to a potential."""
    return float((0.5 * growth.base ** np.arange(growth.steps)).sum()) if growth else 0.0
