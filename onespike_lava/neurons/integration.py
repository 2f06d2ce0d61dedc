"""Integration: how the potential of a neuron moves with what arrives (Eq. 1)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Growth
from onespike_lava.neurons.clock import clock

Values = NDArray[Any]


class Arithmetic(NamedTuple):
    """How numbers move in membrane weighting; in graded weighting they do not.

    grow  : potential -> potential one step later
    enter : synaptic input -> its contribution to the potential
    steps : steps of a sample in which the potential grows, `T_src`
    """

    grow: Callable[[Any], Any]
    enter: Callable[[Any], Any]
    steps: int


def _unchanged(values: Any) -> Any:
    return values


GRADED = Arithmetic(_unchanged, _unchanged, 0)
"""Synapse-based weighting: potentials only add up, in any number type."""


def fixed(growth: Growth | None) -> Arithmetic:
    """Integers: growth in int64, rounded to the nearest, states int32."""
    if growth is None:
        return GRADED
    return Arithmetic(
        lambda potential: growth.grown(potential).astype(np.int32),
        lambda arriving: arriving << growth.fraction_bits,
        growth.steps,
    )


def floating(growth: Growth | None) -> Arithmetic:
    """Real numbers: the same units as `fixed`, without rounding."""
    if growth is None:
        return GRADED
    unit = 2**growth.fraction_bits
    return Arithmetic(
        lambda potential: potential * growth.base, lambda arriving: arriving * unit, growth.steps
    )


@dataclass(frozen=True)
class Membrane:
    """Constants of a layer's integration.

    bias       : [*shape] potential at the start of each sample
    phases     : `T`
    start      : step before the first integration step, `Slot.integrate`
    arithmetic : how the potential grows
    """

    bias: Values
    phases: int
    start: int
    arithmetic: Arithmetic = GRADED


def integrate(membrane: Membrane, potential: Values, step: int, arriving: Any) -> Values:
    """Potential after a step (Eq. 1): the bias as each sample starts, growth, input, if any."""
    sample, phase = clock(step, membrane.start, membrane.phases)
    if sample < 0:
        return potential
    if phase == 1:
        potential = membrane.bias
    if phase <= membrane.arithmetic.steps:
        potential = membrane.arithmetic.grow(potential)
    if arriving is None:
        return potential
    integrated: Values = potential + membrane.arithmetic.enter(arriving)
    return integrated


def read_out(
    membrane: Membrane, potential: Values, step: int, arriving: Any
) -> tuple[Values | None, Values]:
    """One step of the output layer: scores as a sample's last phase arrives, else None.

    `arriving` is None for nothing.
    """
    potential = integrate(membrane, potential, step, arriving)
    sample, phase = clock(step, membrane.start, membrane.phases)
    return (potential if sample >= 0 and phase == membrane.phases else None), potential
