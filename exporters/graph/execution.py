"""The one executor of source networks, in float32.

`step` computes one node, `run` all that are not known yet. Whoever looks at values on the way,
or puts others in their place, does so by an observer.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.graph.node import Array, GraphError, Node
from exporters.graph.operators import OPERATORS
from onespike_lava.errors import DataError

Observer = Callable[[Node, Array], "NDArray[Any] | None"]


def step(node: Node, inputs: list[Array]) -> Array:
    """A node's value float32[N, *shape]; `DataError` where float32 does not hold it."""
    with np.errstate(over="ignore", invalid="ignore"):
        value = OPERATORS[node.op].forward(node.single, inputs)
    if not np.isfinite(value).all():
        raise DataError(
            f"{node}: its values exceed float32 (3.4e38), so the source network gives no numbers "
            "there; scale its weights or the samples down"
        )
    return value


def exact(node: Node, inputs: list[Any]) -> Any:
    """A node's value in the precision of its parameters and inputs: of exact nodes float64."""
    return OPERATORS[node.op].forward(node, inputs)


def run(
    nodes: Sequence[Node],
    output: str,
    known: Mapping[str, Array],
    observe: Observer | None = None,
) -> Array:
    """The value of the node `output`.

    nodes   : each after what it reads
    known   : node -> its value; the others are computed, in order
    observe : sees each value that is computed, and may return another of the same shape, which
              the following nodes then read

    A value is let go after its last use, but for those that the caller holds.
    """
    last = {name: node.name for node in nodes for name in node.inputs}
    last[output] = ""
    values = dict(known)
    for node in nodes:
        if node.name not in values:
            value = step(node, [values[name] for name in node.inputs])
            values[node.name] = observed(node, value, observe)
        for name in {*node.inputs, node.name}:
            if last.get(name, node.name) == node.name:
                values.pop(name, None)
    return values[output]


def observed(node: Node, value: Array, observe: Observer | None) -> Array:
    """The value, or what an observer puts in its place; `GraphError` if that has another shape."""
    other = None if observe is None else observe(node, value)
    if other is None:
        return value
    if np.shape(other) != value.shape:
        raise GraphError(
            f"{node}: the observer returned shape {list(np.shape(other))} for "
            f"{list(value.shape)}; keep the shape"
        )
    return np.asarray(other, np.float32)
