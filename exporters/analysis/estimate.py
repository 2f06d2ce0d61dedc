"""What an export will take, before any work: time, memory, file, chips; and what stands in its way.

Sizes are those of the network that will be written. Seconds and bytes of memory are about right:
of one core, from rates that exports of known networks took (`tests/benchmarks/bench_size.py`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from math import ceil, prod
from typing import Any

from exporters.calibration import moments, regression
from exporters.calibration.layers import Layers
from exporters.calibration.samples import enough_of
from exporters.calibration.stored import PART_BYTES
from exporters.fidelity.baseline import macs, work
from exporters.fidelity.selfcheck import counted
from exporters.graph import Graph, Node
from exporters.graph.arithmetic import groups_of
from exporters.quantization.outline import outline
from exporters.recipe import Recipe
from onespike_lava.errors import FormatError, InvalidNetworkError
from onespike_lava.loihi import fit
from onespike_lava.netx import to_bytes

MACS_PER_SECOND = 3e10
"""Of convolutions in float32, samples unfolded."""

FLOPS_PER_SECOND = 4e10
"""Of products in float64."""

SECONDS_PER_VALUE = 4e-8
"""What a layer's value of one sample takes beside its sum: stored, counted, coded."""

SECONDS_PER_WEIGHT = 1.5e-7
"""Of a weight to be fitted, written, checked."""

START = 3.0
"""Seconds until anything is read."""

BASE_BYTES = 600e6
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
    file = sum(node.params["weight"].size for node in _maps(prepared))
    known = Estimate(
        used, _seconds(source, prepared, used, recipe), _memory(source, prepared, samples, file)
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
    """Runs of both networks, sums of both regressions, what each value and weight takes."""
    passes = 1 if recipe.correct == "none" else 2
    checked = counted(used, work(source)) * (4 * work(source) + 2 * macs(prepared))
    runs = (used * passes * macs(prepared) + checked) / MACS_PER_SECOND
    shapes = prepared.shapes()
    values = used * sum(prod(shapes[end.name]) for end in Layers(prepared).ends)
    sums = sum(_sums(prepared, node, used, recipe) for node in _maps(prepared))
    weights = sum(node.params["weight"].size for node in _maps(prepared))
    parts = (runs, values * SECONDS_PER_VALUE, sums / FLOPS_PER_SECOND)
    return START + sum(parts) + weights * SECONDS_PER_WEIGHT


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


def _memory(source: Graph, prepared: Graph, samples: int, file: int) -> float:
    """The model and its graph, samples, what is computed at a time, the network's bytes."""
    held = 4 * sum(each.size for node in source.nodes for each in node.params.values())
    own = 12 * sum(
        each.size for node in prepared.nodes for each in node.params.values() if node.exact
    )
    shapes = prepared.shapes()
    data = 4 * samples * prod(shapes[prepared.input.name])
    inputs = [node.params["weight"][0].size for node in _maps(prepared)]
    square = 8 * max((each for each in inputs if each <= moments.INPUTS_MAX), default=0) ** 2
    return BASE_BYTES + 2 * held + own + 2 * data + 4 * PART_BYTES + 3 * square + 4 * file
