"""What connects two layers in NIR: delays, flattenings, matrices and kernels in a row."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import nir
import numpy as np
from numpy.typing import NDArray

from exporters.nir.form import Form, refuse_large, squared, synapse_name
from exporters.nir.kernels import as_matrix
from exporters.nir.neurons import drive_of
from onespike_lava.layers import (
    LAYERS,
    Connection,
    Input,
    Layer,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Synapse,
    Timed,
    TimedReadout,
    per_neuron,
)


@dataclass(frozen=True)
class Link:
    """The nodes from a source to a layer, those nearest to the source first.

    source : place of the source layer
    nodes  : pairs of name and node, none where an edge is all
    """

    source: int
    nodes: tuple[tuple[str, Any], ...]


LINKS: Registry[Callable[[Form, int, Any], Iterator[Link]]] = Registry("NIR links", LAYERS)
"""From the form, a layer's place and the layer to what connects it, one link a connection."""


def links(form: Form, place: int) -> list[Link]:
    """What connects the layer at `place` to its sources."""
    layer = form.network.layers[place]
    return list(LINKS.of(layer)(form, place, layer))


@LINKS.add(Input)
def _input(form: Form, place: int, layer: Input) -> Iterator[Link]:
    yield from ()


@LINKS.add(Sum)
def _sum(form: Form, place: int, layer: Sum) -> Iterator[Link]:
    """NIR has no two edges alike, so a source that stands twice is doubled."""
    for source, count in Counter(layer.added).items():
        name, shape = f"{form.names[place]}_from{source}", form.shape(source)
        nodes = _flatten(name, shape) if shape != form.shape(place) else []
        if count > 1:
            factor = np.full(form.shape(place), count, np.float32)
            nodes.append((f"{name}_times", nir.Scale(factor)))
        yield Link(source, tuple(nodes))


@LINKS.add(Spiking, Readout, Timed, TimedReadout)
def _synapses(form: Form, place: int, layer: Layer) -> Iterator[Link]:
    bias = drive_of(form, place).bias
    for number, synapse in enumerate(layer.maps):
        name = synapse_name(form.names[place], number)
        matrix = form.flat or synapse.kind == "dense"
        node = (_matrix if matrix else _conv)(form, layer, synapse, None if number else bias)
        yield Link(synapse.source, (*_before(form, synapse, name, matrix), (name, node)))


@LINKS.add(MaxPool)
def _pool(form: Form, place: int, layer: MaxPool) -> Iterator[Link]:
    """A sum over the windows, where NIR's pools can say it: no dilation, padded alike."""
    (synapse,), padding = layer.maps, layer.window.padding
    name = synapse_name(form.names[place], 0)
    plain = layer.window.dilation == (1, 1) and padding[:2] == padding[2:]
    if plain and not form.flat:
        sizes = (layer.kernel, layer.window.stride, padding[:2])
        node = nir.SumPool2d(*(np.array(size) for size in sizes))
    else:
        node = (_matrix if form.flat else _conv)(form, layer, synapse, None)
    yield Link(layer.source, (*_before(form, synapse, name, form.flat), (name, node)))


def _before(form: Form, synapse: Connection, name: str, matrix: bool) -> list[tuple[str, Any]]:
    """What stands before a synapse's own node: the delay of its axons, and a flattening."""
    shape, found = form.shape(synapse.source), []
    if synapse.delay is not None:
        steps = per_neuron(synapse.delay, form.network.layers[synapse.source].shape)
        seconds = (steps * form.units.dt).astype(np.float32).reshape(shape)
        found.append((f"{name}_delay", nir.Delay(seconds)))
    return found + (_flatten(name, shape) if matrix else [])


def _flatten(name: str, shape: tuple[int, ...]) -> list[tuple[str, Any]]:
    if len(shape) == 1:
        return []
    return [(f"{name}_flatten", nir.Flatten(np.array(shape), start_dim=0))]


def _matrix(form: Form, layer: Layer, synapse: Connection, bias: NDArray[Any] | None) -> Any:
    source = form.network.layers[synapse.source].shape
    refuse_large(layer, prod(source) * prod(layer.shape))
    matrix = as_matrix(synapse, source)
    if bias is None:
        return nir.Linear(matrix)
    return nir.Affine(matrix, bias.reshape(-1).astype(np.float32))


def _conv(form: Form, layer: Layer, synapse: Connection, bias: NDArray[Any] | None) -> Any:
    assert isinstance(synapse, Synapse)
    source, square = form.network.layers[synapse.source].shape, squared(synapse, form.network)
    assert square is not None
    refuse_large(layer, len(synapse.weight) * source[0] * square.side**2)
    window, channels = synapse.window, len(synapse.weight)
    zeros = np.zeros(channels, np.float32)
    return nir.Conv2d(
        source[1:],
        square.kernel(synapse.weight, synapse.groups),
        window.stride,
        square.padding(window),
        window.dilation,
        1,
        zeros if bias is None else bias.reshape(channels, -1)[:, 0].astype(np.float32),
    )
