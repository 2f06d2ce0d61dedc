"""Models of `Sparse`: Lava's own arithmetic in integers, and real numbers."""

from __future__ import annotations

from typing import Any

from lava.magma.core.decorator import implements, requires, tag
from lava.magma.core.resources import CPU
from lava.magma.core.sync.protocols.loihi_protocol import LoihiProtocol
from lava.proc.sparse.models import AbstractPySparseModelBitAcc, AbstractPySparseModelFloat

from onespike_lava.processes.sparse.process import Sparse
from onespike_lava.processes.weights import refuse_real


@implements(proc=Sparse, protocol=LoihiProtocol)
@requires(CPU)
@tag("fixed_pt", "bit_accurate_loihi")
class PySparseModelFixed(AbstractPySparseModelBitAcc):  # type: ignore[misc]
    """Lava's bit-accurate model; the exponent of -1 takes the doubling back."""

    def __init__(self, proc_params: Any) -> None:
        refuse_real(proc_params)
        super().__init__(proc_params)


@implements(proc=Sparse, protocol=LoihiProtocol)
@requires(CPU)
@tag("floating_pt")
class PySparseModelFloat(AbstractPySparseModelFloat):  # type: ignore[misc]
    """Lava's floating-point model, which knows no exponent."""

    a_buff: Any

    def run_spk(self) -> None:
        """One step; halving is exact in binary."""
        super().run_spk()
        self.a_buff = self.a_buff / 2
