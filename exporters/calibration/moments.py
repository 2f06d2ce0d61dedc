"""Mean and covariance of what linear maps read, gathered as the network runs.

Convolutions see many places of a sample; a seeded draw of them stands for all.
"""

from __future__ import annotations

from collections.abc import Iterator
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
Places = tuple[NDArray[Any], NDArray[Any], NDArray[Any]] | None
"""Sample, row and column of drawn outputs of a convolution; None of a linear map, whose samples
all count."""

ROWS_PER_WEIGHT = 4
"""Fewer observations than that per weight tell nothing of how inputs go together."""

INPUTS_MAX = 2**13
"""Maps of more inputs have no moments: their covariance alone would be more than half a GB."""

PLACES = 32
"""Places of a sample that enter the moments."""

ROWS_BYTES = 2**26
"""Memory that what drawn outputs read may take at a time, in float64."""


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


def is_enough(node: Node, rows: int) -> bool:
    """Whether so many observations tell how the inputs of a map go together, at a bearable cost."""
    inputs = node.params["weight"][0].size
    return bool(ROWS_PER_WEIGHT * inputs <= rows and inputs <= INPUTS_MAX)


def drawn(node: Node, size: Shape, places: int) -> int:
    """How many outputs of each sample are drawn.

    size   : rows and columns of the map's output, () of a linear map
    places : at most so many outputs of a sample
    """
    return 1 if node.op == "linear" else min(places, size[0] * size[1])


def draw(node: Node, samples: int, size: Shape, places: int, random: np.random.Generator) -> Places:
    """Drawn outputs of a map on so many samples; parameters as of `drawn`."""
    if node.op == "linear":
        return None
    count = drawn(node, size, places) * samples
    sample = random.integers(0, samples, count)
    return sample, random.integers(0, size[0], count), random.integers(0, size[1], count)


def seen(node: Node, inputs: NDArray[Any], at: Places) -> NDArray[Any]:
    """What drawn outputs of a map read, [N', groups, K], of inputs [N, *source]."""
    if at is None:
        return inputs.reshape(len(inputs), 1, -1)
    sample, row, column = at
    view = window(node).view(inputs, node.params["weight"].shape[2:])
    return view[sample, :, row, column].reshape(len(sample), groups_of(node), -1)


def in_runs(node: Node, samples: int, at: Places) -> Iterator[tuple[slice, Places]]:
    """The drawn outputs in runs that bound the memory of what they read.

    Which samples [N, ...] a run reads, and its places.
    """
    inputs = node.params["weight"][0].size * groups_of(node)
    size = max(1, ROWS_BYTES // (8 * inputs))
    for start in range(0, samples if at is None else len(at[0]), size):
        part = slice(start, start + size)
        if at is None:
            yield part, None
        else:
            yield slice(None), (at[0][part], at[1][part], at[2][part])


class Sums:
    """Sums of what outputs read, less `origin` float64[groups, 1, K], what the first one read.

    So what is large and does not vary cancels exactly.
    """

    def __init__(self, origin: Floats) -> None:
        groups, _, size = origin.shape
        self.origin, self.count = origin, 0
        self.total: Floats = np.zeros((groups, size))
        self.square: Floats = np.zeros((groups, size, size))

    def add(self, rows: Floats) -> Floats:
        """Take in rows float64[groups, N, K]; returns them less the origin."""
        part: Floats = rows - self.origin
        self.count += part.shape[1]
        self.total += part.sum(axis=1)
        self.square += part.transpose(0, 2, 1) @ part
        return part

    @property
    def moments(self) -> Moments:
        """Mean and covariance of all rows."""
        mean = self.total / self.count
        covariance = self.square / self.count - mean[:, :, None] * mean[:, None]
        return Moments(self.origin[:, 0] + mean, covariance)


class Reading:
    """Moments of one map, as it reads part after part."""

    def __init__(self, node: Node) -> None:
        self.node = node
        self.sums: Sums | None = None

    def add(self, inputs: NDArray[Any], at: Places) -> None:
        """Take in what drawn outputs read of inputs [N, *source]."""
        for samples, places in in_runs(self.node, len(inputs), at):
            part = seen(self.node, inputs[samples], places).transpose(1, 0, 2)
            rows = part.astype(np.float64)
            self.sums = self.sums or Sums(rows[:, :1].copy())
            self.sums.add(rows)

    @property
    def moments(self) -> Moments | None:
        """None where too little was read."""
        enough = self.sums is not None and is_enough(self.node, self.sums.count)
        return self.sums.moments if enough and self.sums is not None else None


class Gathering:
    """An observer of a graph's run that sums up what each free map reads."""

    def __init__(self, graph: Graph) -> None:
        maps = (node for node in graph.nodes if is_free(node))
        self.maps = {node.name: Reading(node) for node in maps if _is_small(node)}
        self.read = {each.node.inputs[0] for each in self.maps.values()}
        self.values: dict[str, NDArray[Any]] = {}
        self.random = np.random.default_rng(0)

    def __call__(self, node: Node, value: NDArray[Any]) -> None:
        """Take in one node's value [N, *shape] of a batch."""
        if node.name in self.maps:
            inputs = self.values[node.inputs[0]]
            at = draw(node, len(inputs), value.shape[2:], PLACES, self.random)
            self.maps[node.name].add(inputs, at)
        if node.name in self.read:
            self.values[node.name] = value

    def moments(self) -> dict[str, Moments]:
        """Moments of each map of which enough was seen."""
        found = {name: each.moments for name, each in self.maps.items()}
        return {name: each for name, each in found.items() if each is not None}


def _is_small(node: Node) -> bool:
    return bool(node.params["weight"][0].size <= INPUTS_MAX)
