"""Engine `numpy`: vectorised, exact, portable."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.memory import unfolded_bytes
from onespike_lava.engines.products import connect
from onespike_lava.engines.result import Codes, Data, Result, in_blocks
from onespike_lava.engines.rows import Product, product
from onespike_lava.engines.timed import arrays, pools
from onespike_lava.engines.timed.notes import Notes
from onespike_lava.layers import (
    LAYERS,
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
    per_neuron,
)
from onespike_lava.model import Model
from onespike_lava.system.progress import Count, uncounted

RUN: Registry[Callable[[Any, Any], NDArray[Any]]] = Registry("engine numpy", LAYERS)
"""From a block and a layer to the layer's codes, of the readout to scores."""

BLOCK_BYTES = 64 * 2**20
"""Memory that the unfolded input of one layer may take."""


def run(
    network: Model,
    data: Data,
    wait: int,
    record: bool,
    progress: Count = uncounted,
    by_rows: Product = product,
    notes: Notes | None = None,
) -> Result:
    """Run every sample; see `onespike_lava.running`.

    `by_rows` sums the rows of sparse synapses.
    """
    size = max(1, BLOCK_BYTES // unfolded_bytes(network))
    run_block = partial(_run_block, by_rows, notes or Notes())
    return in_blocks(run_block, network, data, wait, record, min(size, 256), progress)


def _run_block(
    by_rows: Product, notes: Notes, network: Model, data: NDArray[np.uint8], wait: int
) -> tuple[NDArray[np.int64], Codes]:
    block = _Block(network, wait, [data], by_rows, notes)
    for layer in network.layers[1:-1]:
        block.codes.append(RUN.of(layer)(block, layer))
    return RUN.of(network.readout)(block, network.readout), block.codes


@dataclass(frozen=True)
class _Block:
    """Samples on their way through the layers.

    codes   : of the layers so far
    by_rows : sums the rows of a sparse synapse
    """

    network: Model
    wait: int
    codes: Codes
    by_rows: Product
    notes: Notes

    def steps(self, layer: Timed | TimedReadout) -> arrays.Context:
        """What a layer of timed neurons is run with."""
        return arrays.Context(self.network, layer, self.codes, self.by_rows, self.notes)


@dataclass(frozen=True)
class _Arrived:
    """Synaptic input of a layer, of some phases of its sources."""

    block: _Block
    layer: Spiking | Readout

    @property
    def shape(self) -> Shape:
        """(N, *shape of the layer)."""
        return (len(self.block.codes[0]), *self.layer.shape)

    def __call__(self, after: int, until: int) -> Integers:
        """Synaptic input int32[N, *shape] of the source phases `after < phase <= until`."""
        total, block = np.zeros((), np.int32), self.block
        for synapse in self.layer.synapses:
            code, codes = block.network.code(synapse.source), block.codes[synapse.source]
            sent = code.sent(codes, after, until, np.float32)
            total = total + connect(synapse, sent, block.by_rows).astype(np.int32)
        return total


@RUN.add(Input)
def _from_outside(block: _Block, layer: Input) -> NDArray[np.uint8]:
    """The input's codes are the data."""
    return block.codes[0]


@RUN.add(Readout)
def _scores(block: _Block, layer: Readout) -> NDArray[np.int64]:
    """Last potentials int64[N, *shape]."""
    return _last_potential(block.network, layer, _Arrived(block, layer)).astype(np.int64)


@RUN.add(Spiking)
def _spiking(block: _Block, layer: Spiking) -> NDArray[np.uint8]:
    """Codes of a spiking layer."""
    return _spikes(block.network, layer, _Arrived(block, layer), block.wait)


def _spikes(network: Model, layer: Spiking, arrived: _Arrived, wait: int) -> NDArray[np.uint8]:
    """Phase of each neuron's spike, uint8[N, *shape]."""
    if layer.growth is not None:
        return _membrane_spikes(network, layer, arrived, wait)
    if layer.max_spikes > 1:
        return _several_spikes(network, layer, arrived, wait)
    if wait >= max(network.code(source).steps for source in layer.sources) - 1:
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
    steps = max(network.code(source).steps for source in layer.sources)
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
        potential = growth.grown(potential) + (arriving << growth.fraction_bits)
        yield potential


@RUN.add(MaxPool)
def _first_spike(block: _Block, layer: MaxPool) -> NDArray[np.uint8]:
    """Earliest phase in each window, 0 where all are silent.

    `code - 1` wraps silence (0) to 255, so that the minimum is the first spike.
    """
    window, code = layer.window, block.network.code(layer.source)
    if isinstance(code, StepCode):
        return pools.pooled(layer, block.codes[layer.source], code.first)
    order = window.pad(block.codes[layer.source]) - np.uint8(1)
    for axis in (0, 1):  # the first of a column of firsts of rows
        across = order.swapaxes(2 + axis, 3)
        size = layer.shape[1 + axis]
        order = across[..., window.under(axis, 0, size)].copy()
        for tap in range(1, layer.kernel[axis]):
            np.minimum(order, across[..., window.under(axis, tap, size)], out=order)
        order = order.swapaxes(2 + axis, 3)
    return order + np.uint8(1)


@RUN.add(Timed)
def _train(block: _Block, layer: Timed) -> NDArray[np.uint8]:
    """Trains uint8[N, T, *shape]."""
    return arrays.train(block.steps(layer), block.wait)


@RUN.add(TimedReadout)
def _timed_scores(block: _Block, layer: TimedReadout) -> NDArray[np.int64]:
    """Scores int64[N, *scores]; those after every step are noted."""
    found = arrays.scores(block.steps(layer))
    block.notes.note(found)
    return found[:, -1]


@RUN.add(Sum)
def _sum(block: _Block, layer: Sum) -> NDArray[np.uint8]:
    """Payloads added step by step."""
    codes = [block.network.code(source) for source in layer.added]
    trains = [block.codes[source] for source in layer.added]
    return pools.added(codes, trains, block.network.phases)
