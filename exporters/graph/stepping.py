"""A network that steps, as a graph of one step with neurons in it, and what is read of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from exporters.graph.graph import Graph
from exporters.graph.node import GraphError, Node

TAKES = ("sum", "last", "maximum")
"""What is taken of an output's values over the steps."""

INPUTS = ("constant", "events")
"""How samples enter: the same in every step, or a frame for each."""


@dataclass(frozen=True, eq=False)
class Stepping:
    """A network that steps: a graph of frames, the same for each step, whose neurons remember.

    graph     : its `neuron` nodes hold `exporters.form.Form`s and `steps`
    steps     : `T`
    input     : `constant`, samples [N, *shape] are the same in every step; `events`, [N, T, *shape]
    take      : `sum`, `last` or `maximum` over the steps of the output's values
    factor    : what the scores are multiplied with: 1 / T where they are a mean
    potential : whether the output, a `neuron`, gives its potentials before reset, not its spikes
    notes     : what a front end has to say of how it read the network
    """

    graph: Graph
    steps: int
    input: str = "constant"
    take: str = "sum"
    factor: float = 1.0
    potential: bool = False
    notes: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Give all neurons the steps; `GraphError` for words that are none."""
        for found, known in ((self.take, TAKES), (self.input, INPUTS)):
            if found not in known:
                raise GraphError(f"stepping: {found!r} is not one of {', '.join(known)}")
        nodes = tuple(self._counted(node) for node in self.graph.nodes)
        object.__setattr__(self, "graph", replace(self.graph, nodes=nodes))

    def _counted(self, node: Node) -> Node:
        if node.op != "neuron" or node.attrs.get("steps") == self.steps:
            return node
        return replace(node, attrs={**node.attrs, "steps": self.steps})
