"""Sizes of layers as the chip sees them: the one place that looks into synapses."""

from __future__ import annotations

from typing import Any

from onespike_lava import energy
from onespike_lava.layers import Layer, MaxPool, Readout, Spiking
from onespike_lava.limits import STATE_BITS
from onespike_lava.network import Network


def connections(layer: Layer) -> tuple[Any, ...]:
    """Synapses into the layer; none into the input and a max pool."""
    return layer.synapses if isinstance(layer, (Spiking, Readout)) else ()


def weights(layer: Layer) -> int:
    """Weights that the file stores for the layer; a kernel counts once."""
    return sum(int(synapse.weight.size) for synapse in connections(layer))


def extremes(synapse: Any) -> tuple[int, int]:
    """Smallest and largest weight as it acts, 0 included; a sign of -1 turns a sparse one."""
    low, high = int(synapse.weight.min(initial=0)), int(synapse.weight.max(initial=0))
    signs = getattr(synapse, "signs", ())
    return (min(low, -high), max(high, -low)) if -1 in signs else (low, high)


def synapses(network: Network, layer: Layer) -> int:
    """Pairs of neurons that a weight of the layer connects, fewer at borders; a pool has none."""
    return sum(
        energy.synapses(synapse, network.layers[synapse.source].shape, layer.shape, trained)
        for synapse, trained in energy.connections(network, layer)
    )


def state_bits(layer: Layer, wait: int) -> int:
    """Bits of state per neuron: potentials of 24 bits, and how often it has spiked.

    With a wait a spiking neuron keeps the last sample's potential while it integrates the
    next. Constants (bias, threshold base, tables) and the input, sent from outside, are not
    counted.
    """
    if isinstance(layer, Spiking):
        return STATE_BITS * (2 if wait else 1) + layer.max_spikes.bit_length()
    if isinstance(layer, Readout):
        return STATE_BITS
    return 1 if isinstance(layer, MaxPool) else 0
