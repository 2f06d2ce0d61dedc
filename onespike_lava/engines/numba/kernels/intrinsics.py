"""Numba functions whose bodies are the LLVM IR of `tile`; only compiled code can call them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic

from onespike_lava.engines.numba.kernels.code import I64, emit_count, emit_largest
from onespike_lava.engines.numba.kernels.tile import TILES, Emitter, Shape
from onespike_lava.engines.numba.kernels.update import Places, Updater
from onespike_lava.engines.numba.kernels.winograd.emitter import TileEmitter


def _bytes_of(context: Any, builder: Any, kind: Any, array: Any) -> Any:
    return context.make_array(kind)(context, builder, array).data


def _by_width(
    builder: Any, name: str, kind: str, width: Any, arguments: list[Any], emit: Callable[..., None]
) -> None:
    """Call what `emit` writes for the width that a block has: a function for each, written once.

    emit : given a builder, the vectors of the width, and the arguments
    """
    for vectors in TILES[kind]:
        function = _function(builder.module, f"onespike.{name}.{vectors}", vectors, arguments, emit)
        with builder.if_then(builder.icmp_signed("==", width, I64(vectors))):
            builder.call(function, arguments)


def _function(
    module: Any, name: str, vectors: int, arguments: list[Any], emit: Callable[..., None]
) -> Any:
    if name in module.globals:
        return module.globals[name]
    kind = ir.FunctionType(ir.VoidType(), [argument.type for argument in arguments])
    function = ir.Function(module, kind, name)
    function.linkage = "internal"
    builder = ir.IRBuilder(function.append_basic_block())
    emit(builder, vectors, *function.args)
    builder.ret_void()
    return function


def _numbers(context: Any, builder: Any, signature: Any, args: Any, places: Any) -> list[Any]:
    kinds = signature.args
    return [context.cast(builder, args[i], kinds[i], types.int64) for i in places]


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def connect(
    _: Any,
    kind: Any,
    width: Any,
    constants: Any,
    arena: Any,
    record: Any,
    unit: Any,
    first: Any,
    last: Any,
) -> Any:
    """Compute one block of channels for the pixels `first <= p < last` of a unit.

    See `records.Block`.

    kind             : literal, a key of `tile.TILES`
    width            : one of its widths
    constants, arena : uint8 arrays
    """
    name = kind.literal_value

    def emit(builder: Any, vectors: int, constants: Any, arena: Any, *numbers: Any) -> None:
        shape = Shape(name, TILES[name][vectors], vectors)
        Emitter(builder, shape, constants, arena).block(*numbers)

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory = [_bytes_of(context, builder, signature.args[i], args[i]) for i in (2, 3)]
        vectors, *numbers = _numbers(context, builder, signature, args, (1, 4, 5, 6, 7))
        _by_width(builder, "connect", name, vectors, [*memory, *numbers], emit)
        return context.get_dummy_value()

    return types.void(kind, width, constants, arena, record, unit, first, last), codegen


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def transform(
    _: Any, kind: Any, constants: Any, arena: Any, record: Any, unit: Any, first: Any, count: Any
) -> Any:
    """Transform what `count` tiles of a unit read; see `winograd.emitter`.

    kind .. arena : as in `connect`
    record        : a `records.Tiles`
    """
    return _by_tiles("inputs", kind, constants, arena, record, unit, first, count)


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def multiply(
    _: Any, kind: Any, constants: Any, arena: Any, record: Any, block: Any, count: Any
) -> Any:
    """Sums of a block's channels for `count` tiles that are transformed, `kind` .. as before."""
    return _by_tiles("sums", kind, constants, arena, record, block, count)


def _by_tiles(part: str, kind: Any, *arguments: Any) -> Any:
    """What a part of `TileEmitter` becomes."""
    name = kind.literal_value

    def emit(builder: Any, vectors: int, *given: Any) -> None:
        shape = Shape(name, TILES[name][vectors], vectors)
        emitter = TileEmitter(builder, shape, *given[:3])
        getattr(emitter, part)(*given[3:])

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory = [_bytes_of(context, builder, signature.args[i], args[i]) for i in (1, 2)]
        numbers = _numbers(context, builder, signature, args, range(3, len(args)))
        given = [*memory, *numbers]
        widest = max(TILES[name])
        builder.call(_function(builder.module, f"onespike.{part}", widest, given, emit), given)
        return context.get_dummy_value()

    return types.void(kind, *arguments), codegen


@intrinsic(prefer_literal=True)  # type: ignore[untyped-decorator]
def update(
    _: Any,
    kind: Any,
    width: Any,
    constants: Any,
    arena: Any,
    record: Any,
    first: Any,
    pixels: Any,
    current: Any,
    stride: Any,
    state: Any,
    frame: Any,
    fresh: Any,
) -> Any:
    """Take one block's neurons of some pixels through one step; see `records.Neurons`.

    kind .. arena  : as in `connect`
    first .. fresh : as in `update.Places`
    """
    name = kind.literal_value

    def emit(builder: Any, vectors: int, constants: Any, arena: Any, *numbers: Any) -> None:
        lanes = Shape(name, 1, vectors).lanes
        record, *places = numbers
        Updater(builder, lanes, vectors, constants, arena).step(record, Places(*places))

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        memory = [_bytes_of(context, builder, signature.args[i], args[i]) for i in (2, 3)]
        vectors, *numbers = _numbers(context, builder, signature, args, (1, *range(4, 11)))
        new = context.cast(builder, args[11], signature.args[11], types.boolean)
        _by_width(builder, "update", name, vectors, [*memory, *numbers, new], emit)
        return context.get_dummy_value()

    arguments = (kind, width, constants, arena, record, first, pixels, current, stride, state)
    return types.void(*arguments, frame, fresh), codegen


@intrinsic  # type: ignore[untyped-decorator]
def count_64(_: Any, arena: Any, offset: Any) -> Any:
    """How many of the 64 bytes at `arena[offset]` are not 0."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = _bytes_of(context, builder, signature.args[0], args[0])
        return emit_count(builder, builder.gep(data, [args[1]]))

    return types.int64(arena, offset), codegen


@intrinsic  # type: ignore[untyped-decorator]
def largest_16(
    _: Any, arena: Any, to: Any, at: Any, rows: Any, columns: Any, down: Any, right: Any
) -> Any:
    """`arena[to : to + 16]` becomes the largest, byte by byte, under each tap of a window.

    at          : of the first tap
    rows .. right : of the window, and bytes from row to row and from column to column
    """

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = _bytes_of(context, builder, signature.args[0], args[0])
        to, at, *taps = _numbers(context, builder, signature, args, range(1, 7))
        emit_largest(builder, data, to, at, taps)
        return context.get_dummy_value()

    return types.void(arena, to, at, rows, columns, down, right), codegen


@intrinsic  # type: ignore[untyped-decorator]
def claim(_: Any, counter: Any, size: Any) -> Any:
    """Take the next `size` samples: returns `counter[0]` and raises it, in one for all threads."""

    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = _bytes_of(context, builder, signature.args[0], args[0])
        step = context.cast(builder, args[1], signature.args[1], types.int64)
        return builder.atomic_rmw("add", data, step, "monotonic")

    return types.int64(counter, size), codegen
