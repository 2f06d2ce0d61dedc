"""The threshold search as LLVM IR: which phase is the first that a potential reaches."""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from onespike_lava.engines.numba.kernels.code import F32, I8, I32, I64, Code, Values
from onespike_lava.engines.numba.kernels.records import BY_BUCKET, LANES, Block


class Decider:
    """The search for one register of each pixel of a tile.

    register : its number, `width` : of the block;  column : int32 potentials, one per pixel
    """

    def __init__(
        self, code: Code, block: Block, constants: Any, register: int, width: int, column: Values
    ):
        self.code, self.b, self.block = code, code.b, block
        self.constants, self.column = constants, column
        self.skip, self.spread = register * code.lanes, width * LANES

    def search(self, places: Values) -> None:
        """By buckets or halves where the block has a table, else phase by phase."""
        bucket = self.b.icmp_signed("==", self.block.levels, I64(BY_BUCKET))
        with self.b.if_else(bucket, likely=True) as (yes, no):
            with yes:
                self.write(places, self.by_bucket())
            with no:
                self.by_halves(places)

    def by_bucket(self) -> Values:
        """Compare with the one threshold in a potential's bucket, `packing.Buckets`.

        Products of bases and thresholds are whole numbers below 2**24: the comparison is exact, and
        what is rounded decides only which of two buckets at an edge is asked.
        """
        code, b = self.code, self.b
        floats = ir.VectorType(F32, LANES)
        at = code.at(code.at(self.constants, self.block.base), 4 * self.skip)
        base, scale = code.load(at, floats), code.load(code.at(at, 4 * self.spread), floats)
        table = code.at(self.constants, self.block.table)
        low, high, shift = (code.splat(code.load(code.at(table, 4 * i), I32)) for i in (0, 1, 3))
        offset = code.splat(code.load(code.at(table, 8), F32))
        limits, reached, below = (code.at(table, 4 * (LANES + 32 * i)) for i in range(3))
        found = []
        for total in self.column:
            potential = b.sitofp(total, floats)
            place = code.call("llvm.fma.v16f32", floats, potential, scale, offset)
            bucket = b.ashr(b.bitcast(place, code.vector), shift)
            bucket = b.select(b.icmp_signed(">", bucket, low), bucket, low)
            bucket = b.select(b.icmp_signed("<", bucket, high), bucket, high)
            limit = b.fmul(base, self.look_up(limits, bucket, 5, floats))
            values = (self.look_up(each, bucket, 5, code.vector) for each in (reached, below))
            found.append(b.select(b.fcmp_ordered(">=", potential, limit), *values))
        return found

    def by_halves(self, places: Values) -> None:
        """By halving the table where the block has one, else phase by phase."""
        halved = self.b.icmp_signed("!=", self.block.levels, I64(0))
        with self.b.if_else(halved, likely=True) as (halves, phases):
            with halves:
                four = self.b.icmp_signed("==", self.block.levels, I64(4))
                with self.b.if_else(four, likely=True) as (short, long):
                    with short:
                        self.write(places, self.halve(4))
                    with long:
                        self.write(places, self.halve(5))
            with phases:
                self.by_phases(places)

    def by_phases(self, places: Values) -> None:
        """Compare with every phase's threshold; last to first, so that the first reached stays."""
        code, block = self.code, self.block
        values = code.at(self.constants, block.values)
        limits = code.at(self.constants, block.limits)

        def phase(i: Any, found: Values) -> Values:
            j = self.b.sub(self.b.sub(block.last, I64(1)), i)
            row = code.at(limits, self.b.mul(j, I64(4 * self.spread)))
            limit = code.load(code.at(row, 4 * self.skip), code.vector)
            value = code.splat(code.load(code.at(values, self.b.mul(j, I64(4))), I32))
            return [
                self.b.select(self.b.icmp_signed(">=", potential, limit), value, old)
                for potential, old in zip(self.column, found, strict=True)
            ]

        silent = [code.constant(0)] * len(self.column)
        found = code.loop(self.b.sub(block.last, block.first), 1, silent, phase)
        merge = self.b.icmp_signed("!=", block.keep, I64(0))
        with self.b.if_else(merge) as (kept, fresh):
            with kept:
                self.merge(places, found)
            with fresh:
                self.write(places, found)

    def halve(self, levels: int) -> Values:
        """Halve the table of thresholds, `packing.halving_table`, level by level.

        All thresholds of a channel are its base times one table, so that a look-up and a product
        give the next one to compare with: as many steps as a phase has bits, where phase by phase
        it would be as many as there are phases. Potentials and products are whole numbers below
        2**24, which float32 holds exactly; and it has an infinity to fill the table with, whose
        products no potential reaches.
        """
        code, b = self.code, self.b
        floats = ir.VectorType(F32, LANES)
        base = code.load(code.at(code.at(self.constants, self.block.base), 4 * self.skip), floats)
        table = code.at(self.constants, self.block.table)
        fixed = [b.fmul(base, code.splat(code.load(code.at(table, 4 * i), F32))) for i in range(4)]
        half = 1 << (levels - 1)
        size = 4 << levels
        found = []
        for total in self.column:
            potential = b.sitofp(total, floats)
            upper = b.fcmp_ordered(">=", potential, fixed[0])
            rank = b.select(upper, code.constant(half), code.constant(0))
            limit = b.select(upper, fixed[2], fixed[1])
            for level in range(1, levels):
                step = half >> level
                if level > 1:
                    at = code.at(table, 4 * LANES + (level - 2) * size)
                    limit = b.fmul(base, self.look_up(at, rank, levels, floats))
                reached = b.fcmp_ordered(">=", potential, limit)
                rank = b.select(reached, b.add(rank, code.constant(step)), rank)
            if levels == 4:
                top = b.fcmp_ordered(">=", potential, fixed[3])
                rank = b.select(top, code.constant(16), rank)
            values = code.at(table, 4 * LANES + (levels - 2) * size)
            found.append(self.look_up(values, rank, 5, code.vector))
        return found

    def look_up(self, table: Any, index: Any, bits: int, kind: Any) -> Any:
        """Entry of a table of 16 or 32 values in registers for each lane."""
        code = self.code
        name = "ps" if kind != code.vector else "d"
        low = code.load(table, kind)
        if bits == 4:
            return code.call("llvm.x86.avx512.permvar.sf.512", kind, low, index)
        high = code.load(code.at(table, 4 * LANES), kind)
        return code.call(f"llvm.x86.avx512.vpermi2var.{name}.512", kind, low, index, high)

    def write(self, places: Values, found: Values) -> None:
        """Values as bytes into the arena."""
        small = ir.VectorType(I8, self.code.lanes)
        for place, value in zip(places, found, strict=True):
            self.code.store(self.b.trunc(value, small), place)

    def merge(self, places: Values, found: Values) -> None:
        """The same, but bytes that are not 0 stay."""
        small = ir.VectorType(I8, self.code.lanes)
        for place, value in zip(places, found, strict=True):
            old = self.code.load(place, small)
            silent = self.b.icmp_signed("==", old, ir.Constant(small, None))
            self.code.store(self.b.select(silent, self.b.trunc(value, small), old), place)
