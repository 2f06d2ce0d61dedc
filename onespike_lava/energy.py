"""Synaptic operations of a network, layer by layer, and their price (Eq. 6, Tables IV and VI).

Two counts stand side by side: the paper's estimate, spikes per neuron times the source
network's multiply-accumulates, and the exact one, every synapse that every spike passes.
docs/energy.md has the formulas and what they leave out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import (
    Connection,
    Layer,
    Shape,
    Sparse,
    Synapse,
    Window,
)
from onespike_lava.network import Network

PICOJOULES = {
    "fp32": {"multiply": 3.7, "add": 0.9, "mac": 4.6},
    "int8": {"multiply": 0.2, "add": 0.03, "mac": 0.23},
}
"""Energy of an operation in 45 nm at 0.9 V: M. Horowitz, "Computing's energy problem (and what
we can do about it)", ISSCC 2014, Fig. 1.1.9, reference 31 of the paper. A MAC is one of each."""

OPERATIONS = {"graded": ("multiply", "add"), "membrane": ("add",)}
"""What one spike costs at one synapse: a graded spike multiplies weight and payload and adds, a
unary one (membrane weighting) adds the weight (Sec. II-B)."""


@dataclass(frozen=True)
class LayerEnergy:
    """Operations of one layer per sample; picojoules as in `PICOJOULES`.

    spikes_per_neuron : that its neurons send, None for the readout; the input's are bits
    macs      : multiply-accumulates that the source network has here; 0 for pools and skips
    estimated : additions by Eq. 6, spikes per neuron of the layer's source times `macs`
    exact     : spikes that arrive, each counted once for every synapse that it passes
    """

    name: str
    type: str
    neurons: int
    spikes_per_neuron: float | None
    macs: int
    estimated: float
    exact: float


@dataclass(frozen=True)
class Energy:
    """Operations per sample, layer by layer, and what they cost.

    layers    : in the network's order, input first; all totals are sums of these
    weighting : decides what an operation is (`OPERATIONS`)
    """

    layers: tuple[LayerEnergy, ...]
    weighting: str

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the source network."""
        return sum(layer.macs for layer in self.layers)

    @property
    def estimated(self) -> float:
        """Additions as the paper estimates them."""
        return sum(layer.estimated for layer in self.layers)

    @property
    def exact(self) -> float:
        """Synaptic operations counted."""
        return sum(layer.exact for layer in self.layers)

    def picojoules(self, part: LayerEnergy | Energy) -> dict[str, dict[str, float]]:
        """Energy per sample of one layer, or of all where `part` is the whole.

        For each arithmetic: `ann` the source network, `paper` estimated additions (the
        denominator of Eq. 6), `snn` counted operations of this network's weighting.
        """
        return {
            arithmetic: {
                "ann": part.macs * cost["mac"],
                "paper": part.estimated * cost["add"],
                "snn": part.exact * sum(cost[each] for each in OPERATIONS[self.weighting]),
            }
            for arithmetic, cost in PICOJOULES.items()
        }

    @property
    def ratios(self) -> dict[str, float]:
        """Energy of the source network over that of the one-spike network; 0 where none spikes.

        `fp32`, `int8`: Eq. 6, estimated additions. `..._exact`: counted, each an addition.
        `..._snn`: counted, each what this network's weighting needs.
        """
        found = {}
        for arithmetic, spent in self.picojoules(self).items():
            adds = self.exact * PICOJOULES[arithmetic]["add"]
            found[arithmetic] = _ratio(spent["ann"], spent["paper"])
            found[f"{arithmetic}_exact"] = _ratio(spent["ann"], adds)
            found[f"{arithmetic}_snn"] = _ratio(spent["ann"], spent["snn"])
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Layer by layer as JSON-ready values, `picojoules` among them."""
        return [asdict(layer) | {"picojoules": self.picojoules(layer)} for layer in self.layers]


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
    planes = synapse.weight.reshape(*synapse.weight.shape[:2], -1)
    alike = bool((planes == planes[..., :1]).all() and planes.any())
    return alike and bool((np.count_nonzero(planes[..., 0], axis=1) <= 1).all())


def connections(network: Network, layer: Layer) -> Iterator[tuple[Connection, bool]]:
    """Connections into a layer of the network, each with `trained` as `is_fixed` takes it."""
    known = dict(network.provenance).get(TRAINED, "").split(", ")
    position = next(at for at, each in enumerate(network.layers) if each is layer)
    for number, each in enumerate(layer.synapses):
        yield each, path(position, number) in known


def path(position: int, number: int) -> str:
    """Where a file keeps a connection: of the layer at `position`, which of its connections."""
    return f"layer/{position}/synapse/{number}" if number else f"layer/{position}"


def fan_out(
    synapse: Connection, source: Shape, target: Shape, trained: bool = False
) -> NDArray[np.int64]:
    """Synapses that leave each source neuron, int64[*source shape]; fewer at borders.

    A trained weight that was rounded to 0 counts; the zeros of a fixed connection do not.
    """
    if isinstance(synapse, Sparse):
        uses = np.bincount(synapse.indices, minlength=int(np.prod(source[1:])))
        return np.broadcast_to(uses.reshape(source[1:]), source)
    if synapse.kind == "dense":
        return np.full(source, target[0], np.int64)
    if not np.prod(source):
        return np.zeros(source, np.int64)
    readers = _readers(synapse, source, trained)[:, None, None]
    found: NDArray[np.int64] = readers * _uses(synapse, source, target)
    return found


def synapses(synapse: Connection, source: Shape, target: Shape, trained: bool = False) -> int:
    """Synapses of a connection, the sum of its `fan_out`."""
    if isinstance(synapse, Sparse):
        return len(synapse.weight) * source[0]
    if synapse.kind == "dense":
        return prod(source) * target[0]
    kernel = synapse.weight.shape[2:]
    readers = int(_readers(synapse, source, trained).sum())
    return readers * overlaps(synapse.window, kernel, source, target)


def overlaps(window: Window, kernel: Shape, source: Shape, target: Shape) -> int:
    """Pairs of a place of the output and one of the source under its kernel, per channel."""
    return prod(int(overlaps_along(i, window, kernel, source, target).sum()) for i in (0, 1))


def overlaps_along(
    axis: int, window: Window, kernel: Shape, source: Shape, target: Shape
) -> NDArray[np.int64]:
    """For each row (axis 0) or column of a kernel the outputs for which it is on the source."""
    stride, last = window.stride[axis], target[1 + axis] - 1
    taps = np.arange(kernel[axis], dtype=np.int64) * window.dilation[axis]
    before = window.padding[axis] - taps  # the first of `last + 1` outputs lies at -before
    first = np.maximum(-(-before // stride), 0)
    until = np.minimum((before + source[1 + axis] - 1) // stride, last)
    found: NDArray[np.int64] = np.maximum(until - first + 1, 0)
    return found


def _readers(synapse: Synapse, source: Shape, trained: bool) -> NDArray[np.int64]:
    """Output channels that read each source channel, int64[C]."""
    outputs = len(synapse.weight) // synapse.groups
    if not is_fixed(synapse, trained):
        return np.full(source[0], outputs, np.int64)
    grouped = synapse.weight[:, :, 0, 0].reshape(synapse.groups, outputs, -1)
    return np.count_nonzero(grouped, axis=1).reshape(-1).astype(np.int64)


def _uses(synapse: Synapse, source: Shape, target: Shape) -> NDArray[np.int64]:
    """Places of the output whose kernel lies on each place of the source, int64[H, W]."""
    rows, columns = synapse.weight.shape[2:]
    top, left, bottom, right = synapse.window.padding
    height, width = source[1] + top + bottom, source[2] + left + right
    uses = np.zeros((height, width), np.int64)
    for row in range(rows):
        for column in range(columns):
            y, x = row * synapse.window.dilation[0], column * synapse.window.dilation[1]
            down, across = synapse.window.stride
            uses[y : y + down * target[1] : down, x : x + across * target[2] : across][
                : target[1], : target[2]
            ] += 1
    return uses[top : top + source[1], left : left + source[2]]


def macs(synapse: Connection, target: Shape, trained: bool = False) -> int:
    """Multiply-accumulates of the connection per sample, borders not deducted, 0 if fixed.

    A sparse one counts its entries, once for the pairs of neurons that stand for a value.
    """
    if isinstance(synapse, Sparse):
        return len(synapse.weight) * target[0]
    if is_fixed(synapse, trained):
        return 0
    return int(np.prod(synapse.weight.shape[1:])) * int(np.prod(target))


def energy(network: Network, spikes: Mapping[str, NDArray[np.int64]], samples: int) -> Energy:
    """Operations from `spikes`: layer -> int64[*shape], over all samples; none of the readout."""
    rows = [_layer(network, layer, spikes, max(samples, 1)) for layer in network.layers]
    return Energy(tuple(rows), network.weighting)


def _layer(
    network: Network, layer: Layer, spikes: Mapping[str, NDArray[np.int64]], samples: int
) -> LayerEnergy:
    neurons, total, estimated, exact = int(np.prod(layer.shape)), 0, 0.0, 0
    for synapse, trained in connections(network, layer):
        source = network.layers[synapse.source]
        sent = spikes[source.name]
        operations = macs(synapse, layer.shape, trained)
        values = sent.size // (len(synapse.signs) if isinstance(synapse, Sparse) else 1)
        total += operations
        estimated += operations * float(sent.sum()) / samples / values
        exact += int((sent * fan_out(synapse, source.shape, layer.shape, trained)).sum())
    rate = None
    if layer.name in spikes:
        rate = float(spikes[layer.name].sum()) / samples / neurons
    return LayerEnergy(layer.name, layer.kind, neurons, rate, total, estimated, exact / samples)


def _ratio(one: float, two: float) -> float:
    return one / two if two else 0.0
