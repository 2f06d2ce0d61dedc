"""The neurons LOIHI and CUBA of lava-dl: leaky, current-filtered, reset to zero, fixed point.

u = zero(u * (4096 - iDecay) / 4096) + (I << 6)
v = zero(v * (4096 - vDecay) / 4096) + u + (bias << 6)      fires at v > vThMant << 6, v = 0
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Integers, Integration, Shape, Threshold
from onespike_lava.layers.timed import ONE
from onespike_lava.netx.lavadl.keys import STOCK, Keys
from onespike_lava.netx.lavadl.weights import SHIFT

TYPES = ("LOIHI", "CUBA")
"""Both are the same neuron: LOIHI is SLAYER's name before lava-dl."""

HIGHEST = 2**17 - 1
"""Largest threshold mantissa of Loihi 2. A last layer of that or more is read by its potential."""

BIAS_MAX = 2**12 - 1
"""Largest magnitude of a bias mantissa, 13 bits signed."""

TRAINING = ("scaleRho", "tauRho", "theta")
"""Keys that only training reads: the surrogate gradient, and the threshold once more."""


@dataclass(frozen=True)
class Neuron:
    """What a file says of a layer's neurons; `threshold` is the mantissa."""

    keep_u: Integers
    keep_v: Integers
    threshold: int

    @property
    def fires(self) -> bool:
        """Whether the threshold can be reached."""
        return self.threshold < HIGHEST

    def integration(self, shape: Shape, bits: int, bias: Integers | None) -> Integration:
        """With synaptic input shifted by `bits` and a bias mantissa that drives every step."""
        drive = None
        if bias is not None and bias.any():
            drive = np.broadcast_to(bias, shape[:1]) << SHIFT
        return Integration(
            np.zeros(shape[:1], np.int32), self.keep_u, self.keep_v, bits, "zero", drive
        )

    def limit(self, shape: Shape) -> Threshold:
        """`v > vThMant << 6` as `v >=`."""
        return Threshold(np.full(shape[:1], (self.threshold << SHIFT) + 1, np.int32))


ADDER = Neuron(np.zeros(1, np.int32), np.full(1, ONE, np.int32), HIGHEST)
"""A layer without neurons adds up what arrives."""


def read_neuron(keys: Keys | None, channels: int, last: bool) -> Neuron | None:
    """The neurons of a layer, None where it has none.

    last : nothing reads its spikes, so that it need not fire
    """
    if keys is None:
        return None
    kind = keys.text("type")
    if kind not in TYPES:
        raise keys.odd("type", f"{kind!r} is not {' or '.join(TYPES)}")
    for name, value, meaning in (
        ("wgtExp", 0, "weights enter as they are"),
        ("weight_exp", 0, "weights enter as they are"),
        ("refDelay", 1, "a neuron may fire in every step"),
        ("gradedSpike", 0, "a spike carries 1"),
        ("messageBits", 0, "a spike carries 1"),
    ):
        keys.only(name, value, meaning)
    decays = [ONE - keys.per_channel(name, 0, ONE, channels) for name in ("iDecay", "vDecay")]
    threshold = keys.number("vThMant", 0, 2**18)
    if threshold > HIGHEST and not last:
        text = f"{threshold} exceeds {HIGHEST} (17 bits) in a layer whose spikes are read; {STOCK}"
        raise keys.odd("vThMant", text)
    keys.ignore(TRAINING)
    keys.finish()
    return Neuron(decays[0], decays[1], min(threshold, HIGHEST))


def mantissa(drive: NDArray[np.int32] | None) -> NDArray[np.int32] | None:
    """The bias that a drive is, None where it is no multiple of 64 or too large."""
    if drive is None:
        return np.zeros(1, np.int32)
    bias = drive >> SHIFT
    exact = (bias << SHIFT == drive).all() and np.abs(bias).max() <= BIAS_MAX
    return bias if exact else None
