"""What a run is asked to keep of a network that steps, besides scores and codes."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import StateError
from onespike_lava.limits import STATE_LIMIT

Trace = tuple[NDArray[np.int32], NDArray[np.int32]]


@dataclass
class Notes:
    """Filled block by block; what was not asked for stays empty.

    over_steps : whether scores after every step are wanted
    traces     : whether currents and potentials of all layers with neurons are
    scores     : int64[n, T, outputs] of each block of samples
    states     : layer -> currents and potentials int32[n, T, *shape] of each block
    """

    over_steps: bool = False
    traces: bool = False
    scores: list[NDArray[np.int64]] = field(default_factory=list)
    states: dict[str, list[Trace]] = field(default_factory=dict)

    def note(self, scores: NDArray[np.int64]) -> None:
        """Keep one block's scores after each step, [n, T, *scores], where asked for."""
        if self.over_steps:
            self.scores.append(scores.reshape(*scores.shape[:2], prod(scores.shape[2:])))

    def trace(self, name: str, shape: tuple[int, ...]) -> Trace | None:
        """Room for one block's states of a layer, [n, T, *shape]; None where not asked for."""
        if not self.traces:
            return None
        found = np.zeros(shape, np.int32), np.zeros(shape, np.int32)
        self.states.setdefault(name, []).append(found)
        return found

    def traced(self) -> dict[str, Trace]:
        """Layer -> currents and potentials of all samples."""
        joined = {}
        for name, blocks in self.states.items():
            current, potential = (np.concatenate(part) for part in zip(*blocks, strict=True))
            joined[name] = (current, potential)
        return joined


def check_state(name: str, step: int, *states: NDArray[Any]) -> None:
    """Raise `StateError` where a state leaves 24 bits: of networks that no proof covers."""
    for values in states:
        largest = max(abs(int(values.max(initial=0))), abs(int(values.min(initial=0))))
        if largest >= STATE_LIMIT:
            raise StateError(
                f"{name}: a state of {largest} in step {step} reaches the limit of {STATE_LIMIT} "
                "(24 bits signed); scale the weights, threshold and drive of that layer down"
            )
