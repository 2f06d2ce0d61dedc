"""What a graph network computes, step by step, and its layers in normal form."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from exporters.gcn.source import Floats, GraphLayer
from onespike_lava.errors import UnsupportedError

Matrix = Callable[[Any], Any]
"""From the adjacency, SciPy CSR float64[nodes, nodes], to the matrix that a layer sums with."""


@dataclass(frozen=True, eq=False)
class Step:
    """One operation on the values of all nodes.

    kind  : `map`, `bias`, `sum` or `relu`
    name  : of the module or function in the source
    value : map: float64[outputs, inputs]; bias: float64[features]; sum: a `Matrix`
    """

    kind: str
    name: str
    value: Any = None


@dataclass(frozen=True, eq=False)
class Chain:
    """Steps on the features, one after the other.

    tail : a softmax or its logarithm was left out at the end
    """

    steps: tuple[Step, ...] = ()
    tail: bool = False

    def then(self, kind: str, name: str, value: Any = None) -> Chain:
        """One step more."""
        if self.tail:
            raise UnsupportedError(
                "reads a softmax, which only the end of a network may be; move it"
            )
        return replace(self, steps=(*self.steps, Step(kind, name, value)))

    def map(self, name: str, weight: Any, bias: Any = None) -> Chain:
        """`X W^T + b`, weight [outputs, inputs]."""
        mapped = self.then("map", name, np.asarray(weight, np.float64))
        return mapped if bias is None else mapped.bias(name, bias)

    def bias(self, name: str, bias: Any) -> Chain:
        """Add a vector to all nodes."""
        return self.then("bias", name, np.asarray(bias, np.float64).reshape(-1))

    @property
    def inputs(self) -> int:
        """Features per node that the first map reads."""
        return next(step.value.shape[1] for step in self.steps if step.kind == "map")


@dataclass
class _Stage:
    """A layer in the making: `A (X W + inner) + outer`, named after its first map."""

    name: str = ""
    weight: Floats | None = None
    inner: Floats = field(default_factory=lambda: np.zeros(1))
    outer: Floats = field(default_factory=lambda: np.zeros(1))
    matrix: Matrix | None = None
    ends: bool = False

    def take(self, step: Step) -> None:
        if step.kind == "map":
            self.name = step.name if self.weight is None else self.name
            self._map(step.value)
        elif step.kind == "bias" and self.matrix is None:
            self.inner = self.inner + step.value
        elif step.kind == "bias":
            self.outer = self.outer + step.value
        elif step.kind == "relu":
            self.ends = True
        elif self.matrix is not None:
            raise UnsupportedError(
                f"{step.name}: a second sum over neighbours without a ReLU in between; give their "
                "product as the adjacency"
            )
        else:
            self.matrix, self.name = step.value, self.name or step.name

    def _map(self, weight: Floats) -> None:
        """`(A (X W + b) + c) V = A (X W V + b V) + c V`."""
        width = weight.shape[1]
        self.inner = weight @ np.broadcast_to(self.inner, (width,))
        self.outer = weight @ np.broadcast_to(self.outer, (width,))
        self.weight = weight if self.weight is None else weight @ self.weight

    def layer(self, name: str, width: int, adjacency: Any) -> GraphLayer:
        """The layer; `width` features are what it reads."""
        outputs = width if self.weight is None else len(self.weight)
        inner, outer = (np.broadcast_to(each, (outputs,)) for each in (self.inner, self.outer))
        matrix = None if self.matrix is None else self.matrix(adjacency)
        return GraphLayer(name, self.weight, inner, outer, matrix)


def layers_of(chain: Chain, adjacency: Any) -> tuple[GraphLayer, ...]:
    """The chain as layers, each ended by a ReLU but the last; raises `UnsupportedError`."""
    stages = [_Stage()]
    for step in chain.steps:
        if stages[-1].ends and step.kind == "relu":
            continue
        if stages[-1].ends:
            stages.append(_Stage())
        stages[-1].take(step)
    _check(stages)
    layers: list[GraphLayer] = []
    names: list[str] = []
    width = chain.inputs
    for stage in stages:
        name, number = stage.name, 2
        while name in names:
            name, number = f"{stage.name}.{number}", number + 1
        names.append(name)
        layers.append(stage.layer(name, width, adjacency))
        width = len(layers[-1].outer)
    return tuple(layers)


def _check(stages: list[_Stage]) -> None:
    if stages[-1].ends:
        raise UnsupportedError("output: a ReLU; end the network with the scores before it")
    if stages[0].weight is None:
        raise UnsupportedError(
            f"{stages[0].name}: no weights before the first ReLU; apply it to the features before"
        )
    if all(stage.matrix is None for stage in stages):
        raise UnsupportedError("model: no sum over neighbours; use exporters.export for it")
    for stage in stages:
        if stage.weight is None and stage.matrix is None:
            raise UnsupportedError(f"{stage.name or 'relu'}: nothing between two ReLUs; remove one")
