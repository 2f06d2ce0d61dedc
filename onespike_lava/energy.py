"""Synaptic operations and the energy ratio of Eq. 6, estimated as in the paper and exact."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Connection, Input, Layer, Readout, Shape, Sparse, Spiking

if TYPE_CHECKING:
    from onespike_lava.network import Network

PICOJOULES = {
    "fp32": {"mac": 4.6, "add": 0.9, "multiply": 3.7},
    "int8": {"mac": 0.23, "add": 0.03, "multiply": 0.2},
}
"""45 nm, M. Horowitz, ISSCC 2014 (reference 31 of the paper); a MAC is one of each."""


@dataclass(frozen=True)
class Energy:
    """Operations per sample and the energy ratio `E` of source network to one-spike network.

    macs      : multiply-accumulates of the source network
    estimated : additions by Eq. 6, spikes per neuron of the source layer times MACs
    exact     : synaptic operations counted, borders included
    ratios    : `fp32` and `int8`, `E` of Eq. 6 with the estimated additions;
                `..._exact` with the counted ones; `..._graded` counted, where each operation
                is a multiplication and an addition as a graded spike needs
    """

    macs: float
    estimated: float
    exact: float
    ratios: Mapping[str, float]


def fan_out(synapse: Connection, source: Shape, target: Shape) -> NDArray[np.int64]:
    """Synapses that leave each source neuron, int64[*source shape]; fewer at borders."""
    if isinstance(synapse, Sparse):
        uses = np.bincount(synapse.indices, minlength=int(np.prod(source[1:])))
        return np.broadcast_to(uses.reshape(source[1:]), source)
    if synapse.kind == "dense":
        return np.full(source, target[0], np.int64)
    if not np.prod(source):
        return np.zeros(source, np.int64)
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
    inside = uses[top : top + source[1], left : left + source[2]]
    return np.broadcast_to(inside * (target[0] // synapse.groups), source)


def macs(synapse: Connection, target: Shape) -> int:
    """Multiply-accumulates of the connection per sample, borders not deducted.

    A sparse one counts its entries, once for the pairs of neurons that stand for a value.
    """
    if isinstance(synapse, Sparse):
        return len(synapse.weight) * target[0]
    return int(np.prod(synapse.weight.shape[1:])) * int(np.prod(target))


def energy(network: Network, spikes: Mapping[str, NDArray[np.int64]], samples: int) -> Energy:
    """Operations and energy ratios from `spikes`: layer -> int64[*shape], over all samples."""
    total, estimated, exact = 0.0, 0.0, 0.0
    count = max(samples, 1)
    for layer in network.layers:
        for synapse in _synapses(layer):
            source = network.layers[synapse.source]
            sent = spikes[source.name]
            operations = macs(synapse, layer.shape)
            total += operations
            values = sent.size // (len(synapse.signs) if isinstance(synapse, Sparse) else 1)
            estimated += operations * float(sent.sum()) / count / values
            exact += float((sent * fan_out(synapse, source.shape, layer.shape)).sum()) / count
    ratios = {}
    for kind, cost in PICOJOULES.items():
        ratios[kind] = _ratio(total * cost["mac"], estimated * cost["add"])
        ratios[f"{kind}_exact"] = _ratio(total * cost["mac"], exact * cost["add"])
        graded = exact * (cost["add"] + cost["multiply"])
        ratios[f"{kind}_graded"] = _ratio(total * cost["mac"], graded)
    return Energy(total, estimated, exact, ratios)


def _ratio(one: float, two: float) -> float:
    return one / two if two else 0.0


def _synapses(layer: Layer) -> tuple[Connection, ...]:
    return layer.synapses if isinstance(layer, (Spiking, Readout)) else ()


def spikes_of(codes: NDArray[np.uint8], layer: Layer) -> NDArray[np.int64]:
    """Spikes of each neuron over all samples, int64[*shape], from codes uint8[N, *code_shape]."""
    if isinstance(layer, Input):
        bits = np.unpackbits(np.arange(256, dtype=np.uint8)[:, None], axis=1).sum(axis=1)
        counted: NDArray[np.int64] = bits.astype(np.int64)[codes].sum(axis=0)
        return counted
    return np.count_nonzero(codes.reshape(-1, *layer.shape), axis=0).astype(np.int64)
