"""The kernel of live weights as LLVM IR: bytes picked from a window, then multiplied.

A step reads one window of each pixel of a tile, which all outputs share. Each output has its own
indices into it and its own weights; one that picks fewer has weights of 0.
"""

from __future__ import annotations

from typing import Any

from llvmlite import ir

from onespike_lava.engines.numba.kernels.code import I8, I16, Code, Values
from onespike_lava.engines.numba.kernels.picking.forms import Form


class Picker:
    """Writes steps of a tile at a builder's place.

    registers : of a pixel, whose sums follow each other
    """

    def __init__(self, code: Code, form: Form, registers: int):
        self.code, self.form, self.registers = code, form, registers
        self.bytes = ir.VectorType(I8, form.window)
        self.add = self.add_fours if form.each == 4 else self.add_pairs

    def step(self, windows: Values, at: Any, sums: Values) -> Values:
        """Sums after one step; `at` has the indices and weights of each register."""
        code, form, sums = self.code, self.form, list(sums)
        inputs = [code.load(window, self.bytes) for window in windows]
        for n in range(self.registers):
            place = code.at(at, form.size * n)
            index = code.load(place, self.bytes)
            place = code.at(place, form.window)
            for k in range(n, len(sums), self.registers):
                sums[k] = self.add(sums[k], inputs[k // self.registers], index, place)
        return sums

    def add_fours(self, total: Any, window: Any, index: Any, weights: Any) -> Any:
        """Four bytes for each lane: unsigned bytes times signed bytes."""
        code = self.code
        w = code.load(weights, code.vector, 64)
        name = "llvm.x86.avx512.permvar.qi.512"
        picked = code.b.bitcast(code.call(name, self.bytes, window, index), code.vector)
        return code.call("llvm.x86.avx512.vpdpbusd.512", code.vector, total, picked, w)

    def add_pairs(self, total: Any, window: Any, index: Any, weights: Any) -> Any:
        """Two bytes for each lane, as integers of 16 bits."""
        code = self.code
        halves = ir.VectorType(I16, 2 * code.lanes)
        picked = code.call("llvm.x86.ssse3.pshuf.b.128", self.bytes, window, index)
        products = code.pair_sum(code.b.zext(picked, halves), code.load(weights, halves))
        return code.b.add(total, products)
