"""Numba functions whose bodies are the LLVM IR of `tile`; only compiled code can call them."""

from __future__ import annotations

from typing import Any

from numba import types
from numba.extending import intrinsic

from onespike_lava.engines.numba.kernels.code import emit_count
from onespike_lava.engines.numba.kernels.tile import TILES, Emitter, Shape


def _bytes_of(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return context.make_array(kind)(context, builder, array).data


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def connect(
    _: Any, kind: Any, width: Any, constants: Any, arena: Any, record: Any, unit: Any, pixels: Any
) -> Any:
    """Compute one block of channels for the `pixels` pixels of a unit; see `records.Block`.

    kind, width      : literals, a key of `tile.TILES` and one of its widths
    constants, arena : uint8 arrays
    """
    name, vectors = kind.literal_value, width.literal_value
    pixels_of = TILES[name]

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        if vectors not in pixels_of:  # no plan of this kind has such blocks
            return context.get_dummy_value()
        shape = Shape(name, pixels_of[vectors], vectors)
        memory = [_bytes_of(context, builder, signature.args[i], args[i]) for i in (2, 3)]
        numbers = [
            context.cast(builder, args[i], signature.args[i], types.int64) for i in (4, 5, 6)
        ]
        Emitter(builder, shape, *memory).block(*numbers)
        return context.get_dummy_value()

    return types.void(kind, width, constants, arena, record, unit, pixels), codegen


@intrinsic  # type: ignore[untyped-decorator]
def count_64(_: Any, arena: Any, offset: Any) -> Any:
    """How many of the 64 bytes at `arena[offset]` are not 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = _bytes_of(context, builder, signature.args[0], args[0])
        return emit_count(builder, builder.gep(data, [args[1]]))

    return types.int64(arena, offset), codegen


@intrinsic  # type: ignore[untyped-decorator]
def claim(_: Any, counter: Any, size: Any) -> Any:
    """Take the next `size` samples: returns `counter[0]` and raises it, in one for all threads."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = _bytes_of(context, builder, signature.args[0], args[0])
        step = context.cast(builder, args[1], signature.args[1], types.int64)
        return builder.atomic_rmw("add", data, step, "monotonic")

    return types.int64(counter, size), codegen
