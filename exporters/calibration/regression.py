"""What a linear map must change to give, from coded inputs, what the source gives from exact ones.

Its mean (`bias`), or its least squares (`weights`, ridge regression in closed form).
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.moments import Places, Sums, in_runs, is_enough, seen
from exporters.graph import Node
from exporters.graph.arithmetic import groups_of

Floats = NDArray[np.float64]
Values = NDArray[np.float32]

RIDGE = 1e-2
"""Share of the inputs' mean variance that holds weights to where they were."""

PLACES = 128
"""Places of a sample that enter a regression at most."""

ROWS_WANTED = 64
"""Observations of each weight that are enough: four times as many move no accuracy."""

ROWS = 2**14
"""Observations that cost nothing, and are taken where there are so many."""

EXACT_MAX = 2**22
"""Weights of a map, up to which it becomes one of float64 where its bias alone is corrected."""


def places_of(node: Node, samples: int) -> int:
    """Places of each of so many samples that enter the regression of a map."""
    rows = max(ROWS, ROWS_WANTED * int(node.params["weight"][0].size))
    return min(PLACES, -(-rows // samples))


class Regression:
    """A regression of what a map's neurons lack on its coded inputs, group by group.

    node : the map
    rows : observations that will come; too few of them correct the bias alone
    mode : `bias` or `weights`
    """

    def __init__(self, node: Node, rows: int, mode: str) -> None:
        self.node, self.weight = node, node.params["weight"]
        self.whole = mode == "weights" and is_enough(node, rows)
        self.groups = groups_of(node)
        self.lacking: Floats = np.zeros(len(self.weight))
        self.count = 0
        self.sums: Sums | None = None
        inputs = self.weight[0].size if self.whole else 0
        self.product: Floats = np.zeros((self.groups, inputs, len(self.weight) // self.groups))

    def add(self, inputs: Values, at: Places, lacks: Values) -> None:
        """Take in what drawn outputs lack, float32[N', O], and read of coded inputs."""
        self.count += len(lacks)
        self.lacking += lacks.sum(axis=0, dtype=np.float64)
        if not self.whole:
            return
        first = 0
        for samples, places in in_runs(self.node, len(inputs), at):
            part = seen(self.node, inputs[samples], places).transpose(1, 0, 2)
            rows = part.astype(np.float64)
            wanted = lacks[first : first + rows.shape[1]].astype(np.float64)
            first += rows.shape[1]
            self.sums = self.sums or Sums(rows[:, :1].copy())
            known = self.sums.add(rows)
            targets = wanted.reshape(len(wanted), self.groups, -1).transpose(1, 0, 2)
            self.product += known.transpose(0, 2, 1) @ targets

    def solution(self) -> Node:
        """The map with weights and biases, or biases alone, that make up for what was lacking."""
        params = dict(self.node.params)
        offsets: Floats = (self.lacking / self.count).reshape(self.groups, 1, -1)
        if self.sums is not None:
            change, offsets = self._change(self.sums, offsets)
            params["weight"] = self.weight + change.transpose(0, 2, 1).reshape(self.weight.shape)
        params["bias"] = params.get("bias", 0.0) + offsets.reshape(-1)
        exact = self.sums is not None or self.weight.size <= EXACT_MAX
        return replace(self.node, params=params, exact=self.node.exact or exact)

    def _change(self, sums: Sums, offsets: Floats) -> tuple[Floats, Floats]:
        """Changes of weights float64[groups, K, O / groups], of biases [groups, 1, O / groups]."""
        means: Floats = sums.total[:, None] / self.count
        covariance: Floats = sums.square / self.count - means.transpose(0, 2, 1) @ means
        cross: Floats = self.product / self.count - means.transpose(0, 2, 1) @ offsets
        size = covariance.shape[1]
        variance = np.trace(covariance, axis1=1, axis2=2)[:, None, None] / size
        damped = covariance + (RIDGE * variance + 1e-12) * np.eye(size)
        change = np.linalg.solve(damped, cross)
        return change, offsets - (means + sums.origin) @ change


def outputs(node: Node, inputs: Values, at: Places) -> Values:
    """Drawn outputs of a map without its bias, float32[N', O], of inputs [N, *source]."""
    weight = node.single.params["weight"].reshape(
        groups_of(node), -1, node.params["weight"][0].size
    )
    found = []
    for samples, places in in_runs(node, len(inputs), at):
        rows = seen(node, inputs[samples], places).transpose(1, 0, 2)
        part = rows @ weight.transpose(0, 2, 1)
        found.append(part.transpose(1, 0, 2).reshape(part.shape[1], -1))
    return np.concatenate(found)
