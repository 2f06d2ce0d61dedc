"""Engine `numpy`: vectorised, exact, portable.

Matrix products run in float32 on BLAS. They are exact in any order, since the network's
bound (`rules.largest_potential`) keeps every partial sum below 2**24.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from onespike_lava.engines.result import Codes, Data, Result, in_blocks
from onespike_lava.engines.rows import Product, aggregate, product
from onespike_lava.layers import (
    Connection,
    Growth,
    Input,
    Integers,
    MaxPool,
    Readout,
    Shape,
    Sparse,
    Spiking,
    Synapse,
    Window,
    per_neuron,
)
from onespike_lava.model import Model
from onespike_lava.system.progress import Count, uncounted

BLOCK_BYTES = 64 * 2**20
"""Memory that the unfolded input of one layer may take."""

TAPS_BYTES = 2**28
"""Memory of one sample's unfolded input, from which on nothing is unfolded."""


def run(
    network: Model,
    data: Data,
    wait: int,
    record: bool,
    progress: Count = uncounted,
    by_rows: Product = product,
) -> Result:
    """Run every sample; see `onespike_lava.engines`.

    `by_rows` sums the rows of sparse synapses.
    """
    size = max(1, BLOCK_BYTES // _unfolded_bytes(network))
    run_block = partial(_run_block, by_rows)
    return in_blocks(run_block, network, data, wait, record, min(size, 256), progress)


def _run_block(
    by_rows: Product, network: Model, data: NDArray[np.uint8], wait: int
) -> tuple[NDArray[np.int64], Codes]:
    codes: Codes = [data]
    scores = np.zeros((len(data), 0), np.int64)
    for layer in network.layers[1:]:
        if isinstance(layer, MaxPool):
            codes.append(_first_spike(codes[layer.source], layer))
        elif isinstance(layer, (Spiking, Readout)):
            arrived = _Arrived(network, layer, codes, by_rows)
            if isinstance(layer, Spiking):
                codes.append(_spikes(network, layer, arrived, wait))
            else:
                scores = _last_potential(network, layer, arrived).astype(np.int64)
    return scores, codes


@dataclass(frozen=True)
class _Arrived:
    """Synaptic input of a layer, of some phases of its sources.

    codes   : of the layers so far
    by_rows : sums the rows of a sparse synapse
    """

    network: Model
    layer: Spiking | Readout
    codes: Codes
    by_rows: Product

    @property
    def shape(self) -> Shape:
        """(N, *shape of the layer)."""
        return (len(self.codes[0]), *self.layer.shape)

    def __call__(self, after: int, until: int) -> Integers:
        """Synaptic input int32[N, *shape] of the source phases `after < phase <= until`."""
        total = np.zeros((), np.int32)
        for synapse in self.layer.synapses:
            source = synapse.source
            sent = _sent(self.network, source, self.codes[source], after, until)
            total = total + connect(synapse, sent, self.by_rows).astype(np.int32)
        return total


def _spikes(network: Model, layer: Spiking, arrived: _Arrived, wait: int) -> NDArray[np.uint8]:
    """Phase of each neuron's spike, uint8[N, *shape]."""
    if layer.growth is not None:
        return _membrane_spikes(network, layer, arrived, wait)
    if layer.max_spikes > 1:
        return _several_spikes(network, layer, arrived, wait)
    if wait >= max(network.sending_steps(source) for source in layer.sources) - 1:
        return _search(layer, _last_potential(network, layer, arrived))
    return _early_spikes(network, layer, arrived, wait)


def _last_potential(
    network: Model, layer: Spiking | Readout, arrived: _Arrived
) -> NDArray[np.integer[Any]]:
    if layer.growth is not None:
        return deque(_membrane_potentials(network, layer, arrived), maxlen=1).pop()
    return arrived(0, network.phases) + per_neuron(layer.bias, layer.shape)


def _search(layer: Spiking, potential: NDArray[np.integer[Any]]) -> NDArray[np.uint8]:
    """First phase whose threshold `h * table[k]` the final potential reaches.

    `V >= h * t` is `V // h >= t`, so one division and one look-up replace the phases.
    """
    table = layer.threshold_table
    base = per_neuron(layer.threshold_base, layer.shape)
    quotient = np.clip(potential // base, 0, table[0])
    rising = table[::-1]
    reached = np.searchsorted(rising, np.arange(table[0] + 1), side="right")
    phase_of = np.where(reached > 0, len(table) + 1 - reached, 0).astype(np.uint8)
    found: NDArray[np.uint8] = phase_of[quotient]
    return found


def _early_spikes(
    network: Model, layer: Spiking, arrived: _Arrived, wait: int
) -> NDArray[np.uint8]:
    """`T_w < T`: each phase decides on what has arrived, late and false spikes included."""
    base = per_neuron(layer.threshold_base, layer.shape)
    phases = np.zeros(arrived.shape, np.uint8)
    for phase, potential in _phase_potentials(network, layer, arrived, wait):
        reached = potential >= base * layer.threshold_table[phase - 1]
        phases[(phases == 0) & reached] = phase
    return phases


def _several_spikes(
    network: Model, layer: Spiking, arrived: _Arrived, wait: int
) -> NDArray[np.uint8]:
    """Phases of each neuron's spikes in order, uint8[N, max_spikes, *shape]."""
    base = per_neuron(layer.threshold_base, layer.shape)
    samples = arrived.shape[0]
    phases = np.zeros((samples, layer.max_spikes, *layer.shape), np.uint8)
    sent = np.zeros((samples, *layer.shape), np.uint8)
    fallen = np.zeros((samples, *layer.shape), np.int32)
    for phase, potential in _phase_potentials(network, layer, arrived, wait):
        reset = base * (2 * layer.payload[phase - 1])
        more = sent < layer.max_spikes - 1
        limit = np.where(more, reset, base * layer.threshold_table[phase - 1])
        spikes = (sent < layer.max_spikes) & (potential - fallen >= limit)
        fallen += np.where(spikes & more, reset, 0)
        for number in range(layer.max_spikes):
            phases[:, number][spikes & (sent == number)] = phase
        sent += spikes
    return phases


def _phase_potentials(
    network: Model, layer: Spiking, arrived: _Arrived, wait: int
) -> Iterator[tuple[int, Integers]]:
    """Each output phase and the potential int32[N, *shape] that it decides on, `V(T_w + k)`."""
    steps = max(network.sending_steps(source) for source in layer.sources)
    potential = per_neuron(layer.bias, layer.shape) + arrived(0, wait)
    for phase in range(1, network.phases + 1):
        step = wait + phase
        if step <= steps:
            potential = potential + arrived(step - 1, step)
        yield phase, potential


def _membrane_spikes(
    network: Model, layer: Spiking, arrived: _Arrived, wait: int
) -> NDArray[np.uint8]:
    assert layer.growth is not None
    base = per_neuron(layer.threshold_base, layer.shape).astype(np.int64)
    phases = np.zeros(arrived.shape, np.uint8)
    steps = layer.growth.steps
    for step, potential in enumerate(_membrane_potentials(network, layer, arrived), start=1):
        # A step decides one phase; the last one also those that see no more input.
        last = network.phases if step == steps else step - wait
        for phase in range(max(1, step - wait), last + 1):
            row = min(wait + phase, steps) - 1
            reached = potential >= base * int(layer.threshold_table[row, phase - 1])
            phases[(phases == 0) & reached] = phase
    return phases


def _membrane_potentials(
    network: Model, layer: Spiking | Readout, arrived: _Arrived
) -> Iterator[NDArray[np.int64]]:
    """Potentials int64[N, *shape] after each step in which the source can send."""
    growth = layer.growth
    assert growth is not None
    potential = np.broadcast_to(per_neuron(layer.bias, layer.shape), arrived.shape).astype(np.int64)
    for step in range(1, growth.steps + 1):
        arriving = arrived(step - 1, step).astype(np.int64)
        potential = grow(potential, growth) + (arriving << growth.fraction_bits)
        yield potential


def grow(potential: NDArray[np.int64], growth: Growth) -> NDArray[np.int64]:
    """One step of membrane weighting's growth, rounded to the nearest integer."""
    half = 1 << (growth.exponent - 1)
    return (potential * growth.mantissa + half) >> growth.exponent


def _sent(
    network: Model, source: int, codes: NDArray[np.uint8], after: int, until: int
) -> NDArray[np.float32]:
    """Sum of the payloads that each neuron sends in phases `after < phase <= until`."""
    layer = network.sender(source)
    table: NDArray[np.float32]
    if isinstance(layer, Input):
        places = range(max(layer.bits - until, 0), max(layer.bits - after, 0))
        mask = sum(1 << place for place in places)
        integers = np.arange(256) & mask
        if network.weighting == "membrane":
            integers = (integers > 0).astype(np.int64)
        table = integers.astype(np.float32)
    else:
        phase = np.arange(len(layer.payload) + 1)
        payload = np.concatenate([[0], layer.payload])
        table = np.where((phase > after) & (phase <= until), payload, 0).astype(np.float32)
        if layer.max_spikes > 1:
            return table[codes].sum(axis=1)
    return table[codes]


def _by_taps(synapse: Synapse, sent: NDArray[np.float32]) -> NDArray[np.float32]:
    """A convolution as `connect` gives it, one kernel position after the other: little memory."""
    outputs, inputs, rows, columns = synapse.weight.shape
    groups, samples = synapse.groups, len(sent)
    view = _windows(sent, (rows, columns), synapse.window)
    height, width = view.shape[2:4]
    kernels = synapse.weight.reshape(groups, outputs // groups, inputs, rows, columns)
    total = np.zeros((samples, groups, outputs // groups, height * width), np.float32)
    for row in range(rows):
        for column in range(columns):
            under = view[..., row, column].reshape(samples, groups, inputs, height * width)
            total += kernels[..., row, column].astype(np.float32) @ under
    return total.reshape(samples, outputs, height, width)


def connect(
    synapse: Connection, sent: NDArray[np.float32], by_rows: Product = product
) -> NDArray[np.float32]:
    """Synaptic input float32[N, *shape] from payloads float32[N, *source shape].

    `by_rows` sums the rows of a sparse synapse.
    """
    if isinstance(synapse, Sparse):
        return aggregate(synapse, sent, by_rows)
    if synapse.kind == "dense":
        return sent.reshape(len(sent), -1) @ synapse.weight.T.astype(np.float32)
    outputs, _, rows, columns = synapse.weight.shape
    groups = synapse.groups
    size = synapse.window.output_size(sent.shape[2:], (rows, columns))
    if _unfolded(synapse, size) > TAPS_BYTES:
        return _by_taps(synapse, sent)
    view = _windows(sent, (rows, columns), synapse.window)
    samples, channels, height, width = view.shape[:4]
    unfolded = view.reshape(samples, groups, channels // groups, height, width, rows, columns)
    patches = unfolded.transpose(1, 0, 3, 4, 2, 5, 6).reshape(groups, samples * height * width, -1)
    kernels = synapse.weight.reshape(groups, outputs // groups, -1).astype(np.float32)
    product = patches @ kernels.transpose(0, 2, 1)
    result = product.reshape(groups, samples, height, width, outputs // groups)
    return result.transpose(1, 0, 4, 2, 3).reshape(samples, outputs, height, width)


def _windows(values: NDArray[Any], kernel: Shape, window: Window) -> NDArray[Any]:
    """What lies under each kernel position: a view [N, C, H, W, rows, columns]."""
    top, left, bottom, right = window.padding
    padded = np.pad(values, ((0, 0), (0, 0), (top, bottom), (left, right)))
    extent = tuple(d * (k - 1) + 1 for d, k in zip(window.dilation, kernel, strict=True))
    view = sliding_window_view(padded, extent, axis=(2, 3))  # type: ignore[call-overload]
    (down, right), (apart, beside) = window.stride, window.dilation
    strided: NDArray[Any] = view[:, :, ::down, ::right, ::apart, ::beside]
    return strided


def _first_spike(codes: NDArray[np.uint8], pool: MaxPool) -> NDArray[np.uint8]:
    """Earliest phase in each window, 0 where all are silent.

    `code - 1` wraps silence (0) to 255, so that the minimum is the first spike.
    """
    top, left, bottom, right = pool.window.padding
    order = np.pad(codes, ((0, 0), (0, 0), (top, bottom), (left, right))) - np.uint8(1)
    for axis in (0, 1):  # the first of a column of firsts of rows
        step, apart = pool.window.stride[axis], pool.window.dilation[axis]
        reach = (pool.shape[1 + axis] - 1) * step + 1
        across = order.swapaxes(2 + axis, 3)
        order = across[..., :reach:step].copy()
        for at in range(apart, apart * pool.kernel[axis], apart):
            np.minimum(order, across[..., at : at + reach : step], out=order)
        order = order.swapaxes(2 + axis, 3)
    return order + np.uint8(1)


def _unfolded_bytes(network: Model) -> int:
    """Bytes that the largest padded or unfolded layer takes per sample."""
    largest = 1
    for layer in network.layers[1:]:
        if isinstance(layer, MaxPool):
            largest = max(largest, prod(layer.window.padded(network.layers[layer.source].shape)))
            continue
        assert isinstance(layer, (Spiking, Readout))
        for synapse in layer.synapses:
            source = network.layers[synapse.source].shape
            if isinstance(synapse, Synapse) and synapse.kind == "conv":
                largest = max(largest, _unfolded(synapse, layer.shape[1:]))
                source = synapse.window.padded(source)
            largest = max(largest, 4 * prod(source), 4 * prod(layer.shape))
    return largest


def _unfolded(synapse: Synapse, size: Shape) -> int:
    """Bytes of one sample's values under each position of the kernel of a convolution."""
    return 4 * prod(size) * prod(synapse.weight.shape[1:]) * synapse.groups
