"""The layers of a prepared graph: what ends one, which maps it sums, which ends it reads."""

from __future__ import annotations

from collections.abc import Sequence

from exporters.graph import Graph, Node, is_spiking
from exporters.passes.draft import LINEAR


class Layers:
    """The layers of a graph in spiking form, each known by its last node.

    ends   : the input, neurons, max pools, and the output, in the graph's order
    places : node -> its place in the graph
    """

    def __init__(self, graph: Graph) -> None:
        self.graph = graph
        self.places = {node.name: place for place, node in enumerate(graph.nodes)}
        maps = (*LINEAR, "add")
        self.ends = [n for n in graph.nodes if n.op not in maps or n.name == graph.output]

    def potential(self, end: Node) -> Node:
        """The map, or the sum of maps, that is a layer's potential."""
        return self.graph.node(end.inputs[0]) if is_spiking(end) else end

    def maps(self, end: Node) -> list[Node]:
        """The maps that a layer sums, in the graph's order."""
        potential = self.potential(end)
        names = set(potential.inputs) if potential.op == "add" else {potential.name}
        return [self.graph.node(name) for name in sorted(names, key=self.places.__getitem__)]

    def sources(self, end: Node) -> list[str]:
        """The ends of layers that a layer reads."""
        if end.op in ("input", "maxpool"):
            return list(end.inputs)
        return list(by_source(self.maps(end)))


def by_source(maps: Sequence[Node]) -> dict[str, list[Node]]:
    """Maps by what they read."""
    found: dict[str, list[Node]] = {}
    for node in maps:
        found.setdefault(node.inputs[0], []).append(node)
    return found
