"""Which neurons a connection joins: synapses counted, fewer at borders, and what was trained.

`trained` tells a map that was trained from one that only looks like a skip or a pool (`is_fixed`).
A synapse that was pruned (`Synapse.live`) is none any more.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import prod
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import (
    CONNECTIONS,
    Connection,
    Layer,
    Registry,
    Shape,
    Sparse,
    Synapse,
    Window,
)
from onespike_lava.model import Model

Integers = NDArray[np.int64]

TRAINED = "trained_maps"
"""Entry of the provenance that names trained connections whose numbers are those of a fixed one."""


def is_fixed(synapse: Connection, trained: bool = False) -> bool:
    """Whether the connection carries no trained weights: a skip, slice, pad or average pool.

    Each of its output channels reads one channel, with one weight all over the kernel; the
    source network adds there, and has no multiply-accumulates. A trained depthwise convolution
    of one place has such numbers too; `trained` tells it, and what else was trained, from these.
    """
    if trained or not isinstance(synapse, Synapse) or synapse.kind == "dense":
        return False
    if synapse.live is not None:
        return False
    planes = synapse.weight.reshape(*synapse.weight.shape[:2], -1)
    alike = bool((planes == planes[..., :1]).all() and planes.any())
    return alike and bool((np.count_nonzero(planes[..., 0], axis=1) <= 1).all())


def connections(network: Model, layer: Layer) -> Iterator[tuple[Connection, bool]]:
    """Connections into a layer of the network, each with `trained` as `is_fixed` takes it."""
    known = dict(network.provenance).get(TRAINED, "").split(", ")
    position = next(at for at, each in enumerate(network.layers) if each is layer)
    for number, each in enumerate(layer.synapses):
        yield each, path(position, number) in known


def path(position: int, number: int) -> str:
    """Where a file keeps a connection: of the layer at `position`, which of its connections."""
    return f"layer/{position}/synapse/{number}" if number else f"layer/{position}"


class Counts(Protocol):
    """What is counted of a connection class; shapes of source and target are (C, H, W) or (F,)."""

    def fan_out(self, part: Any, source: Shape, target: Shape, trained: bool) -> Integers:
        """Synapses that leave each source neuron, int64[*source shape]."""

    def synapses(self, part: Any, source: Shape, target: Shape, trained: bool) -> int:
        """Their sum."""

    def fan_in(self, part: Any) -> int:
        """Most source neurons that one neuron reads."""

    def macs(self, part: Any, target: Shape, trained: bool) -> int:
        """Multiply-accumulates of the source network."""

    def neurons_per_value(self, part: Any) -> int:
        """Neurons of the source that together stand for one of its values."""


COUNTS: Registry[type[Counts]] = Registry("synapses counted", CONNECTIONS)


def fan_out(
    synapse: Connection, source: Shape, target: Shape, trained: bool = False
) -> NDArray[np.int64]:
    """Synapses that leave each source neuron, int64[*source shape]; fewer at borders.

    A trained weight that was rounded to 0 counts; one that was pruned, or of a fixed connection,
    does not.
    """
    return COUNTS.of(synapse)().fan_out(synapse, source, target, trained)


def synapses(synapse: Connection, source: Shape, target: Shape, trained: bool = False) -> int:
    """Synapses of a connection, the sum of its `fan_out`."""
    return COUNTS.of(synapse)().synapses(synapse, source, target, trained)


def fan_in(synapse: Connection) -> int:
    """The most source neurons that one neuron of the layer reads, borders and zeros included.

    What was pruned is not.
    """
    return COUNTS.of(synapse)().fan_in(synapse)


def macs(synapse: Connection, target: Shape, trained: bool = False) -> int:
    """Multiply-accumulates of the connection per sample, borders not deducted, 0 if fixed.

    What was pruned has none.

    A sparse one counts its entries, once for the pairs of neurons that stand for a value.
    """
    return COUNTS.of(synapse)().macs(synapse, target, trained)


def neurons_per_value(synapse: Connection) -> int:
    """Neurons of the source that together stand for one of its values: 2 of signed pairs."""
    return COUNTS.of(synapse)().neurons_per_value(synapse)


@COUNTS.add(Sparse)
class _OfMatrix:
    def fan_out(self, part: Sparse, source: Shape, target: Shape, trained: bool) -> Integers:
        uses = np.bincount(part.indices, minlength=prod(source[1:]))
        return np.broadcast_to(uses.reshape(source[1:]), source)

    def synapses(self, part: Sparse, source: Shape, target: Shape, trained: bool) -> int:
        return len(part.weight) * source[0]

    def fan_in(self, part: Sparse) -> int:
        return int(np.diff(part.indptr).max()) * len(part.signs)

    def macs(self, part: Sparse, target: Shape, trained: bool) -> int:
        return len(part.weight) * target[0]

    def neurons_per_value(self, part: Sparse) -> int:
        return len(part.signs)


@COUNTS.add(Synapse)
class _OfKernel:
    def fan_out(self, part: Synapse, source: Shape, target: Shape, trained: bool) -> Integers:
        if part.live is not None:
            return _live(part, part.live, source, target)
        if part.kind == "dense":
            return np.full(source, target[0], np.int64)
        if not prod(source):
            return np.zeros(source, np.int64)
        readers = _readers(part, source, trained)[:, None, None]
        found: NDArray[np.int64] = readers * _uses(part, source, target)
        return found

    def synapses(self, part: Synapse, source: Shape, target: Shape, trained: bool) -> int:
        if part.live is not None:
            return int(_live(part, part.live, source, target).sum())
        if part.kind == "dense":
            return prod(source) * target[0]
        readers = int(_readers(part, source, trained).sum())
        return readers * overlaps(part.window, part.weight.shape[2:], source, target)

    def fan_in(self, part: Synapse) -> int:
        if part.live is not None:
            return int(np.count_nonzero(part.live.reshape(len(part.live), -1), axis=1).max())
        return prod(part.weight.shape[1:])

    def macs(self, part: Synapse, target: Shape, trained: bool) -> int:
        if part.live is not None:
            return part.count * prod(target[1:])
        return 0 if is_fixed(part, trained) else prod(part.weight.shape[1:]) * prod(target)

    def neurons_per_value(self, part: Synapse) -> int:
        return 1


def overlaps(window: Window, kernel: Shape, source: Shape, target: Shape) -> int:
    """Pairs of a place of the output and one of the source under its kernel, per channel."""
    return prod(int(window.overlaps(axis, kernel, source, target).sum()) for axis in (0, 1))


def _readers(synapse: Synapse, source: Shape, trained: bool) -> NDArray[np.int64]:
    """Output channels that read each source channel, int64[C]."""
    outputs = len(synapse.weight) // synapse.groups
    if not is_fixed(synapse, trained):
        return np.full(source[0], outputs, np.int64)
    grouped = synapse.weight[:, :, 0, 0].reshape(synapse.groups, outputs, -1)
    return np.count_nonzero(grouped, axis=1).reshape(-1).astype(np.int64)


def _uses(synapse: Synapse, source: Shape, target: Shape) -> NDArray[np.int64]:
    """Places of the output whose kernel lies on each place of the source, int64[H, W]."""
    window = synapse.window
    uses = np.zeros(window.padded(source)[1:], np.int64)
    for _, _, under in window.taps(synapse.weight.shape[2:], target[1:]):
        uses[under] += 1
    top, left, _, _ = window.padding
    return uses[top : top + source[1], left : left + source[2]]


def _live(
    synapse: Synapse, live: NDArray[np.bool_], source: Shape, target: Shape
) -> NDArray[np.int64]:
    """Synapses that were not pruned and leave each source neuron, int64[*source shape]."""
    if synapse.kind == "dense":
        return np.count_nonzero(live, axis=0).reshape(source).astype(np.int64)
    window, kernel = synapse.window, live.shape[2:]
    grouped = live.reshape(synapse.groups, -1, *live.shape[1:])
    readers = np.count_nonzero(grouped, axis=1).reshape(source[0], *kernel)
    uses = np.zeros(window.padded(source), np.int64)
    for row, column, (down, across) in window.taps(kernel, target[1:]):
        uses[:, down, across] += readers[:, row, column, None, None]
    top, left, _, _ = window.padding
    return uses[:, top : top + source[1], left : left + source[2]]
