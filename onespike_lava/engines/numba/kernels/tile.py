"""The inner kernels as LLVM IR: dot products, residual, threshold search and look-up fused.

A tile is `pixels` output pixels times `width` vectors of 16 channels, whose int32 sums stay in
registers over all synapses. Sums may wrap on the way; the last value is exact, since the
network's bound keeps it below 2**23.

Kinds: `vnni` multiplies unsigned by signed bytes with AVX-512's `vpdpbusd`; `portable` names no
instruction, it multiplies pairs of 16-bit integers, for which every LLVM target has one. Both may
have outputs that pick their inputs (`picking`), where the processor permutes bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from llvmlite import ir

from onespike_lava.engines.numba.kernels.code import I8, I16, I32, I64, Code, Values
from onespike_lava.engines.numba.kernels.decide import Decider
from onespike_lava.engines.numba.kernels.picking.emitter import Picker
from onespike_lava.engines.numba.kernels.picking.forms import form_of
from onespike_lava.engines.numba.kernels.records import LANES, NONE, REDUCED, Block, Segment

TILES = {"vnni": {1: 8, 2: 8}, "portable": {1: 4}}
"""Pixels of a tile by kind and width; what registers hold."""


@dataclass(frozen=True)
class Shape:
    """Shape of a tile: kernel kind, pixels, vectors of 16 channels, lanes of a register."""

    kind: str
    pixels: int
    width: int

    @property
    def lanes(self) -> int:
        """Channels of one register."""
        return LANES if self.kind == "vnni" else LANES // 2

    @property
    def registers(self) -> int:
        """Registers for one pixel."""
        return self.width * LANES // self.lanes

    @property
    def weight_bytes(self) -> int:
        """Bytes of packed weights for each byte of a run."""
        return self.width * LANES * (1 if self.kind == "vnni" else 2)


class Emitter(Code):
    """Writes one block's kernel at a builder's place; every method emits code."""

    def __init__(self, builder: Any, shape: Shape, constants: Any, arena: Any):
        super().__init__(builder, shape.lanes)
        self.shape, self.constants, self.arena = shape, constants, arena
        self.form = form_of(shape.kind)
        self.places = [(m, n) for m in range(shape.pixels) for n in range(shape.registers)]

    def block(self, record: Any, unit: Any, first: Any, last: Any) -> None:
        """All tiles of some pixels of a unit; `record` is the offset of a `Block`."""
        block = Block(*self.numbers(record, len(Block._fields)))
        self.loop(last, self.shape.pixels, [], lambda p, _: self.tile(block, unit, p), first)

    def tile(self, block: Block, unit: Any, pixel: Any) -> Values:
        """One tile: start from the bias, add all segments, decide and store.

        All is read before anything is stored, since a last tile may hold a pixel more than once
        (`records.PIXELS`) whose potentials are replaced in place.
        """
        sums = self.start(block, unit, pixel)
        sums = self.segments(0, block.dots, block, unit, pixel, sums, self.dot)
        first = self.b.add(block.dots, block.picks)
        if self.form is not None:
            sums = self.segments(block.dots, first, block, unit, pixel, sums, self.pick)
        end = self.b.add(first, block.channels)
        sums = self.segments(first, end, block, unit, pixel, sums, self.by_channel)
        with self.b.if_then(self.b.icmp_signed("!=", block.potential, I64(NONE))):
            self.store_potentials(block, unit, pixel, sums)
        with self.b.if_then(self.b.icmp_signed("!=", block.output, I64(NONE))):
            self.decide(block, unit, pixel, sums)
        return []

    def start(self, block: Block, unit: Any, pixel: Any) -> Values:
        """Sums at the start: bias or earlier potentials."""
        moves = self.b.icmp_signed("!=", block.bias_moves, I64(0))
        base = self.at(self.b.select(moves, self.arena, self.constants), block.bias)
        rows = self.rows(base, block.bias_stride, block.bias_pixels, unit, pixel)
        return [self.load(self.at(rows[m], self.bytes(n, 4)), self.vector) for m, n in self.places]

    def segments(
        self,
        first: Any,
        last: Any,
        block: Block,
        unit: Any,
        pixel: Any,
        sums: Values,
        add: Callable[[Segment, Values, Any, Any, Values], Values],
    ) -> Values:
        """Sums after the segments `first <= s < last`, run by run."""

        def segment(s: Any, sums: Values) -> Values:
            count = len(Segment._fields)
            at = self.b.add(block.segments, self.b.mul(s, I64(8 * count)))
            seg = Segment(*self.numbers(at, count))
            base = self.at(self.arena, seg.start)
            rows = self.rows(base, seg.stride, seg.pixels, unit, pixel)
            taps = self.at(self.constants, seg.taps)
            weights = self.at(self.constants, seg.weights)

            def run(r: Any, sums: Values) -> Values:
                tap = self.load(self.at(taps, self.b.mul(r, I64(8))), I64)
                return add(seg, [self.at(row, tap) for row in rows], r, weights, sums)

            return self.loop(seg.runs, 1, sums, run)

        return self.loop(last, 1, sums, segment, first)

    def dot(self, seg: Segment, rows: Values, run: Any, weights: Any, sums: Values) -> Values:
        """Add `sum(inputs * weights)` over one run of inputs."""
        scale = I64(self.shape.weight_bytes)
        weights = self.at(weights, self.b.mul(self.b.mul(run, seg.size), scale))
        ahead = self.b.mul(self.b.mul(seg.runs, seg.size), scale)
        multiply = self.multiply_bytes if self.shape.kind == "vnni" else self.multiply_pairs

        def step(k: Any, sums: Values) -> Values:
            inputs = [self.splat(self.load(self.at(row, k), I32)) for row in rows]
            at = self.at(weights, self.b.mul(k, scale))
            for n in range(self.shape.weight_bytes * REDUCED // 64):
                self.prefetch(self.at(self.at(at, ahead), 64 * n))  # of the next block
            return multiply(inputs, at, sums)

        return self.loop(seg.size, REDUCED, sums, step)

    def multiply_bytes(self, inputs: Values, weights: Any, sums: Values) -> Values:
        """Four inputs at once: unsigned bytes times signed bytes."""
        name = f"llvm.x86.avx512.vpdpbusd.{32 * self.lanes}"
        w = [
            self.load(self.at(weights, 64 * n), self.vector, 64)
            for n in range(self.shape.registers)
        ]
        return [
            self.call(name, self.vector, total, inputs[m], w[n])
            for (m, n), total in zip(self.places, sums, strict=True)
        ]

    def multiply_pairs(self, inputs: Values, weights: Any, sums: Values) -> Values:
        """Four inputs as two pairs of 16-bit integers: bytes 0 and 2, then bytes 1 and 3."""
        halves = ir.VectorType(I16, 2 * self.lanes)
        parts = [
            [self.b.and_(x, self.constant(0x00FF00FF)) for x in inputs],
            [
                self.b.and_(self.b.lshr(x, self.constant(8)), self.constant(0x00FF00FF))
                for x in inputs
            ],
        ]
        for half, part in enumerate(parts):
            places = range(half * self.shape.registers, (half + 1) * self.shape.registers)
            w = [self.load(self.at(weights, 32 * n), halves) for n in places]
            sums = [
                self.b.add(total, self.pair_sum(self.b.bitcast(part[m], halves), w[n]))
                for (m, n), total in zip(self.places, sums, strict=True)
            ]
        return sums

    def pick(self, seg: Segment, rows: Values, run: Any, weights: Any, sums: Values) -> Values:
        """Add inputs that each output picks, times its weights, one step."""
        assert self.form is not None
        picker = Picker(self, self.form, self.shape.registers)
        at = self.at(weights, self.b.mul(run, I64(self.form.size * self.shape.registers)))
        return picker.step(rows, at, sums)

    def by_channel(
        self, seg: Segment, rows: Values, run: Any, weights: Any, sums: Values
    ) -> Values:
        """Add input times weight channel by channel."""
        small = ir.VectorType(I8, self.lanes)
        weights = self.at(weights, self.b.mul(run, I64(LANES * self.shape.width)))
        total = []
        for (m, n), before in zip(self.places, sums, strict=True):
            sent = self.b.zext(self.load(self.at(rows[m], self.bytes(n, 1)), small), self.vector)
            weight = self.load(self.at(weights, self.bytes(n, 1)), small)
            total.append(self.multiplied(before, sent, self.b.sext(weight, self.vector)))
        return total

    def multiplied(self, before: Any, sent: Any, weight: Any) -> Any:
        """Sums and products of bytes, one in each lane of 32 bits.

        One instruction multiplies all four bytes of a lane; three of what is sent are 0.
        """
        if self.shape.kind == "vnni":
            name = f"llvm.x86.avx512.vpdpbusd.{32 * self.lanes}"
            return self.call(name, self.vector, before, sent, weight)
        return self.b.add(before, self.b.mul(sent, weight))

    def store_potentials(self, block: Block, unit: Any, pixel: Any, sums: Values) -> None:
        """Potentials int32 into the arena."""
        base = self.at(self.arena, block.potential)
        rows = self.rows(base, block.potential_stride, block.potential_pixels, unit, pixel)
        for (m, n), total in zip(self.places, sums, strict=True):
            self.store(total, self.at(rows[m], self.bytes(n, 4)))

    def decide(self, block: Block, unit: Any, pixel: Any, sums: Values) -> None:
        """Values of the first phases that are reached, register by register into the arena."""
        base = self.at(self.arena, block.output)
        rows = self.rows(base, block.output_stride, block.output_pixels, unit, pixel)
        for n in range(self.shape.registers):
            column = [total for (_, j), total in zip(self.places, sums, strict=True) if j == n]
            decider = Decider(self, block, self.constants, n, self.shape.width, column)
            places = [self.at(row, self.bytes(n, 1)) for row in rows]
            if self.shape.kind == "vnni":
                decider.search(places)
            else:
                decider.by_phases(places)

    def numbers(self, offset: Any, count: int) -> Values:
        """The int64 numbers of a record in the constants."""
        at = self.at(self.constants, offset)
        return [self.load(self.at(at, 8 * i), I64) for i in range(count)]

    def rows(self, base: Any, stride: Any, table: Any, unit: Any, pixel: Any) -> Values:
        """Addresses of a tile's pixels: unit and pixel table applied to `base`."""
        base = self.at(base, self.b.mul(unit, stride))
        table = self.at(self.constants, self.b.add(table, self.b.mul(pixel, I64(4))))
        offsets = [self.load(self.at(table, 4 * m), I32) for m in range(self.shape.pixels)]
        return [self.at(base, self.b.sext(offset, I64)) for offset in offsets]

    def bytes(self, register: int, size: int) -> int:
        """Bytes from a pixel's first channel to that of a register."""
        return register * self.lanes * size
