"""What the stock composition of a network takes: neurons, synapses, steps."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from math import prod
from typing import Any

import numpy as np

from onespike_lava.connectivity import connections, overlaps
from onespike_lava.connectivity import synapses as pairs
from onespike_lava.layers import (
    LAYERS,
    Input,
    Integers,
    Layer,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.loihi import sizes, stepping
from onespike_lava.loihi.composition import compose
from onespike_lava.loihi.populations import Composition
from onespike_lava.loihi.stock import Times, limbs, refuse, times, total_steps
from onespike_lava.network import Network
from onespike_lava.schedule import period

NEURONS_PER_NEURON = 3
"""Sum, comparison and payload; a max pool needs no sum, the readout nothing else."""


@dataclass(frozen=True)
class LayerPrice:
    """What the stock composition of one layer, or with the name `all` the network, takes.

    neurons, synapses : of the composition, relays of long paths among them
    clock     : channels of the layer's clock; of networks that step one for payloads, one for rest
                between samples
    neurons_own, synapses_own : of a neuron of one's own, for comparison
    processes : Processes of neurons; of networks that step one for each threshold and leak
    """

    name: str
    neurons: int
    synapses: int
    clock: int
    neurons_own: int
    synapses_own: int
    processes: int


@dataclass(frozen=True)
class Price:
    """What the stock composition takes.

    layers : one per layer but the input, then `all`
    steps_per_sample : of a stream, `2T`, of networks that step `T`, more where axons delay;
                       `latency_steps`: until a sample's scores
    pauses : of each sample, in which the host sets the states of a layer anew
    """

    layers: tuple[LayerPrice, ...]
    steps_per_sample: int
    latency_steps: int
    pauses: int = 0

    def summary(self) -> dict[str, Any]:
        """The figures as JSON-ready values."""
        return asdict(self)


def price(network: Network, wait: int | None = None) -> Price:
    """The price of the stock composition; `UnsupportedError` where there is none."""
    if network.steps:
        return _price_of_steps(network, wait)
    refuse(network, wait)
    late = times(network)
    rows = [_price(network, late, position) for position in range(1, len(network.layers))]
    steps = 2 * network.phases
    return Price(_with_total(rows), steps, latency_steps=total_steps(network, 1))


def _with_total(rows: list[LayerPrice]) -> tuple[LayerPrice, ...]:
    columns = [each.name for each in fields(LayerPrice) if each.name != "name"]
    total = {name: sum(getattr(row, name) for row in rows) for name in columns}
    return (*rows, LayerPrice(name="all", **total))


def _price_of_steps(network: Network, wait: int | None) -> Price:
    rows, plans = [], compose(network, wait)
    late = stepping.late_senders(network)
    for position in range(1, len(network.layers)):
        layer, plan = network.layers[position], plans[position]
        neurons, own = prod(layer.shape), sizes.synapses(network, layer)
        count, needed = STEPPING.of(layer)(network, layer)
        processes = len(plan.populations) if plan else int(count > 0)
        graded = stepping.payloads(network, position) is not None  # a neuron more, that multiplies
        held = position in late
        relays, chains = _relays_of_steps(network, plans, position)
        count, needed = count + relays, needed + relays
        numbers = (count + graded * neurons, needed + (2 * graded + held) * neurons, graded + held)
        rows.append(LayerPrice(layer.name, *numbers, neurons, own, processes + graded + chains))
    anew = sum(plan is not None and plan.initial is not None for plan in plans)
    latency = stepping.total_steps(network, 1)
    return Price(_with_total(rows), period(network), latency, pauses=anew)


def _relays_of_steps(
    network: Network, plans: list[Composition | None], position: int
) -> tuple[int, int]:
    """Relays on the paths into a layer, and their Processes."""
    relays, processes, found = 0, 0, stepping.times(network)
    for synapse in network.layers[position].synapses:
        for sender in stepping.senders(network, synapse.source):
            neurons, plan = prod(network.layers[sender].shape), plans[sender]
            late = stepping.delays(found, position, synapse, sender) - 1
            needed = np.broadcast_to(sizes.hops(late), neurons)
            one = plan is None or stepping.payloads(network, sender) is not None
            parts = [needed] if one else [needed[each.at] for each in plan.populations]  # type: ignore[union-attr]
            relays += int(needed.sum())
            processes += sum(int(part.max()) for part in parts)
    return relays, processes


STEPPING: Registry[Callable[[Network, Any], tuple[int, int]]] = Registry(
    "price of the stock composition of networks that step", LAYERS
)
"""Neurons and synapses of a layer's composition."""

STEPPING.refuse(Input, Spiking, Readout)


@STEPPING.add(Timed, TimedReadout)
def _timed_price(network: Network, layer: Timed | TimedReadout) -> tuple[int, int]:
    needed = 0
    for synapse, trained in connections(network, layer):
        source = network.layers[synapse.source].shape
        each = pairs(synapse, source, layer.shape, trained)
        needed += each * len(stepping.senders(network, synapse.source))
    return prod(layer.shape), needed


@STEPPING.add(MaxPool)
def _windows_price(network: Network, layer: MaxPool) -> tuple[int, int]:
    """A neuron that forgets everything for each window."""
    source = network.layers[layer.source].shape
    covered = overlaps(layer.window, layer.kernel, source, layer.shape)
    return prod(layer.shape), layer.shape[0] * covered


@STEPPING.add(Sum)
def _sum_price(network: Network, layer: Sum) -> tuple[int, int]:
    """Its readers have a synapse from everything that it adds."""
    return 0, 0


Composed = tuple[int, int, int]
"""Neurons for each of the layer, synapses beside its own, channels of the clock."""

COMPOSED: Registry[Callable[[Network, Any], Composed]] = Registry(
    "price of the stock composition", LAYERS
)


COMPOSED.refuse(Timed, Sum, TimedReadout)


def _price(network: Network, late: tuple[Times, ...], position: int) -> LayerPrice:
    layer = network.layers[position]
    neurons, own = prod(layer.shape), sizes.synapses(network, layer)
    copies, more, channels = COMPOSED.of(layer)(network, layer)
    chains = sizes.hops(np.array(late[position].delays, np.int64) - 1).tolist()
    sources = (network.layers[each].shape for each in layer.sources)
    relays = sum(chain * prod(shape) for chain, shape in zip(chains, sources, strict=True))
    count, needed = copies * neurons + relays, own + more + relays
    return LayerPrice(layer.name, count, needed, channels, neurons, own, copies + sum(chains))


@COMPOSED.add(Input)
def _from_outside(network: Network, layer: Input) -> Composed:
    return 1, 0, 0


@COMPOSED.add(MaxPool)
def _pool(network: Network, layer: MaxPool) -> Composed:
    source = network.layers[layer.source].shape
    compared = overlaps(layer.window, layer.kernel, source, layer.shape)
    payload_and_edge = 3 * prod(layer.shape)  # two for the edge, one the payload
    return NEURONS_PER_NEURON - 1, layer.shape[0] * compared + payload_and_edge, 1


@COMPOSED.add(Readout)
def _readout(network: Network, layer: Readout) -> Composed:
    channels, synapses = _digits(layer, layer.bias)
    return 1, synapses + 2 * prod(layer.shape), 1 + channels  # back to itself, the gate


@COMPOSED.add(Spiking)
def _spiking(network: Network, layer: Spiking) -> Composed:
    channels, synapses = _digits(layer, layer.bias, layer.threshold_base)
    neurons = prod(layer.shape)
    more = 7 * neurons  # back, gate, rest, comparison, two for the edge, payload
    return NEURONS_PER_NEURON, synapses + more, 3 + channels


def _digits(layer: Layer, *values: Integers) -> tuple[int, int]:
    """Channels of the clock for values per channel, place or neuron, and their synapses."""
    channels, synapses, neurons = 0, 0, prod(layer.shape)
    for each in values:
        digits = limbs(each.reshape(-1))
        channels += digits.shape[1]
        synapses += int(np.count_nonzero(digits)) * (neurons // each.size)
    return channels, synapses
