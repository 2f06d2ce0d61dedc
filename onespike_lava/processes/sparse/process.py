"""Process `Sparse`: Lava's Sparse, exact for int8 weights."""

from __future__ import annotations

from typing import Any

from lava.proc.sparse.process import Sparse as LavaSparse
from scipy.sparse import csr_matrix  # type: ignore[import-untyped]

from onespike_lava.processes.weights import EXACT, check_int8, doubled, is_real


class Sparse(LavaSparse):  # type: ignore[misc]
    """Sparse synapses of payloads, `a_out(t + 1) = weight @ s_in(t)`.

    weight : [outputs, inputs], a SciPy sparse matrix or an array, int8 or, for the
             floating-point model, real

    Ports `s_in` [inputs] and `a_out` [outputs] as in Lava's Sparse, whose Var `weights` holds
    twice the weights (`onespike_lava.processes.weights` says why). Raises `OptionError` for
    integers outside int8.
    """

    def __init__(self, *, weight: Any, **parameters: Any) -> None:
        values = csr_matrix(weight)
        super().__init__(weights=doubled(values), real=is_real(values), **EXACT, **parameters)
        check_int8(values)
