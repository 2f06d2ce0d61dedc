"""One operation of the source network, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import OneSpikeError

Array = NDArray[np.float32]


class GraphError(OneSpikeError):
    """A graph contradicts itself: a name twice, an unknown input, shapes that do not fit."""


class MisfitError(ValueError):
    """Why a node does not fit its inputs; the graph puts the node's name in front."""


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """One operation of the source network.

    name   : unique; the source's module or node name
    op     : a key of `exporters.graph.operators.OPERATORS`
    inputs : names of the nodes that it reads
    params : read-only arrays, such as `weight`: float32, or float64 of an exact node
    attrs  : plain settings, such as `stride`; see the operators
    exact  : its parameters were computed from those of a source, which are float32, and stay
             float64 until they become integers or the node is evaluated
    """

    name: str
    op: str
    inputs: tuple[str, ...] = ()
    params: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    attrs: Mapping[str, Any] = field(default_factory=dict)
    exact: bool = False

    def __post_init__(self) -> None:
        """Replace every parameter by a read-only contiguous copy, if it is none yet."""
        dtype = np.float64 if self.exact else np.float32
        params = {key: _frozen(value, dtype) for key, value in self.params.items()}
        object.__setattr__(self, "inputs", tuple(self.inputs))
        object.__setattr__(self, "params", params)
        object.__setattr__(self, "attrs", dict(self.attrs))

    @property
    def single(self) -> Node:
        """The node as it is evaluated, with float32 parameters."""
        return self._single if self.exact else self

    @cached_property
    def _single(self) -> Node:
        return replace(self, exact=False)

    def release(self) -> None:
        """Let the copy go that `single` keeps, of a node that is not evaluated for a while."""
        self.__dict__.pop("_single", None)

    def with_inputs(self, *inputs: str) -> Node:
        """The same node, reading from other nodes."""
        return replace(self, inputs=inputs)

    def __repr__(self) -> str:
        """One line: name, operator, what it reads, parameters by type and shape, settings."""
        arrays = (f"{key} {each.dtype}{list(each.shape)}" for key, each in self.params.items())
        settings = (f"{key} {value}" for key, value in self.attrs.items())
        what = ", ".join((*arrays, *settings))
        return f"Node({'; '.join(filter(None, (str(self), ', '.join(self.inputs), what)))})"

    def __str__(self) -> str:
        """Name and operator, as error messages show them."""
        return f"{self.name} ({self.op})"


def _frozen(value: Any, dtype: type) -> NDArray[Any]:
    """A read-only contiguous copy; the array itself where it is one that nobody can write to."""
    if isinstance(value, np.ndarray) and value.dtype == dtype:
        flags = value.flags
        if flags.owndata and flags.c_contiguous and not flags.writeable:
            return value
    with np.errstate(over="ignore"):  # running the network tells
        copy: NDArray[Any] = np.array(value, dtype, order="C")
    copy.flags.writeable = False
    return copy
