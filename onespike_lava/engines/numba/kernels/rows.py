"""A program's rows: the one place where operations become int64 numbers and records again.

A row is the place of its record's class in `OPERATIONS`, then the record's fields in their order,
then zeros: one table for all operations, so that one compiled walk serves every network.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.code import I64
from onespike_lava.engines.numba.kernels.operations import OPERATIONS, Operation

PARAMETERS = 1 + max(len(operation._fields) for operation in OPERATIONS)
"""Numbers of a row."""


def rows_of(operations: Sequence[Operation]) -> NDArray[np.int64]:
    """A program's rows int64[operations, PARAMETERS], padded with zeros."""
    rows = np.zeros((len(operations), PARAMETERS), np.int64)
    for row, operation in zip(rows, operations, strict=True):
        row[: 1 + len(operation)] = (OPERATIONS.index(type(operation)), *operation)
    return rows


@intrinsic  # type: ignore[untyped-decorator]
def holds(_: Any, operation: Any, row: Any) -> Any:
    """Whether a row is of an operation, a class of `OPERATIONS`."""
    place = OPERATIONS.index(operation.instance_class)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        found = builder.load(_numbers(context, builder, signature, args))
        return builder.icmp_signed("==", found, found.type(place))

    return types.boolean(operation, row), codegen


@intrinsic  # type: ignore[untyped-decorator]
def fields(_: Any, operation: Any, row: Any) -> Any:
    """A row as the record of its operation.

    One load for each field: a slice of the row, unpacked, compiles many times longer.
    """
    names = operation.instance_class._fields
    record = types.NamedUniTuple(types.int64, len(names), operation.instance_class)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        numbers = _numbers(context, builder, signature, args)
        places = [builder.gep(numbers, [I64(i)]) for i in range(1, 1 + len(names))]
        return context.make_tuple(builder, record, [builder.load(place) for place in places])

    return record(operation, row), codegen


@intrinsic  # type: ignore[untyped-decorator]
def record(_: Any, kind: Any, constants: Any, offset: Any) -> Any:
    """A record of int64 fields at an offset of the constants, a class of `records`."""
    count = len(kind.instance_class._fields)
    made = types.NamedUniTuple(types.int64, count, kind.instance_class)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        start = builder.gep(_numbers(context, builder, signature, args), [args[2]])
        numbers = builder.bitcast(start, I64.as_pointer())
        places = [builder.gep(numbers, [I64(i)]) for i in range(count)]
        return context.make_tuple(builder, made, [builder.load(place) for place in places])

    return made(kind, constants, types.int64), codegen


def _numbers(context: Any, builder: Any, signature: Any, args: Any) -> Any:
    """Pointer to what the array that is the second argument holds."""
    return context.make_array(signature.args[1])(context, builder, args[1]).data
