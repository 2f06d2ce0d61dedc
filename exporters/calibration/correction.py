"""Corrections of the coding error without training: biases or weights, layer by layer.

The source network and its one-spike form run side by side on the calibration data. Each
linear map, in order, is moved so that from *coded* inputs it gives what the source gives from
exact ones: its mean (`bias`), or its least squares (`weights`, ridge regression in closed
form). Values of the nodes in use lie in files of a temporary folder, not in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.codes import Code
from exporters.calibration.coding import InputCoding
from exporters.calibration.histograms import BATCH
from exporters.calibration.moments import ROWS_PER_WEIGHT, draw, is_free
from exporters.graph import Graph, Node
from exporters.graph.arithmetic import groups_of
from exporters.graph.execution import step
from onespike_lava.layers import Shape
from onespike_lava.system.files import reserve, scratch
from onespike_lava.system.progress import Progress, each, silent

Floats = NDArray[np.float64]
Values = NDArray[np.float32]

RIDGE = 1e-2
"""Share of the inputs' mean variance that holds weights to where they were."""

PLACES = 128
"""Places of a sample that enter a regression."""


def correct(
    graph: Graph,
    codes: Mapping[str, Code],
    coding: InputCoding,
    samples: NDArray[Any],
    mode: str,
    progress: Progress = silent,
) -> Graph:
    """The prepared graph with corrected linear maps.

    codes   : spiking node -> its code
    coding  : how the coded network sees its input
    samples : float[N, *shape], calibration data
    mode    : `bias` or `weights`

    Linear maps of an exact (binary-coded) input are left as they are; so are maps of fixed weights
    (average pools, skip connections), whose error a later map of the same sum takes over.
    """
    with scratch() as folder:
        return _Twins(graph, codes, coding, samples, folder).corrected(mode, progress)


class _Twins:
    """Values of all nodes in use, exact and coded, on all samples."""

    def __init__(
        self,
        graph: Graph,
        codes: Mapping[str, Code],
        coding: InputCoding,
        samples: NDArray[Any],
        folder: Path,
    ) -> None:
        self.graph, self.codes, self.folder = graph, codes, folder
        self.shapes, self.count = graph.shapes(), len(samples)
        self.readers = graph.consumers()
        self.exact: dict[str, Values] = {}
        self.coded: dict[str, Values] = {}
        name = graph.input.name
        self._store(self.exact, "exact", name, lambda part: samples[part])
        self._store(self.coded, "coded", name, lambda part: coding.apply(samples[part]))
        self.exact_input = coding.code is None

    def corrected(self, mode: str, progress: Progress) -> Graph:
        """Walk the graph once, correcting as the coded values become known."""
        last = {name: node.name for node in self.graph.nodes for name in node.inputs}
        nodes = [self.graph.input]
        for node in each(self.graph.nodes[1:], "correction", progress):
            self._advance(self.exact, "exact", node)
            if is_free(node) and self._is_coded(node):
                node = self._moved(node, mode)
            self._advance(self.coded, "coded", node)
            nodes.append(node)
            for name in node.inputs:
                if last[name] == node.name:
                    self._drop(name)
        return replace(self.graph, nodes=tuple(nodes))

    def _is_coded(self, node: Node) -> bool:
        return not self.exact_input or node.inputs[0] != self.graph.input.name

    def _moved(self, node: Node, mode: str) -> Node:
        """The node with weights or biases that make up for what its input lost."""
        sums = _Sums(node, self.shapes[node.inputs[0]])
        random = np.random.default_rng(0)
        for part in self._parts():
            sums.add(self.coded[node.inputs[0]][part], self._error(node, part), random)
        weight, bias = sums.solution(mode)
        params = dict(node.params)
        params["weight"] = node.params["weight"] + weight
        params["bias"] = node.params.get("bias", 0.0) + bias
        return replace(node, params=params, exact=True)

    def _error(self, node: Node, part: slice) -> Values:
        """What the neurons behind the node lack: exact less coded sum of all their inputs."""
        coded = step(node, [self.coded[node.inputs[0]][part]])
        error = self.exact[node.name][part] - coded
        for reader in self.readers[node.name]:
            for name in reader.inputs if reader.op == "add" else ():
                if name != node.name:
                    error += self._summand(name, part, self.exact)
                    error -= self._summand(name, part, self.coded)
        return error

    def _summand(self, name: str, part: slice, values: dict[str, Values]) -> Values:
        """A fellow summand's value; of one that comes later, exact in both networks."""
        if name in values:
            return values[name][part]
        node = self.graph.node(name)
        source = values.get(node.inputs[0], self.exact.get(node.inputs[0]))
        if source is None:
            return np.zeros(1, np.float32)
        return step(node, [source[part]])

    def _advance(self, values: dict[str, Values], kind: str, node: Node) -> None:
        code = self.codes.get(node.name) if kind == "coded" else None

        def compute(part: slice) -> NDArray[Any]:
            value = step(node, [values[name][part] for name in node.inputs])
            return value if code is None else code.apply(value)

        self._store(values, kind, node.name, compute)

    def _store(
        self,
        values: dict[str, Values],
        kind: str,
        name: str,
        compute: Callable[[slice], NDArray[Any]],
    ) -> None:
        place = [node.name for node in self.graph.nodes].index(name)
        path = self.folder / f"{kind}-{place}"
        shape = (self.count, *self.shapes[name])
        reserve(path, np.dtype(np.float32).itemsize * prod(shape))
        stored: Values = np.memmap(path, np.float32, "r+", shape=shape)
        for part in self._parts():
            stored[part] = compute(part)
        values[name] = stored

    def _drop(self, name: str) -> None:
        for values in (self.exact, self.coded):
            stored = values.pop(name, None)
            if isinstance(stored, np.memmap) and stored.filename is not None:
                Path(stored.filename).unlink()

    def _parts(self) -> list[slice]:
        return [slice(start, start + BATCH) for start in range(0, self.count, BATCH)]


class _Sums:
    """Sums of a regression of a node's error on its coded inputs, group by group.

    Inputs count from those of the first output on: what is large and does not vary cancels exactly.
    """

    def __init__(self, node: Node, source: Shape) -> None:
        self.node = node
        self.weight = node.params["weight"]
        self.groups = groups_of(node)
        fan_in, outputs = self.weight[0].size, len(self.weight) // self.groups
        self.square: Floats = np.zeros((self.groups, fan_in + 1, fan_in + 1))
        self.product: Floats = np.zeros((self.groups, fan_in + 1, outputs))
        self.origin: Floats = np.zeros((self.groups, 0, fan_in))

    def add(self, inputs: Values, wanted: Values, random: np.random.Generator) -> None:
        """Take in one batch: `wanted` [N, O, ...] from `inputs` [N, *source]."""
        rows, targets = self._rows(inputs, wanted, random)
        if not self.origin.size:
            self.origin = rows[:, :1].copy()
        ones = np.ones((len(rows), rows.shape[1], 1))
        known = np.concatenate([rows - self.origin, ones], axis=2)
        self.square += known.transpose(0, 2, 1) @ known
        self.product += known.transpose(0, 2, 1) @ targets

    def _rows(
        self, inputs: Values, wanted: Values, random: np.random.Generator
    ) -> tuple[Floats, Floats]:
        """What each sampled output sees float64[groups, rows, fan-in], and what it lacks."""
        seen, at = draw(self.node, inputs, wanted.shape[2:], PLACES, random)
        lacks = wanted[at].reshape(len(seen), self.groups, -1)
        rows, targets = seen.astype(np.float64), lacks.astype(np.float64)
        return rows.transpose(1, 0, 2), targets.transpose(1, 0, 2)

    @property
    def enough(self) -> bool:
        """Whether there are observations enough to correct more than the bias."""
        return bool(self.square[:, -1, -1].min() >= ROWS_PER_WEIGHT * self.weight[0].size)

    def solution(self, mode: str) -> tuple[Floats, Floats]:
        """Changes of weight and bias, in the shapes of the node's."""
        count = self.square[:, -1:, -1:]
        means: Floats = self.square[:, -1:, :-1] / count
        offsets: Floats = self.product[:, -1:] / count
        if mode == "bias" or not self.enough:
            return np.zeros(self.weight.shape), offsets.reshape(-1)
        covariance: Floats = self.square[:, :-1, :-1] / count - means.transpose(0, 2, 1) @ means
        cross: Floats = self.product[:, :-1] / count - means.transpose(0, 2, 1) @ offsets
        size = covariance.shape[1]
        variance = np.trace(covariance, axis1=1, axis2=2)[:, None, None] / size
        damped = covariance + (RIDGE * variance + 1e-12) * np.eye(size)
        change = np.linalg.solve(damped, cross)
        bias: Floats = offsets - (means + self.origin) @ change
        return change.transpose(0, 2, 1).reshape(self.weight.shape), bias.reshape(-1)
