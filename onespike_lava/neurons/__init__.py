"""The one-spike neuron over time: pure steps, the same for any arithmetic.

A step takes a layer's constants, its state and what arrives, and returns what it sends and
the new state. Lava models wrap these functions; they hold for int32 arrays (`fixed`), real
numbers (`floating`) or exact fractions alike.

Steps count from 1, as in Lava. A layer's clock begins at its `start`: integration step `t`
of sample `n` is at step `start + n * T + t`, output phase `k` at `start + n * T + T_w + k`
(Sec. V-C2). With `T_w > 0` a neuron still fires for one sample while it integrates the
next, hence two potentials.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import (
    Growth,
    Input,
    Integers,
    Layer,
    Shape,
    Spiking,
    Window,
    code_shape,
)

Values = NDArray[Any]


def clock(step: int, start: int, phases: int) -> tuple[int, int]:
    """Sample, negative before the first, and phase in 1..T of a clock that begins at `start`."""
    sample, phase = divmod(step - start - 1, phases)
    return sample, phase + 1


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
    half = 1 << (growth.exponent - 1)

    def grow(potential: Integers) -> Integers:
        grown = (potential.astype(np.int64) * growth.mantissa + half) >> growth.exponent
        return grown.astype(np.int32)

    return Arithmetic(grow, lambda arriving: arriving << growth.fraction_bits, growth.steps)


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


@dataclass(frozen=True)
class Neuron:
    """Constants of a layer of one-spike neurons.

    membrane        : how it integrates
    threshold_base  : [*shape]
    threshold_table : [T]; the threshold of phase `k` is `base * table[k - 1]`
    payload         : [T], what a spike of phase `k` carries
    wait            : `T_w` in 0..T
    max_spikes      : spikes that a neuron may send in a sample, more than one only graded
    """

    membrane: Membrane
    threshold_base: Values
    threshold_table: Values
    payload: Values
    wait: int
    max_spikes: int = 1


class State(NamedTuple):
    """State of a layer of one-spike neurons, arrays [*shape].

    potential : of the sample that it integrates
    previous  : of the sample before, complete
    fired     : spikes so far for the sample that it sends
    """

    potential: Values
    previous: Values
    fired: Values


def integrate(membrane: Membrane, potential: Values, step: int, arriving: Any) -> Values:
    """Potential after a step (Eq. 1): the bias as each sample starts, growth, input."""
    sample, phase = clock(step, membrane.start, membrane.phases)
    if sample < 0:
        return potential
    if phase == 1:
        potential = membrane.bias
    if phase <= membrane.arithmetic.steps:
        potential = membrane.arithmetic.grow(potential)
    integrated: Values = potential + membrane.arithmetic.enter(arriving)
    return integrated


def fire(neuron: Neuron, state: State, step: int) -> tuple[Values | None, State]:
    """Payloads [*shape] of the neurons that spike in a step, None if none does (Alg. 1).

    A neuron spikes at the first phase whose threshold its potential reaches, once a sample.
    While it may send more than one spike, the threshold is what the spike stands for, and the
    potential falls by that (soft reset).
    """
    start, phases = neuron.membrane.start, neuron.membrane.phases
    sending, phase = clock(step, start + neuron.wait, phases)
    if sending < 0:
        return None, state
    integrating, _ = clock(step, start, phases)
    current = sending == integrating
    potential = state.potential if current else state.previous
    fired = np.zeros_like(state.fired) if phase == 1 else state.fired
    threshold = neuron.threshold_base * neuron.threshold_table[phase - 1]
    if neuron.max_spikes > 1:
        more = fired < neuron.max_spikes - 1
        reset = 2 * neuron.threshold_base * neuron.payload[phase - 1]
        threshold = np.where(more, reset, threshold)
    spikes = (potential >= threshold) & (fired < neuron.max_spikes)
    state = state._replace(fired=fired + spikes)
    if not spikes.any():
        return None, state
    if neuron.max_spikes > 1:
        fallen = potential - np.where(spikes & more, reset, 0)
        state = state._replace(**{"potential" if current else "previous": fallen})
    return spikes * neuron.payload[phase - 1], state


def advance(neuron: Neuron, state: State, step: int, arriving: Any) -> tuple[Values | None, State]:
    """One step of a layer: integrate, then fire. Returns payloads, or None, and the new state."""
    sample, phase = clock(step, neuron.membrane.start, neuron.membrane.phases)
    if sample >= 0 and phase == 1:
        state = state._replace(previous=state.potential)
    potential = integrate(neuron.membrane, state.potential, step, arriving)
    return fire(neuron, state._replace(potential=potential), step)


def read_out(
    membrane: Membrane, potential: Values, step: int, arriving: Any
) -> tuple[Values | None, Values]:
    """One step of the output layer: scores as a sample's last phase arrives, else None."""
    potential = integrate(membrane, potential, step, arriving)
    sample, phase = clock(step, membrane.start, membrane.phases)
    return (potential if sample >= 0 and phase == membrane.phases else None), potential


def pool(
    largest: Values, fired: NDArray[np.bool_], first_phase: bool
) -> tuple[Values, NDArray[np.bool_]]:
    """One step of a max pool: payloads of the windows that spike now for the first time.

    `largest` is each window's largest payload of this step; all spikes of a step carry the
    same one. `first_phase` starts a sample.
    """
    fired = np.zeros_like(fired) if first_phase else fired
    sent = np.where(fired, 0, largest)
    return sent, fired | (largest > 0)


def window_maximum(values: Values, kernel: tuple[int, int], window: Window, size: Shape) -> Values:
    """Largest value under each window, [C, *size] from [C, H, W]; padding is silent."""
    top, left, bottom, right = window.padding
    padded = np.pad(values, ((0, 0), (top, bottom), (left, right)))
    largest = np.zeros((len(values), *size), values.dtype)
    for row in range(0, kernel[0] * window.dilation[0], window.dilation[0]):
        rows = slice(row, row + (size[0] - 1) * window.stride[0] + 1, window.stride[0])
        for column in range(0, kernel[1] * window.dilation[1], window.dilation[1]):
            end = column + (size[1] - 1) * window.stride[1] + 1
            under = padded[:, rows, slice(column, end, window.stride[1])]
            np.maximum(largest, under, out=largest)
    return largest


def threshold_row(table: Values, growth: Growth | None, wait: int) -> Values:
    """Per-phase threshold factors [T] for a wait.

    `table` is [T] graded, [steps, T] membrane: there row `min(T_w + k, steps)` serves phase
    `k` (Sec. III-B2).
    """
    if growth is None:
        return table
    phase = np.arange(1, table.shape[1] + 1)
    rows: Values = table[np.minimum(wait + phase, growth.steps) - 1, phase - 1]
    return rows


def input_payloads(integers: Values, bits: int, phase: int, unary: bool) -> Values:
    """Payloads int32[*shape] of a phase of the input's binary code (Sec. III-A).

    A set bit of place `2**(bits - phase)` spikes: graded with its place value, unary with 1.
    """
    if phase > bits:
        return np.zeros(integers.shape, np.int32)
    place = bits - phase
    set_bits: Values = (integers >> place).astype(np.int32) & 1
    return set_bits if unary else set_bits << place


def spike_code(phase: int, bits: int) -> int:
    """What a spike of a phase adds to a neuron's code.

    The phase itself, so that a second spike makes a wrong code; in a binary code of `bits`
    places its place value, as a signed 64-bit number. Several spikes are noted as a binary code
    of `T` places.
    """
    place = 1 << bits >> phase
    return phase if bits == 0 else place - (place >> 63 << 64)


def code_bits(layer: Layer) -> int:
    """Places of the binary code that `spike_code` notes a layer's spikes in, 0 for one spike."""
    if isinstance(layer, Input):
        return layer.bits
    if isinstance(layer, Spiking) and layer.max_spikes > 1:
        return len(layer.payload)
    return 0


def noted_codes(noted: NDArray[np.integer[Any]], layer: Layer) -> NDArray[np.uint8]:
    """Codes uint8[N, *code_shape] from sums of `spike_code`, [N, *shape]."""
    if not (isinstance(layer, Spiking) and layer.max_spikes > 1):
        return noted.astype(np.uint8)
    codes = np.zeros((len(noted), *code_shape(layer)), np.uint8)
    sent = np.zeros(noted.shape, np.uint8)
    phases = len(layer.payload)
    for phase in range(1, phases + 1):
        spikes = (noted & spike_code(phase, phases)) != 0
        for number in range(layer.max_spikes):
            codes[:, number][spikes & (sent == number)] = phase
        sent += spikes
    return codes
