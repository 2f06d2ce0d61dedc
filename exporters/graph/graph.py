"""The source network as data: nodes in order, checked at construction, evaluated in NumPy.

Every front end (torch, ONNX, hand-written) ends here; passes, calibration and the quantiser
start here. Arrays keep the channel-first order of torch; shapes leave out the batch.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from math import prod

import numpy as np
from numpy.typing import ArrayLike

from exporters.graph.arithmetic import arranged
from exporters.graph.execution import Observer, observed, run
from exporters.graph.node import Array, GraphError, MisfitError, Node
from exporters.graph.operators import OPERATORS
from onespike_lava.data.samples import check_samples
from onespike_lava.layers import Shape, times, unblocked

VALUES_LIMIT = 2**24
"""Most values that a node may have per sample; ImageNet networks have some million."""


@dataclass(frozen=True, eq=False, repr=False)
class Graph:
    """A feed-forward network of one input and one output.

    nodes  : the `input` node first, each after the nodes that it reads
    output : name of the node whose value is the network's result
    notes  : what became of nodes of the source that are none here, such as a final softmax
    squashed : the sigmoid that was left out behind the output, whose logits the values are; empty
               for none, and where the source makes classes of its values
    blocks : (rows, columns) of a plane that lie in channels of the output node's value; the
             network's result has them in their places

    Raises `GraphError` where names, inputs, parameters or shapes do not fit.
    """

    nodes: tuple[Node, ...]
    output: str
    notes: Mapping[str, str] = field(default_factory=dict)
    squashed: str = ""
    blocks: tuple[int, int] = (1, 1)

    def __post_init__(self) -> None:
        """Check names and inputs, then infer every shape."""
        object.__setattr__(self, "nodes", tuple(self.nodes))
        _check_names(self)
        _ = self._shapes

    def __repr__(self) -> str:
        """One line: its ends and its size."""
        ends = " -> ".join(times(self._shapes[at]) for at in (self.nodes[0].name, self.output))
        return f"Graph({ends}: {len(self.nodes)} nodes)"

    @cached_property
    def _shapes(self) -> dict[str, Shape]:
        shapes: dict[str, Shape] = {}
        for node in self.nodes:
            shapes[node.name] = infer_shape(node, [shapes[name] for name in node.inputs])
        return shapes

    @cached_property
    def _by_name(self) -> dict[str, Node]:
        return {node.name: node for node in self.nodes}

    @property
    def input(self) -> Node:
        """The first node."""
        return self.nodes[0]

    @property
    def sample_shape(self) -> Shape:
        """Shape of one sample from outside; that of the input, or what is viewed as it."""
        return tuple(self.input.attrs.get("sample", self._shapes[self.input.name]))

    def inside(self, x: Array) -> tuple[Graph, Array]:
        """The graph behind the view of its input, and samples [N, *shape] as it then takes them."""
        shape = self._shapes[self.input.name]
        if not self.input.attrs.get("sample"):
            return self, x.reshape(len(x), *shape)
        entry = replace(self.input, attrs={"shape": shape})
        return replace(self, nodes=(entry, *self.nodes[1:])), arranged(self.input, x)

    def seen_as(self, entry: Node) -> Graph:
        """The graph with the input node of another, whose nodes are called alike."""
        return replace(self, nodes=(entry, *self.nodes[1:]))

    def node(self, name: str) -> Node:
        """The node of that name; `GraphError` if there is none."""
        if name not in self._by_name:
            raise GraphError(f"{name}: no such node; the nodes are {', '.join(self._by_name)}")
        return self._by_name[name]

    def shapes(self) -> dict[str, Shape]:
        """Shape of each node's value without the batch: (C, H, W) or (F,)."""
        return dict(self._shapes)

    def consumers(self) -> dict[str, tuple[Node, ...]]:
        """The nodes that read each node, in order; empty for one that nothing reads."""
        readers: dict[str, list[Node]] = {node.name: [] for node in self.nodes}
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                readers[name].append(node)
        return {name: tuple(nodes) for name, nodes in readers.items()}

    def evaluate(self, x: ArrayLike, observe: Observer | None = None) -> Array:
        """The network's result float32[N, *shape] for samples x : float[N, *input shape].

        `observe(node, value)` sees every node's value in order and may return another of the
        same shape, which the following nodes then read. A value is freed after its last use,
        so memory grows with N only; give large data in batches. Raises `DataError`.
        """
        samples = check_samples(x, self.sample_shape).astype(np.float32, copy=False)
        if self.input.attrs.get("sample"):
            samples = arranged(self.input, samples)
        entry = observed(self.input, samples, observe)
        found = run(self.nodes, self.output, {self.input.name: entry}, observe)
        return unblocked(found, self.blocks)

    def digest(self) -> str:
        """SHA-256 over structure, settings and parameters, as 64 hexadecimal digits."""
        total = hashlib.sha256(self.output.encode())
        for node in self.nodes:
            total.update(
                repr((node.name, node.op, node.inputs, sorted(node.attrs.items()))).encode()
            )
            for key, value in sorted(node.params.items()):
                total.update(repr((key, value.shape)).encode())
                total.update(np.ascontiguousarray(value, "<f4").data)
        return total.hexdigest()


def infer_shape(node: Node, inputs: list[Shape]) -> Shape:
    """Shape of a node's value from those of its inputs; `GraphError` where they do not fit."""
    operator = OPERATORS.get(node.op)
    if operator is None:
        known = ", ".join(sorted(OPERATORS))
        raise GraphError(f"{node}: unknown operator; use one of {known}")
    try:
        operator.check(node, len(inputs))
        shape = operator.shape(node, inputs)
    except MisfitError as misfit:
        raise GraphError(f"{node}: {misfit}") from None
    if prod(shape) > VALUES_LIMIT:
        raise GraphError(
            f"{node}: {prod(shape)} values per sample exceed {VALUES_LIMIT}; use smaller planes"
        )
    return shape


def _check_names(graph: Graph) -> None:
    if not graph.nodes or graph.nodes[0].op != "input":
        raise GraphError("graph: the first node is not an input; put the input node first")
    known: set[str] = set()
    for node in graph.nodes:
        if node.name in known:
            raise GraphError(f"{node}: the name is taken by an earlier node; names must be unique")
        if known and node.op == "input":
            raise GraphError(f"{node}: a second input; only networks of one input are supported")
        for name in node.inputs:
            if name not in known:
                raise GraphError(f"{node}: reads '{name}', which no earlier node is called")
        known.add(node.name)
    if graph.output not in known:
        raise GraphError(f"graph: output '{graph.output}' is no node; name one of the nodes")
