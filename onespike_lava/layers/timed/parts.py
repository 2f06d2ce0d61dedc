"""The four parts of a timed neuron, plain data.

Per sample, on the layer's own clock, steps `t = 1..T`:

    I(t) = sum of weight * payload that arrives in step t
    u(t) = D(u(t-1), keep_u) + (I(t) << fraction_bits)     u(0) = 0
    v(t) = D(v(t-1), keep_v) + u(t) + drive                v(0) = bias
    fires in phase k, at step T_w + k, if it has fired in fewer than max_spikes steps and
        v >= threshold.base * threshold.table[k]
    n = 1, or with max_count above 1: min(max_count, v // threshold)
    then resets, then v = max(v, floor), and sends n * payload[k]

`D(x, keep)` is `x * keep / 4096` in integers (`decay`). A comparison `v > theta` is `v >=` with
`(theta << fraction_bits) + 1`. Values are per channel `[C]`, per place `[1, H, W]` or per neuron
`[C, H, W]`; tables int32[T], or int32[1] where all phases are alike.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from onespike_lava.layers.base import Frozen, Integers
from onespike_lava.layers.growth import Growth
from onespike_lava.layers.timed.decay import ONE

RESETS = ("keep", "zero", "subtract", "level")
"""What a spike does to the potential; see `Reset`."""


def whole(value: int) -> Integers:
    """One integer for a whole layer, int32[1]."""
    return np.array([value], np.int32)


def _all() -> Integers:
    return whole(ONE)


def _none() -> Integers:
    return whole(0)


@dataclass(frozen=True, eq=False, repr=False)
class Integration(Frozen):
    """How current and potential gather what arrives.

    bias          : int32, potential at the start of each sample
    keep_u        : int32[1] or int32[C] of 0..4096, what the current keeps; 0 for no filter
    keep_v        : the same of the potential; 4096 for no leak
    fraction_bits : synaptic input enters shifted left by so many bits
    rounding      : `floor`, `ceil` or `zero`, of what is kept
    drive         : int32, added to the potential in every step; None for nothing
    growth        : of membrane weighting, instead of a leak
    """

    bias: Integers
    keep_u: Integers = field(default_factory=_none)
    keep_v: Integers = field(default_factory=_all)
    fraction_bits: int = 0
    rounding: str = "floor"
    drive: Integers | None = None
    growth: Growth | None = None

    @property
    def adds_up(self) -> bool:
        """Whether the potential only sums what arrives, so that it may be complete before firing.

        Growth of membrane weighting counts as such.
        """
        return self.drive is None and not self.keep_u.any() and bool((self.keep_v == ONE).all())


@dataclass(frozen=True, eq=False, repr=False)
class Threshold(Frozen):
    """Thresholds `base * table[k]`.

    base  : int32, positive
    table : int32[T] or int32[1]; with growth int32[steps, T], row `min(T_w + k, steps) - 1`
    """

    base: Integers
    table: Integers = field(default_factory=lambda: whole(1))


@dataclass(frozen=True, eq=False, repr=False)
class Reset(Frozen):
    """What `n` spikes of a step do to the potential.

    kind : `keep` nothing; `zero` make it 0; `subtract` take `n * base * table[k]` off;
           `level` while more than one of `max_spikes` is left, fire at and take off
           `2 * threshold.base * payload[k]`; the last one obeys the threshold and takes nothing
           (several spikes a sample in phase code)
    base, table : of `subtract`, shaped as those of the threshold; None for the threshold's
    """

    kind: str = "keep"
    base: Integers | None = None
    table: Integers | None = None


@dataclass(frozen=True, eq=False, repr=False)
class Firing(Frozen):
    """What is sent.

    payload    : int32[T] or int32[1], what one spike of each phase carries
    max_spikes : steps of a sample in which a neuron may fire, 0 for all
    max_count  : most spikes of one step
    floor      : int32, the potential's lowest value after each step; None for none
    """

    payload: Integers = field(default_factory=lambda: whole(1))
    max_spikes: int = 0
    max_count: int = 1
    floor: Integers | None = None
