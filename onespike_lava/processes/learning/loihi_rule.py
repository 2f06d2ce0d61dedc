"""The rule for Lava's own learning connection, and where that differs from ours.

Loihi's learning engine evaluates sums of products of traces, weights and constants. The whole rule
is one such product,

    dw = -2^e * y0 * (x1 - 48) * w * (w - 127)

with `y0` 1 where the postsynaptic neuron wins and a trace `x1` that is 112 once the input has
spiked in the sample and does not decay: `x1 - 48` is then 64 or -48, up or three quarters of that
down. What differs is arithmetic: the product is cut by 14 bits (a quarter of a weight at shift 10,
1 / 128 at shift 15) and the new weight is rounded at random, where ours rounds away from 0; one
update is at most 1 apart. The ends are 0 and 127, not 1 and 126. A weight of 0 stays 0, so that
pruning is writing a 0. What no product says: which neuron wins, the trace's return to 0 before the
next sample, one weight shared by all places of a convolution. A winner is known one step behind its
last input, since the synapse takes a step; so inputs must come in every second step, or those of
the next one count as earlier, too.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.learning.learning_rule import Loihi2FLearningRule
from lava.utils.weightutils import SignMode
from numpy.typing import NDArray

from onespike_lava.errors import OptionError
from onespike_lava.limits import WEIGHT_MAX

UP, DOWN = 64, -48
"""What the trace is turned into; they are as 1 to three quarters."""

CUT = 14
"""Bits that Lava's fixed-point engine cuts: of one trace (7), two weights (9 each) and a mantissa
(4) those above the 15 that it accumulates."""

FRACTION = 7
"""Bits of the accumulator below a weight."""

SLOWEST = 15
"""The largest shift whose exponent the engine has."""

NO_DECAY = 2**32
"""Time constant at which a trace keeps its value."""

ARGUMENTS: dict[str, Any] = {"sign_mode": SignMode.EXCITATORY, "num_weight_bits": 8}
"""Of Lava's LearningDense, so that weights of 0 .. 127 act as they are."""


def loihi_rule(shift: int) -> Loihi2FLearningRule:
    """The rule at a rate of `2**-shift`; `OptionError` for one below the engine's range."""
    if not 1 <= shift <= SLOWEST:
        raise OptionError(f"shift: {shift} is outside 1..{SLOWEST}; give one of them")
    exponent = SLOWEST - shift - FRACTION
    return Loihi2FLearningRule(
        dw=f"-1 * 2 ^ {exponent} * y0 * (x1 - {-DOWN}) * w * (w - {WEIGHT_MAX})",
        x1_impulse=UP - DOWN,
        x1_tau=NO_DECAY,
        t_epoch=1,
        rng_seed=0,
    )


def loihi_moved(
    weight: NDArray[Any], up: NDArray[np.bool_], shift: int, random: float
) -> NDArray[np.int64]:
    """What Lava's connection makes of the weights of a winner, in place of `rule.moved`.

    random : of 0 .. 1, one for all weights; Lava draws it anew in each learning epoch
    """
    whole = weight.astype(np.int64)
    product = np.where(up, UP, DOWN) * whole * (WEIGHT_MAX - whole)
    total = (whole << FRACTION) + (product >> CUT << SLOWEST - shift)
    below = total >> FRACTION
    fraction = (total & (1 << FRACTION) - 1) / (1 << FRACTION)
    return np.maximum(below + (random < fraction), 0)
