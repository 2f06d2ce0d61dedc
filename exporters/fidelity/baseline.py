"""What a source network itself says to samples, the yardstick of everything converted from it."""

from __future__ import annotations

import copy
import sys
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.graph import Graph
from exporters.passes.draft import LINEAR
from onespike_lava.errors import UnsupportedError
from onespike_lava.network import Network
from onespike_lava.system.progress import Progress, silent

BLOCK = 128
"""Samples that are computed together at most."""

PER_VALUE = 64
"""Multiply-accumulates in the time that a value takes beside its own."""

VALUE_BYTES = 2**26
"""Memory that the largest value of a block may take."""


def refuse_steps(network: Network) -> None:
    """Raise `UnsupportedError` for a network that steps: its source is no ReLU network."""
    if network.steps:
        raise UnsupportedError(
            "model: a network that steps is not compared with a network of ReLUs; leave it out (an "
            "export of spiking modules compares with them by itself)"
        )


def logits(
    model: Any, graph: Graph, x: NDArray[Any], progress: Progress = silent
) -> NDArray[np.float32]:
    """Outputs float32[N, outputs] of the model for x : float[N, *shape].

    A torch module of one output computes them itself, anything else its `graph`.
    """
    torch = sys.modules.get("torch")
    if torch is None or not isinstance(model, torch.nn.Module):
        return in_blocks(graph.evaluate, x, "source network", progress, block_of(graph))
    module = copy.deepcopy(model).eval()

    def run(part: NDArray[Any]) -> NDArray[Any]:
        with torch.inference_mode():
            found = module(torch.from_numpy(np.array(part, np.float32)))
        one = isinstance(found, torch.Tensor)
        return found.numpy() if one else graph.evaluate(part)

    if not _says_the_same(run, graph, x[:2]):
        return in_blocks(graph.evaluate, x, "source network", progress, block_of(graph))

    return in_blocks(run, x, "source network", progress, block_of(graph))


def _says_the_same(run: Callable[[Any], NDArray[Any]], graph: Graph, x: NDArray[Any]) -> bool:
    """Whether a module takes samples as they are, and gives what its graph does."""
    try:
        found, expected = run(x), graph.evaluate(x)
    except Exception:  # several inputs, say; whoever reads the module says what is wrong with it
        return False
    alike = found.shape == expected.shape
    return alike and bool(
        np.allclose(found, expected, 1e-3, 1e-3 * np.abs(expected).max(initial=0))
    )


def in_blocks(
    function: Callable[[NDArray[Any]], NDArray[Any]],
    x: NDArray[Any],
    name: str = "samples",
    progress: Progress = silent,
    size: int = BLOCK,
) -> NDArray[Any]:
    """A function of samples, block by block: its results [N, ...], flattened to [N, outputs]."""
    parts = []
    for start in range(0, max(len(x), 1), size):  # of no samples, too, the outputs are known
        parts.append(function(x[start : start + size]))
        progress(name, min(start + size, len(x)), len(x))
    found = np.concatenate(parts)
    return found.reshape(len(x), prod(found.shape[1:]))


def block_of(graph: Graph) -> int:
    """Samples of a block, fewer where the graph's largest value is large."""
    largest = 4 * max(map(prod, graph.shapes().values()))
    return max(1, min(BLOCK, VALUE_BYTES // largest))


def macs(source: Graph) -> int:
    """Multiply-accumulates of the source network per sample, borders not deducted."""
    shapes = source.shapes()
    return sum(
        node.params["weight"][0].size * prod(shapes[node.name])
        for node in source.nodes
        if node.op in LINEAR
    )


def work(graph: Graph) -> int:
    """What one sample costs, in multiply-accumulates: those, and what its values take beside."""
    return macs(graph) + PER_VALUE * sum(map(prod, graph.shapes().values()))


def percent(scores: NDArray[Any], labels: NDArray[np.int64]) -> float:
    """Percent of samples whose largest score is that of their label, to two digits."""
    return round(100 * float(np.mean(scores.argmax(1) == labels)), 2)
