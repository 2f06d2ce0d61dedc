"""Relays of the stock composition: paths that are longer than a synapse's delay."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from lava.proc.graded.process import GradedVec
from numpy.typing import NDArray
from scipy.sparse import csr_matrix, eye  # type: ignore[import-untyped]

from onespike_lava.loihi.limits import LOIHI2
from onespike_lava.loihi.sizes import hops
from onespike_lava.processes.stock.connect import sparse

MOST = int(LOIHI2["delay"].number)
"""Steps that a synapse holds a spike back beyond its own."""


@dataclass(frozen=True)
class Line:
    """A port whose spikes a synapse may hold back for what is left of their way.

    at    : positions of its neurons in their layer, flat
    port  : of all of these
    delay : steps left beyond the synapse's own, int64[neurons]
    live  : those that are read here, bool[neurons]; the others over further relays
    """

    at: NDArray[np.int64]
    port: Any
    delay: NDArray[np.int64]
    live: NDArray[np.bool_]

    def columns(self, weight: csr_matrix) -> csr_matrix:
        """Those of a matrix [outputs, neurons of the layer] that are read here."""
        found = weight[:, self.at]
        if self.live.all():
            return found
        kept = csr_matrix(found.multiply(self.live[None, :]), dtype=np.int8)
        kept.eliminate_zeros()  # an entry of 0 would keep a delay that no synapse holds
        return kept


def lines(
    add: Callable[[Any], Any], at: NDArray[np.int64], port: Any, delay: NDArray[np.int64]
) -> list[Line]:
    """The lines of neurons, by the number of relays on their way; most often one, without any.

    add   : keeps a Process of the composition
    delay : steps beyond a synapse's own, int64[1] or int64[neurons]

    A relay is a GradedVec, which passes on what comes, behind a DelaySparse from each neuron to
    its own.
    """
    left = np.broadcast_to(delay, at.size).astype(np.int64)
    needed = hops(left)
    found = [Line(at, port, left, needed == 0)]
    for count in range(1, int(needed.max(initial=0)) + 1):
        before = found[-1]
        further = hops(before.delay) > 0
        one = eye(before.at.size, format="csr", dtype=np.int8)[further]
        synapse = add(sparse(one, delay=MOST))
        relay = add(GradedVec(shape=(int(further.sum()),), vth=0))
        before.port.connect(synapse.s_in)
        synapse.a_out.connect(relay.a_in)
        at, left, needed = at[further], before.delay[further] - MOST - 1, needed[further]
        found.append(Line(at, relay.s_out, left, needed == count))
    return [line for line in found if line.live.any()]
