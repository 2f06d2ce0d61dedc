"""What arrives at neurons, in loops: the yardstick of all other products.

It shares no arithmetic with them: synapses are loops over kernel positions in int64.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import (
    CODES,
    CONNECTIONS,
    BinaryCode,
    Connection,
    HeldCode,
    LatencyCode,
    PhaseCode,
    Registry,
    SeveralCode,
    Shape,
    Sparse,
    StepCode,
    Synapse,
)
from onespike_lava.model import Model

WEIGHTS = 2**22
"""Weights of a dense connection that are multiplied at a time."""

SENT: Registry[Callable[[Any, NDArray[np.uint8], int], NDArray[np.int64]]] = Registry(
    "engine reference", CODES
)
"""From a code, a layer's codes and a phase to the payloads of that phase."""

CONNECT: Registry[Callable[[Any, NDArray[np.int64], Shape], NDArray[np.int64]]] = Registry(
    "engine reference", CONNECTIONS
)
"""From a connection, payloads and the layer's shape to synaptic input."""


def sent_in(network: Model, source: int, codes: NDArray[np.uint8], phase: int) -> NDArray[np.int64]:
    """Payloads int64[N, *shape] that the source layer sends in one phase."""
    code = network.code(source)
    return SENT.of(code)(code, codes, phase)


@SENT.add(BinaryCode)
def _bit(code: BinaryCode, codes: NDArray[np.uint8], phase: int) -> NDArray[np.int64]:
    if phase > code.bits:
        return np.zeros(codes.shape, np.int64)
    place = code.bits - phase
    unit = 1 if code.unary else 1 << place
    return ((codes >> place) & 1).astype(np.int64) * unit


@SENT.add(PhaseCode)
def _spike(code: PhaseCode, codes: NDArray[np.uint8], phase: int) -> NDArray[np.int64]:
    return (codes == phase) * np.int64(code.levels[phase - 1])


@SENT.add(SeveralCode)
def _one_of_several(code: SeveralCode, codes: NDArray[np.uint8], phase: int) -> NDArray[np.int64]:
    return (codes == phase).any(axis=1) * np.int64(code.levels[phase - 1])


@SENT.add(StepCode)
def _of_train(code: StepCode, codes: NDArray[np.uint8], phase: int) -> NDArray[np.int64]:
    return codes[:, phase - 1].astype(np.int64)


@SENT.add(HeldCode)
def _held(code: HeldCode, codes: NDArray[np.uint8], phase: int) -> NDArray[np.int64]:
    return codes * np.int64(phase <= code.length)


@SENT.add(LatencyCode)
def _late(code: LatencyCode, codes: NDArray[np.uint8], phase: int) -> NDArray[np.int64]:
    return (codes == phase).astype(np.int64)


def connect(synapse: Connection, sent: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
    """Synaptic input int64[N, *shape] from payloads int64[N, *source shape]."""
    arriving: NDArray[np.int64] = CONNECT.of(synapse)(synapse, sent, shape)
    return arriving


@CONNECT.add(Synapse)
def _dense_or_conv(synapse: Synapse, sent: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
    if synapse.kind == "dense":
        return _dense(synapse, sent.reshape(len(sent), -1))
    weight = synapse.weight.astype(np.int64)
    out = np.zeros((len(sent), *shape), np.int64)
    per_group = weight.shape[0] // synapse.groups
    padded = synapse.window.pad(sent)
    flat = out.reshape(*out.shape[:2], -1)  # the same memory
    for row, column, (rows, columns) in synapse.window.taps(weight.shape[2:], shape[1:]):
        part = padded[:, :, rows, columns].reshape(*sent.shape[:2], -1)
        for group in range(synapse.groups):
            outputs = slice(group * per_group, (group + 1) * per_group)
            inputs = slice(group * weight.shape[1], (group + 1) * weight.shape[1])
            kernel = weight[outputs, :, row, column]
            flat[:, outputs] += np.einsum("oi,nip->nop", kernel, part[:, inputs])
    return out


def _dense(synapse: Synapse, sent: NDArray[np.int64]) -> NDArray[np.int64]:
    """Some neurons at a time: all weights of a large layer in int64 would take a gigabyte."""
    size = max(1, WEIGHTS // sent.shape[1])
    parts = [synapse.weight[at : at + size] for at in range(0, len(synapse.weight), size)]
    return np.concatenate([sent @ part.T.astype(np.int64) for part in parts], axis=1)


@CONNECT.add(Sparse)
def _aggregate(synapse: Sparse, sent: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
    """Each place sums its row: the aggregation over neighbours in a graph (Sec. IV-D)."""
    out = np.zeros((len(sent), shape[0], int(np.prod(shape[1:]))), np.int64)
    read = len(synapse.signs)
    parts = [sent[:, part::read].reshape(*out.shape[:2], -1) for part in range(read)]
    for place in range(out.shape[2]):
        row = slice(synapse.indptr[place], synapse.indptr[place + 1])
        weight = synapse.weight[row].astype(np.int64)
        for sign, part in zip(synapse.signs.tolist(), parts, strict=True):
            out[:, :, place] += sign * (part[:, :, synapse.indices[row]] @ weight)
    return out.reshape(len(sent), *shape)


def arriving(
    network: Model,
    synapse: Connection,
    shape: Shape,
    codes: NDArray[np.uint8],
    step: int,
) -> NDArray[np.int64]:
    """Synaptic input int64[N, *shape] of a step, over axons with delays; nothing before step 1."""
    source = network.layers[synapse.source].shape
    delay = np.zeros(1, np.int64) if synapse.delay is None else synapse.delay
    delays = np.broadcast_to(delay if delay.size > 1 else delay.reshape(()), source)
    payloads = np.zeros((len(codes), *source), np.int64)
    for late in sorted(set(delays.reshape(-1).tolist())):
        if step - late >= 1:
            payloads += np.where(
                delays == late, sent_in(network, synapse.source, codes, step - late), 0
            )
    return connect(synapse, payloads, shape)
