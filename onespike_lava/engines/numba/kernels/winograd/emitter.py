"""The Winograd kernel as LLVM IR: inputs of tiles transformed, multiplied, transformed back.

`tables` has the mathematics. Tiles go through it in strips, whose values stay in the second-level
cache: the inputs of a strip are transformed once, then for each block of channels multiplied,
position by position, and transformed back to int32 sums from which a kernel of `tile` starts.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from onespike_lava.engines.numba.kernels.code import I8, I16, I32, I64, Code, Values
from onespike_lava.engines.numba.kernels.records import Tiles
from onespike_lava.engines.numba.kernels.tile import Shape
from onespike_lava.engines.numba.kernels.winograd.tables import (
    INPUTS,
    NINTH,
    OUTPUTS,
    POSITIONS,
    SHIFTS,
)


class TileEmitter(Code):
    """Writes the parts of the kernel at a builder's place; every method emits code.

    record : offset of a `Tiles` in the constants
    """

    def __init__(self, builder: Any, shape: Shape, constants: Any, arena: Any, record: Any):
        super().__init__(builder, shape.lanes)
        self.shape, self.constants, self.arena = shape, constants, arena
        self.halves = ir.VectorType(I16, 2 * self.lanes)
        place = self.at(constants, record)
        count = len(Tiles._fields)
        self.tiles = Tiles(*(self.load(self.at(place, 8 * i), I64) for i in range(count)))
        self.row = 4 * self.lanes * shape.registers
        """Bytes of a tile's sums at one position."""

    def inputs(self, unit: Any, first: Any, count: Any) -> None:
        """Transform what `count` tiles of a unit read, int16[36, tiles, channels]."""
        b, tiles = self.b, self.tiles
        source = self.at(self.arena, b.add(tiles.source, b.mul(unit, tiles.stride)))
        table = self.at(self.constants, b.add(tiles.table, b.mul(first, I64(4))))
        into = self.at(self.arena, tiles.inputs)

        def tile(t: Any, _: Values) -> Values:
            skip = b.sext(self.load(self.at(table, b.mul(t, I64(4))), I32), I64)
            window = self.at(source, skip)
            target = self.at(into, b.mul(t, b.mul(tiles.channels, I64(2))))

            def channels(c: Any, _: Values) -> Values:
                self.window(self.at(window, c), self.at(target, b.mul(c, I64(2))))
                return []

            return self.loop(tiles.channels, 2 * self.lanes, [], channels)

        self.loop(count, 1, [], tile)

    def window(self, window: Any, target: Any) -> None:
        """Transform one window of some channels."""
        b, tiles = self.b, self.tiles
        small = ir.VectorType(I8, 2 * self.lanes)
        columns = []
        for x in range(INPUTS):
            at = self.at(window, b.mul(I64(x), tiles.pixel))
            rows = [self.at(at, b.mul(I64(y), tiles.line)) for y in range(INPUTS)]
            columns.append(self.forth([b.zext(self.load(row, small), self.halves) for row in rows]))
        for y, row in enumerate(zip(*columns, strict=True)):
            for x, value in enumerate(self.forth(list(row))):
                self.store(value, self.at(target, b.mul(I64(INPUTS * y + x), tiles.plane)))

    def forth(self, d: Values) -> Values:
        """`B d`: of 6 inputs the 6 numbers that are multiplied."""
        b = self.b
        one, odd = b.sub(d[4], d[2]), b.sub(d[3], d[1])
        two = b.add(odd, odd)
        even, half = b.sub(d[4], self.times(d[2], 2)), b.sub(d[3], self.times(d[1], 2))
        return [
            b.add(self.times(b.sub(d[0], d[2]), 2), one),
            b.add(even, half),
            b.sub(even, half),
            b.add(one, two),
            b.sub(one, two),
            b.sub(b.sub(d[5], d[3]), b.add(two, two)),
        ]

    def times(self, value: Any, bits: int) -> Any:
        """A value times `2**bits`."""
        kind = value.type
        return self.b.shl(value, ir.Constant(kind, [bits] * kind.count))

    def sums(self, block: Any, count: Any) -> None:
        """Sums of a block's channels for the tiles, int32[tiles, 16, channels], 36 apart."""
        self.products(block, count)
        self.outputs(block, count)

    def products(self, block: Any, count: Any) -> None:
        """Sums of products of a block's channels, int32[tiles, 36, channels of the block]."""
        b, tiles = self.b, self.tiles
        size = b.mul(tiles.channels, I64(self.row // 2))  # bytes of weights of a position
        skip = b.mul(block, b.mul(size, I64(POSITIONS)))
        block = self.at(self.constants, b.add(tiles.weights, skip))
        many, few = self.shape.pixels, min(4, self.shape.pixels)
        whole = b.mul(b.udiv(b.add(count, I64(few - 1)), I64(many)), I64(many))

        def position(q: Any, _: Values) -> Values:
            weights = self.at(block, b.mul(q, size))
            inputs = self.at(self.arena, b.add(tiles.inputs, b.mul(q, tiles.plane)))
            sums = self.at(self.arena, b.add(tiles.sums, b.mul(q, I64(self.row))))

            def some(pixels: int) -> Any:
                def tile(t: Any, _: Values) -> Values:
                    self.multiply(pixels, t, weights, size, inputs, sums)
                    return []

                return tile

            self.loop(whole, many, [], some(many))
            if few < many:
                self.loop(count, few, [], some(few), whole)
            return []

        self.loop(I64(POSITIONS), 1, [], position)

    def multiply(
        self, pixels: int, first: Any, weights: Any, size: Any, inputs: Any, sums: Any
    ) -> None:
        """Products at one position of some tiles."""
        b, tiles = self.b, self.tiles
        shape = Shape(self.shape.kind, pixels, self.shape.width)
        bytes_of = b.mul(tiles.channels, I64(2))
        rows = [self.at(inputs, b.mul(b.add(first, I64(m)), bytes_of)) for m in range(pixels)]
        places = [(m, n) for m in range(pixels) for n in range(shape.registers)]
        none = [self.constant(0)] * len(places)

        skips = [4 * self.lanes * n for n in range(shape.registers)]

        def step(k: Any, totals: Values) -> Values:
            at = self.at(weights, b.mul(k, I64(self.row // 4)))
            w = [self.load(self.at(at, skip), self.halves) for skip in skips]
            for skip in skips:
                self.prefetch(self.at(self.at(at, size), skip))  # the next position's
            x = [self.splat(self.load(self.at(row, k), I32)) for row in rows]
            pairs = zip(places, totals, strict=True)
            return [self.add_pairs(total, x[m], w[n]) for (m, n), total in pairs]

        totals = self.loop(bytes_of, 4, none, step)
        for (m, n), total in zip(places, totals, strict=True):
            skip = b.mul(b.add(first, I64(m)), I64(POSITIONS * self.row))
            self.store(total, self.at(self.at(sums, skip), skips[n]))

    def add_pairs(self, total: Any, pairs: Any, weights: Any) -> Any:
        """Add the two products of int16 in each lane."""
        if self.shape.kind == "vnni":
            name = f"llvm.x86.avx512.vpdpwssd.{32 * self.lanes}"
            return self.call(name, self.vector, total, pairs, self.b.bitcast(weights, self.vector))
        return self.b.add(total, self.pair_sum(self.b.bitcast(pairs, self.halves), weights))

    def outputs(self, block: Any, count: Any) -> None:
        """Transform back: 16 sums of a tile in place of the first of its 36."""
        b, tiles = self.b, self.tiles
        bias = self.at(self.constants, b.add(tiles.bias, b.mul(block, I64(self.row))))
        sums = self.at(self.arena, tiles.sums)

        def tile(t: Any, _: Values) -> Values:
            at = self.at(sums, b.mul(t, I64(POSITIONS * self.row)))
            for n in range(self.shape.registers):
                skip = 4 * self.lanes * n
                self.tile(self.at(at, skip), self.load(self.at(bias, skip), self.vector))
            return []

        self.loop(count, 1, [], tile)

    def tile(self, sums: Any, bias: Any) -> None:
        """One register of channels of a tile."""
        b = self.b
        rows = []
        for y in range(INPUTS):
            places = [self.at(sums, self.row * (INPUTS * y + x)) for x in range(INPUTS)]
            rows.append(self.back([self.load(place, self.vector) for place in places]))
        for x, column in enumerate(zip(*rows, strict=True)):
            for y, value in enumerate(self.back(list(column))):
                ninth = b.mul(value, self.constant(NINTH))
                value = b.ashr(ninth, self.constant(SHIFTS[y] + SHIFTS[x]))
                self.store(b.add(value, bias), self.at(sums, self.row * (OUTPUTS * y + x)))

    def back(self, m: Values) -> Values:
        """`A m`: of 6 sums 4 outputs, multiplied by `3 * 2**SHIFTS`."""
        b = self.b
        one, two = b.add(m[1], m[2]), b.sub(m[1], m[2])
        three, four = b.add(m[3], m[4]), b.sub(m[3], m[4])
        return [
            b.add(b.add(m[0], self.times(one, 2)), three),
            b.add(b.add(two, two), four),
            b.add(one, three),
            b.add(b.add(two, b.add(four, four)), m[5]),
        ]
