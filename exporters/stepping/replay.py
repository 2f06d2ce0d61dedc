"""The integer network layer by layer, in its own arithmetic or that of real numbers.

What a layer reads may be given, so that each is looked at alone; engines run it as a whole.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.graph import Node
from exporters.graph.arithmetic import conv, maxpool
from onespike_lava.layers import (
    LAYERS,
    Input,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Synapse,
    Timed,
    TimedReadout,
)
from onespike_lava.network import Network
from onespike_lava.neurons.timed import TimedNeuron, at_rest, charge, discharge, kept

Trains = NDArray[Any]

SEND: Registry[Callable[..., Trains]] = Registry("replay", LAYERS)
"""From a network, a layer, trains of its sources by position, and `real` to its train."""

SEND.refuse(Spiking, Readout, Input)


def replay(
    network: Network,
    integers: NDArray[Any],
    given: Mapping[str, Trains] | None = None,
    real: bool = False,
) -> dict[str, Trains]:
    """What each layer sends, float64[N, T, *shape]; of the readout its potentials before reset.

    integers : of the input, uint8[N, *shape], or [N, T, *shape] of events
    given    : layer -> what its readers see in the place of what it sends
    real     : potentials decay as real numbers do, not as integers
    """
    events = network.input.coding == "events"
    sent = np.asarray(integers, np.float64)
    sent = sent if events else np.repeat(sent[:, None], network.phases, axis=1)
    trains, seen = {network.input.name: sent}, [sent]
    for layer in network.layers[1:]:
        train = SEND.of(layer)(network, layer, seen, real)
        trains[layer.name] = train
        seen.append(train if given is None else given.get(layer.name, train))
    return trains


@SEND.add(MaxPool)
def _pool(network: Network, layer: MaxPool, seen: list[Trains], real: bool) -> Trains:
    node = Node(layer.name, "maxpool", (), {}, {"kernel": layer.kernel, **vars(layer.window)})
    train = seen[layer.source]
    pooled = maxpool(node, [train.reshape(-1, *train.shape[2:])])
    return pooled.reshape(*train.shape[:2], *layer.shape)


@SEND.add(Sum)
def _sum(network: Network, layer: Sum, seen: list[Trains], real: bool) -> Trains:
    return np.sum([seen[each] for each in layer.added], axis=0)


@SEND.add(Timed)
def _spikes(network: Network, layer: Timed, seen: list[Trains], real: bool) -> Trains:
    return _run(network, layer, seen, real)[0]


@SEND.add(TimedReadout)
def _potentials(network: Network, layer: TimedReadout, seen: list[Trains], real: bool) -> Trains:
    return _run(network, layer, seen, real)[1]


def _run(
    network: Network, layer: Timed | TimedReadout, seen: list[Trains], real: bool
) -> tuple[Trains, Trains]:
    """What neurons send, and their potentials before reset."""
    arriving: Any = 0
    for synapse in layer.synapses:
        arriving = arriving + _current(synapse, seen[synapse.source], layer.shape)
    real_kind: dict[str, Any] = {"decay": kept, "number": np.float64} if real else {}
    neuron = TimedNeuron.of(layer, network.phases, **real_kind)
    if real and layer.integration.rounding == "ceil" and neuron.threshold is not None:
        neuron = replace(neuron, threshold=above(neuron.threshold))
    kind = np.float64 if real else np.int64
    state = at_rest(neuron, np.zeros((len(arriving), *layer.shape), kind))
    sent, potentials = np.zeros(arriving.shape), np.zeros(arriving.shape)
    for step in range(1, network.phases + 1):
        state = charge(neuron, state, step, arriving[:, step - 1].astype(kind))
        potentials[:, step - 1] = state.potential
        sent[:, step - 1], state = discharge(neuron, state, step)
    return sent, potentials


def above(base: Trains) -> Trains:
    """The least real number that fires where a potential rounded up must reach `base`.

    Any above `base - 1` does.
    """
    return np.nextafter(base - 1.0, np.inf)


def _current(synapse: Any, train: Trains, shape: tuple[int, ...]) -> Trains:
    """What arrives over a synapse in each step."""
    assert isinstance(synapse, Synapse)
    frames = train.reshape(-1, *train.shape[2:])
    weight = synapse.weight.astype(np.float64)
    if weight.ndim == 2:
        product = frames.reshape(len(frames), -1) @ weight.T
        return product.reshape(*train.shape[:2], *shape)
    attrs = {**vars(synapse.window), "groups": synapse.groups}
    node = Node("current", "conv", (), {"weight": weight}, attrs, exact=True)
    return conv(node, [frames]).reshape(*train.shape[:2], *shape)
