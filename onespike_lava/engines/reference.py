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
    CODES,
    CONNECTIONS,
    LAYERS,
    BinaryCode,
    Connection,
    Growth,
    Input,
    MaxPool,
    PhaseCode,
    Readout,
    Registry,
    SeveralCode,
    Shape,
    Sparse,
    Spiking,
    Synapse,
    per_neuron,
)
from onespike_lava.model import Model
from onespike_lava.system.progress import Count, uncounted

BLOCK_BYTES = 2**28
"""Memory that a layer's input and potentials of all phases may take, two int64 a neuron each."""

Grow = Callable[[Any], Any]

RUN: Registry[Callable[[Model, Any, Codes, int], NDArray[Any]]] = Registry(
    "engine reference", LAYERS
)
"""From a layer and the codes of those before it to its own codes, of the readout to scores."""

SENT: Registry[Callable[[Any, NDArray[np.uint8], int], NDArray[np.int64]]] = Registry(
    "engine reference", CODES
)
"""From a code, a layer's codes and a phase to the payloads of that phase."""

CONNECT: Registry[Callable[[Any, NDArray[np.int64], Shape], NDArray[np.int64]]] = Registry(
    "engine reference", CONNECTIONS
)
"""From a connection, payloads and the layer's shape to synaptic input."""


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
    """Run every sample; see `onespike_lava.running`."""
    largest = max(prod(layer.shape) for layer in network.layers)
    size = max(1, min(32, BLOCK_BYTES // (16 * network.phases * largest)))
    return in_blocks(_run_block, network, data, wait, record, size, progress)


def _run_block(
    network: Model, data: NDArray[np.uint8], wait: int
) -> tuple[NDArray[np.int64], Codes]:
    """Scores int64[N, outputs] and, for each layer but the readout, codes uint8[N, *shape].

    `data` is uint8[N, *shape], the integers of the input layer.
    """
    codes: Codes = []
    for layer in network.layers[:-1]:
        codes.append(RUN.of(layer)(network, layer, codes or [data], wait))
    return RUN.of(network.readout)(network, network.readout, codes, wait), codes


@RUN.add(Input)
def _from_outside(network: Model, layer: Input, codes: Codes, wait: int) -> NDArray[np.uint8]:
    """The input's codes are the data."""
    return codes[0]


@RUN.add(Readout)
def _scores(network: Model, layer: Readout, codes: Codes, wait: int) -> NDArray[np.int64]:
    """Last potentials, int64[N, *shape]."""
    return _potentials(network, layer, codes)[-1]


@RUN.add(Spiking)
def _spikes(network: Model, layer: Spiking, codes: Codes, wait: int) -> NDArray[np.uint8]:
    """Codes uint8[N, *shape], of several spikes uint8[N, max_spikes, *shape]."""
    potentials = _potentials(network, layer, codes)
    limits = list(thresholds(layer, wait))
    if layer.max_spikes == 1:
        return fire(potentials, limits, wait)
    base = per_neuron(layer.threshold_base, layer.shape).astype(np.int64)
    resets = [2 * base * int(payload) for payload in layer.payload]
    several = fire_several(potentials, limits, resets, wait, layer.max_spikes)
    return np.moveaxis(several, 0, 1)


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


def connect(synapse: Connection, sent: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
    """Synaptic input int64[N, *shape] from payloads int64[N, *source shape]."""
    arriving: NDArray[np.int64] = CONNECT.of(synapse)(synapse, sent, shape)
    return arriving


@CONNECT.add(Synapse)
def _dense_or_conv(synapse: Synapse, sent: NDArray[np.int64], shape: Shape) -> NDArray[np.int64]:
    weight = synapse.weight.astype(np.int64)
    if synapse.kind == "dense":
        product: NDArray[np.int64] = sent.reshape(len(sent), -1) @ weight.T
        return product
    out = np.zeros((len(sent), *shape), np.int64)
    per_group = weight.shape[0] // synapse.groups
    padded = synapse.window.pad(sent)
    for row, column, (rows, columns) in synapse.window.taps(weight.shape[2:], shape[1:]):
        part = padded[:, :, rows, columns]
        for group in range(synapse.groups):
            outputs = slice(group * per_group, (group + 1) * per_group)
            inputs = slice(group * weight.shape[1], (group + 1) * weight.shape[1])
            kernel = weight[outputs, :, row, column]
            out[:, outputs] += np.einsum("oi,nihw->nohw", kernel, part[:, inputs])
    return out


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


@RUN.add(MaxPool)
def _first_spike(network: Model, layer: MaxPool, codes: Codes, wait: int) -> NDArray[np.uint8]:
    """Earliest phase in each window, 0 where all are silent."""
    # Padding is 0, so phases count backwards: 255 for the first step, 0 for silence.
    source = codes[layer.source]
    left = layer.window.pad(np.where(source == 0, 0, 256 - source.astype(np.int64)))
    most = np.zeros((len(source), *layer.shape), np.int64)
    for _, _, (rows, columns) in layer.window.taps(layer.kernel, layer.shape[1:]):
        most = np.maximum(most, left[:, :, rows, columns])
    return np.where(most == 0, 0, 256 - most).astype(np.uint8)
