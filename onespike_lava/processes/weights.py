"""What Lava's own synapses need, so that int8 weights act as they are.

In fixed point, Lava's Dense and Sparse drop the lowest bit of weights of mixed sign, since
the chip's eight bits then hold the sign (127 acts as 126), and clip what exceeds nine. Twice
the weights with an exponent of -1 are exact for every int8 weight, of one sign or two.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.utils.weightutils import SignMode

from onespike_lava.errors import OptionError

MESSAGE_BITS = 24
"""Size of a graded spike; with 0, Lava's synapses would make a 1 of every payload."""

EXACT: dict[str, Any] = {
    "weight_exp": -1,
    "num_weight_bits": 8,
    "sign_mode": SignMode.MIXED,
    "num_message_bits": MESSAGE_BITS,
}
"""Arguments of Lava's Dense and Sparse beside the doubled weights."""


def doubled(weight: Any) -> Any:
    """Twice the weights, dense or sparse, in a type that holds them."""
    return weight.astype(float if is_real(weight) else np.int32) * 2


def is_real(weight: Any) -> bool:
    """Whether weights are real numbers, of which a fixed-point model would cut the fractions."""
    return bool(weight.dtype.kind == "f")


def check_int8(weight: Any) -> None:
    """Raise `OptionError` for integers outside int8, which a model would clip or wrap."""
    if is_real(weight) or not weight.size:
        return
    limits, low, high = np.iinfo(np.int8), int(weight.min()), int(weight.max())
    if low < limits.min or high > limits.max:
        raise OptionError(
            f"weight: {low}..{high} is outside {limits.min}..{limits.max} (int8); rescale it"
        )


def refuse_real(process_parameters: Any) -> None:
    """Raise `ValueError` for a fixed-point model of real weights."""
    if process_parameters["real"]:
        raise ValueError(
            "weight: real numbers do not fit a fixed-point model; give int8 weights or select "
            "the tag floating_pt"
        )
