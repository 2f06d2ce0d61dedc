"""The output layer of networks that step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.base import Shape
from onespike_lava.layers.codes import Code
from onespike_lava.layers.layer import Layer
from onespike_lava.layers.readout import Readout
from onespike_lava.layers.synapses import Connection
from onespike_lava.layers.timed.neuron import TimedNeurons, summing
from onespike_lava.layers.timed.parts import Firing, Integration, Reset, Threshold

TAKES = ("last", "sum", "maximum")
"""What of the potentials `v(1) .. v(T)` is the score."""


@dataclass(frozen=True, eq=False, repr=False)
class TimedReadout(TimedNeurons, Layer):  # type: ignore[override]
    """Output neurons that send nothing; what they take of their potentials are the scores.

    integration : as in `Timed`
    scale       : `logit = score * scale`, one number or float64[1, H, W], one per place
    take        : `last`, `sum` over the steps or `maximum` of the potentials, each before reset
    group       : channels (C, H, W) or features (F,) whose scores are added, neighbours
    threshold   : where its neurons fire and reset all the same, None where they do not
    reset, firing : as in `Timed`; the payload serves nothing
    """

    role: ClassVar[str] = "output"

    name: str
    shape: Shape
    synapses: tuple[Connection, ...] = field()  # no default: that of `Layer` would count as one
    integration: Integration
    scale: float | NDArray[np.float64]
    take: str = "last"
    group: int = 1
    threshold: Threshold | None = None
    reset: Reset = field(default_factory=Reset)
    firing: Firing = field(default_factory=Firing)

    @property
    def scores(self) -> Shape:
        """Shape of the scores: groups added."""
        return (self.shape[0] // self.group, *self.shape[1:])

    def code(self, passed: Sequence[Code], weighting: str, phases: int) -> None:
        """Nothing."""

    @classmethod
    def of(cls, layer: Readout) -> TimedReadout:
        """The same neurons as a setting of this one."""
        integration = summing(layer.bias, layer.growth)
        return cls(layer.name, layer.shape, layer.synapses, integration, layer.scale)
