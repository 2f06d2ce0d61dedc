"""Process `Encoder`: raw samples become spikes of the binary code."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from numpy.typing import ArrayLike

from onespike_lava.data.encoding import as_integers, encode
from onespike_lava.errors import DataError
from onespike_lava.layers import Input
from onespike_lava.model import Model


class Encoder(AbstractProcess):  # type: ignore[misc]
    """The input layer: phase `j` of a sample sends its bit of place `2**(T_in - j)` (Sec. III-A).

    layer   : the file's input layer, with its shape, `T_in` and grid
    phases  : `T`; samples follow each other every so many steps
    unary   : spikes carry 1 (membrane weighting), not their place value (graded)
    samples : [N, *shape], float as the source network takes them, rounded to the grid `low +
              step * n`; None takes them from port `a_in`
    integers: samples are the layer's integers `n = 0 .. 2**T_in - 1` themselves
    start   : the step before the first sample's first phase

    With samples it is a source, silent after the last one. Without, it reads from `a_in` at
    steps `start + n * T + 1` what the grid rounds and clips to sample `n`; what arrives at
    other steps is ignored. `clipped` and `rounding` are those of `samples`, as in `Run`.

    Raises `DataError` for samples that do not fit the layer.
    """

    def __init__(
        self,
        *,
        layer: Input,
        phases: int,
        unary: bool = False,
        samples: ArrayLike | None = None,
        integers: bool = False,
        start: int = 0,
        **parameters: Any,
    ) -> None:
        coding = as_integers if integers else encode
        given = {"layer": layer, "phases": phases, "unary": unary, "start": start}
        super().__init__(streams=samples is None, coding=coding, **given, **parameters)
        coded = coding(layer, np.zeros((1, *layer.shape)) if samples is None else samples)
        if not len(coded.integers):
            raise DataError("samples: there are none; give at least one")
        self.shape, self.clipped, self.rounding = layer.shape, coded.clipped, coded.rounding
        self.a_in = InPort(shape=layer.shape)
        self.s_out = OutPort(shape=layer.shape)
        self.samples = Var(shape=coded.integers.shape, init=coded.integers)

    @classmethod
    def of(cls, network: Model, samples: ArrayLike | None = None, **parameters: Any) -> Encoder:
        """The encoder of a network's input layer."""
        unary = network.weighting == "membrane"
        layer, phases = network.input, network.phases
        return cls(layer=layer, phases=phases, unary=unary, samples=samples, **parameters)
