"""Real constants of a layer of timed neurons as integers, within 24 bits.

A scale `s` per output channel is what one unit of weight is worth. It is chosen a little above
`max|w| / 127`, so that the threshold is a whole number of units: what fires and what a reset takes
off is then exact, and only weights and drives are rounded. Where 24 bits leave fewer fraction bits
than it was chosen for, a threshold may be off by half a unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.form import Form
from exporters.quantization.rounding import mean_lost, rounded
from exporters.quantization.sources import Linear
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import (
    Firing,
    Integration,
    Reset,
    Shape,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.layers.timed import ONE
from onespike_lava.limits import FRACTION_BITS_MAX, STATE_LIMIT, WEIGHT_MAX
from onespike_lava.loihi.limits import LOIHI2

Floats = NDArray[np.float64]
Integers = NDArray[np.int32]

COARSE = 8
"""Thresholds of fewer units than that stay where they are: a scale that fits them costs weights
more than it gives."""

FINE = 4
"""Fraction bits of layers that are exact with any number: drives are rounded to as many."""

STOCK = 6
"""Fraction bits of Lava's and Loihi's LIF."""


@dataclass(frozen=True)
class Layer:
    """Integers of one layer.

    weights : int8, one per linear map, in the shape of its weight
    scale   : float64[C], a unit of weight in the network's values
    parts   : integration, threshold (None: never fires), reset, firing
    lowered : whether weights lost resolution to the 24-bit bound
    """

    weights: tuple[NDArray[np.int8], ...]
    scale: Floats
    integration: Integration
    threshold: Threshold | None
    reset: Reset
    firing: Firing
    lowered: bool

    @property
    def unit(self) -> Floats:
        """A unit of potential in the network's values, float64[C]."""
        found: Floats = self.scale / 2**self.integration.fraction_bits
        return found


Fits = Callable[[Layer], bool]
"""Whether states stay within 24 bits."""


MANTISSA = 2 ** (int(LOIHI2["bias_mantissa_bits"].number) - 1) - 1
EXPONENT = int(LOIHI2["bias_exponent"].number)
"""Of stock drives: the largest mantissa, the largest exponent."""


def fitted(
    name: str,
    maps: Sequence[Linear],
    constant: Floats,
    form: Form,
    fits: Fits,
    *,
    preset: str = "exact",
    coarser: float = 1.0,
    one_scale: bool = False,
    most: int = 1,
) -> Layer:
    """The integers of a layer whose current is the sum of `maps` and `constant` float64[*shape].

    name      : of the layer, for messages
    form      : `normal`, constants as many as neurons or one
    fits      : asked of each candidate; one that fails gets fewer fraction bits, then a larger
                scale
    coarser   : what scales are at least multiplied with
    one_scale : all channels share one (a readout, whose scores are compared)
    most      : spikes of one step, of neurons that count

    Raises `UnsupportedError` where no scale fits.
    """
    form, lava = form.shaped(constant.shape), preset == "lava"
    rows = [part.scaled() for part in maps]
    finest = _start(rows, constant, one_scale or lava) * coarser
    start = np.maximum(finest, _least(form, constant, one_scale or lava))
    wanted = _bits(form, constant, lava)
    whole = 0 if lava else wanted[0]  # stock thresholds are whole weights
    scale = _whole_thresholds(start, form, whole, one_scale or lava)
    for attempt in range(80):
        steps = [rounded(part, row, scale) for part, row in zip(maps, rows, strict=True)]
        moved = constant + form.drive
        for part, row, step in zip(maps, rows, steps, strict=True):
            moved = moved + _along(mean_lost(part, row - step * scale[:, None]), constant.shape)
        weights = tuple(
            step.reshape(part.weight.shape).astype(np.int8)
            for step, part in zip(steps, maps, strict=True)
        )
        for bits in wanted:
            parts = _parts(form, moved, scale, bits, lava, most)
            made = Layer(weights, scale, *parts, attempt > 0 or bool((start > finest).any()))
            if fits(made) and (not lava or _holds(made)):
                return made
        scale = _whole_thresholds(scale * 1.25, form, 0, one_scale or lava)
    raise UnsupportedError(
        f"{name}: its states do not fit into 24 bits with any scale; use fewer steps, or a leak"
    )


def _holds(made: Layer) -> bool:
    """Whether stock neurons hold its drives."""
    drive = made.integration.drive
    return drive is None or int(np.abs(drive).max()) <= MANTISSA << EXPONENT


def _start(rows: Sequence[Floats], constant: Floats, one: bool) -> Floats:
    """Scales with which the largest weight of each channel is 127."""
    largest = np.max([np.abs(row).max(axis=1) for row in rows], axis=0)
    bias = np.abs(constant).reshape(len(constant), -1).max(axis=1)
    largest = np.where(largest > 0, largest, bias)
    least = largest[largest > 0].min(initial=np.inf)
    start: Floats = np.where(largest > 0, largest, least if least < np.inf else 1.0) / WEIGHT_MAX
    return np.full_like(start, start.max()) if one else start


def _least(form: Form, constant: Floats, one: bool) -> Floats:
    """Scales with which thresholds and drives are within 24 bits, however small the weights are."""
    given = [constant, form.drive, *([form.threshold] if form.fires else [])]
    wide = [np.abs(np.broadcast_to(each, constant.shape)) for each in given]
    finite = np.max([np.where(np.isfinite(each), each, 0) for each in wide], axis=0)
    most = finite.reshape(len(constant), -1).max(axis=1)
    least: Floats = most / (STATE_LIMIT // 2)
    return np.full_like(least, least.max()) if one else least


def _whole_thresholds(scale: Floats, form: Form, bits: int, one: bool) -> Floats:
    """Scales not smaller, with which thresholds of channels are whole; as given where none are."""
    if not form.fires:
        return scale
    threshold = form.threshold
    per = np.broadcast_to(threshold, scale.shape) if threshold.ndim == 0 else None
    if per is None:
        flat = threshold.reshape(len(scale), -1)
        if (flat != flat[:, :1]).any():
            return scale
        per = flat[:, 0]
    if one and np.ptp(per) > 0:
        return scale
    units = np.floor(per * 2.0**bits / scale * (1 + 1e-12))
    return np.where(units >= COARSE, per * 2.0**bits / np.maximum(units, 1), scale)


def is_exact(layer: Timed | TimedReadout) -> bool:
    """Whether rounding its leak changes no spike and no score.

    There is none; or it is to a power of two, without a filter, rounded down where neurons fire at
    their threshold and up where they fire above it: whole numbers are the same before and behind.
    """
    parts = layer.integration
    keep = parts.keep_v
    if ((keep == ONE) | (keep == 0)).all() and ((parts.keep_u == 0) | (parts.keep_u == ONE)).all():
        return True
    powers = bool(((keep & (keep - 1)) == 0).all()) and not parts.keep_u.any()
    sent = layer.threshold is not None and layer.role == "hidden"
    one = layer.firing.max_count == 1 or parts.rounding == "floor"
    return powers and sent and one and parts.rounding != "zero"


def keeps(values: Floats) -> Integers:
    """What is kept in 4096 parts."""
    return np.rint(np.asarray(values) * ONE).astype(np.int32)


def leaks(form: Form) -> bool:
    """Whether its states decay at all, in what integers know of it."""
    keep = keeps(form.keep_v)
    return form.filters or not bool(((keep == ONE) | (keep == 0)).all())


def _bits(form: Form, constant: Floats, lava: bool) -> list[int]:
    """Fraction bits to try, in this order: as many as fit where each brings more."""
    if lava:
        return [STOCK] if leaks(form) else [0]
    keep = keeps(form.keep_v)
    if form.filters or ((keep & (keep - 1)) != 0).any():
        return list(range(FRACTION_BITS_MAX, -1, -1))
    plain = not (constant.any() or form.drive.any() or form.start.any())
    return [0] if plain else list(range(FINE, -1, -1))


def _parts(
    form: Form, drive: Floats, scale: Floats, bits: int, lava: bool, most: int
) -> tuple[Integration, Threshold | None, Reset, Firing]:
    shape = drive.shape
    unit = _along(scale / 2**bits, shape)
    grain = 2**bits if lava else 1
    start = narrow(np.rint(np.broadcast_to(form.start, shape) / unit))
    moved = narrow(_stock(drive / unit, grain) if lava else np.rint(drive / unit))
    zero = form.reset == "zero" and form.fires
    rounding = "zero" if lava else "ceil" if form.fire == "gt" else "floor"
    integration = Integration(
        start,
        _channels(keeps(form.keep_u), shape),
        _channels(keeps(form.keep_v), shape),
        bits,
        rounding,
        moved if moved.any() else None,
    )
    if not form.fires:
        return integration, None, Reset(), Firing()
    exact = np.broadcast_to(form.threshold, shape) / unit
    # what is whole but for float rounding is whole
    exact = np.where(np.abs(exact - np.rint(exact)) < 1e-6, np.rint(exact), exact)
    base = np.floor(exact) + 1 if form.fire == "gt" else np.ceil(exact)
    if lava and bits:
        whole = exact / grain
        base = (np.floor(whole) if form.fire == "gt" else np.ceil(whole) - 1) * grain + 1
    reset = Reset("zero" if zero else "keep")
    if form.reset == "subtract":
        taken = exact if form.amount is None else np.broadcast_to(form.amount, shape) / unit
        reset = Reset("subtract", narrow(np.rint(taken)))
    floor = None
    if form.floor is not None:
        floor = narrow(np.rint(np.broadcast_to(form.floor, shape) / unit))
    count = most if form.fire == "count" else 1
    firing = Firing(max_count=count, floor=floor)
    return integration, Threshold(narrow(np.maximum(base, 1))), reset, firing


def _stock(drive: Floats, grain: int) -> Floats:
    """Drives that stock neurons hold: whole weights, a mantissa of 13 bits and an exponent."""
    least = np.ceil(np.log2(np.maximum(np.abs(drive), 1) / MANTISSA))
    grains = np.maximum(grain, 2.0**least)
    found: Floats = np.rint(drive / grains) * grains
    return found


def _channels(keep: Integers, shape: Shape) -> Integers:
    """Decays as a layer has them: one, or one per channel."""
    if keep.ndim == 0:
        return keep.reshape(1)
    flat = np.broadcast_to(keep, shape).reshape(shape[0], -1)
    if (flat != flat[:, :1]).any():
        raise UnsupportedError(
            "neurons of one channel decay differently; a layer has one decay per channel"
        )
    return flat[:, 0].copy()


def _along(channels: Floats, shape: Shape) -> Floats:
    return channels.reshape(-1, *[1] * (len(shape) - 1))


def narrow(values: NDArray[Any]) -> Integers:
    """int32 per channel where all its places agree, else per neuron; what is beyond stays there."""
    whole = values.clip(1 - 2**31, 2**31 - 1).astype(np.int32)
    flat = whole.reshape(len(whole), -1)
    return flat[:, 0].copy() if (flat == flat[:, :1]).all() else whole


def int8(
    name: str, weights: Sequence[Floats], alike: bool
) -> tuple[list[NDArray[np.int8]], Floats]:
    """Weights [O, ...] of a layer's synapses to the nearest int8, and units float64[O] of channels.

    alike : all channels have one unit

    A plain quantiser for those who have weights alone (`exporters.nir`); `name` serves its errors.
    """
    rows = [np.asarray(each, np.float64).reshape(len(each), -1) for each in weights]
    if not all(np.isfinite(each).all() for each in rows):
        raise UnsupportedError(f"{name}: weights that are no numbers; train it again")
    scale = _start(rows, np.zeros(len(rows[0])), alike)
    whole = [np.rint(row / scale[:, None]).astype(np.int8) for row in rows]
    shapes = zip(whole, weights, strict=True)
    return [each.reshape(np.shape(weight)) for each, weight in shapes], scale
