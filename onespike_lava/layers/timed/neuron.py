"""Layers of timed neurons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.base import Integers, Shape
from onespike_lava.layers.codes import Code, StepCode
from onespike_lava.layers.growth import Growth
from onespike_lava.layers.layer import Layer
from onespike_lava.layers.spiking import Spiking
from onespike_lava.layers.synapses import Connection
from onespike_lava.layers.timed.parts import Firing, Integration, Reset, Threshold
from onespike_lava.limits import STATE_BITS


class TimedNeurons:
    """What spiking and output neurons of networks that step share.

    A synapse whose source is the layer itself is recurrent: what it brings was sent one step
    before.
    """

    stepping: ClassVar[bool | None] = True

    synapses: tuple[Connection, ...]
    integration: Integration
    threshold: Threshold | None
    reset: Reset
    firing: Firing

    @property
    def bias(self) -> Integers:
        """That of the integration."""
        return self.integration.bias

    @property
    def growth(self) -> Growth | None:
        """That of the integration."""
        return self.integration.growth

    @property
    def threshold_range(self) -> tuple[int, int] | None:
        """Smallest and largest threshold of any neuron and phase, None where nothing fires."""
        if self.threshold is None:
            return None
        found = (self.threshold.base, self.threshold.table)
        low, high = ([int(find(each)) for each in found] for find in (np.min, np.max))
        return low[0] * low[1], high[0] * high[1]

    @property
    def needs_no_wait(self) -> bool:
        """Leak, filter, drive, zero and subtracting reset, counts, floor and delays need it.

        With a wait a neuron still fires for one sample while it integrates the next, so its two
        potentials must not hang on each other.
        """
        firing = self.firing
        return (
            not self.integration.adds_up
            or self.reset.kind in ("zero", "subtract")
            or firing.max_count > 1
            or firing.floor is not None
            or any(synapse.delay is not None for synapse in self.synapses)
        )

    def spikes_limit(self, phases: int) -> int:
        """Steps of a sample in which a neuron may fire."""
        return self.firing.max_spikes or phases

    def state_bits(self, wait: int) -> int:
        """A potential, with a wait two, a current where it is filtered, how often it has fired."""
        states = 1 + (wait > 0) + bool(self.integration.keep_u.any())
        return STATE_BITS * states + self.firing.max_spikes.bit_length()


@dataclass(frozen=True, eq=False, repr=False)
class Timed(TimedNeurons, Layer):  # type: ignore[override]  # its bias is a part's
    """A layer of timed neurons: integrate, fire, reset, send (`parts` has the equations).

    scale : float64[C] or float64[1, H, W], one unit of potential in units of the source network
    """

    recurs: ClassVar[bool] = True

    name: str
    shape: Shape
    synapses: tuple[Connection, ...] = field()  # no default: that of `Layer` would count as one
    integration: Integration
    threshold: Threshold
    reset: Reset
    firing: Firing
    scale: NDArray[np.float64]

    def code(self, passed: Sequence[Code], weighting: str, phases: int) -> StepCode:
        """Payloads of every step."""
        firing = self.firing
        levels = np.broadcast_to(firing.payload, phases) * firing.max_count
        single = firing.max_spikes == 1 and firing.max_count == 1
        return StepCode(tuple(levels.tolist()), single)

    @classmethod
    def of(cls, layer: Spiking) -> Timed:
        """The same neurons as a setting of this one: phase code of one spike or several."""
        growth = layer.growth
        several = layer.max_spikes > 1
        return cls(
            name=layer.name,
            shape=layer.shape,
            synapses=layer.synapses,
            integration=summing(layer.bias, growth),
            threshold=Threshold(layer.threshold_base, layer.threshold_table),
            reset=Reset("level" if several else "keep"),
            firing=Firing(layer.payload, layer.max_spikes),
            scale=layer.scale,
        )


def summing(bias: Integers, growth: Growth | None) -> Integration:
    """The integration of phase code."""
    bits = growth.fraction_bits if growth else 0
    return Integration(bias, fraction_bits=bits, growth=growth)
