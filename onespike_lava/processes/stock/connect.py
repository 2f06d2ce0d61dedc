"""Synapses of the stock composition: Lava's Dense, Sparse, DelaySparse and Conv."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from lava.proc.conv.process import Conv
from lava.proc.dense.process import Dense
from lava.proc.sparse.process import DelaySparse, Sparse
from numpy.typing import NDArray
from scipy.sparse import coo_matrix, csr_matrix, eye, kron  # type: ignore[import-untyped]

from onespike_lava import layers
from onespike_lava.layers import CONNECTIONS, Connection, MaxPool, Registry, Shape, Synapse
from onespike_lava.loihi.limits import LOIHI2
from onespike_lava.processes.weights import EXACT, MESSAGE_BITS, doubled, is_list

Delay = int | NDArray[np.int64]
"""Steps beyond the synapse's own, of all that is sent or of each input."""


def sparse(weight: Any, *, delay: Delay = 0, shift: int = 0, unary: bool = False) -> Any:
    """Lava's Sparse, `a_out(t + 1) = (weight @ s_in(t)) << shift`; DelaySparse with a delay.

    weight : int8[outputs, inputs], an array or a SciPy sparse matrix
    shift  : bits, negative ones down
    unary  : every spike counts 1, whatever its payload
    """
    values = csr_matrix(doubled(csr_matrix(weight)))
    arguments = shifted(shift)
    if unary:
        arguments["num_message_bits"] = 0
    if not np.any(delay):
        return Sparse(weights=values, **arguments)
    delays = values.copy()
    delays.data = np.broadcast_to(delay, values.shape[1])[values.indices].astype(int)
    most = int(np.max(delay))
    return DelaySparse(weights=values, delays=delays.astype(int), max_delay=most, **arguments)


def connect(
    synapse: Any,
    source: Any,
    shape: Shape,
    target: Any,
    delay: Delay,
    shared: bool,
    shift: int = 0,
) -> Any:
    """Connect flat ports of neurons through a synapse of the network; returns its Process.

    shape  : of the source layer
    shared : a convolution becomes Lava's Conv, with one copy of its kernel, where that can
             express it (no delay, equal padding on both sides), else a Sparse
    shift  : bits by which the sum is shifted up; Lava's Conv holds one, in its even weights
    """
    delayed = np.any(delay)
    if synapse.kind == "dense" and not delayed and not is_list(synapse):
        process = Dense(weights=doubled(synapse.weight), **shifted(shift))
    elif shared and not delayed and shift <= 1 and _conv_holds(synapse):
        return _connect_conv(synapse, source, shape, target, shift)
    else:
        process = sparse(matrix(synapse, shape), delay=delay, shift=shift)
    source.connect(process.s_in)
    process.a_out.connect(target)
    return process


def shifted(bits: int) -> dict[str, Any]:
    """Arguments of Lava's Dense and Sparse that shift the sum up, or down."""
    return {**EXACT, "weight_exp": EXACT["weight_exp"] + bits}


def _conv_holds(synapse: Any) -> bool:
    if synapse.kind != "conv":
        return False
    window, largest = synapse.window, LOIHI2["conv_geometry"].number
    top, left, bottom, right = window.padding
    extents = (*synapse.weight.shape[2:], *window.stride, *window.padding, *window.dilation)
    fits = max(extents) <= largest and synapse.groups <= LOIHI2["conv_groups"].number
    return fits and (top, left) == (bottom, right)


def _connect_conv(synapse: Synapse, source: Any, shape: Shape, target: Any, shift: int) -> Any:
    """Lava's Conv has axes W, H, C and turns its kernel, as a mathematical convolution does."""
    window = synapse.window
    process = Conv(
        weight=synapse.weight[:, :, ::-1, ::-1].transpose(0, 3, 2, 1).astype(np.int32) << shift,
        input_shape=shape[::-1],
        padding=window.padding[1::-1],
        stride=window.stride[::-1],
        dilation=window.dilation[::-1],
        groups=synapse.groups,
        num_message_bits=MESSAGE_BITS,
    )
    source.reshape(shape).transpose([2, 1, 0]).connect(process.s_in)
    process.a_out.transpose([2, 1, 0]).flatten().connect(target)
    return process


MATRICES: Registry[Callable[[Any, Shape], csr_matrix]] = Registry(
    "matrices of the stock composition", CONNECTIONS
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
    parts: list[tuple[NDArray[Any], NDArray[Any], NDArray[Any]]] = []
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
