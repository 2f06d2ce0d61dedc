"""Layers of phase-coding neurons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.base import Integers, Shape
from onespike_lava.layers.codes import Code, PhaseCode, SeveralCode
from onespike_lava.layers.growth import Growth
from onespike_lava.layers.layer import Layer
from onespike_lava.layers.synapses import Connection
from onespike_lava.limits import STATE_BITS


@dataclass(frozen=True, eq=False, repr=False)
class Spiking(Layer):
    """A layer of phase-coding neurons that spike at most once a sample (Sec. III-C, Alg. 1).

    bias            : int32, the potential at the start of each sample
    threshold_base  : int32, `h`; the threshold of phase `k` is `h * threshold_table[k - 1]`
    threshold_table : int32[T] graded; int32[steps, T] membrane, row `min(T_w + k, steps) - 1`
    payload         : int32[T], what a spike of phase `k` carries (ones in membrane weighting)
    payload_bits    : binary digits of the payload's unit
    base            : `Q` of the phase code that the layer sends
    scale           : float64, one unit of potential in units of the source network
    growth          : None in graded weighting
    max_spikes      : spikes that a neuron may send in a sample, one a phase; with more than
                      one left it spikes at `2 h payload[k - 1]` and subtracts that (soft reset),
                      the threshold table serves the last one (the multi-spike phase code of
                      Sec. II-B that the paper argues from)

    Bias and threshold base have one value per channel `[C]`, per place `[1, H, W]`, or per
    neuron `[C, H, W]`; the scale one per channel or per place.
    """

    stepping: ClassVar[bool | None] = False

    name: str
    shape: Shape
    synapses: tuple[Connection, ...] = field()  # no default: that of `Layer` would count as one
    bias: Integers
    threshold_base: Integers
    threshold_table: Integers
    payload: Integers
    payload_bits: int
    base: float
    scale: NDArray[np.float64]
    growth: Growth | None = None
    max_spikes: int = 1

    def code(self, passed: Sequence[Code], weighting: str, phases: int) -> PhaseCode:
        """The phase code of its payloads, of one spike or of several."""
        levels = tuple(self.payload.tolist())
        base = self.base if self.growth else 0.0
        if self.max_spikes > 1:
            return SeveralCode(levels, self.payload_bits, base, self.max_spikes)
        return PhaseCode(levels, self.payload_bits, base)

    def state_bits(self, wait: int) -> int:
        """A potential, with a wait two, and how often it has spiked.

        With a wait a neuron keeps the last sample's potential while it integrates the next.
        """
        return STATE_BITS * (2 if wait else 1) + self.max_spikes.bit_length()

    @property
    def threshold_range(self) -> tuple[int, int]:
        """Smallest and largest threshold of any neuron, phase and number of spikes left."""
        factors = [int(self.threshold_table.min()), int(self.threshold_table.max())]
        if self.max_spikes > 1:
            factors += [2 * int(self.payload.min()), 2 * int(self.payload.max())]
        low, high = int(self.threshold_base.min()), int(self.threshold_base.max())
        return low * min(factors), high * max(factors)

    @property
    def constant(self) -> NDArray[np.float64]:
        """The normalisation constant `lambda` that the integers realise, float64[C].

        A spike of payload `p` stands for `lambda * p / 2**payload_bits` (Eq. 2). Scales per
        place belong to one constant of the whole layer.
        """
        base = self.threshold_base.reshape(len(self.scale), -1)[:, 0]
        unit = 2.0 ** (self.payload_bits + (self.growth is None))
        grown = 1.0 if self.growth is None else self.growth.base**self.growth.steps
        if self.scale.ndim > 1:
            only = float(self.scale.reshape(-1)[0]) * grown * unit
            return np.full(self.shape[0], self.threshold_base.reshape(-1)[0] * only)
        return base * self.scale * grown * unit
