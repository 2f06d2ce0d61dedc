"""One step of timed neurons as LLVM IR: integrate, fire, reset, send.

`layers.timed.parts` has the equations. All is int32 and exact: states have 24 bits, and with
`x = high * 4096 + low` what is kept is `high * keep + (low * keep >> 12)`.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from llvmlite import ir

from onespike_lava.engines.numba.kernels.code import I8, I32, I64, Code, Values
from onespike_lava.engines.numba.kernels.records import (
    AMOUNT,
    DRIVE,
    FLOOR,
    KEEP_U,
    KEEP_V,
    LANES,
    LIMIT,
    ROWS,
    Neurons,
)

DECAY_BITS, LOW_BITS = 12, 4095


class Places(NamedTuple):
    """Where a call works; all but `first`, `pixels` and `fresh` are bytes in the arena.

    first, pixels   : of a frame, the first and how many
    current, stride : synaptic input of the first pixel, from pixel to pixel
    state           : from `u` and `v` to the first pixel's
    frame           : from the first frame of trains to this one
    fresh           : whether this is a sample's first step
    """

    first: Any
    pixels: Any
    current: Any
    stride: Any
    state: Any
    frame: Any
    fresh: Any


class Updater(Code):
    """Writes the step of one block's neurons at a builder's place; every method emits code."""

    def __init__(self, builder: Any, lanes: int, width: int, constants: Any, arena: Any):
        super().__init__(builder, lanes)
        self.width, self.constants, self.arena = width, constants, arena
        self.registers = range(width * LANES // lanes)

    def step(self, record: Any, places: Places) -> None:
        """All pixels; by what the neurons have a loop of its own, which does no more."""
        at = self.at(self.constants, record)
        count = len(Neurons._fields)
        neurons = Neurons(*(self.load(self.at(at, 8 * i), I64) for i in range(count)))
        self.choose(neurons, places, [neurons.filters, neurons.leaks, neurons.spread], [])

    def choose(self, neurons: Neurons, places: Places, flags: Values, known: list[bool]) -> None:
        """A branch for each combination of flags."""
        if not flags:
            self.pixels(neurons, places, *known)
            return
        here = self.b.icmp_signed("!=", flags[0], I64(0))
        with self.b.if_else(here) as (yes, no):
            with yes:
                self.choose(neurons, places, flags[1:], [*known, True])
            with no:
                self.choose(neurons, places, flags[1:], [*known, False])

    def pixels(
        self, neurons: Neurons, places: Places, filters: bool, leaks: bool, spread: bool
    ) -> None:
        """The loop over pixels, constants in registers where all pixels share them."""
        b, table = self.b, self.at(self.constants, neurons.table)
        shared = None if spread else [self.rows(table, n) for n in self.registers]
        uniform = Uniform(self, neurons)
        state = self.at(self.arena, places.state)
        before = self.at(state, neurons.v)
        start = b.select(places.fresh, table, before)  # the bias is the table's first row
        moved = b.select(places.fresh, neurons.spread, neurons.state_pixel)
        if spread:
            offset = b.mul(places.first, neurons.spread)
            start = self.at(start, b.select(places.fresh, offset, I64(0)))
        current = self.at(self.arena, places.current)
        output = self.at(self.arena, b.add(neurons.output, places.frame))

        def pixel(i: Any, _: Values) -> Values:
            number = b.add(places.first, i)
            found = self.at(table, b.mul(number, neurons.spread))
            place = self.at(self.constants, b.add(neurons.output_pixels, b.mul(number, I64(4))))
            target = self.at(output, b.sext(self.load(place, I32), I64))
            skip = b.mul(i, neurons.state_pixel)
            pointers = (
                self.at(current, b.mul(i, places.stride)),
                self.at(self.at(state, neurons.u), skip),
                self.at(start, b.mul(i, moved)),
                self.at(before, skip),
                target,
            )
            for n in self.registers:
                rows = self.rows(found, n) if shared is None else shared[n]
                self.neurons(n, rows, uniform, pointers, places.fresh, filters, leaks)
            return []

        self.loop(places.pixels, 1, [], pixel)

    def rows(self, table: Any, register: int) -> Values:
        """A pixel's rows of the table of constants for one register of channels."""
        row, skip = 4 * self.width * LANES, 4 * register * self.lanes
        return [self.load(self.at(table, k * row + skip), self.vector) for k in range(ROWS)]

    def neurons(
        self,
        register: int,
        rows: Values,
        uniform: Uniform,
        pointers: tuple[Any, ...],
        fresh: Any,
        filters: bool,
        leaks: bool,
    ) -> None:
        """One register of neurons."""
        b, skip = self.b, 4 * register * self.lanes
        current, filtered, start, potential, target = pointers
        u = b.shl(self.load(self.at(current, skip), self.vector), uniform.fraction)
        if filters:
            place = self.at(filtered, skip)
            old = b.select(fresh, self.constant(0), self.load(place, self.vector))
            u = b.add(self.decayed(old, rows[KEEP_U], uniform), u)
            self.store(u, place)
        v = self.load(self.at(start, skip), self.vector)
        if leaks:
            v = self.decayed(v, rows[KEEP_V], uniform)
        v = b.add(b.add(v, u), rows[DRIVE])
        fires = b.icmp_signed(">=", v, rows[LIMIT])
        left = b.sub(b.and_(v, uniform.mask), rows[AMOUNT])
        v = b.select(fires, left, v)
        v = b.select(b.icmp_signed(">", v, rows[FLOOR]), v, rows[FLOOR])
        self.store(v, self.at(potential, skip))
        sent = b.select(fires, uniform.payload, ir.Constant(uniform.payload.type, None))
        self.store(sent, self.at(target, register * self.lanes))

    def decayed(self, values: Any, keep: Any, uniform: Uniform) -> Any:
        """`values * keep / 4096`, rounded."""
        b = self.b
        high = b.ashr(values, self.constant(DECAY_BITS))
        low = b.and_(values, self.constant(LOW_BITS))
        below = b.and_(b.ashr(values, self.constant(31)), uniform.up_below)
        more = b.add(b.mul(low, keep), b.or_(below, uniform.up))
        return b.add(b.mul(high, keep), b.lshr(more, self.constant(DECAY_BITS)))


class Uniform:
    """Numbers that all neurons of a block share, in all lanes of a register."""

    def __init__(self, code: Updater, neurons: Neurons):
        def spread(number: Any) -> Any:
            return code.splat(code.b.trunc(number, I32))

        self.fraction, self.mask = spread(neurons.fraction), spread(neurons.mask)
        self.up, self.up_below = spread(neurons.up), spread(neurons.up_below)
        self.payload = code.splat(code.b.trunc(neurons.payload, I8))
