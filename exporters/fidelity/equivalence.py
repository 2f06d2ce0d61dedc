"""Whether two graphs are the same function but for float rounding, and which pass changed it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.fidelity.baseline import block_of, in_blocks
from exporters.graph import Graph, Node, is_spiking
from exporters.passes.draft import Draft
from exporters.passes.pipeline import POOLS, passes, prepare
from exporters.recipe import Recipe
from onespike_lava.errors import DataError, OneSpikeError
from onespike_lava.system.progress import Progress, silent

Floats = NDArray[np.float64]
Evaluate = Callable[[NDArray[Any]], NDArray[Any]]

ROUNDING = 1e-4
"""Share of its largest value by which float rounding may move an output without question: 200
times what it does in any network of the tests."""

FLOOR = 1e-6
"""The same as a share of the largest value of all outputs."""

PROBE = 2.0**-20
"""How far a probe moves weights and values: 16 times the rounding of float32."""

PROBES = 3
"""Probes that together show what rounding may do."""

SMALLEST = 2.0**-125
"""In a probe 0 moves as this does: about the least that float32 holds with all its digits."""


@dataclass(frozen=True, eq=False)
class Known:
    """What a graph says to samples, and how far float rounding alone may move it.

    x       : [N, *shape]
    logits  : float64[N, outputs, places]
    largest : float64[outputs], the largest magnitude of each
    """

    graph: Graph
    x: NDArray[Any]
    logits: Floats
    largest: Floats

    @classmethod
    def of(cls, graph: Graph, x: NDArray[Any], progress: Progress = silent) -> Known:
        """Run the graph."""
        size = block_of(graph)
        found = in_blocks(graph.evaluate, x, "self-check", progress, size).astype(np.float64)
        logits = found.reshape(len(x), graph.shapes()[graph.output][0], -1)
        return cls(graph, x, logits, np.abs(logits).max(axis=(0, 2)))

    def apart(self, evaluate: Evaluate) -> Floats:
        """How far another function's logits are from these, float64[N, outputs, places]."""
        found = in_blocks(evaluate, self.x, size=block_of(self.graph))
        return np.abs(found.reshape(self.logits.shape) - self.logits)

    def explains(self, apart: Floats) -> bool:
        """Whether float rounding may have moved logits so far."""
        moved = apart.max(axis=(0, 2))
        usual = np.maximum(ROUNDING * self.largest, FLOOR * self.largest.max())
        return bool((moved <= usual).all() or (moved <= np.maximum(usual, self.sensitivity)).all())

    @cached_property
    def sensitivity(self) -> Floats:
        """How far small changes of all weights and values move each output, float64[outputs].

        A network that takes large values off each other rounds more than others do.
        """
        random = np.random.default_rng(0)
        with np.errstate(all="ignore"):
            try:
                return np.max([self._probe(random) for _ in range(PROBES)], axis=0)
            except DataError:  # at the end of float32 a small change is beyond it
                return np.full(self.largest.shape, np.inf)

    def _probe(self, random: np.random.Generator) -> Floats:
        def shaken(value: NDArray[Any]) -> NDArray[Any]:
            change = random.standard_normal(value.shape, np.float32) * np.float32(PROBE)
            return value + value * change + SMALLEST * change

        def other(node: Node) -> Node:
            return replace(node, params={key: shaken(each) for key, each in node.params.items()})

        graph = replace(self.graph, nodes=tuple(map(other, self.graph.nodes)))
        apart = self.apart(lambda x: graph.evaluate(x, lambda _, value: shaken(value)))
        return apart.max(axis=(0, 2))


def fault(known: Known, source: Graph, recipe: Recipe) -> str:
    """What to say where the passes change a source's function: which, where, how much, what to do.

    known : of the nodes of `source` that its output needs
    """
    name, before, after = _guilty(known, source, recipe)
    apart = known.apart(after.evaluate)
    worst = known.x[[int(apart.max(axis=(1, 2)).argmax())]]
    place = _first_moved(before, after, worst)
    share = apart.max() / max(known.largest.max(), np.finfo(np.float64).tiny)
    others = [
        each for each in POOLS if each != recipe.pool and _sound(known, source, each, recipe.double)
    ]
    return (
        f"conversion: the pass {name} changes what the network computes, "
        f"{f'first in {place}' if place else 'in its outputs'}: they move by {share:.2g} of the "
        "largest logit, which is no rounding; this is a fault of onespike-lava, not of the "
        f"network: please report it{f', and use pool {others[0]!r} until then' if others else ''}"
    )


def _guilty(known: Known, source: Graph, recipe: Recipe) -> tuple[str, Graph, Graph]:
    """The first pass that changes the function, and the graph before and after it."""
    draft = Draft.of(source)
    name, before, after = "", draft.graph(), draft.graph()
    for each in passes(recipe.pool, recipe.double):
        each(draft)
        name, before, after = each.__name__, after, draft.graph()
        if not known.explains(known.apart(after.evaluate)):
            break
    return name, before, after


def _first_moved(before: Graph, after: Graph, x: NDArray[Any]) -> str | None:
    """The first ReLU of which a pass changed the value; None where all have theirs.

    Passes exchange ReLUs with max pools and merge them with others: such are left out.
    """
    known, moved = _activations(before, x), []
    for key, value in _activations(after, x).items():
        if key in known and known[key].shape == value.shape:
            apart = np.abs(value.astype(np.float64) - known[key])
            if apart.max() > ROUNDING * np.abs(known[key]).max():
                moved.append(key[0])
    return moved[0] if moved else None


def _activations(graph: Graph, x: NDArray[Any]) -> dict[tuple[Any, ...], NDArray[Any]]:
    """Values of the neurons that read no max pool, in order, by name and clip."""
    found: dict[tuple[Any, ...], NDArray[Any]] = {}

    def observe(node: Node, value: NDArray[Any]) -> None:
        if is_spiking(node) and graph.node(node.inputs[0]).op != "maxpool":
            found[node.name, node.attrs.get("clip")] = value

    graph.evaluate(x, observe)
    return found


def _sound(known: Known, source: Graph, pool: str, double: str) -> bool:
    try:
        prepared, _ = prepare(source, pool, double)
    except OneSpikeError:
        return False
    return known.explains(known.apart(prepared.evaluate))
