"""Process `Dense`: Lava's Dense, exact for int8 weights."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.proc.dense.process import Dense as LavaDense
from numpy.typing import ArrayLike

from onespike_lava.processes.weights import EXACT, check_int8, doubled, is_real


class Dense(LavaDense):  # type: ignore[misc]
    """Dense synapses of payloads, `a_out(t + 1) = weight @ s_in(t)`.

    weight : [outputs, inputs], int8 or, for the floating-point model, real

    Ports `s_in` [inputs] and `a_out` [outputs] as in Lava's Dense, whose Var `weights` holds
    twice the weights (`onespike_lava.processes.weights` says why). Raises `OptionError` for
    integers outside int8.
    """

    def __init__(self, *, weight: ArrayLike, **parameters: Any) -> None:
        values = np.asarray(weight)
        super().__init__(weights=doubled(values), real=is_real(values), **EXACT, **parameters)
        check_int8(values)
