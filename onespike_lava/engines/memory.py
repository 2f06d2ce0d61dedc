"""Memory that engine `numpy` takes per sample."""

from __future__ import annotations

from collections.abc import Callable
from math import prod
from typing import Any

from onespike_lava.engines.products import input_bytes
from onespike_lava.layers import (
    LAYERS,
    Input,
    Layer,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.model import Model

BYTES: Registry[Callable[[Model, Any], int]] = Registry("memory of engine numpy", LAYERS)
"""Bytes that a layer's padded or unfolded input takes per sample."""


def unfolded_bytes(network: Model) -> int:
    """Bytes that the largest padded or unfolded layer takes per sample."""
    largest = 1
    if network.steps:  # trains of all layers, states of one
        neurons = [prod(layer.shape) for layer in network.layers]
        largest = network.phases * sum(neurons) + 32 * max(neurons)
    return max(largest, *(BYTES.of(layer)(network, layer) for layer in network.layers))


@BYTES.add(Input, Sum)
def _no_bytes(network: Model, layer: Input | Sum) -> int:
    return 0


@BYTES.add(MaxPool)
def _padded_bytes(network: Model, layer: MaxPool) -> int:
    return prod(layer.window.padded(network.layers[layer.source].shape))


@BYTES.add(Spiking, Readout, Timed, TimedReadout)
def _input_bytes(network: Model, layer: Layer) -> int:
    sources = [(each, network.layers[each.source].shape) for each in layer.synapses]
    return max(4 * prod(layer.shape), *(input_bytes(*each, layer.shape) for each in sources))
