"""What the stock composition of a network takes: neurons, synapses, steps."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np

from onespike_lava.layers import MaxPool, Readout
from onespike_lava.loihi import sizes
from onespike_lava.loihi.stock import clock, refuse, total_steps
from onespike_lava.network import Network

NEURONS_PER_NEURON = 3
"""Sum, comparison and payload; a max pool needs no sum, the readout nothing else."""


@dataclass(frozen=True)
class LayerPrice:
    """What the stock composition of one layer, or with the name `all` the network, takes.

    neurons, synapses : of the composition; `clock`: channels of the layer's clock
    neurons_own, synapses_own : of a neuron of one's own, for comparison
    """

    name: str
    neurons: int
    synapses: int
    clock: int
    neurons_own: int
    synapses_own: int


@dataclass(frozen=True)
class Price:
    """What the stock composition takes.

    layers : one per layer but the input, then `all`
    steps_per_sample : of a stream, `2T`; `latency_steps`: until a sample's scores
    """

    layers: tuple[LayerPrice, ...]
    steps_per_sample: int
    latency_steps: int

    def summary(self) -> dict[str, Any]:
        """The figures as JSON-ready values."""
        return asdict(self)


def price(network: Network, wait: int | None = None) -> Price:
    """The price of the stock composition; `UnsupportedError` where there is none."""
    refuse(network, wait)
    rows = [_price(network, position) for position in range(1, len(network.layers))]
    columns = ("neurons", "synapses", "clock", "neurons_own", "synapses_own")
    total = {name: sum(getattr(row, name) for row in rows) for name in columns}
    return Price(
        layers=(*rows, LayerPrice(name="all", **total)),
        steps_per_sample=2 * network.phases,
        latency_steps=total_steps(network, 1),
    )


def _price(network: Network, position: int) -> LayerPrice:
    layer, ticks = network.layers[position], clock(network, position)
    neurons, own = prod(layer.shape), sizes.synapses(network, layer)
    synapses = own + int(np.count_nonzero(ticks.to_sum))
    if isinstance(layer, MaxPool):
        copies = NEURONS_PER_NEURON - 1
        synapses += _compared(network, layer) + 3 * neurons  # two for the edge, one the payload
    elif isinstance(layer, Readout):
        copies = 1
        synapses += 2 * neurons  # back to itself, the gate
    else:
        copies = NEURONS_PER_NEURON
        synapses += 6 * neurons  # back, gate, comparison, two for the edge, payload
    channels = ticks.to_sum.shape[1]
    return LayerPrice(layer.name, copies * neurons, synapses, channels, neurons, own)


def _compared(network: Network, layer: MaxPool) -> int:
    """Pairs of source neuron and window."""
    channels, *source = network.layers[layer.source].shape
    window = layer.window
    pairs = channels
    for axis in (0, 1):
        reached = (
            place * window.stride[axis] + step * window.dilation[axis] - window.padding[axis]
            for place in range(layer.shape[1 + axis])
            for step in range(layer.kernel[axis])
        )
        pairs *= sum(0 <= at < source[axis] for at in reached)
    return pairs
