"""What workers do for a search; arguments and results travel between processes."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

from exporters.conversion import convert
from exporters.fidelity.baseline import in_blocks
from exporters.graph import Graph
from onespike_lava import netx
from onespike_lava.data.rows import Rows
from onespike_lava.engines.result import classes
from onespike_lava.errors import InvalidNetworkError, OptionError, UnsupportedError
from onespike_lava.evaluation.labels import Labels
from onespike_lava.evaluation.sharding import kept
from onespike_lava.evaluation.tally import judged, tally
from onespike_lava.schedule import total_steps


@dataclass(frozen=True)
class Refused:
    """Why a recipe cannot be converted."""

    reason: str


def convert_recipe(
    graph: Graph, calibration: Rows, options: Mapping[str, Any]
) -> tuple[bytes | Refused, float]:
    """The bytes of the file that a recipe gives, or why there is none; seconds."""
    start = time.perf_counter()
    samples = calibration[0 : len(calibration)]
    found: bytes | Refused
    try:
        found = netx.to_bytes(convert(graph, samples, **options).network)
    except (InvalidNetworkError, OptionError, UnsupportedError) as error:
        found = Refused(str(error))
    return found, time.perf_counter() - start


def measure(content: bytes, data: Rows, labels: Labels, wait: int) -> dict[str, Any]:
    """Figures of a point, JSON-ready: the network in `content` on all samples, with a wait."""
    start = time.perf_counter()
    network = kept(content)
    found = judged(network, tally(network, data, wait=wait), labels)
    bases = sorted({layer.base for layer in network.hidden})
    deep = total_steps(network, 1, 1) - total_steps(network, 0, 1)
    return {
        "samples": len(found.predictions),
        "correct": found.correct,
        "base": bases[0] if len(bases) == 1 else bases,
        "latency": deep * wait + network.phases,
        "energy": dict(found.energy.ratios),
        "synops": found.energy.exact,
        "spikes_per_neuron": found.spikes_per_neuron,
        "seconds": time.perf_counter() - start,
    }


def judge(graph: Graph, data: Rows, labels: Labels) -> dict[str, Any]:
    """Figures of the source network on all samples, JSON-ready."""
    start = time.perf_counter()
    outputs = in_blocks(graph.evaluate, data)  # type: ignore[arg-type]
    places = prod(graph.shapes()[graph.output][1:])
    found = classes(outputs, places).reshape(-1)
    return {
        "samples": len(labels.labels),
        "correct": labels.correct(found),
        "seconds": time.perf_counter() - start,
    }
