"""The proof of 24 bits for timed neurons: an interval carried through the neuron's own steps.

`u` and `v` start as points. Each step both ends go through the neuron's own rounding, which is
monotone; what arrives lies between the sums of negative and of positive weights, times the most
that their source sends in that step. A spike cuts the interval only where every neuron at or above
the threshold must fire, and moves its lower end for those that do.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Connection, Shape, Timed, TimedReadout
from onespike_lava.layers.timed import DECAYS
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.model import Model
from onespike_lava.rules.bound import row_sums

Ends = NDArray[np.int64]

ROWS_MAX = 2**21
"""Most neurons whose constants are compared, to find those that share all of them."""

WORK_MAX = 2**26
"""Most rows times steps of a proof: seconds."""


@dataclass
class _Interval:
    """Lowest and highest current and potential of each row of neurons."""

    u_low: Ends
    u_high: Ends
    v_low: Ends
    v_high: Ends

    @property
    def largest(self) -> int:
        """Largest magnitude of any end."""
        return max(int(np.abs(each).max()) for each in vars(self).values())

    def same(self, other: _Interval) -> bool:
        """Whether all ends agree."""
        pairs = zip(vars(self).values(), vars(other).values(), strict=True)
        return all(np.array_equal(mine, theirs) for mine, theirs in pairs)


def largest_state(network: Model, layer: Timed | TimedReadout) -> int:
    """Largest magnitude of a current or potential of the layer at any step, for any input.

    Ends early beyond 24 bits, and where a step changes nothing any more.
    """
    rows = _Rows.of(network, layer)
    zeros = np.zeros_like(rows.bias)
    held = _Interval(zeros, zeros, rows.bias, rows.bias)
    largest, levels = held.largest, _levels(network, layer)
    changes = [k for k in range(1, network.phases) if levels[k] != levels[k - 1]]
    steady = max(changes, default=0) + 1 if rows.steady else network.phases
    for step in range(1, network.phases + 1):
        if step == 1 or step - 1 in changes:
            sums = [_total(each, levels[step - 1]) for each in (rows.above, rows.below)]
        before, held = held, rows.charged(held, step, *sums)
        largest = max(largest, held.largest)
        held = rows.discharged(held, step)
        largest = max(largest, held.largest)
        if largest >= STATE_LIMIT or (step > steady and held.same(before)):
            break
    return largest


def largest_input(network: Model, layer: Timed | TimedReadout) -> int:
    """Largest magnitude of the sum of one step's synaptic input, before any shift."""
    sums = [row_sums(synapse, layer.shape) for synapse in layer.synapses]
    levels = set(_levels(network, layer))
    ends = zip(*sums, strict=True)  # above, below
    return max(int(_total(each, found).max()) for each in ends for found in levels)


def proof_rows(network: Model, layer: Timed | TimedReadout) -> int:
    """Rows that the proof carries through the steps: neurons of different constants, about."""
    shape = _shape(*_constants(network, layer))
    return len(_Rows.of(network, layer).bias) if prod(shape) <= ROWS_MAX else prod(shape)


def _total(sums: Sequence[Ends], levels: tuple[int, ...]) -> Ends:
    """What synapses bring together, each its sum of weights times the most a source sends."""
    total: Ends = np.zeros(1, np.int64)
    for each, level in zip(sums, levels, strict=True):
        total = total + each * level
    return total


def _levels(network: Model, layer: Timed | TimedReadout) -> list[tuple[int, ...]]:
    """For each step the most that one source neuron of each synapse brings."""
    position = next(at for at, each in enumerate(network.layers) if each is layer)
    most = [_most(network, position, synapse) for synapse in layer.synapses]
    return list(zip(*most, strict=True))


def _most(network: Model, position: int, synapse: Connection) -> list[int]:
    """The most that one source neuron brings over the synapse in each step."""
    phases, recurs = network.phases, synapse.source == position
    levels = np.zeros(phases, np.int64)
    payloads = network.code(synapse.source).payloads[:phases]
    delays = [0] if synapse.delay is None else np.unique(synapse.delay).tolist()
    for late in (each + recurs for each in delays):
        late_ones = payloads[: max(phases - late, 0)]
        part = levels[late : late + len(late_ones)]
        np.maximum(part, late_ones, out=part)
    return [int(each) for each in levels]


Columns = Mapping[str, "Ends | None"]
Sums = list[tuple[Ends, Ends]]


def _constants(network: Model, layer: Timed | TimedReadout) -> tuple[Columns, Sums]:
    """Constants with the dimensions of the layer, and each synapse's sums of weights."""
    parts, reset, dimensions = layer.integration, layer.reset.base, len(layer.shape)
    base = None if layer.threshold is None else layer.threshold.base
    found = {
        "bias": parts.bias,
        "drive": np.zeros(1, np.int32) if parts.drive is None else parts.drive,
        "keep_u": parts.keep_u,
        "keep_v": parts.keep_v,
        "base": base,
        "reset": base if reset is None else reset,
        "floor": layer.firing.floor,
    }
    columns = {
        name: None if each is None else _row(each, dimensions) for name, each in found.items()
    }
    return columns, [row_sums(synapse, layer.shape) for synapse in layer.synapses]


def _shape(columns: Columns, sums: Sums) -> Shape:
    held = [each.shape for each in columns.values() if each is not None]
    return np.broadcast_shapes(*held, *(each.shape for pair in sums for each in pair))


def _different(columns: list[Ends]) -> NDArray[np.int64]:
    """Positions of one of each kind of rows."""
    number = np.zeros(len(columns[0]), np.int64)
    for each in columns:
        _, kind = np.unique(each, return_inverse=True)
        _, number = np.unique(number * (int(kind.max()) + 1) + kind, return_inverse=True)
    return np.unique(number, return_index=True)[1]


@dataclass(frozen=True)
class _Rows:
    """Constants [rows], one row for all neurons that share them.

    above, below : of each synapse the sums of its positive and negative weights, as magnitudes
    """

    layer: Any
    phases: int
    bias: Ends
    drive: Ends
    keep_u: Ends
    keep_v: Ends
    base: Ends | None
    reset: Ends | None
    floor: Ends | None
    above: Sequence[Ends]
    below: Sequence[Ends]

    @classmethod
    def of(cls, network: Model, layer: Timed | TimedReadout) -> _Rows:
        columns, sums = _constants(network, layer)
        shape = _shape(columns, sums)
        named = {name: each for name, each in columns.items() if each is not None}
        wide = [*named.values(), *(each for pair in sums for each in pair)]
        varied = [np.broadcast_to(each, shape).reshape(-1) for each in wide if each.size > 1]
        chosen = _different(varied) if varied else np.zeros(1, np.int64)
        rows = [np.broadcast_to(each, shape).reshape(-1)[chosen] for each in wide]
        values = dict.fromkeys(columns) | dict(zip(named, rows[: len(named)], strict=True))
        ends = rows[len(named) :]
        return cls(layer, network.phases, **values, above=ends[::2], below=ends[1::2])

    @property
    def steady(self) -> bool:
        """Whether all steps have the same constants."""
        layer = self.layer
        tables = [layer.reset.table]
        tables += [layer.threshold.table] if layer.threshold else []
        return layer.growth is None and all(len(each) == 1 for each in tables if each is not None)

    def charged(self, held: _Interval, step: int, above: Ends, below: Ends) -> _Interval:
        """After integration."""
        parts = self.layer.integration
        decay, bits = DECAYS[parts.rounding], parts.fraction_bits
        u_low = decay(held.u_low, self.keep_u) - (below << bits)
        u_high = decay(held.u_high, self.keep_u) + (above << bits)
        v_low, v_high = (self._kept(each, step) for each in (held.v_low, held.v_high))
        return _Interval(u_low, u_high, v_low + u_low + self.drive, v_high + u_high + self.drive)

    def _kept(self, ends: Ends, step: int) -> Ends:
        growth, parts = self.layer.growth, self.layer.integration
        if growth is not None and step <= growth.steps:
            return np.asarray(growth.grown(ends))
        return np.asarray(DECAYS[parts.rounding](ends, self.keep_v))

    def discharged(self, held: _Interval, step: int) -> _Interval:
        """After reset and floor."""
        low, high = held.v_low, held.v_high
        if self.base is not None:
            low, high = self._reset(low, high, step)
        if self.floor is not None:
            low, high = np.maximum(low, self.floor), np.maximum(high, self.floor)
        return _Interval(held.u_low, held.u_high, low, high)

    def _reset(self, low: Ends, high: Ends, step: int) -> tuple[Ends, Ends]:
        kind, firing, table = self.layer.reset.kind, self.layer.firing, self.layer.reset.table
        assert self.base is not None
        assert self.reset is not None
        if kind == "keep":
            return low, high
        if kind == "level":  # takes off no more than the potential has reached
            return np.minimum(low, 0), high
        limit = self.base * _of(self.layer.threshold.table, step)
        below, reaches = np.minimum(high, limit - 1), high >= limit
        if kind == "zero":
            fallen, left = np.minimum(low, 0), np.maximum(0, below)
        else:
            table = self.layer.threshold.table if table is None else table
            amount = self.reset * _of(table, step)
            lowest, highest = _fallen(limit, amount, high, firing.max_count)
            fallen, left = np.minimum(low, lowest), np.maximum(below, highest)
        # Neurons that have fired as often as they may are not cut.
        cut = reaches & (firing.max_spikes in (0, self.phases))
        return np.where(reaches, fallen, low), np.where(cut, left, high)


def _fallen(limit: Ends, amount: Ends, high: Ends, most: int) -> tuple[Ends, Ends]:
    """Lowest and highest potential of those that were in limit..high, less `n * amount`.

    `n = min(most, v // limit)`: within each `n` the potential rises, from one to the next it falls
    by `amount - limit`, so that the ends lie at the first and last `n`. The highest may be that of
    the last but one, whose whole span `n * limit .. (n + 1) * limit - 1` is reached.
    """
    count = np.clip(high // limit, 1, most)
    lowest = np.minimum(limit - amount, count * (limit - amount))
    before = np.maximum(count - 1, 1)
    whole = np.where(count > 1, (before + 1) * limit - 1 - before * amount, lowest)
    first = np.where(count > 1, 2 * limit - 1 - amount, lowest)
    highest = np.maximum.reduce([high - count * amount, whole, first])
    return lowest, highest


def _row(values: NDArray[np.int32], dimensions: int) -> Ends:
    """Values per channel with the dimensions of their layer; others as they are."""
    form = values.shape if values.ndim > 1 else (-1, *[1] * (dimensions - 1))
    return values.reshape(form).astype(np.int64)


def _of(table: NDArray[np.int32], phase: int) -> int:
    return int(table[0] if len(table) == 1 else table[phase - 1])
