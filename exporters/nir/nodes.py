"""A one-spike network as a graph of NIR nodes that carry FORMAT.md's keys as metadata.

Connections become `Conv2d` or `Linear`, spiking neurons `IF`, max pools `SumPool2d` and `IF`,
the readout `I`. A layer's keys stand in the metadata of its neurons; only an int8 weight that a
node holds as it is, in floating point, is not repeated there.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from math import prod
from typing import Any, cast

import nir
import numpy as np

from exporters.nir.kernels import Square, as_matrix, square
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import (
    LAYERS,
    Connection,
    Input,
    Layer,
    MaxPool,
    Readout,
    Registry,
    Shape,
    Sparse,
    Spiking,
    Sum,
    Synapse,
    Timed,
    TimedReadout,
    per_neuron,
)
from onespike_lava.network import Network
from onespike_lava.netx.tree import Tree, to_tree

ENTRY_LIMIT = 2**26
"""Most entries of an array; sparse matrices and odd kernels become full matrices in NIR."""

STRICT = np.float32(0.5)
"""NIR's neurons fire above their threshold, one-spike neurons at it: integers, so half less."""

ANY_SPIKE = 0.5
"""Threshold of a pool's neurons: below every payload."""


def to_graph(network: Network, remarks: str = "") -> nir.NIRGraph:
    """The network as a NIR graph; `remarks` is kept in its metadata for readers.

    Raises `UnsupportedError` where a matrix has more than `ENTRY_LIMIT` entries.
    """
    return _Writer(network).graph(remarks)


def is_flat(network: Network) -> bool:
    """Whether a connection has no NIR form but a matrix; then all of them become matrices."""
    return any(
        isinstance(synapse, Sparse)
        or (synapse.kind == "conv" and _square(synapse, network) is None)
        for layer in network.layers
        for synapse in layer.maps
    )


def synapse_name(neurons: str, number: int) -> str:
    """Name of the node of a layer's synapse."""
    return f"{neurons}_synapse{number}"


def nested(tree: Tree) -> dict[str, Any]:
    """Paths as nested groups, text and numbers as HDF5 scalars."""
    found: dict[str, Any] = {}
    for path, array in tree.items():
        group = found
        *folders, name = path.split("/")
        for folder in folders:
            group = group.setdefault(folder, {})
        if array.dtype.kind == "S":
            group[name] = array[0].decode()
        else:
            group[name] = array if array.ndim else array[()]
    return found


def _square(synapse: Synapse, network: Network) -> Square | None:
    plane = network.layers[synapse.source].shape[1:]
    return square(synapse.weight.shape[2:], synapse.window, plane)


class _Writer:
    """Collects nodes and edges."""

    def __init__(self, network: Network) -> None:
        self.network, self.keys = network, _by_layer(to_tree(network))
        self.flat = is_flat(network)
        self.nodes: dict[str, Any] = {}
        self.edges: list[tuple[str, str]] = []
        digits = len(str(len(network.layers) - 1))
        self.names = [
            f"{place:0{digits}}_{re.sub('[^A-Za-z0-9_-]', '_', layer.name)}"
            for place, layer in enumerate(network.layers)
        ]

    def graph(self, remarks: str) -> nir.NIRGraph:
        """The whole graph, types checked as NIR's reader will."""
        for place, layer in enumerate(self.network.layers):
            self._layer(place, layer)
        self.nodes["output"] = nir.Output(np.array(self._shape(self.network.readout)))
        self.edges.append((self.names[-1], "output"))
        head = nested(self.keys["onespike"])
        return nir.NIRGraph(self.nodes, self.edges, {**head, "remarks": remarks})

    def _shape(self, layer: Layer) -> Shape:
        flat = self.flat and layer.role != "input"
        return (prod(layer.shape),) if flat else layer.shape

    def _layer(self, place: int, layer: Layer) -> None:
        prefix = f"layer/{place}/"
        keys = self.keys[f"layer/{place}"]
        for number, synapse in enumerate(layer.maps):
            node = self._connection(place, number, synapse)
            at = prefix if number == 0 else f"{prefix}synapse/{number}/"
            if hasattr(node, "weight") and node.weight.shape == synapse.weight.shape:
                keys.pop(f"{at}weight", None)
        shape = self._shape(layer)
        if place:
            _refuse_large(layer, prod(shape))
        neurons = NEURONS.of(layer)(layer, shape, self.network.wait)
        neurons.metadata = nested(keys)
        self.nodes[self.names[place]] = neurons

    def _connection(self, place: int, number: int, synapse: Connection) -> Any:
        """Adds the node of a synapse between its source and the layer."""
        layer, source = self.network.layers[place], self.network.layers[synapse.source]
        name, before = synapse_name(self.names[place], number), self.names[synapse.source]
        shape = self._shape(source)
        if len(shape) > 1 and (self.flat or synapse.kind == "dense"):
            self.nodes[f"{name}_flatten"] = nir.Flatten(np.array(shape), start_dim=0)
            self.edges.append((before, f"{name}_flatten"))
            before = f"{name}_flatten"
        self.nodes[name] = self._map(layer, synapse, source.shape)
        self.edges += [(before, name), (name, self.names[place])]
        return self.nodes[name]

    def _map(self, layer: Layer, synapse: Connection, source: Shape) -> Any:
        """The node of a synapse: sum pool, convolution or matrix."""
        if layer.passes and not self.flat and _is_plain(pool := cast(MaxPool, layer)):
            sizes = (pool.kernel, pool.window.stride, pool.window.padding[:2])
            return nir.SumPool2d(*(np.array(size) for size in sizes))
        form = None
        if isinstance(synapse, Synapse) and synapse.kind == "conv" and not self.flat:
            form = _square(synapse, self.network)
        if form is None or isinstance(synapse, Sparse):
            _refuse_large(layer, prod(source) * prod(layer.shape))
            return nir.Linear(as_matrix(synapse, source))
        _refuse_large(layer, len(synapse.weight) * source[0] * form.side**2)
        window = synapse.window
        return nir.Conv2d(
            source[1:],
            form.kernel(synapse.weight, synapse.groups),
            window.stride,
            form.padding(window),
            window.dilation,
            1,
            np.zeros(len(synapse.weight), np.float32),
        )


def _by_layer(tree: Tree) -> dict[str, Tree]:
    """Keys of each `layer/<i>`, and of `onespike`."""
    found: dict[str, Tree] = {}
    for path, array in tree.items():
        top, second, *_ = path.split("/")
        found.setdefault(top if top == "onespike" else f"{top}/{second}", {})[path] = array
    return found


def _refuse_large(layer: Layer, entries: int) -> None:
    if entries > ENTRY_LIMIT:
        raise UnsupportedError(
            f"{layer.name}: an array of {entries} entries exceeds {ENTRY_LIMIT}; NIR has neither "
            "sparse nor grouped weights, keep the .net file"
        )


def _is_plain(pool: MaxPool) -> bool:
    """Whether NIR's pools can say it: no dilation, the same padding on both sides."""
    padding = pool.window.padding
    return pool.window.dilation == (1, 1) and padding[:2] == padding[2:]


NEURONS: Registry[Callable[[Any, Shape, int], Any]] = Registry("NIR", LAYERS)
"""From a layer, its shape in NIR and the wait to the node of its neurons."""

NEURONS.refuse(Timed, Sum, TimedReadout)


@NEURONS.add(Input)
def _input(layer: Input, shape: Shape, wait: int) -> Any:
    return nir.Input(np.array(shape))


@NEURONS.add(Readout)
def _readout(layer: Readout, shape: Shape, wait: int) -> Any:
    return nir.I(r=np.ones(shape, np.float32))


@NEURONS.add(MaxPool)
def _pool(layer: MaxPool, shape: Shape, wait: int) -> Any:
    ones = np.ones(shape, np.float32)
    return nir.IF(ones, ANY_SPIKE * ones, np.zeros_like(ones))


@NEURONS.add(Spiking)
def _spiking(layer: Spiking, shape: Shape, wait: int) -> Any:
    """An IF holds the threshold of the first phase at `wait`."""
    ones = np.ones(shape, np.float32)
    table = layer.threshold_table
    if layer.growth is not None:
        table = table[min(wait + 1, layer.growth.steps) - 1]
    factor = int(table[0]) if layer.max_spikes == 1 else 2 * int(layer.payload[0])
    threshold = per_neuron(layer.threshold_base, layer.shape).reshape(shape) * factor
    return nir.IF(ones, threshold.astype(np.float32) - STRICT, np.zeros_like(ones))
