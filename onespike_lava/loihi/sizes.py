"""Sizes of layers as the chip sees them."""

from __future__ import annotations

from typing import Any

from onespike_lava import connectivity
from onespike_lava.layers import Layer
from onespike_lava.network import Network


def extremes(synapse: Any) -> tuple[int, int]:
    """Smallest and largest weight as it acts, 0 included; a sign of -1 turns a sparse one."""
    low, high = int(synapse.weight.min(initial=0)), int(synapse.weight.max(initial=0))
    signs = getattr(synapse, "signs", ())
    return (min(low, -high), max(high, -low)) if -1 in signs else (low, high)


def synapses(network: Network, layer: Layer) -> int:
    """Pairs of neurons that a weight of the layer connects, fewer at borders; a pool has none."""
    return sum(
        connectivity.synapses(synapse, network.layers[synapse.source].shape, layer.shape, trained)
        for synapse, trained in connectivity.connections(network, layer)
    )
