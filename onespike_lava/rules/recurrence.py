"""The proof of 24 bits for timed neurons: an interval carried through the neuron's own steps.

`u` and `v` start as points. Each step both ends go through the neuron's own rounding, which is
monotone; what arrives lies between the sums of negative and of positive weights, times the most
that their source sends in that step. A spike cuts the interval only where every neuron at or above
the threshold must fire, and moves its lower end for those that do.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Connection, Timed, TimedReadout
from onespike_lava.layers.timed import DECAYS
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.model import Model
from onespike_lava.rules.bound import row_sums

Ends = NDArray[np.int64]


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
    largest = held.largest
    arriving = list(_arriving(network, layer))
    changes = [k for k in range(1, network.phases) if arriving[k] is not arriving[k - 1]]
    steady = max(changes, default=0) + 1 if rows.steady else network.phases
    for step, sums in enumerate(arriving, start=1):
        before, held = held, rows.charged(held, step, *sums)
        largest = max(largest, held.largest)
        held = rows.discharged(held, step)
        largest = max(largest, held.largest)
        if largest >= STATE_LIMIT or (step > steady and held.same(before)):
            break
    return largest


def largest_input(network: Model, layer: Timed | TimedReadout) -> int:
    """Largest magnitude of the sum of one step's synaptic input, before any shift."""
    return max(int(np.maximum(*sums).max()) for sums in _arriving(network, layer))


def _arriving(network: Model, layer: Timed | TimedReadout) -> Iterator[tuple[Ends, Ends]]:
    """For each step the most that positive and that negative weights bring, as magnitudes.

    Steps that bring the same give the same arrays.
    """
    position = next(at for at, each in enumerate(network.layers) if each is layer)
    sums = [row_sums(synapse, layer.shape) for synapse in layer.synapses]
    most = [_most(network, position, synapse) for synapse in layer.synapses]
    known: dict[tuple[int, ...], tuple[Ends, Ends]] = {}
    for levels in zip(*most, strict=True):
        if levels not in known:
            zero = np.zeros((1,) * len(layer.shape), np.int64)
            above = sum((each[0] * n for each, n in zip(sums, levels, strict=True)), zero)
            below = sum((each[1] * n for each, n in zip(sums, levels, strict=True)), zero)
            known[levels] = (above, below)
        yield known[levels]


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


@dataclass(frozen=True)
class _Rows:
    """Constants of the layer, broadcast to one row for all neurons that share them."""

    layer: Any
    phases: int
    bias: Ends
    drive: Ends
    keep_u: Ends
    keep_v: Ends
    base: Ends | None
    reset: Ends | None
    floor: Ends | None

    @classmethod
    def of(cls, network: Model, layer: Timed | TimedReadout) -> _Rows:
        parts, reset, firing = layer.integration, layer.reset.base, layer.firing
        base = None if layer.threshold is None else layer.threshold.base
        dimensions = len(layer.shape)
        zero = np.zeros(1, np.int32)
        found = [
            None if each is None else _row(each, dimensions)
            for each in (
                *(parts.bias, zero if parts.drive is None else parts.drive),
                *(parts.keep_u, parts.keep_v, base, base if reset is None else reset, firing.floor),
            )
        ]
        first = next(iter(_arriving(network, layer)))
        held = [each for each in (*found, *first) if each is not None]
        shape = np.broadcast_shapes(*(each.shape for each in held))
        bias = np.broadcast_to(found[0], shape).copy()  # type: ignore[arg-type]
        return cls(layer, network.phases, bias, *found[1:])  # type: ignore[arg-type]

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
