"""Synapses unrolled: a matrix with a weight for each pair of neurons that they connect."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix, eye, kron  # type: ignore[import-untyped]

from onespike_lava import layers
from onespike_lava.layers import CONNECTIONS, Connection, MaxPool, Registry, Shape, Synapse

MATRICES: Registry[Callable[[Any, Shape], csr_matrix]] = Registry(
    "matrices of synapses", CONNECTIONS
)


def matrix(synapse: Connection, shape: Shape) -> csr_matrix:
    """The synapse unrolled, int8[outputs, inputs], from a source of the given shape."""
    return MATRICES.of(synapse)(synapse, shape)


@MATRICES.add(Synapse)
def _of_kernel(synapse: Synapse, shape: Shape) -> csr_matrix:
    return csr_matrix(synapse.weight) if synapse.kind == "dense" else _unrolled(synapse, shape)


@MATRICES.add(layers.Sparse)
def _of_places(synapse: layers.Sparse, shape: Shape) -> csr_matrix:
    places = (len(synapse.indptr) - 1, prod(shape[1:]))
    entries = csr_matrix((synapse.weight, synapse.indices, synapse.indptr), places)
    channels = eye(shape[0] // len(synapse.signs), dtype=np.int8)
    return csr_matrix(kron(kron(channels, synapse.signs[None, :]), entries), dtype=np.int8)


def pool_matrix(pool: MaxPool, shape: Shape) -> csr_matrix:
    """Ones from each source neuron to the windows that hold it."""
    return _unrolled(pool.summed, shape)


def _unrolled(synapse: Synapse, shape: Shape) -> csr_matrix:
    channels, rows, columns = synapse.output_shape(shape)
    inputs = np.arange(prod(shape)).reshape(shape)
    outputs = np.arange(channels * rows * columns).reshape(channels, rows, columns)
    window, fan_in = synapse.window, shape[0] // synapse.groups
    nothing = np.zeros(0, np.int8), *2 * (np.zeros(0, np.int64),)
    parts: list[tuple[NDArray[Any], ...]] = [nothing]  # all may have been pruned
    for channel, inner, row, column in np.ndindex(*synapse.weight.shape):
        if synapse.live is not None and not synapse.live[channel, inner, row, column]:
            continue
        first = channel // (channels // synapse.groups) * fan_in
        y, x = window.sources(0, row, rows), window.sources(1, column, columns)
        below, beside = (y >= 0) & (y < shape[1]), (x >= 0) & (x < shape[2])
        to = outputs[channel][np.ix_(below, beside)].reshape(-1)
        at = inputs[first + inner][np.ix_(y[below], x[beside])].reshape(-1)
        weight = synapse.weight[channel, inner, row, column]
        parts.append((np.full(to.size, weight, np.int8), to, at))
    weights, to, at = (np.concatenate(values) for values in zip(*parts, strict=True))
    return csr_matrix(coo_matrix((weights, (to, at)), (outputs.size, inputs.size)))
