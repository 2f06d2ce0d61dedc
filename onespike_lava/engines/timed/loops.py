"""Timed neurons in engine `reference`: step by step, as the equations stand, int64 throughout.

I(t): what arrives  u(t) = D(u(t-1), keep_u) + (I(t) << F)  v(t) = D(v(t-1), keep_v) + u(t) + drive
phase k, step T_w + k: fires if allowed and v >= threshold(k); resets; v = max(v, floor)
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.timed.notes import Notes, check_state
from onespike_lava.layers import (
    Growth,
    Integers,
    MaxPool,
    Reset,
    Shape,
    Threshold,
    Timed,
    TimedReadout,
    per_neuron,
)

Arrays = NDArray[np.int64]
Arriving = Callable[[int, NDArray[np.uint8]], Arrays]
"""From a step and the layer's own train so far to its synaptic input, int64[N, *shape]."""


def train(
    layer: Timed, samples: int, phases: int, wait: int, arriving: Arriving, notes: Notes, sure: bool
) -> NDArray[np.uint8]:
    """What a layer sends, uint8[N, T, *shape]; `sure` of what its proof says of 24 bits."""
    own = np.zeros((samples, phases, *layer.shape), np.uint8)
    trace = notes.trace(layer.name, own.shape)
    u = np.zeros((samples, *layer.shape), np.int64)
    v = u + _each(layer.bias, layer.shape)
    fired = np.zeros_like(u)
    for step in range(1, wait + phases + 1):
        if step <= phases:
            u, v = _integrated(layer, u, v, step, arriving(step, own))
        phase = step - wait
        if not sure:
            check_state(layer.name, step, u, v)
        if phase < 1:
            continue
        if trace:
            trace[0][:, phase - 1], trace[1][:, phase - 1] = u, v
        count, v, fired = _fired(layer, v, fired, phase, phases, wait)
        if not sure:
            check_state(layer.name, step, v)
        own[:, phase - 1] = count * _of(layer.firing.payload, phase)
    return own


def scores(
    layer: TimedReadout, samples: int, phases: int, arriving: Arriving, notes: Notes, sure: bool
) -> Arrays:
    """Scores after each step, int64[N, T, *scores]; those of the last step are the network's."""
    silent = np.zeros((samples, phases, *layer.shape), np.uint8)
    trace = notes.trace(layer.name, silent.shape)
    u = np.zeros((samples, *layer.shape), np.int64)
    v = u + _each(layer.bias, layer.shape)
    fired = np.zeros_like(u)
    taken: list[Arrays] = []
    for step in range(1, phases + 1):
        u, v = _integrated(layer, u, v, step, arriving(step, silent))
        if not sure:
            check_state(layer.name, step, u, v)
        if trace:
            trace[0][:, step - 1], trace[1][:, step - 1] = u, v
        if layer.take == "last" or step == 1:
            taken.append(v)
        elif layer.take == "sum":
            taken.append(taken[-1] + v)
        else:
            taken.append(np.maximum(taken[-1], v))
        if layer.threshold is not None:
            _, v, fired = _fired(layer, v, fired, step, phases, 0)
        elif layer.firing.floor is not None:
            v = np.maximum(v, _each(layer.firing.floor, layer.shape))
    return np.stack([_grouped(each, layer) for each in taken], axis=1)


def _grouped(values: Arrays, layer: TimedReadout) -> Arrays:
    """Sums over neighbouring channels, int64[N, *scores]."""
    found = np.zeros((len(values), *layer.scores), np.int64)
    for channel in range(layer.shape[0]):
        found[:, channel // layer.group] += values[:, channel]
    return found


def _integrated(
    layer: Timed | TimedReadout, u: Arrays, v: Arrays, step: int, arriving: Arrays
) -> tuple[Arrays, Arrays]:
    """u(t) and v(t)."""
    parts = layer.integration
    u = _decayed(u, parts.keep_u, parts.rounding, layer.shape) + (arriving << parts.fraction_bits)
    growth = parts.growth
    if growth is not None and step <= growth.steps:
        v = _grown(v, growth)
    else:
        v = _decayed(v, parts.keep_v, parts.rounding, layer.shape)
    v = v + u
    if parts.drive is not None:
        v = v + _each(parts.drive, layer.shape)
    return u, v


def _decayed(values: Arrays, keep: Integers, rounding: str, shape: Shape) -> Arrays:
    """D(values, keep) = values * keep / 4096, rounded."""
    product = values * _each(keep, shape)
    down = product // 4096
    if rounding == "floor":
        return down
    up = down + (product % 4096 > 0)
    if rounding == "ceil":
        return up
    return np.where(product > 0, down, up)


def _grown(values: Arrays, growth: Growth) -> Arrays:
    """Membrane weighting: a factor above 1, rounded to the nearest."""
    half = 2 ** (growth.exponent - 1)
    return (values * growth.mantissa + half) // 2**growth.exponent


def _fired(
    layer: Timed | TimedReadout, v: Arrays, fired: Arrays, phase: int, phases: int, wait: int
) -> tuple[Arrays, Arrays, Arrays]:
    """Spikes of an output phase, the potential after reset and floor, steps fired so far."""
    threshold, firing, reset = layer.threshold, layer.firing, layer.reset
    assert threshold is not None
    limit = _each(threshold.base, layer.shape) * _factor(threshold, layer.growth, phase, wait)
    most = firing.max_spikes or phases
    more = np.zeros(v.shape, bool)
    if reset.kind == "level":
        level = 2 * _each(threshold.base, layer.shape) * _of(firing.payload, phase)
        more = fired < most - 1
        limit = np.where(more, level, limit)
    fires = (fired < most) & (v >= limit)
    count = fires.astype(np.int64)
    if firing.max_count > 1:
        count = count * np.minimum(firing.max_count, v // limit)
    if reset.kind == "zero":
        v = np.where(fires, 0, v)
    elif reset.kind == "subtract":
        v = v - count * _amount(reset, threshold, layer.shape, phase)
    elif reset.kind == "level":
        v = v - np.where(more, count * limit, 0)
    if firing.floor is not None:
        v = np.maximum(v, _each(firing.floor, layer.shape))
    return count, v, fired + fires


def _factor(threshold: Threshold, growth: Growth | None, phase: int, wait: int) -> int:
    if growth is None:
        return _of(threshold.table, phase)
    return int(threshold.table[min(wait + phase, growth.steps) - 1, phase - 1])


def _amount(reset: Reset, threshold: Threshold, shape: Shape, phase: int) -> Arrays:
    base = threshold.base if reset.base is None else reset.base
    table = threshold.table if reset.table is None else reset.table
    return _each(base, shape) * _of(table, phase)


def _each(values: Integers, shape: Shape) -> Arrays:
    return per_neuron(values, shape).astype(np.int64)


def _of(table: Integers, phase: int) -> int:
    """A phase's entry of a table that may have one for all."""
    return int(table[0] if len(table) == 1 else table[phase - 1])


def pooled(layer: MaxPool, sent: NDArray[np.uint8], first: bool) -> NDArray[np.uint8]:
    """Largest payload of each window in each step; with `first` of the first that spikes."""
    samples, phases = sent.shape[:2]
    found = np.zeros((samples, phases, *layer.shape), np.uint8)
    silent = np.ones((samples, *layer.shape), bool)
    for step in range(phases):
        padded = layer.window.pad(sent[:, step])
        largest = found[:, step]
        for _, _, (rows, columns) in layer.window.taps(layer.kernel, layer.shape[1:]):
            np.maximum(largest, padded[:, :, rows, columns], out=largest)
        if first:
            largest *= silent
            silent &= largest == 0
    return found
