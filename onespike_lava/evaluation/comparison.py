"""Where two runs of a network first differ, layer by layer, neuron by neuron."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.result import Run


@dataclass(frozen=True)
class Difference:
    """The first place where two runs differ.

    layer   : name, in the order of the network; `scores` for the readout
    sample  : number of the sample
    neuron  : position in the layer
    values  : what each run has there, a phase or a score
    count   : places of this layer that differ
    """

    layer: str
    sample: int
    neuron: tuple[int, ...]
    values: tuple[int, int]
    count: int

    def __str__(self) -> str:
        """One line for a person."""
        return (
            f"layer {self.layer}, sample {self.sample}, neuron {list(self.neuron)}: "
            f"{self.values[0]} against {self.values[1]} ({self.count} places differ)"
        )


def first_difference(one: Run, two: Run) -> Difference | None:
    """The first difference in codes, layer by layer, then in scores; None if there is none.

    Both runs must be recorded.
    """
    for layer in one.codes:
        found = _difference(layer, one.codes[layer], two.codes[layer])
        if found:
            return found
    return _difference("scores", one.scores, two.scores)


def _difference(layer: str, one: NDArray[Any], two: NDArray[Any]) -> Difference | None:
    places = np.argwhere(one != two)
    if not len(places):
        return None
    at = tuple(int(index) for index in places[0])
    return Difference(layer, at[0], at[1:], (int(one[at]), int(two[at])), len(places))
