"""Engine `reference`: the method as the paper tells it, phase by phase, slow and plain.

Every other engine is compared with this one, integer for integer. It shares no arithmetic
with them: synapses are loops over kernel positions in int64, neurons loop over phases.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.result import Codes, Data, Result, in_blocks
from onespike_lava.layers import (
    Connection,
    Growth,
    Input,
    MaxPool,
    Readout,
    Shape,
    Sparse,
    Spiking,
    per_neuron,
)
from onespike_lava.model import Model
from onespike_lava.system.progress import Count, uncounted

BLOCK_BYTES = 2**28
"""Memory that a layer's input and potentials of all phases may take, two int64 a neuron each."""

Grow = Callable[[Any], Any]


def integrate(arriving: Sequence[Any], bias: Any, grow: Grow, steps: int) -> list[Any]:
    """Potentials `V(0) .. V(T)` of one layer over its local clock (Eq. 1).

    `arriving[t - 1]` is the synaptic input of step `t`; the potential grows only in the
    first `steps` steps. Works on any arithmetic: int64 arrays here, fractions in tests.
    """
    potentials = [bias]
    for step, current in enumerate(arriving, start=1):
        before = potentials[-1]
        potentials.append((grow(before) if step <= steps else before) + current)
    return potentials


def fire(potentials: Sequence[Any], thresholds: Sequence[Any], wait: int) -> NDArray[np.uint8]:
    """Phase of each neuron's only spike, 0 = silent: the first `k` with `V(T_w + k) >= Theta[k]`.

    `thresholds[k - 1]` broadcasts against a potential. Algorithm 1, Sec. V-C2.
    """
    return fire_several(potentials, thresholds, thresholds, wait, 1)[0]


def fire_several(
    potentials: Sequence[Any],
    thresholds: Sequence[Any],
    resets: Sequence[Any],
    wait: int,
    max_spikes: int,
) -> NDArray[np.uint8]:
    """Phases of each neuron's spikes in order, uint8[max_spikes, ...], 0 = none.

    A neuron with more than one spike left fires where it reaches `resets[k - 1]`, and its
    potential falls by that (soft reset); the last one obeys `thresholds[k - 1]`.
    """
    phases = len(thresholds)
    codes = np.zeros((max_spikes, *np.shape(potentials[0])), np.uint8)
    fallen = np.zeros_like(potentials[0])
    for phase in range(1, phases + 1):
        left = potentials[min(wait + phase, phases)] - fallen
        ready = codes[-1] == 0
        for number in range(max_spikes):
            last = number == max_spikes - 1
            spikes = ready & (codes[number] == 0)
            ready = ready & ~spikes  # one spike a phase
            spikes = spikes & (left >= (thresholds if last else resets)[phase - 1])
            codes[number][spikes] = phase
            if not last:
                fallen = fallen + spikes * resets[phase - 1]
    return codes


def run(network: Model, data: Data, wait: int, record: bool, progress: Count = uncounted) -> Result:
    """Run every sample; see `onespike_lava.engines`."""
    largest = max(prod(layer.shape) for layer in network.layers)
    size = max(1, min(32, BLOCK_BYTES // (16 * network.phases * largest)))
    return in_blocks(_run_block, network, data, wait, record, size, progress)


def _run_block(
    network: Model, data: NDArray[np.uint8], wait: int
) -> tuple[NDArray[np.int64], Codes]:
    """Scores int64[N, outputs] and, for each layer but the readout, codes uint8[N, *shape].

    `data` is uint8[N, *shape], the integers of the input layer.
    """
    codes: Codes = [data]
    scores = np.zeros((len(data), 0), np.int64)
    for layer in network.layers[1:]:
        if isinstance(layer, MaxPool):
            codes.append(_first_spike(codes[layer.source], layer))
        elif isinstance(layer, Spiking):
            codes.append(_spikes(layer, _potentials(network, layer, codes), wait))
        elif isinstance(layer, Readout):
            scores = _potentials(network, layer, codes)[-1]
    return scores, codes


def _spikes(layer: Spiking, potentials: list[NDArray[np.int64]], wait: int) -> NDArray[np.uint8]:
    """Codes uint8[N, *shape], of several spikes uint8[N, max_spikes, *shape]."""
    limits = list(thresholds(layer, wait))
    if layer.max_spikes == 1:
        return fire(potentials, limits, wait)
    base = per_neuron(layer.threshold_base, layer.shape).astype(np.int64)
    resets = [2 * base * int(payload) for payload in layer.payload]
    codes = fire_several(potentials, limits, resets, wait, layer.max_spikes)
    return np.moveaxis(codes, 0, 1)


def thresholds(layer: Spiking, wait: int) -> Iterator[NDArray[np.int64]]:
    """Threshold of each phase `1..T`, int64[*shape]; those of membrane weighting depend on T_w."""
    base = per_neuron(layer.threshold_base, layer.shape).astype(np.int64)
    for phase in range(1, len(layer.payload) + 1):
        if layer.growth is None:
            yield base * int(layer.threshold_table[phase - 1])
        else:
            row = min(wait + phase, layer.growth.steps) - 1
            yield base * int(layer.threshold_table[row, phase - 1])


def _potentials(
    network: Model, layer: Spiking | Readout, codes: Sequence[NDArray[np.uint8]]
) -> list[NDArray[np.int64]]:
    arriving = []
    for phase in range(1, network.phases + 1):
        current = np.zeros((len(codes[0]), *layer.shape), np.int64)
        for synapse in layer.synapses:
            sent = _sent(network, synapse.source, codes[synapse.source], phase)
            current += connect(synapse, sent, layer.shape)
        arriving.append(current << (layer.growth.fraction_bits if layer.growth else 0))
    bias = np.zeros_like(arriving[0]) + per_neuron(layer.bias, layer.shape)
    steps = layer.growth.steps if layer.growth else 0
    return integrate(arriving, bias, _grow(layer.growth), steps)


def _grow(growth: Growth | None) -> Grow:
    if growth is None:
        return lambda potential: potential
    half = 1 << (growth.exponent - 1)
    return lambda potential: (potential * growth.mantissa + half) >> growth.exponent


def _sent(network: Model, source: int, codes: NDArray[np.uint8], phase: int) -> NDArray[np.int64]:
    """Payloads int64[N, *shape] that the source layer sends in one phase."""
    layer = network.sender(source)
    if isinstance(layer, Input):
        if phase > layer.bits:
            return np.zeros(codes.shape, np.int64)
        place = layer.bits - phase
        unit = 1 if network.weighting == "membrane" else 1 << place
        return ((codes >> place) & 1).astype(np.int64) * unit
    spikes = codes == phase
    if layer.max_spikes > 1:
        spikes = spikes.any(axis=1)
    return spikes * layer.payload[phase - 1].astype(np.int64)


def connect(synapse: Connection, sent: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
    """Synaptic input int64[N, *shape] from payloads int64[N, *source shape]."""
    if isinstance(synapse, Sparse):
        return _aggregate(synapse, sent, shape)
    weight = synapse.weight.astype(np.int64)
    if synapse.kind == "dense":
        product: NDArray[np.int64] = sent.reshape(len(sent), -1) @ weight.T
        return product
    out = np.zeros((len(sent), *shape), np.int64)
    per_group = weight.shape[0] // synapse.groups
    for row, column, part in _taps(sent, synapse.weight.shape[2:], synapse.window, shape[1:]):
        for group in range(synapse.groups):
            outputs = slice(group * per_group, (group + 1) * per_group)
            inputs = slice(group * weight.shape[1], (group + 1) * weight.shape[1])
            kernel = weight[outputs, :, row, column]
            out[:, outputs] += np.einsum("oi,nihw->nohw", kernel, part[:, inputs])
    return out


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


def _taps(
    values: NDArray[Any], kernel: Shape, window: Any, size: Shape
) -> Iterator[tuple[int, int, NDArray[Any]]]:
    """For each kernel position, what lies under it: (row, column, values[N, C, *size])."""
    top, left, bottom, right = window.padding
    padded = np.pad(values, ((0, 0), (0, 0), (top, bottom), (left, right)))
    for row in range(kernel[0]):
        for column in range(kernel[1]):
            y, x = row * window.dilation[0], column * window.dilation[1]
            rows = slice(y, y + (size[0] - 1) * window.stride[0] + 1, window.stride[0])
            columns = slice(x, x + (size[1] - 1) * window.stride[1] + 1, window.stride[1])
            yield row, column, padded[:, :, rows, columns]


def _first_spike(codes: NDArray[np.uint8], pool: MaxPool) -> NDArray[np.uint8]:
    """Earliest phase in each window, 0 where all are silent."""
    first = np.full((len(codes), *pool.shape), 255, np.uint8)
    silent_last = np.where(codes == 0, 255, codes).astype(np.uint8)
    # np.pad pads with 0, so count phases backwards: 255 - phase, silent = 0.
    for _, _, part in _taps(255 - silent_last, pool.kernel, pool.window, pool.shape[1:]):
        first = np.minimum(first, 255 - part)
    return np.where(first == 255, 0, first).astype(np.uint8)
