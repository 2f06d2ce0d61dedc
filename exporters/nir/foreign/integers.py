"""Real neurons in integers: fraction bits, rounding, thresholds on the grid of the weights.

A potential of the layer is `unit * gain / 2**fraction_bits` of the file's. `v > threshold` is
`v >= floor(threshold) + 1` in these units; where several spikes count, `v // threshold` does.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.nir.foreign.assumptions import Assumptions
from exporters.nir.foreign.euler import Real
from exporters.nir.foreign.maps import TAKEN, Floats, Map
from exporters.nir.foreign.weights import Quantiser
from exporters.passes.algebra import affine
from exporters.stepping.layers import narrow
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import (
    PLAIN,
    Connection,
    Firing,
    Integers,
    Integration,
    Layer,
    Reset,
    Shape,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.layers.timed import ONE
from onespike_lava.limits import FRACTION_BITS_MAX, PAYLOAD_MAX, STATE_LIMIT, SUM_LIMIT
from onespike_lava.model import Model
from onespike_lava.rules.recurrence import (
    ROWS_MAX,
    largest_input,
    largest_state,
    proof_rows,
)

UNPROVEN_BITS = 6
"""Fraction bits where no number of them is proven to stay within 24 bits: those of Lava."""


@dataclass
class Converted:
    """A layer in integers.

    told : what the integers changed, one line each
    """

    layer: Layer
    told: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Neurons:
    """A layer of the file: its name, neurons, and the maps into them by the place of the source."""

    name: str
    shape: Shape
    neurons: Real
    maps: Sequence[tuple[int, Map]]
    fires: bool
    take: str = "last"


def convert(
    layers: Sequence[Layer], found: Neurons, given: Assumptions, to: Quantiser
) -> Converted:
    """The layer behind `layers`, in integers.

    Raises `UnsupportedError` where the weights are not what `to` takes, or a channel's neurons
    differ in what is one number for all of them.
    """
    draft = _Draft(found, given, to)
    most = draft.best_bits()
    loose = draft.needs_bits and given.most == PAYLOAD_MAX  # no neuron sends so much: no proof
    for bits in range(most, UNPROVEN_BITS - 1 if loose else -1, -1):
        layer = draft.layer(bits)
        if _is_proven(Model((*layers, layer), given.steps or 1, 0), layer):
            break
    else:
        layer = draft.layer(min(most, UNPROVEN_BITS) if draft.needs_bits else 0)
    return Converted(layer, [*draft.told, *draft.rounded(layer.integration.fraction_bits)])


def _is_proven(model: Model, layer: Timed | TimedReadout) -> bool:
    """Whether the layer's states stay within 24 bits; also where another rule refuses it."""
    if largest_input(model, layer) >= SUM_LIMIT or proof_rows(model, layer) > ROWS_MAX:
        return True
    return largest_state(model, layer) < STATE_LIMIT


class _Draft:
    """Gathers what does not depend on the fraction bits."""

    def __init__(self, found: Neurons, given: Assumptions, to: Quantiser) -> None:
        self.found, self.given, self.many = found, given, found.neurons.most > 1
        self.told: list[str] = []
        self.real, self.shape = found.neurons, found.shape
        self.gain = self._channels("r", self.real.gain)
        self.synapses, self.unit, bias = self._synapses(to)
        if not found.fires and (self.unit != self.unit[0]).any():
            raise UnsupportedError(
                f"{found.name}: outputs gain differently, their scores are not of one unit; give "
                "them one r"
            )
        self.keep_u, self.keep_v = (
            self._keep(name, values)
            for name, values in (("current", self.real.keep_u), ("potential", self.real.keep_v))
        )
        if self.keep_u.any() and bias.any():
            raise UnsupportedError(
                f"{found.name}: a bias before a current filter grows from step to step; use "
                "v_leak, or a bias of 0"
            )
        self.drive = self._units(self.real.drive) + self._each(bias)
        self.threshold, self.floor = (
            None if values is None else self._units(values)
            for values in (self.real.threshold, self.real.floor)
        )
        self.odd: dict[str, None] = {}

    def _channels(self, name: str, values: Floats) -> Floats:
        """One number for each channel, float64[C]."""
        rows = values.reshape(self.shape[0], -1)
        if (rows != rows[:, :1]).any():
            raise UnsupportedError(
                f"{self.found.name}: {name} differs within a channel; give a channel one"
            )
        return rows[:, 0]

    def _each(self, values: Floats) -> Floats:
        """Values per channel or neuron as one for each neuron."""
        if values.size == np.prod(self.shape):
            return values.reshape(self.shape)
        return np.broadcast_to(values.reshape(-1, *[1] * (len(self.shape) - 1)), self.shape)

    def _units(self, values: Floats) -> Floats:
        """Potentials of the file in units of a weight."""
        return values / self._each(self.unit)

    def _synapses(self, to: Quantiser) -> tuple[list[Connection], Floats, Floats]:
        """Synapses, what a weight of 1 adds to the file's potential, and the drive of biases."""
        factors = {each.factor for _, each in self.found.maps}
        shared = factors.pop() if len(factors) == 1 else 1.0
        affines = [
            (each, affine(each.node)) for _, each in self.found.maps if each.node is not None
        ]
        weights = [weight * (each.factor / shared) for each, (weight, _) in affines]
        whole, units = to(self.found.name, weights, not self.found.fires)
        synapses: list[Connection] = []
        for (source, each), weight in zip(self.found.maps, whole, strict=True):
            assert each.node is not None
            slid = (each.window, each.groups) if each.node.op == "conv" else (PLAIN, 1)
            synapses.append(Synapse(source, weight, *slid, each.delay))
        bias: Any = np.zeros(self.shape)
        for each, (_, more) in affines:
            bias = bias + self._each(more * (each.factor / shared))
        return synapses, units * shared * self.gain, bias / self._each(units)

    def _keep(self, name: str, values: Floats) -> Integers:
        kept = self._channels(f"the time constant of its {name}", values)
        found = np.rint(kept * ONE)
        off = np.abs(kept * ONE - found).max() / ONE
        if off > TAKEN:
            self.told.append(
                f"decay: {self.found.name} keeps multiples of 1/{ONE} of its {name}, up to "
                f"{off:.1g} from those of the file"
            )
        keep = found.astype(np.int32)
        return keep[:1] if (keep == keep[0]).all() else keep

    @property
    def needs_bits(self) -> bool:
        """Whether what is kept of a state is no whole number in each step."""
        return any(not np.isin(keep, (0, ONE)).all() for keep in (self.keep_u, self.keep_v))

    def best_bits(self) -> int:
        """The number of fraction bits that is tried first, the more the better but where told.

        None are needed where a leak is a power of two and all constants are whole: nested
        roundings up are above a threshold, nested roundings down at or above a multiple of it,
        where real numbers are. Without a leak as many as the constants need.
        """
        amounts = self.many or self.given.reset == "subtract" or self.needs_bits
        values = [self.drive, *([] if self.floor is None else [self.floor])]
        values += [] if self.threshold is None or not amounts else [self.threshold]
        counts = range(FRACTION_BITS_MAX)
        least = next((n for n in counts if self._whole(values, n)), FRACTION_BITS_MAX)
        powers = [0, *(ONE >> digit for digit in range(13))]
        nested = self.found.fires and np.isin(self.keep_v, powers).all() and not self.keep_u.any()
        if not self.needs_bits or (least == 0 and nested):
            return least
        return FRACTION_BITS_MAX

    @staticmethod
    def _whole(values: Sequence[Floats], bits: int) -> bool:
        scaled = [each * 2.0**bits for each in values]
        return all((_snapped(each) == np.rint(each)).all() for each in scaled)

    def layer(self, bits: int) -> Timed | TimedReadout:
        """The layer with so many fraction bits."""
        name, shape = self.found.name, self.shape
        zero = np.zeros(shape[0], np.int32)
        drive = self._constants("drive", np.rint, self.drive, bits)
        self.odd.clear()
        self._note("drives", self.drive, bits)
        parts = Integration(
            *(zero, self.keep_u, self.keep_v, bits, "floor" if self.many else "ceil"),
            drive if drive.any() else None,
        )
        synapses, unit = tuple(self.synapses), self.unit / (1 << bits)
        if not self.found.fires:
            return TimedReadout(name, shape, synapses, parts, float(unit[0]), self.found.take)
        threshold, reset = self._firing(bits)
        floor = None
        if self.floor is not None:
            self._note("floors", self.floor, bits)
            floor = self._constants("floor", np.rint, self.floor, bits)
        firing = Firing(max_count=self.real.most, floor=floor)
        return Timed(name, shape, synapses, parts, threshold, reset, firing, unit)

    def _firing(self, bits: int) -> tuple[Threshold, Reset]:
        assert self.threshold is not None
        amount = self._constants("threshold", np.rint, self.threshold, bits)
        if self.many:
            self._note("thresholds", self.threshold, bits)
            base = amount
        else:
            base = self._constants("threshold", np.floor, self.threshold, bits) + np.int32(1)
        if base.min() < 1:
            raise UnsupportedError(
                f"{self.found.name}: a threshold is not above the potential of the reset, its "
                "neuron would never rest; raise v_threshold"
            )
        if self.real.forgets:
            return Threshold(base), Reset("keep")
        if self.given.reset == "zero":
            return Threshold(base), Reset("zero")
        self._note("amounts of the reset", self.threshold, bits)
        return Threshold(base), Reset("subtract", None if self.many else amount)

    def _note(self, what: str, values: Floats, bits: int) -> None:
        if not self._whole([values], bits):
            self.odd[what] = None

    def rounded(self, bits: int) -> list[str]:
        """What the integers of the last layer made do not hold exactly."""
        told = []
        if self.odd:
            told.append(
                f"grid: {' and '.join(self.odd)} of {self.found.name} are rounded to its integers"
            )
        if self.needs_bits and self.best_bits():
            told.append(f"digits: states of {self.found.name} are rounded to {bits} binary places")
        return told

    def _constants(self, name: str, to: Any, values: Floats, bits: int) -> Integers:
        """Values in units of a weight as integers, int32[C] where a channel has one number."""
        found: NDArray[Any] = to(_snapped(values * 2.0**bits))
        if not np.abs(found).max(initial=0) < STATE_LIMIT:  # NaN neither
            raise UnsupportedError(
                f"{self.found.name}: a {name} of {np.abs(found).max():g} units of its weights "
                f"exceeds {STATE_LIMIT} (24 bits signed); use larger weights"
            )
        return narrow(found)


def _snapped(values: Floats) -> Floats:
    """The values, whole where they are so within the precision of float32."""
    near = np.rint(values)
    return np.where(np.abs(values - near) <= TAKEN * np.maximum(1, np.abs(values)), near, values)
