"""One operation of the source network, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import OneSpikeError

Array = NDArray[np.float32]


class GraphError(OneSpikeError):
    """A graph contradicts itself: a name twice, an unknown input, shapes that do not fit."""


class MisfitError(ValueError):
    """Why a node does not fit its inputs; the graph puts the node's name in front."""


@dataclass(frozen=True, eq=False)
class Node:
    """One operation of the source network.

    name   : unique; the source's module or node name
    op     : a key of `exporters.graph.operators.OPERATORS`
    inputs : names of the nodes that it reads
    params : read-only float32 arrays, such as `weight`
    attrs  : plain settings, such as `stride`; see the operators
    """

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    params: Mapping[str, Array] = field(default_factory=dict)
    attrs: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Replace every parameter by a read-only contiguous float32 copy."""
        copies = {key: np.array(value, np.float32, order="C") for key, value in self.params.items()}
        for copy in copies.values():
            copy.flags.writeable = False
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "params", copies)
        object.__setattr__(self, "attrs", dict(self.attrs))

    def with_inputs(self, *inputs: str) -> Node:
        """The same node, reading from other nodes."""
        return replace(self, inputs=inputs)

    def __str__(self) -> str:
        """Name and operator, as error messages show them."""
        return f"{self.name} ({self.op})"
