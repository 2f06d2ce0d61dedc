"""Layers as NIR's neurons: the node whose Euler step comes nearest to the integers.

A node's potential is in units of a weight, the integers divided by `2**fraction_bits`; time
constants are in seconds, of the step that `Units` says. What a node cannot say stands in metadata.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import nir
import numpy as np
from numpy.typing import NDArray

from exporters.nir.form import Form
from onespike_lava.layers import (
    LAYERS,
    Input,
    Layer,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.layers.timed import ONE

STRICT = np.float32(0.5)
"""NIR's neurons fire above their threshold, one-spike neurons at it: integers, so half less."""

ANY_SPIKE = 0.5
"""Threshold of a pool's neurons: below every payload."""

NEVER = 2**60
"""Steps of the time constant of what does not decay, beside neurons or states that do: so many
that `1 - 1 / steps` is 1 in every precision."""

Floats = NDArray[np.float64]

NEURONS: Registry[Callable[[Form, int, Any], Any]] = Registry("NIR", LAYERS)
"""From the form, a layer's place and the layer to the node of its neurons."""


@NEURONS.add(Input)
def _input(form: Form, place: int, layer: Input) -> Any:
    return nir.Input(np.array(form.shape(place)))


@NEURONS.add(Readout)
def _readout(form: Form, place: int, layer: Readout) -> Any:
    return nir.I(r=np.ones(form.shape(place), np.float32))


@NEURONS.add(MaxPool)
def _pool(form: Form, place: int, layer: MaxPool) -> Any:
    ones = np.ones(form.shape(place), np.float32)
    gain = np.float32(form.units.gain()) if form.network.steps else np.float32(1)
    return nir.IF(gain * ones, ANY_SPIKE * ones, np.zeros_like(ones))


@NEURONS.add(Sum)
def _sum(form: Form, place: int, layer: Sum) -> Any:
    """Edges into one node add up."""
    return nir.Scale(np.ones(form.shape(place), np.float32))


@NEURONS.add(Spiking)
def _spiking(form: Form, place: int, layer: Spiking) -> Any:
    """An IF holds the threshold of the first phase at `wait`."""
    ones = np.ones(form.shape(place), np.float32)
    table = layer.threshold_table
    if layer.growth is not None:
        table = table[min(form.network.wait + 1, layer.growth.steps) - 1]
    factor = int(table[0]) if layer.max_spikes == 1 else 2 * int(layer.payload[0])
    threshold = form.neurons(place, layer.threshold_base) * factor
    return nir.IF(ones, threshold.astype(np.float32) - STRICT, np.zeros_like(ones))


@NEURONS.add(Timed, TimedReadout)
def _timed(form: Form, place: int, layer: Timed | TimedReadout) -> Any:
    """CubaLIF with a current filter, LIF with a leak, else IF; without threshold their LI forms.

    `v >= threshold` of integers is `v > threshold - 1`.
    """
    parts, dt = layer.integration, form.units.dt
    zeros = np.zeros(form.shape(place), np.float64)
    filtered = bool(parts.keep_u.any())
    drive = drive_of(form, place).leak
    fields: dict[str, Floats] = {}
    if filtered or drive is not None or (parts.keep_v != ONE).any():
        steps = _time_constant(form, place, parts.keep_v)
        fields["tau_mem" if filtered else "tau"] = steps * dt
        fields["r"] = steps
        fields["v_leak"] = zeros if drive is None else drive * steps
    else:
        fields["r"] = zeros + form.units.gain()
    if filtered:
        steps = _time_constant(form, place, parts.keep_u)
        fields |= {"tau_syn": steps * dt, "w_in": steps}
    kinds = (nir.I, nir.LI, nir.CubaLI)
    if layer.threshold is not None:
        kinds = (nir.IF, nir.LIF, nir.CubaLIF)
        base = form.neurons(place, layer.threshold.base)
        first = int(layer.threshold.table.reshape(-1)[0])
        fields["v_threshold"] = (base * first - 1) / (1 << parts.fraction_bits)
        fields["v_reset"] = zeros
    kind = kinds[2 if filtered else "tau" in fields]
    return kind(**{name: values.astype(np.float32) for name, values in fields.items()})


class Drive(NamedTuple):
    """What drives a layer's neurons in every step, float64 of the node's shape; None for nothing.

    bias : of the first connection, in units of a weight
    leak : of a leak potential instead, where that connection cannot say it or a filter follows
    """

    bias: Floats | None = None
    leak: Floats | None = None


DRIVES: Registry[Callable[[Form, int, Any], Drive]] = Registry("NIR drives", LAYERS)
"""From the form, a layer's place and the layer to its drive."""


def drive_of(form: Form, place: int) -> Drive:
    """What drives the layer at `place`."""
    layer = form.network.layers[place]
    return DRIVES.of(layer)(form, place, layer)


@DRIVES.add(Input, Spiking, MaxPool, Readout, Sum)
def _undriven(form: Form, place: int, layer: Layer) -> Drive:
    return Drive()


@DRIVES.add(Timed, TimedReadout)
def _driven(form: Form, place: int, layer: Timed | TimedReadout) -> Drive:
    parts = layer.integration
    if parts.drive is None or not parts.drive.any():
        return Drive()
    drive: Floats = form.neurons(place, parts.drive) / (1 << parts.fraction_bits)
    rows = drive.reshape(layer.shape[0], -1)
    alike = bool((rows == rows[:, :1]).all())
    if not parts.keep_u.any() and (alike or form.matrix(place)):
        return Drive(bias=drive)
    return Drive(leak=drive)


def _time_constant(form: Form, place: int, keep: NDArray[np.int32]) -> Floats:
    """Steps of a time constant, `keep / 4096 = 1 - 1 / steps`."""
    lost = ONE - form.neurons(place, keep)
    return np.where(lost > 0, ONE / np.maximum(lost, 1), NEVER)
