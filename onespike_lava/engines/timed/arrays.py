"""Timed neurons in engine `numpy`: a loop over steps, arrays over samples and neurons.

What earlier layers send is connected for many steps at once; what recurs, step by step. Products
are exact in float32 (`products`), states are int64.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.products import connect
from onespike_lava.engines.rows import Product
from onespike_lava.engines.timed.notes import Notes, check_state
from onespike_lava.layers import (
    Code,
    Connection,
    HeldCode,
    Shape,
    Timed,
    TimedReadout,
)
from onespike_lava.model import Model
from onespike_lava.neurons import TimedNeuron, TimedState, at_rest, charge, discharge

Trains = NDArray[np.uint8]

CHUNK_BYTES = 16 * 2**20
"""Memory that the payloads of the steps that are connected at once may take, in float32."""


@dataclass(frozen=True)
class Context:
    """A layer with neurons and what its engine knows of the samples on their way.

    codes   : of all layers before it
    by_rows : sums the rows of a sparse synapse
    """

    network: Model
    layer: Timed | TimedReadout
    codes: list[Trains]
    by_rows: Product
    notes: Notes

    @property
    def shape(self) -> Shape:
        """(N, *shape of the layer)."""
        return (len(self.codes[0]), *self.layer.shape)

    def check(self, step: int, *states: NDArray[Any]) -> None:
        """That states have 24 bits, where no proof says so."""
        if not self.network.proven:
            check_state(self.layer.name, step, *states)


def train(context: Context, wait: int) -> Trains:
    """What a layer sends, uint8[N, T, *shape]."""
    phases, layer = context.network.phases, context.layer
    neuron = TimedNeuron.of(layer, phases, wait)
    own = np.zeros((context.shape[0], phases, *layer.shape), np.uint8)
    trace = context.notes.trace(layer.name, own.shape)
    for phase, state in _charged(context, neuron, own, wait):
        if trace:
            trace[0][:, phase - 1], trace[1][:, phase - 1] = state[0].current, state[0].potential
        sent, state[0] = discharge(neuron, state[0], phase)
        context.check(phase, state[0].potential)
        own[:, phase - 1] = sent
    return own


def scores(context: Context) -> NDArray[np.int64]:
    """Scores after each step, int64[N, T, *scores]; without the notes' wish the last alone."""
    layer, phases = cast(TimedReadout, context.layer), context.network.phases
    neuron = TimedNeuron.of(layer, phases)
    trace = context.notes.trace(layer.name, (context.shape[0], phases, *layer.shape))
    steps, taken = [], np.zeros((), np.int64)
    for step, state in _charged(context, neuron, None, 0):
        potential = state[0].potential
        if trace:
            trace[0][:, step - 1], trace[1][:, step - 1] = state[0].current, potential
        if layer.take == "sum":
            taken = taken + potential
        else:
            best = layer.take == "maximum" and step > 1
            taken = np.maximum(taken, potential) if best else potential
        if context.notes.over_steps or step == phases:
            steps.append(_grouped(taken, layer))
        _, state[0] = discharge(neuron, state[0], step)
        context.check(step, state[0].potential)
    return np.stack(steps, axis=1)


def _grouped(values: NDArray[np.int64], layer: TimedReadout) -> NDArray[np.int64]:
    count, *rest = layer.scores
    found: NDArray[np.int64] = values.reshape(len(values), count, layer.group, *rest).sum(axis=2)
    return found


def _charged(
    context: Context, neuron: TimedNeuron, own: Trains | None, wait: int
) -> Iterator[tuple[int, list[TimedState]]]:
    """Each output phase and the state that it decides on, in a list whose user puts the next."""
    held = [at_rest(neuron, np.zeros(context.shape, np.int64))]
    forward, phases = _forward(context), context.network.phases
    back = [each for each in context.layer.synapses if each.source == len(context.codes)]
    for step in range(1, wait + phases + 1):
        if step <= phases:
            arriving = next(forward)
            for synapse in back:
                assert own is not None
                code = context.network.code(synapse.source)
                payloads = _payloads(synapse, code, own, step - 2, step - 1)
                arriving = arriving + _connected(context, synapse, payloads)[:, 0]
            held[0] = charge(neuron, held[0], step, arriving)
            context.check(step, held[0].current, held[0].potential)
        if step > wait:
            yield step - wait, held


def _forward(context: Context) -> Iterator[NDArray[np.int64]]:
    """Synaptic input int64[N, *shape] of each step from earlier layers."""
    network, phases = context.network, context.network.phases
    synapses = [each for each in context.layer.synapses if each.source < len(context.codes)]
    same = [each for each in synapses if _is_constant(network, each)]
    others = [each for each in synapses if not _is_constant(network, each)]
    held: NDArray[np.int64] = np.zeros(context.shape, np.int64)
    for each in same:  # direct coding: the sum is the same in every step
        code, codes = network.code(each.source), context.codes[each.source]
        held = held + _connected(context, each, code.train(codes, 0, 1))[:, 0]
    chunk = _chunk(context, others)
    for start in range(0, phases, chunk):
        until = min(start + chunk, phases)
        total = np.zeros((context.shape[0], until - start, *context.layer.shape), np.int64)
        for each in others:
            code, codes = network.code(each.source), context.codes[each.source]
            total += _connected(context, each, _payloads(each, code, codes, start, until))
        for step in range(until - start):
            yield held + total[:, step]


def _is_constant(network: Model, synapse: Connection) -> bool:
    """Whether the same arrives in every step."""
    code = network.code(synapse.source)
    held = isinstance(code, HeldCode) and code.steps == network.phases
    return held and synapse.delay is None


def _chunk(context: Context, synapses: list[Connection]) -> int:
    """Steps whose payloads are connected at once."""
    if not synapses:
        return context.network.phases
    layers = context.network.layers
    sizes = [prod(context.layer.shape), *(prod(layers[each.source].shape) for each in synapses)]
    kernels = [prod(each.weight.shape[2:]) if each.weight.ndim == 4 else 1 for each in synapses]
    step = 4 * max(1, context.shape[0]) * max(sizes) * max(kernels)
    return max(1, min(context.network.phases, CHUNK_BYTES // step))


def _payloads(synapse: Connection, code: Code, codes: Trains, after: int, until: int) -> Trains:
    """What arrives over the axons in the steps `after < step <= until`, uint8[N, steps, *source].

    A neuron of delay `d` brings what it sent `d` steps before.
    """
    if synapse.delay is None:
        return code.train(codes, after, until)
    delay = synapse.delay
    if delay.size == 1:
        late = int(delay.reshape(-1)[0])
        return code.train(codes, after - late, until - late)
    found: Trains = np.zeros((), np.uint8)
    for late in np.unique(delay).tolist():
        found = found + code.train(codes, after - late, until - late) * (delay == late)
    return found


def _connected(context: Context, synapse: Connection, payloads: Trains) -> NDArray[np.int64]:
    """Synaptic input int64[N, steps, *shape] from payloads uint8[N, steps, *source]."""
    samples, steps, *shape = payloads.shape
    flat = payloads.reshape(samples * steps, *shape).astype(np.float32)
    found = connect(synapse, flat, context.by_rows)
    return found.astype(np.int64).reshape(samples, steps, *context.layer.shape)
