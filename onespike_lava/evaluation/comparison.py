"""Where two runs of a network first differ, layer by layer, neuron by neuron."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.data.encoding import Samples
from onespike_lava.engines.result import Run
from onespike_lava.network import Network
from onespike_lava.system.progress import Progress, of_whole, silent

BLOCK = 64
"""Samples whose codes both engines hold at a time."""


@dataclass(frozen=True)
class Difference:
    """The first place where two runs differ.

    layer   : name, in the order of the network; `scores` for the readout
    sample  : number of the sample
    neuron  : position in the layer, from 0; where neurons send several spikes of phase code,
              behind the place of the spike among them
    values  : what each run has there, a phase, payload or score
    count   : places of this layer that differ
    step    : on the layer's own clock, from 1, where a payload of one step differs
    """

    layer: str
    sample: int
    neuron: tuple[int, ...]
    values: tuple[int, int]
    count: int
    step: int | None = None

    def __str__(self) -> str:
        """One line for a person."""
        step = "" if self.step is None else f"step {self.step}, "
        return (
            f"layer {self.layer}, sample {self.sample}, {step}neuron {list(self.neuron)}: "
            f"{self.values[0]} against {self.values[1]} ({self.count} places differ)"
        )


@dataclass(frozen=True)
class Verification:
    """What an engine's samples are beside those of the reference.

    predictions : int64[N], or int64[N, places], the engine's, of the samples that were run
    difference  : None where all are equal; with one, no sample behind its block was run
    """

    engine: str
    predictions: NDArray[np.int64]
    difference: Difference | None


def compare_engines(
    network: Network,
    x: NDArray[Any],
    engine: str,
    wait: int | None = None,
    progress: Progress = silent,
) -> Verification:
    """Run samples x : [N, *input shape], N > 0, on an engine and on the reference, block by block.

    Ends at the first block that differs.
    """
    classes, difference, name = [], None, engine
    for start in range(0, len(x), BLOCK):
        block = Samples(network.input, x[start : start + BLOCK], network.phases)
        told = partial(of_whole, progress, "verification")
        seen = partial(told, 2 * start, 2 * len(x))
        expected = network.compute(block, "reference", wait, record=True, progress=seen)
        seen = partial(told, 2 * start + len(block), 2 * len(x))
        found = network.compute(block, engine, wait, record=True, progress=seen)
        name = found.engine
        classes.append(found.predictions)
        difference = first_difference(found, expected)
        if difference is not None:
            difference = replace(difference, sample=start + difference.sample)
            break
    return Verification(name, np.concatenate(classes), difference)


def first_difference(one: Run, two: Run) -> Difference | None:
    """The first difference in codes, layer by layer, then in scores; None if there is none.

    Both runs must be recorded.
    """
    for layer, (code, codes) in one.recorded.items():
        found = _difference(layer, codes, two.recorded[layer][1])
        if found and code.trains:
            return replace(found, step=found.neuron[0] + 1, neuron=found.neuron[1:])
        if found:
            return found
    return _difference("scores", one.scores, two.scores)


def _difference(layer: str, one: NDArray[Any], two: NDArray[Any]) -> Difference | None:
    places = np.argwhere(one != two)
    if not len(places):
        return None
    at = tuple(int(index) for index in places[0])
    return Difference(layer, at[0], at[1:], (int(one[at]), int(two[at])), len(places))
