"""Layers without neurons that add spikes up."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np

from onespike_lava.layers.base import Shape
from onespike_lava.layers.codes import Code, StepCode
from onespike_lava.layers.layer import Layer

ENDLESS = 2**30
"""More than any neuron may send, so that sums of sums stay numbers."""


@dataclass(frozen=True, eq=False, repr=False)
class Sum(Layer):
    """Sends in each step the sum of what its sources send: the spike-element-wise ADD of SEW.

    added : positions of the sources, all of its shape; one that stands twice counts twice
    """

    stepping: ClassVar[bool | None] = True

    name: str
    shape: Shape
    added: tuple[int, ...] = field()  # no default: that of `Layer` would count as one

    @property
    def sources(self) -> tuple[int, ...]:
        """Positions of the layers that it adds."""
        return self.added

    @property
    def passes(self) -> tuple[int, ...]:
        """All of its sources."""
        return self.added

    @property
    def kind(self) -> str:
        """`sum`."""
        return "sum"

    def code(self, passed: Sequence[Code], weighting: str, phases: int) -> StepCode:
        """In each step the most that all sources send together."""
        levels = np.zeros(phases, np.int64)
        for each in passed:
            levels[: each.steps] += each.payloads[:phases]
        return StepCode(tuple(np.minimum(levels, ENDLESS).tolist()))

    def state_bits(self, wait: int) -> int:
        """None: what arrives in a step leaves in it."""
        return 0
