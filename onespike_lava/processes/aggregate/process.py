"""Process `Aggregate`: one sparse matrix between places, the same for all channels."""

from __future__ import annotations

from typing import Any

from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var

from onespike_lava.layers import Shape, Sparse


class Aggregate(AbstractProcess):  # type: ignore[misc]
    """Sums over the neighbours in a graph, channel by channel; adds one step, like synapses.

    synapse     : the matrix and the signs of the source's blocks of channels
    input_shape : (C, H, W) of the source

    A `Sparse` Process of the same connection would hold the matrix once per channel. The sums
    are exact while they stay below 2**24 in magnitude.
    """

    def __init__(self, *, synapse: Sparse, input_shape: Shape, **parameters: Any) -> None:
        super().__init__(input_shape=input_shape, **parameters)
        shape = synapse.output_shape(tuple(input_shape))
        self.s_in = InPort(shape=tuple(input_shape))
        self.a_out = OutPort(shape=shape)
        self.a_buff = Var(shape=shape, init=0)
        for name in ("weight", "indices", "indptr", "signs"):
            values = getattr(synapse, name)
            setattr(self, name, Var(shape=values.shape, init=values))
