"""How a network stands in NIR: names, shapes and connections of its layers."""

from __future__ import annotations

import re
from math import prod

import numpy as np
from numpy.typing import NDArray

from exporters.nir.kernels import Square, square
from exporters.nir.units import Units
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Connection, Integers, Layer, Shape, Synapse, per_neuron
from onespike_lava.network import Network

ENTRY_LIMIT = 2**26
"""Most entries of an array; sparse matrices and odd kernels become full matrices in NIR."""


def is_flat(network: Network) -> bool:
    """Whether a connection has no NIR form but a matrix; then all of them become matrices."""
    return any(
        synapse.kind == "sparse" or (synapse.kind == "conv" and squared(synapse, network) is None)
        for layer in network.layers
        for synapse in layer.maps
    )


def squared(synapse: Connection, network: Network) -> Square | None:
    """How a convolution's kernel becomes square, None where it cannot."""
    assert isinstance(synapse, Synapse)
    plane = network.layers[synapse.source].shape[1:]
    return square(synapse.weight.shape[2:], synapse.window, plane)


def synapse_name(neurons: str, number: int) -> str:
    """Name of the node of a layer's synapse."""
    return f"{neurons}_synapse{number}"


def refuse_large(layer: Layer, entries: int) -> None:
    """Refuse an array of more than `ENTRY_LIMIT` entries."""
    if entries > ENTRY_LIMIT:
        raise UnsupportedError(
            f"{layer.name}: an array of {entries} entries exceeds {ENTRY_LIMIT}; NIR has neither "
            "sparse nor grouped weights, keep the .net file"
        )


class Form:
    """A network as it stands in NIR.

    names : of the nodes that are the layers
    flat  : whether all connections are matrices, and all layers but the input flat
    """

    def __init__(self, network: Network, units: Units) -> None:
        self.network, self.units = network, units
        self.flat = is_flat(network)
        digits = len(str(len(network.layers) - 1))
        self.names = [
            f"{place:0{digits}}_{re.sub('[^A-Za-z0-9_-]', '_', layer.name)}"
            for place, layer in enumerate(network.layers)
        ]

    def shape(self, place: int) -> Shape:
        """Shape of a layer's node; the input keeps its own."""
        shape = self.network.layers[place].shape
        return (prod(shape),) if self.flat and place else shape

    def matrix(self, place: int) -> bool:
        """Whether the layer's first connection is a matrix, with a bias for each neuron."""
        first = self.network.layers[place].maps[0]
        return self.flat or first.kind == "dense"

    def neurons(self, place: int, values: Integers) -> NDArray[np.int64]:
        """Values per channel, place or neuron as one for each neuron, of the node's shape."""
        spread = per_neuron(values, self.network.layers[place].shape)
        return spread.reshape(self.shape(place)).astype(np.int64)
