"""A NIR graph laid flat: its neurons in order, and the ways of linear nodes between them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from onespike_lava.errors import FormatError, UnsupportedError

NEURONS = ("I", "IF", "LI", "LIF", "CubaLI", "CubaLIF", "Threshold")
"""Kinds of nodes that become layers."""

WAYS_MAX = 2**12
"""Most ways between neurons that are followed."""

STEPS_MAX = 2**16
"""Most nodes on all of them together."""


def kind(node: Any) -> str:
    """The kind of a node, as NIR names it."""
    return type(node).__name__


@dataclass(frozen=True)
class Way:
    """From one neuron node, or the input, to the next.

    source : name of the node that it begins at
    passed : names of the linear nodes between, in order
    """

    source: str
    passed: tuple[str, ...]


@dataclass(frozen=True)
class Flat:
    """A graph without graphs inside.

    nodes  : by name, those of inner graphs as `graph.node`
    before : for each node the names of those with an edge to it
    """

    nodes: Mapping[str, Any]
    before: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, graph: Any) -> Flat:
        """The graph laid flat; `FormatError` of an edge to nowhere, or one name of two nodes."""
        nodes, edges = _inlined(graph, "")
        before: dict[str, list[str]] = {name: [] for name in nodes}
        for one, two in edges:
            for end in (one, two):
                if end not in nodes:
                    raise FormatError(f"edge {one} to {two}: there is no node {end}; export again")
            if one in before[two]:
                raise FormatError(f"edge {one} to {two}: is there twice; export again")
            before[two].append(one)
        return cls(nodes, {name: tuple(found) for name, found in before.items()})

    def only(self, wanted: str) -> str:
        """The name of the one outer node of the kind `Input` or `Output`."""
        found = [
            name for name, node in self.nodes.items() if kind(node) == wanted and self._outer(name)
        ]
        if len(found) != 1:
            raise UnsupportedError(
                f"{len(found)} nodes {wanted} ({', '.join(found[:5]) or 'none'}); a network here "
                "has one, join them in the source"
            )
        return found[0]

    def _outer(self, name: str) -> bool:
        """Whether nothing lies before an Input or behind an Output, as it does in inner graphs."""
        if kind(self.nodes[name]) == "Input":
            return not self.before[name]
        return all(name not in found for found in self.before.values())

    def ways(self, target: str) -> list[Way]:
        """Every way into a node from neurons or the input."""
        found: list[Way] = []
        budget = STEPS_MAX
        walk: list[tuple[str, tuple[str, ...]]] = [(each, ()) for each in self.before[target]]
        while walk:
            here, passed = walk.pop()
            budget -= 1 + len(passed)
            if budget < 0 or len(found) >= WAYS_MAX:
                raise UnsupportedError(
                    f"{target}: more than {WAYS_MAX} ways, or {STEPS_MAX} nodes on them, lead to "
                    "it; put neurons between"
                )
            if self._is_station(here):
                found.append(Way(here, passed))
            elif here in passed:
                raise UnsupportedError(f"{here}: a loop without neurons; put neurons into it")
            elif not self.before[here]:
                raise FormatError(f"{here}: nothing leads to it; connect it or leave it out")
            else:
                walk += [(each, (here, *passed)) for each in self.before[here]]
        return found[::-1]

    def _is_station(self, name: str) -> bool:
        node = kind(self.nodes[name])
        return node in NEURONS or (node == "Input" and self._outer(name))

    def order(self, ways: Mapping[str, list[Way]], source: str) -> list[str]:
        """Nodes of neurons, each behind its sources but for itself; `source` is the input."""
        done, left, found = {source}, list(ways), []
        while left:
            ready = [
                each
                for each in left
                if all(way.source in done or way.source == each for way in ways[each])
            ]
            if not ready:
                raise UnsupportedError(
                    f"{', '.join(sorted(left)[:5])}: feedback from one to another; only a layer's "
                    "own spikes may come back to it"
                )
            found += ready
            done |= set(ready)
            left = [each for each in left if each not in done]
        return found


def _inlined(graph: Any, prefix: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """All nodes by their whole names, and edges between them."""
    nodes: dict[str, Any] = {}
    edges: list[tuple[str, str]] = []
    ends: dict[str, tuple[str, str]] = {}
    for name, node in graph.nodes.items():
        if kind(node) == "NIRGraph":
            inner, between = _inlined(node, f"{prefix}{name}.")
            ends[name] = (_end(inner, node, f"{prefix}{name}", "Input"),
                          _end(inner, node, f"{prefix}{name}", "Output"))  # fmt: skip
            edges += between
        else:
            inner = {f"{prefix}{name}": node}
        for each in inner:
            if each in nodes:
                raise FormatError(
                    f"{each}: two nodes have this name, where one of an inner graph is graph.node; "
                    "rename one"
                )
        nodes |= inner
    for one, two in graph.edges:
        first = ends[one][1] if one in ends else f"{prefix}{one}"
        second = ends[two][0] if two in ends else f"{prefix}{two}"
        edges.append((first, second))
    return nodes, edges


def _end(inner: Mapping[str, Any], graph: Any, path: str, wanted: str) -> str:
    found = [f"{path}.{name}" for name, node in graph.nodes.items() if kind(node) == wanted]
    if len(found) != 1 or found[0] not in inner:
        raise UnsupportedError(
            f"{path}: an inner graph of {len(found)} nodes {wanted}; it needs one"
        )
    return found[0]


def names_of(ways: Mapping[str, list[Way]]) -> Iterator[str]:
    """Every node on any way, and every target."""
    for target, found in ways.items():
        yield target
        for way in found:
            yield from way.passed
