"""Layers without neurons that pass spikes on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from onespike_lava.layers.base import Shape
from onespike_lava.layers.codes import Code
from onespike_lava.layers.layer import Layer
from onespike_lava.layers.synapses import Connection, Synapse
from onespike_lava.layers.window import Window


@dataclass(frozen=True, eq=False, repr=False)
class MaxPool(Layer):
    """Passes the first spike of each window: the exact maximum of single-spike codes."""

    name: str
    shape: Shape
    source: int
    kernel: tuple[int, int]
    window: Window

    @property
    def sources(self) -> tuple[int, ...]:
        """Position of the source layer."""
        return (self.source,)

    @property
    def passes(self) -> tuple[int, ...]:
        """Its only source."""
        return self.sources

    @property
    def kind(self) -> str:
        """`pool`."""
        return "pool"

    def code(self, passed: Sequence[Code], weighting: str, phases: int) -> Code:
        """That of its source."""
        return passed[0]

    @property
    def summed(self) -> Synapse:
        """The sum over each window as a convolution: for places that know no maximum."""
        channels = self.shape[0]
        ones = np.ones((channels, 1, *self.kernel), np.int8)
        return Synapse(self.source, ones, self.window, channels)

    @property
    def maps(self) -> tuple[Connection, ...]:
        """The sum over each window."""
        return (self.summed,)

    def state_bits(self, wait: int) -> int:
        """Whether the window has spiked."""
        return 1
