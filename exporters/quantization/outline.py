"""The integer network that a prepared graph will become, without its numbers: what it takes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.layers import Layers
from exporters.graph import Graph, Node, arithmetic, is_spiking
from onespike_lava.layers import Input, Layer, MaxPool, Readout, Shape, Spiking, Synapse
from onespike_lava.limits import PAYLOAD_BITS_MAX
from onespike_lava.network import Network


def outline(graph: Graph, phases: int, bits: int) -> Network:
    """A network of the same layers, connections and file, whose weights are 0.

    graph : prepared
    bits  : of the input

    Raises `InvalidNetworkError` where its sizes exceed what a network may have.
    """
    shapes, layers = graph.shapes(), Layers(graph)
    places: dict[str, int] = {}
    found: list[Layer] = []
    for end in layers.ends:
        shape = shapes[end.name]
        if end.op == "input":
            found.append(Input(end.name, shape, bits, np.zeros(1), np.ones(1)))
        elif end.op == "maxpool":
            rows, columns = end.attrs["kernel"]
            source = places[end.inputs[0]]
            slide = arithmetic.window(end)
            found.append(MaxPool(end.name, shape, source, (rows, columns), slide))
        else:
            maps = layers.maps(end)
            synapses = tuple(_synapse(node, places[node.inputs[0]]) for node in maps)
            bias = _bias(maps, graph.input.name, shape)
            name = layers.potential(end).name
            found.append(_neurons(is_spiking(end), name, shape, synapses, bias, phases))
        places[end.name] = len(found) - 1
    return Network(tuple(found), phases, phases)


def _synapse(node: Node, source: int) -> Synapse:
    weight = np.zeros(node.params["weight"].shape, np.int8)
    if node.op == "linear":
        return Synapse(source, weight)
    return Synapse(source, weight, arithmetic.window(node), arithmetic.groups_of(node))


def _bias(maps: list[Node], entry: str, shape: Shape) -> NDArray[np.int32]:
    """One for each neuron where the input is padded, whose 0 is no silence."""
    padded = (node.op == "conv" and any(arithmetic.window(node).padding) for node in maps)
    reads = (node.inputs[0] == entry for node in maps)
    each = any(one and other for one, other in zip(padded, reads, strict=True))
    return np.zeros(shape if each else shape[:1], np.int32)


def _neurons(
    spikes: bool,
    name: str,
    shape: Shape,
    synapses: tuple[Synapse, ...],
    bias: NDArray[np.int32],
    phases: int,
) -> Layer:
    if not spikes:
        return Readout(name, shape, synapses, bias, 1.0)
    ones = np.ones(phases, np.int32)
    base, scale = np.ones(shape[0], np.int32), np.ones(shape[0])
    return Spiking(name, shape, synapses, bias, base, ones, ones, PAYLOAD_BITS_MAX, 1.5, scale)
