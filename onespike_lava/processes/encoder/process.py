"""Process `Encoder`: raw samples become what the input layer sends."""

from __future__ import annotations

from typing import Any

import numpy as np
from lava.magma.core.process.ports.ports import InPort, OutPort
from lava.magma.core.process.process import AbstractProcess
from lava.magma.core.process.variable import Var
from numpy.typing import ArrayLike

from onespike_lava.data.encoding import as_integers, encode
from onespike_lava.data.samples import numeric
from onespike_lava.errors import DataError
from onespike_lava.layers import Input
from onespike_lava.model import Model
from onespike_lava.schedule import period as period_of


class Encoder(AbstractProcess):  # type: ignore[misc]
    """The input layer: sends a sample's integers in their code, `Input.coding`.

    Binary, phase `j` sends the bit of place `2**(T_in - j)` (Sec. III-A). Networks that step have
    the others: constant, once, latency, events.

    layer   : the file's input layer, with its shape, `T_in`, grid and coding
    phases  : `T`
    unary   : spikes carry 1 (membrane weighting), not their place value (graded)
    samples : [N, *shape], of events [N, T, *shape], as the source network takes them, rounded to
              the grid `low + step * n`; None takes them from port `a_in`
    integers: samples are the layer's integers `n = 0 .. 2**T_in - 1` themselves
    start   : the step before the first sample's first phase
    period  : steps from one sample to the next; None takes `T`

    With samples it is a source, silent after the last one. Without, it reads from `a_in` at
    steps `start + n * period + 1` what the grid rounds and clips to sample `n`, of events at each
    of its steps; what arrives at other steps is ignored. `clipped` and `rounding` are those of
    `samples`, as in `Run`.

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
        period: int | None = None,
        **parameters: Any,
    ) -> None:
        coding = as_integers if integers else encode
        if samples is not None and not integers:
            samples = layer.arranged(numeric(samples, layer.sample_shape(phases)))
        layer = layer.inside  # what streams in has its shape
        period = phases if period is None else period
        given: dict[str, Any] = {"layer": layer, "unary": unary, "start": start, "phases": phases}
        given |= {"coding": coding, "period": period}
        super().__init__(streams=samples is None, **given, **parameters)
        nothing = np.zeros((1, *layer.sample_shape(phases)))
        coded = coding(layer, nothing if samples is None else samples, phases)
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
        given: dict[str, Any] = {
            "layer": network.input,
            "phases": network.phases,
            "period": period_of(network),
        }
        return cls(unary=unary, samples=samples, **given, **parameters)
