"""What an export will take, before any work: time, memory, file, chips; and what stands in its way.

Sizes are those of the network that will be written. Seconds and bytes of memory are about right:
of one core, from rates that exports of nine known networks took (`tests/benchmarks/bench_size.py`):
these took 0.6 to 1.0 of the seconds told.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from math import ceil, prod
from typing import Any

from exporters.calibration import moments, regression
from exporters.calibration.layers import Layers
from exporters.calibration.samples import enough_of
from exporters.calibration.stored import BATCH, PART_BYTES
from exporters.fidelity.baseline import macs, work
from exporters.fidelity.selfcheck import counted
from exporters.graph import Graph, Node
from exporters.graph.arithmetic import BLOCK_BYTES, groups_of
from exporters.quantization.outline import outline
from exporters.recipe import Recipe
from onespike_lava.errors import FormatError, InvalidNetworkError
from onespike_lava.loihi import fit
from onespike_lava.netx import to_bytes

MACS_PER_SECOND = 5.5e10
"""Of convolutions in float32, samples unfolded."""

FLOPS_PER_SECOND = 7e10
"""Of products in float64."""

SECONDS_PER_VALUE = 3.4e-8
"""What a layer's value of one sample takes in a run beside its sum: stored, counted, coded."""

SECONDS_PER_LAYER = 0.1
"""Of the levels and constants of its code, and of what is done once for each."""

SECONDS_PER_WEIGHT = 1e-8
"""Of a weight to be written and checked."""

START = 3.0
"""Seconds until anything is read."""

BASE_BYTES = 450e6
"""What Python takes with its libraries."""


@dataclass(frozen=True)
class Estimate:
    """What an export will take.

    samples     : calibration samples that are used
    seconds     : about, of one core
    memory      : bytes, about, the source network's own included
    layers, neurons, weights, file : of the network, bytes of its file; 0 where there will be none
    chips       : of Loihi 2, at least
    exceeded    : limits in the way of it
    """

    samples: int
    seconds: float
    memory: float
    layers: int = 0
    neurons: int = 0
    weights: int = 0
    file: int = 0
    chips: int = 0
    exceeded: tuple[str, ...] = ()

    def summary(self) -> dict[str, Any]:
        """The figures as JSON-ready values."""
        return {**asdict(self), "exceeded": list(self.exceeded)}

    def rows(self) -> list[tuple[str, str]]:
        """What there is to tell, in words."""
        return [
            ("calibration samples used", f"{self.samples:,}"),
            ("time, about", f"{self.seconds:.0f} s"),
            ("memory, about", f"{self.memory / 1e9:.1f} GB"),
            ("layers", f"{self.layers:,}"),
            ("neurons", f"{self.neurons:,}"),
            ("weights", f"{self.weights:,}"),
            ("file", f"{self.file / 1e6:.1f} MB"),
            ("chips, at least", f"{self.chips:,}"),
        ]


def estimate(source: Graph, prepared: Graph, samples: int, recipe: Recipe) -> Estimate:
    """What an export of so many calibration samples takes.

    prepared : the source in spiking form
    """
    used = enough_of(samples, macs(prepared))
    known = Estimate(
        used,
        _seconds(source, prepared, used, recipe),
        _memory(source, prepared, (samples, used), recipe),
    )
    try:
        network = outline(prepared, recipe.phases, recipe.bits)
        file = len(to_bytes(network))
    except InvalidNetworkError as error:
        return _beyond(known, *error.violations)
    except FormatError as error:
        return _beyond(known, str(error))
    share = fit(network).layers[-1].share
    return Estimate(
        used,
        known.seconds,
        known.memory,
        len(network.layers),
        sum(network.neurons.values()),
        network.weights,
        file,
        max(1, ceil(share)),
    )


def _beyond(known: Estimate, *exceeded: str) -> Estimate:
    return Estimate(known.samples, known.seconds, known.memory, exceeded=exceeded)


def _maps(graph: Graph) -> list[Node]:
    return [node for node in graph.nodes if "weight" in node.params]


def _seconds(source: Graph, prepared: Graph, used: int, recipe: Recipe) -> float:
    """Runs of both networks, sums of both regressions, what each value, layer, weight takes."""
    passes = 1 if recipe.correct == "none" else 2
    checked = 2 * counted(used, work(source))
    shapes, ends = prepared.shapes(), Layers(prepared).ends
    values = used * passes * sum(prod(shapes[end.name]) for end in ends)
    sums = sum(_sums(prepared, node, used, recipe) for node in _maps(prepared))
    weights = sum(node.params["weight"].size for node in _maps(prepared))
    return (
        START
        + (used * passes + checked) * macs(prepared) / MACS_PER_SECOND
        + values * SECONDS_PER_VALUE
        + sums / FLOPS_PER_SECOND
        + len(ends) * SECONDS_PER_LAYER
        + weights * SECONDS_PER_WEIGHT
    )


def _sums(graph: Graph, node: Node, used: int, recipe: Recipe) -> float:
    """Operations in float64 of a map's correction and rounding."""
    size, inputs = graph.shapes()[node.name][1:], node.params["weight"][0].size
    return sum(
        groups_of(node) * inputs**2 * (rows + 4 * inputs)
        for rows in _rows(node, size, used, recipe)
        if moments.is_free(node) and moments.is_enough(node, rows)
    )


def _rows(node: Node, size: tuple[int, ...], used: int, recipe: Recipe) -> Iterator[int]:
    """Observations of a map's rounding and of its correction."""
    if recipe.rounding == "least":
        yield moments.drawn(node, size, moments.PLACES) * used
    if recipe.correct == "weights":
        yield moments.drawn(node, size, regression.places_of(node, used)) * used


def _memory(source: Graph, prepared: Graph, counts: tuple[int, int], recipe: Recipe) -> float:
    """The model and its graph, samples, what is computed at a time, moments, the file's bytes.

    counts : samples given, and used
    """
    (samples, used), shapes, maps = counts, prepared.shapes(), _maps(prepared)
    held = 2 * _bytes(source.nodes) + _bytes(node for node in prepared.nodes if node.exact)
    data = 2 * 4 * samples * prod(shapes[prepared.input.name])
    part = min(PART_BYTES, 4 * BATCH * max(map(prod, shapes.values())))
    squares = [_square(node) for node in maps if _sums(prepared, node, used, recipe)]
    file = 4 * sum(node.params["weight"].size for node in maps)
    largest = 2 * max(squares, default=0)
    kept = sum(squares) if recipe.rounding == "least" else 0
    return BASE_BYTES + held + data + 2 * (part + BLOCK_BYTES) + kept + largest + file


def _bytes(nodes: Iterable[Node]) -> int:
    return sum(each.nbytes for node in nodes for each in node.params.values())


def _square(node: Node) -> int:
    """Bytes of how what a map reads goes together."""
    return 8 * groups_of(node) * int(node.params["weight"][0].size) ** 2
