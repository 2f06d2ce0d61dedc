"""Engine `reference`: the method as the paper tells it, phase by phase, slow and plain.

Every other engine is compared with this one, integer for integer. It shares no arithmetic
with them: synapses are loops over kernel positions in int64 (`arrivals`), neurons loop over
phases.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.arrivals import arriving, connect, sent_in
from onespike_lava.engines.result import Codes, Data, Result, in_blocks
from onespike_lava.engines.timed import loops
from onespike_lava.engines.timed.notes import Notes
from onespike_lava.layers import (
    LAYERS,
    Growth,
    Input,
    Integers,
    MaxPool,
    Readout,
    Registry,
    Shape,
    Spiking,
    StepCode,
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.model import Model
from onespike_lava.system.progress import Count, uncounted

BLOCK_BYTES = 2**28
"""Bounds the samples that are taken together: two int64 a neuron and phase, of which those of one
phase are held at a time."""

Grow = Callable[[Any], Any]

RUN: Registry[Callable[[Any, Any], NDArray[Any]]] = Registry("engine reference", LAYERS)
"""From a block and a layer to the layer's codes, of the readout to scores."""


def integrate(arriving: Sequence[Any], bias: Any, grow: Grow, steps: int) -> list[Any]:
    """Potentials `V(0) .. V(T)` of one layer over its local clock (Eq. 1).

    `arriving[t - 1]` is the synaptic input of step `t`; the potential grows only in the
    first `steps` steps. Works on any arithmetic: int64 arrays here, fractions in tests.
    """
    return list(_growing(arriving, bias, grow, steps))


def _growing(arriving: Iterable[Any], bias: Any, grow: Grow, steps: int) -> Iterator[Any]:
    """The same one after the other, none kept."""
    potential = bias
    yield potential
    for step, current in enumerate(arriving, start=1):
        potential = (grow(potential) if step <= steps else potential) + current
        yield potential


def fire(potentials: Iterable[Any], thresholds: Sequence[Any], wait: int) -> NDArray[np.uint8]:
    """Phase of each neuron's only spike, 0 = silent: the first `k` with `V(T_w + k) >= Theta[k]`.

    `thresholds[k - 1]` broadcasts against a potential. Algorithm 1, Sec. V-C2.
    """
    return fire_several(potentials, thresholds, thresholds, wait, 1)[0]


def fire_several(
    potentials: Iterable[Any],
    thresholds: Sequence[Any],
    resets: Sequence[Any],
    wait: int,
    max_spikes: int,
) -> NDArray[np.uint8]:
    """Phases of each neuron's spikes in order, uint8[max_spikes, ...], 0 = none.

    A neuron with more than one spike left fires where it reaches `resets[k - 1]`, and its
    potential falls by that (soft reset); the last one obeys `thresholds[k - 1]`.
    """
    phases, over_time = len(thresholds), enumerate(potentials)
    at, potential = next(over_time)
    codes = np.zeros((max_spikes, *np.shape(potential)), np.uint8)
    fallen = np.zeros_like(potential)
    for phase in range(1, phases + 1):
        while at < min(wait + phase, phases):
            at, potential = next(over_time)
        left = potential - fallen
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


@dataclass(frozen=True)
class _Block:
    """Samples on their way through the layers; `codes` are of those so far."""

    network: Model
    wait: int
    codes: Codes
    notes: Notes


def run(
    network: Model,
    data: Data,
    wait: int,
    record: bool,
    progress: Count = uncounted,
    notes: Notes | None = None,
) -> Result:
    """Run every sample; see `onespike_lava.running`."""
    largest = max(prod(layer.shape) for layer in network.layers)
    size = max(1, min(32, BLOCK_BYTES // (16 * network.phases * largest)))
    run_block = partial(_run_block, notes=notes) if notes else _run_block
    return in_blocks(run_block, network, data, wait, record, size, progress)


def _run_block(
    network: Model, data: NDArray[np.uint8], wait: int, notes: Notes | None = None
) -> tuple[NDArray[np.int64], Codes]:
    """Scores int64[N, outputs] and, for each layer but the readout, codes uint8[N, *shape].

    `data` is uint8[N, *shape], the integers of the input layer.
    """
    block = _Block(network, wait, [data], notes or Notes())
    for layer in network.layers[1:-1]:
        block.codes.append(RUN.of(layer)(block, layer))
    return RUN.of(network.readout)(block, network.readout), block.codes


@RUN.add(Input)
def _from_outside(block: _Block, layer: Input) -> NDArray[np.uint8]:
    """The input's codes are the data."""
    return block.codes[0]


@RUN.add(Readout)
def _scores(block: _Block, layer: Readout) -> NDArray[np.int64]:
    """Last potentials, int64[N, *shape]."""
    return deque(_potentials(block.network, layer, block.codes), maxlen=1).pop()


@RUN.add(Spiking)
def _spikes(block: _Block, layer: Spiking) -> NDArray[np.uint8]:
    """Codes uint8[N, *shape], of several spikes uint8[N, max_spikes, *shape]."""
    potentials, wait = _potentials(block.network, layer, block.codes), block.wait
    limits = list(thresholds(layer, wait))
    if layer.max_spikes == 1:
        return fire(potentials, limits, wait)
    base = _narrow(layer.threshold_base, layer.shape)
    resets = [2 * base * int(payload) for payload in layer.payload]
    several = fire_several(potentials, limits, resets, wait, layer.max_spikes)
    return np.moveaxis(several, 0, 1)


def thresholds(layer: Spiking, wait: int) -> Iterator[NDArray[np.int64]]:
    """Threshold of each phase `1..T`, int64 that broadcasts against the layer's shape.

    Those of membrane weighting depend on `T_w`.
    """
    base = _narrow(layer.threshold_base, layer.shape)
    for phase in range(1, len(layer.payload) + 1):
        if layer.growth is None:
            yield base * int(layer.threshold_table[phase - 1])
        else:
            row = min(wait + phase, layer.growth.steps) - 1
            yield base * int(layer.threshold_table[row, phase - 1])


def _potentials(
    network: Model, layer: Spiking | Readout, codes: Sequence[NDArray[np.uint8]]
) -> Iterator[NDArray[np.int64]]:
    """Potentials `V(0) .. V(T)` int64[N, *shape], one after the other: all would take gigabytes."""
    arriving = (_arriving(network, layer, codes, phase) for phase in range(1, network.phases + 1))
    bias = np.zeros((len(codes[0]), *layer.shape), np.int64) + _narrow(layer.bias, layer.shape)
    steps = layer.growth.steps if layer.growth else 0
    return _growing(arriving, bias, _grow(layer.growth), steps)


def _arriving(
    network: Model, layer: Spiking | Readout, codes: Sequence[NDArray[np.uint8]], phase: int
) -> NDArray[np.int64]:
    """Synaptic input of one phase."""
    current = np.zeros((len(codes[0]), *layer.shape), np.int64)
    for synapse in layer.synapses:
        sent = sent_in(network, synapse.source, codes[synapse.source], phase)
        if sent.any():
            current += connect(synapse, sent, layer.shape)
    return current << (layer.growth.fraction_bits if layer.growth else 0)


def _narrow(values: Integers, shape: Shape) -> NDArray[np.int64]:
    """Values per channel, place or neuron in int64, ready to broadcast against a layer's shape."""
    whole = values.ndim == len(shape)
    return values.astype(np.int64).reshape(values.shape if whole else (-1, *[1] * (len(shape) - 1)))


def _grow(growth: Growth | None) -> Grow:
    if growth is None:
        return lambda potential: potential
    half = 1 << (growth.exponent - 1)
    return lambda potential: (potential * growth.mantissa + half) >> growth.exponent


@RUN.add(MaxPool)
def _first_spike(block: _Block, layer: MaxPool) -> NDArray[np.uint8]:
    """Earliest phase in each window, 0 where all are silent."""
    source, code = block.codes[layer.source], block.network.code(layer.source)
    if isinstance(code, StepCode):
        return loops.pooled(layer, source, code.first)
    return earliest(layer, source)


def earliest(layer: MaxPool, source: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Earliest phase in each window of a layer's phases uint8[N, *source shape]."""
    # Padding is 0, so phases count backwards: 255 for the first step, 0 for silence.
    left = layer.window.pad(np.where(source == 0, 0, 256 - source.astype(np.int64)))
    most = np.zeros((len(source), *layer.shape), np.int64)
    for _, _, (rows, columns) in layer.window.taps(layer.kernel, layer.shape[1:]):
        most = np.maximum(most, left[:, :, rows, columns])
    return np.where(most == 0, 0, 256 - most).astype(np.uint8)


@RUN.add(Timed)
def _train(block: _Block, layer: Timed) -> NDArray[np.uint8]:
    """Trains uint8[N, T, *shape]."""
    arrived, network = partial(_arrived, block, layer), block.network
    size, sure = len(block.codes[0]), network.proven
    return loops.train(layer, size, network.phases, block.wait, arrived, block.notes, sure)


@RUN.add(TimedReadout)
def _timed_scores(block: _Block, layer: TimedReadout) -> NDArray[np.int64]:
    """Scores int64[N, *scores]; those after every step are noted."""
    arrived, network = partial(_arrived, block, layer), block.network
    size, sure = len(block.codes[0]), network.proven
    found = loops.scores(layer, size, network.phases, arrived, block.notes, sure)
    block.notes.note(found)
    return found[:, -1]


def _arrived(
    block: _Block, layer: Timed | TimedReadout, step: int, own: NDArray[np.uint8]
) -> NDArray[np.int64]:
    """Synaptic input int64[N, *shape] of a step; what recurs is of the layer's step before."""
    total = np.zeros((len(own), *layer.shape), np.int64)
    for synapse in layer.synapses:
        recurs = synapse.source == len(block.codes)
        codes, when = (own, step - 1) if recurs else (block.codes[synapse.source], step)
        total += arriving(block.network, synapse, layer.shape, codes, when)
    return total


@RUN.add(Sum)
def _sum(block: _Block, layer: Sum) -> NDArray[np.uint8]:
    """Payloads added step by step."""
    phases = range(1, block.network.phases + 1)
    parts = [
        np.stack([sent_in(block.network, source, block.codes[source], k) for k in phases], axis=1)
        for source in layer.added
    ]
    return np.sum(parts, axis=0).astype(np.uint8)
