"""Small parts of LLVM IR that the kernels are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir

I8, I16, I32, I64 = (ir.IntType(bits) for bits in (8, 16, 32, 64))
F32 = ir.FloatType()
Values = list[Any]


class Code:
    """Emits at a builder's place; vectors have `lanes` values."""

    def __init__(self, builder: Any, lanes: int):
        self.b, self.lanes = builder, lanes
        self.vector = ir.VectorType(I32, lanes)

    def loop(
        self,
        stop: Any,
        step: int,
        carried: Values,
        body: Callable[[Any, Values], Values],
        start: Any = 0,
    ) -> Values:
        """`for i in range(start, stop, step): carried = body(i, carried)`."""
        b = self.b
        before = b.block
        head, inside, after = (b.append_basic_block() for _ in range(3))
        b.branch(head)
        b.position_at_end(head)
        i = b.phi(I64)
        i.add_incoming(I64(start) if isinstance(start, int) else start, before)
        phis = [b.phi(value.type) for value in carried]
        for phi, value in zip(phis, carried, strict=True):
            phi.add_incoming(value, before)
        b.cbranch(b.icmp_signed("<", i, stop), inside, after)
        b.position_at_end(inside)
        new = body(i, list(phis))
        i.add_incoming(b.add(i, I64(step)), b.block)
        for phi, value in zip(phis, new, strict=True):
            phi.add_incoming(value, b.block)
        b.branch(head)
        b.position_at_end(after)
        return list(phis)

    def at(self, pointer: Any, offset: Any) -> Any:
        """A byte pointer moved by an offset."""
        return self.b.gep(pointer, [I64(offset) if isinstance(offset, int) else offset])

    def load(self, pointer: Any, kind: Any, align: int = 1) -> Any:
        """A value of any type at a byte pointer."""
        value = self.b.load(self.b.bitcast(pointer, ir.PointerType(kind)))
        value.align = align
        return value

    def store(self, value: Any, pointer: Any) -> None:
        """A value to a byte pointer."""
        self.b.store(value, self.b.bitcast(pointer, ir.PointerType(value.type))).align = 1

    def constant(self, value: int) -> Any:
        """One integer in all lanes."""
        return ir.Constant(self.vector, [value] * self.lanes)

    def splat(self, value: Any) -> Any:
        """One value in all lanes."""
        none = ir.Constant(ir.VectorType(value.type, self.lanes), ir.Undefined)
        one = self.b.insert_element(none, value, I32(0))
        return self.b.shuffle_vector(one, none, ir.Constant(self.vector, [0] * self.lanes))

    def pair_sum(self, one: Any, two: Any) -> Any:
        """Sums int32[lanes] of neighbouring products of int16[2 * lanes]."""
        wide = ir.VectorType(I32, 2 * self.lanes)
        product = self.b.mul(self.b.sext(one, wide), self.b.sext(two, wide))
        none = ir.Constant(wide, ir.Undefined)
        even, odd = (
            self.b.shuffle_vector(
                product,
                none,
                ir.Constant(self.vector, [2 * i + start for i in range(self.lanes)]),
            )
            for start in (0, 1)
        )
        return self.b.add(even, odd)

    def prefetch(self, pointer: Any) -> None:
        """Bring a line into the second-level cache, before it is needed."""
        self.call("llvm.prefetch.p0", ir.VoidType(), pointer, I32(0), I32(2), I32(1))

    def call(self, name: str, result: Any, *arguments: Any) -> Any:
        """Call a function of the compiler's by name, such as one instruction."""
        kind = ir.FunctionType(result, [argument.type for argument in arguments])
        function = self.b.module.globals.get(name) or ir.Function(self.b.module, kind, name)
        return self.b.call(function, arguments)


def emit_count(builder: Any, pointer: Any) -> Any:
    """How many of 64 bytes at a pointer are not 0, int64."""
    b = builder
    vector = ir.VectorType(I8, 64)
    value = b.load(b.bitcast(pointer, ir.PointerType(vector)))
    value.align = 1
    mask = b.bitcast(b.icmp_signed("!=", value, ir.Constant(vector, None)), I64)
    count: Any = b.ctpop(mask)
    return count


def emit_largest(builder: Any, memory: Any, to: Any, at: Any, taps: Values) -> None:
    """The largest of 16 bytes under each tap of a window, byte by byte, to an offset.

    to, at : offsets of the result and of what lies under the first tap
    taps   : rows and columns of the window, bytes from row to row and from column to column
    """
    code = Code(builder, 16)
    rows, columns, down, right = taps
    vector = ir.VectorType(I8, 16)

    def row(r: Any, largest: Values) -> Values:
        start = builder.add(at, builder.mul(r, down))

        def column(k: Any, largest: Values) -> Values:
            place = builder.add(start, builder.mul(k, right))
            value = code.load(code.at(memory, place), vector)
            above = builder.icmp_unsigned(">", value, largest[0])
            return [builder.select(above, value, largest[0])]

        return code.loop(columns, 1, largest, column)

    found = code.loop(rows, 1, [ir.Constant(vector, None)], row)
    code.store(found[0], code.at(memory, to))
