"""Which value of its source each one-spike layer codes, and what its codes are worth."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.coding import coded_input
from exporters.graph import Graph, is_spiking
from exporters.graph.execution import run
from exporters.passes.pipeline import prepare
from onespike_lava import coding
from onespike_lava.errors import DataError
from onespike_lava.layers import Spiking, unblocked
from onespike_lava.network import Network

Floats = NDArray[np.float64]
Values = dict[str, NDArray[Any]]


@dataclass(frozen=True)
class Parts:
    """Which value of the prepared source each layer's code stands for.

    nodes : layer of the network -> node of `prepared` whose value it codes
    """

    network: Network
    prepared: Graph
    nodes: Mapping[str, str]

    @classmethod
    def of(cls, network: Network, source: Graph) -> Parts:
        """The parts of a network and the source as read.

        Raises `DataError` where the network was not made from that source.
        """
        known = dict(network.provenance)
        pool, double = known.get("average_pool", "own"), known.get("double", "none")
        prepared, _ = prepare(source, pool, double)
        shapes = prepared.shapes()
        nodes = {node.inputs[0]: node.name for node in prepared.nodes if is_spiking(node)}
        nodes[coded_input(prepared.input.name)] = prepared.input.name
        for layer in network.hidden:
            if layer.name not in nodes or shapes[nodes[layer.name]] != layer.shape:
                raise DataError(
                    f"model: has no layer {layer.name!r} of shape {list(layer.shape)}; give the "
                    "network that the file was made from"
                )
        return cls(network, prepared, nodes)

    def exact(self, x: NDArray[Any]) -> Values:
        """Every node's value."""
        values: Values = {}
        self.prepared.evaluate(x, lambda node, value: values.update({node.name: value}))
        return values

    def decoded(self, layer: Spiking, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What recorded codes uint8[N, *code.shape(shape)] are worth, float32[N, *shape]."""
        return self._shifted(layer, worth(layer, codes)).astype(np.float32)

    def coded(self, layer: Spiking, value: NDArray[Any]) -> NDArray[np.float32]:
        """Exact values as the layer's code alone would carry them, same shape."""
        unit = unit_of(layer)
        apart = value - self._shifted(layer, np.zeros(value.shape))
        found = coding.decoded(apart / unit, levels(layer), thresholds(layer), layer.max_spikes)
        return self._shifted(layer, found * unit).astype(np.float32)

    def _shifted(self, layer: Spiking, values: Floats) -> Floats:
        """One spike for an input value codes its distance from the range's low end."""
        if self.nodes[layer.name] != self.prepared.input.name:
            return values
        low = self.network.input.low
        return values + low.reshape(-1, *[1] * (values.ndim - 2))

    def result(self, values: Values, changed: Values, last: str) -> NDArray[Any]:
        """Logits [N, outputs] where nodes up to `last` have other values, exact behind it.

        values : exact value of every node, of which those before `last` are taken
        """
        names = [node.name for node in self.prepared.nodes]
        before = names[: names.index(last)]
        known = {name: values[name] for name in before} | changed
        return self._logits(run(self.prepared.nodes, self.prepared.output, known))

    def logits(self, values: Values) -> NDArray[Any]:
        """Logits [N, outputs] in the order of scores."""
        return self._logits(values[self.prepared.output])

    def _logits(self, value: NDArray[Any]) -> NDArray[Any]:
        """The output node's value; its planes may lie in blocks."""
        return unblocked(value, self.prepared.blocks).reshape(len(value), -1)


def worth(layer: Spiking, codes: NDArray[np.uint8]) -> Floats:
    """What spikes are worth, codes uint8[N, *code.shape(shape)], in the source's values.

    float64[N, *shape]; of a layer that codes the input its distance from the range's low end.
    """
    unit = np.concatenate([[0.0], levels(layer)])[codes]
    return unit.reshape(len(codes), -1, *layer.shape).sum(axis=1) * unit_of(layer)


def levels(layer: Spiking) -> Floats:
    """What a spike of each phase is worth in units of the constant, float64[T]."""
    if layer.growth is None:
        return layer.payload / 2.0**layer.payload_bits
    return coding.levels(len(layer.payload), layer.base)


def thresholds(layer: Spiking) -> Floats:
    """Threshold of each phase at full wait in units of the constant, float64[T]."""
    unit = 2.0**layer.payload_bits
    if layer.growth is None:
        return layer.threshold_table / (2 * unit)
    return layer.threshold_table[-1] / (unit * layer.growth.base**layer.growth.steps)


def unit_of(layer: Spiking) -> Floats:
    """Constants of a layer's channels, in the shape of one sample."""
    return layer.constant.reshape(-1, *[1] * (len(layer.shape) - 1))
