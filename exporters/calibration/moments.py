"""Mean and covariance of what linear maps read, gathered as the network runs.

Convolutions see many places of a sample; a seeded draw of them stands for all.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.graph import Graph, Node
from exporters.graph.arithmetic import groups_of, window
from exporters.passes.algebra import is_fixed
from exporters.passes.draft import LINEAR
from onespike_lava.layers import Shape

Floats = NDArray[np.float64]

ROWS_PER_WEIGHT = 4
"""Fewer observations than that per weight tell nothing of how inputs go together."""

PLACES = 32
"""Places of a sample that enter the moments."""


@dataclass(frozen=True)
class Moments:
    """Mean and covariance of what a map reads on the calibration data, in the source network.

    mean       : float64[groups, K], `K` the inputs of one output, in the order of its weights
    covariance : float64[groups, K, K]
    """

    mean: Floats
    covariance: Floats


def is_free(node: Node) -> bool:
    """Whether a node is a map of trained weights: not that of an average pool or a skip."""
    return node.op in LINEAR and not is_fixed(node)


def draw(
    node: Node, inputs: NDArray[Any], size: Shape, places: int, random: np.random.Generator
) -> tuple[NDArray[Any], tuple[Any, ...]]:
    """What drawn outputs of a map see [N', groups, K], and the index of these outputs.

    inputs : [N, *source], what the map reads
    size   : rows and columns of its output, () of a linear map, whose samples all count
    places : at most so many outputs of a sample
    """
    if node.op == "linear":
        return inputs.reshape(len(inputs), 1, -1), (slice(None),)
    view = window(node).view(inputs, node.params["weight"].shape[2:])
    count = min(places, size[0] * size[1]) * len(inputs)
    sample = random.integers(0, len(inputs), count)
    row, column = random.integers(0, size[0], count), random.integers(0, size[1], count)
    seen = view[sample, :, row, column].reshape(count, groups_of(node), -1)
    return seen, (sample, slice(None), row, column)


class _Sums:
    """Sums of what outputs read, less `origin` float64[groups, 1, K], what the first one read.

    So what is large and does not vary cancels exactly.
    """

    def __init__(self, origin: Floats) -> None:
        groups, _, size = origin.shape
        self.origin, self.count = origin, 0
        self.total: Floats = np.zeros((groups, size))
        self.square: Floats = np.zeros((groups, size, size))

    def add(self, rows: Floats) -> None:
        """Take in rows float64[groups, N, K], `origin` still to be taken off."""
        part = rows - self.origin
        self.count += part.shape[1]
        self.total += part.sum(axis=1)
        self.square += part.transpose(0, 2, 1) @ part


class Gathering:
    """An observer of `Graph.evaluate` that sums up what each free map reads."""

    def __init__(self, graph: Graph) -> None:
        self.maps = {node.name: node for node in graph.nodes if is_free(node)}
        self.read = {node.inputs[0] for node in self.maps.values()}
        self.values: dict[str, NDArray[Any]] = {}
        self.random = np.random.default_rng(0)
        self.sums: dict[str, _Sums] = {}

    def __call__(self, node: Node, value: NDArray[Any]) -> None:
        """Take in one node's value [N, *shape] of a batch."""
        if node.name in self.maps:
            self._add(node, self.values[node.inputs[0]], value.shape[2:])
        if node.name in self.read:
            self.values[node.name] = value

    def _add(self, node: Node, inputs: NDArray[Any], size: Shape) -> None:
        seen, _ = draw(node, inputs, size, PLACES, self.random)
        rows = seen.transpose(1, 0, 2).astype(np.float64)
        sums = self.sums.setdefault(node.name, _Sums(rows[:, :1].copy()))
        sums.add(rows)

    def moments(self) -> dict[str, Moments]:
        """Moments of each map of which enough was seen."""
        found = {}
        for name, sums in self.sums.items():
            if sums.count >= ROWS_PER_WEIGHT * sums.origin.shape[2]:
                mean = sums.total / sums.count
                covariance = sums.square / sums.count - mean[:, :, None] * mean[:, None]
                found[name] = Moments(sums.origin[:, 0] + mean, covariance)
        return found
