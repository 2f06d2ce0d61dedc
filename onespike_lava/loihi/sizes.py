"""Layers as the chip takes them: forms of their synapses, relays of long paths, what both take.

A convolution of more groups than Lava's Conv counts becomes one of fewer, whose kernels hold zeros
for the channels of other groups, or a Sparse, whichever stores less. So does a kernel or a step
beyond Lava's numbers. A path longer than a synapse's delay goes over relays: neurons that pass on
what comes, each with a synapse of its own. All of this is exact.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava import connectivity
from onespike_lava.layers import CONNECTIONS, Connection, Layer, Registry, Shape, Sparse, Synapse
from onespike_lava.loihi.limits import LOIHI2, Limit
from onespike_lava.model import Model
from onespike_lava.network import Network
from onespike_lava.schedule import Slot

Limits = Mapping[str, Limit]

RELAY_BITS = 24
"""State of a relay: what it passes on."""


@dataclass(frozen=True)
class Form:
    """A connection as the chip takes it.

    original : the connection
    unrolled : a Sparse, each of whose synapses stores its weight
    weights  : that it stores
    merged   : groups of a convolution that are one
    """

    original: Any
    unrolled: bool
    weights: int
    merged: int = 1

    @cached_property
    def connection(self) -> Any:
        """The same, or a convolution of fewer groups: made when asked for, it may be large."""
        return self.original if self.merged == 1 else with_fewer_groups(self.original, self.merged)


FORMS: Registry[Callable[[Any, Shape, Limits], Form]] = Registry("forms on a chip", CONNECTIONS)
"""From a connection, the shape of its source and the limits to its form."""


def form(connection: Connection, source: Shape, limits: Limits = LOIHI2) -> Form:
    """How the chip takes a connection from a layer of a shape."""
    return FORMS.of(connection)(connection, source, limits)


@FORMS.add(Sparse)
def _of_places(connection: Sparse, source: Shape, limits: Limits) -> Form:
    return Form(connection, False, connection.weight.size)


@FORMS.add(Synapse)
def _of_kernel(connection: Synapse, source: Shape, limits: Limits) -> Form:
    most = int(limits["conv_groups"].number)
    as_it_is = Form(connection, False, connection.weight.size)
    if connection.kind == "dense":
        few = 2 * connection.count < connection.weight.size  # each with an index beside its weight
        return Form(connection, True, connection.count) if few else as_it_is
    large = max(extents(connection)) > limits["conv_geometry"].number
    if connection.groups <= most and not large:
        return as_it_is
    target = connection.output_shape(source)
    unrolled = Form(connection, True, connectivity.synapses(connection, source, target, True))
    each = merged(connection.groups, most)
    weights = connection.weight.size * each
    if large or weights > unrolled.weights:
        return unrolled
    return Form(connection, False, weights, each)


def extents(synapse: Synapse) -> tuple[int, ...]:
    """What Lava's Conv counts in rows or columns: kernel, stride, padding and dilation."""
    window = synapse.window
    return (*synapse.weight.shape[2:], *window.stride, *window.padding, *window.dilation)


def merged(groups: int, most: int) -> int:
    """The fewest groups to make one of, so that at most `most` are left."""
    return next(
        each for each in range(1, groups + 1) if not groups % each and groups // each <= most
    )


def with_fewer_groups(synapse: Synapse, each: int) -> Synapse:
    """The convolution with so many of its groups made one, whose kernels hold zeros for the others.

    Its weights are int8[O, each * I / groups, rows, columns].
    """
    outputs, inputs, *kernel = synapse.weight.shape
    left = synapse.groups // each
    weight = np.zeros((left, each, outputs // synapse.groups, each, inputs, *kernel), np.int8)
    apart = synapse.weight.reshape(left, each, outputs // synapse.groups, inputs, *kernel)
    for own in range(each):
        weight[:, own, :, own] = apart[:, own]
    weight = weight.reshape(outputs, each * inputs, *kernel)
    return replace(synapse, weight=weight, groups=left, live=None)


@dataclass(frozen=True)
class Path:
    """What a synapse brings from one layer of neurons, and how late.

    number  : of the synapse in its layer, 0 where that has none
    sender  : position of the layer of neurons, of a sum one that it adds
    delay   : steps beyond the synapse's own, int64[1] or int64[neurons of the sender]
    neurons : of the sender
    """

    number: int
    sender: int
    delay: NDArray[np.int64]
    neurons: int

    @cached_property
    def longest(self) -> int:
        """The longest delay."""
        return int(self.delay.max())

    def relays(self, limits: Limits = LOIHI2) -> int:
        """Relays that the path takes, a neuron and a synapse each."""
        needed = hops(self.delay, int(limits["delay"].number))
        return int(needed.sum()) * (self.neurons // needed.size)


def hops(delay: NDArray[np.int64], most: int = int(LOIHI2["delay"].number)) -> NDArray[np.int64]:
    """Relays on the way of each neuron, if a synapse holds a spike back `most` steps.

    A relay's own synapse takes a step more.
    """
    return np.maximum(-(-(delay - most) // (most + 1)), 0)


def paths(network: Model, slots: tuple[Slot, ...], position: int) -> Iterator[Path]:
    """All paths into the neurons of a layer; of a sum none."""
    layer, nothing = network.layers[position], np.zeros(1, np.int64)
    if layer.added:  # its readers have the paths
        return
    for number, source in enumerate(layer.sources):
        axon, late = nothing, 0
        if layer.synapses:
            own = layer.synapses[number].delay
            axon = nothing if own is None else own.astype(np.int64).reshape(-1)
            late = slots[position].delays[number] - 1
        for sender, before in _senders(network, slots, source):
            yield Path(number, sender, axon + late + before, prod(network.layers[sender].shape))


def _senders(network: Model, slots: tuple[Slot, ...], position: int) -> Iterator[tuple[int, int]]:
    """Layers of neurons that one stands for, and the steps that each waits in sums."""
    layer = network.layers[position]
    if not layer.added:
        yield position, 0
    for source, late in zip(layer.added, slots[position].delays, strict=False):
        for sender, before in _senders(network, slots, source):
            yield sender, before + late


@dataclass(frozen=True)
class Size:
    """What a layer takes with its relays.

    neurons, weights, synapses : weights as they are stored, synapses as pairs of neurons
    state_bits : of all neurons
    """

    neurons: int
    weights: int
    synapses: int
    state_bits: int


def size(
    network: Network, slots: tuple[Slot, ...], position: int, wait: int, limits: Limits = LOIHI2
) -> Size:
    """What a layer takes on the chip."""
    layer = network.layers[position]
    relays = sum(path.relays(limits) for path in paths(network, slots, position))
    neurons = prod(layer.shape)
    return Size(
        neurons + relays,
        sum(each.weights for each in forms(network, layer, limits)) + relays,
        synapses(network, layer) + relays,
        neurons * layer.state_bits(wait) + relays * RELAY_BITS,
    )


def forms(network: Model, layer: Layer, limits: Limits = LOIHI2) -> list[Form]:
    """The forms of a layer's synapses."""
    return [form(each, network.layers[each.source].shape, limits) for each in layer.synapses]


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
