"""How ONNX operators that reshape, reduce, join or cut values become nodes."""

from __future__ import annotations

from typing import Any

from exporters.frontends.builder import BATCH, Builder
from exporters.frontends.moves import joined
from exporters.frontends.onnx.layers import Attributes, constant
from exporters.frontends.refs import Ref, RefusedError, Rows
from exporters.frontends.reshapes import padded, reshape, sliced, squeezed, unsqueezed
from exporters.frontends.windows import reduced
from onespike_lava.data.misfit import listed


def reduce_mean(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """ReduceMean over rows and columns: a global average pool."""
    keep = bool(attrs.get("keepdims", 1))
    return reduced(build, "avgpool", name, inputs[0], _axes(inputs, attrs), keep=keep)


def reduce_sum(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """ReduceSum over rows and columns, or over channels."""
    keep, axes = bool(attrs.get("keepdims", 1)), _axes(inputs, attrs)
    return reduced(build, "avgpool", name, inputs[0], axes, keep=keep, times=True)


def reduce_max(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """ReduceMax over rows and columns: a global max pool."""
    keep = bool(attrs.get("keepdims", 1))
    return reduced(build, "maxpool", name, inputs[0], _axes(inputs, attrs), keep=keep)


def flatten(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Flatten from axis 1."""
    axis, rank = attrs.get("axis", 1), len(inputs[0].shape) + 1
    if axis % rank != 1:
        raise RefusedError(f"axis={axis}; only 1 is supported")
    _check_batch(inputs[0])
    return reshape(build, name, inputs[0], [BATCH, -1])


def reshaped(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Reshape that keeps the batch; a 0 copies the size unless `allowzero` is set."""
    x, target = inputs[0], list(constant(inputs[1], "shape"))
    if not attrs.get("allowzero", 0):
        _check_batch(x if target[:1] == [0] else None)
        sizes: tuple[Any, ...] = (BATCH, *x.shape)
        target = [
            sizes[axis] if size == 0 and axis < len(sizes) else size
            for axis, size in enumerate(target)
        ]
    return reshape(build, name, x, target)


def _check_batch(x: Any) -> None:
    """Raise `RefusedError` where the first axis is not the batch alone."""
    if isinstance(x, Rows):
        raise RefusedError("keeps axes that are counted into the batch; reshape them back before")


def squeeze(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Squeeze of axes of size one."""
    sizes, axes = (BATCH, *inputs[0].shape), _axes(inputs, attrs)
    if any(sizes[axis % len(sizes)] != 1 for axis in axes):
        raise RefusedError(f"axes {list(axes)} of {listed(inputs[0].shape)}; only those of size 1")
    return squeezed(build, name, inputs[0], axes or None)


def unsqueeze(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Unsqueeze that only looks at the planes otherwise."""
    return unsqueezed(build, name, inputs[0], _axes(inputs, attrs))


def concatenate(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Concat along channels or features."""
    return joined(build, name, inputs, attrs["axis"])


def pad(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Pad with zeros."""
    x, rank = inputs[0], len(inputs[0].shape) + 1
    given = inputs + [None] * (4 - len(inputs))
    pads = attrs["pads"] if given[1] is None else constant(given[1], "pads").tolist()
    value = attrs.get("value", 0.0) if given[2] is None else constant(given[2], "value").item()
    mode = attrs.get("mode", b"constant")
    mode = mode.decode() if isinstance(mode, bytes) else mode
    axes = range(rank) if given[3] is None else given[3].tolist()
    widths = dict(zip((axis % rank for axis in axes), _halves(pads), strict=True))
    if mode != "constant" or value != 0 or any(widths.get(0, ())):
        raise RefusedError(f"mode {mode}, value {value}; only zeros around samples are supported")
    return padded(build, name, x, [widths.get(axis, (0, 0)) for axis in range(1, rank)])


def cut(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Slice of channels, rows or columns."""
    x, rank = inputs[0], len(inputs[0].shape) + 1
    keys = ("starts", "ends", "axes", "steps")
    given = {key: attrs[key] for key in keys if key in attrs}
    for key, value in zip(keys, inputs[1:], strict=False):
        if value is not None:
            given[key] = constant(value, key).tolist()
    count = len(given["starts"])
    axes, steps = given.get("axes", range(count)), given.get("steps", [1] * count)
    keep = [slice(None)] * rank
    for axis, *bounds in zip(axes, given["starts"], given["ends"], steps, strict=True):
        keep[axis % rank] = slice(*bounds)
    if keep[0] != slice(None) and not _whole(keep[0]):
        raise RefusedError("slices the batch; only other axes are supported")
    return sliced(build, name, x, keep[1:])


def _whole(batch: slice) -> bool:
    """Whether a slice keeps every sample there may be."""
    return batch.start in (0, None) and batch.step in (1, None) and batch.stop >= 2**31 - 1


def split(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> tuple[Ref, ...]:
    """Split along one axis; `outputs` is their number."""
    x, axis = inputs[0], attrs.get("axis", 0) % (len(inputs[0].shape) + 1)
    if axis == 0:
        raise RefusedError("splits the batch; only other axes are supported")
    sizes = inputs[1] if len(inputs) > 1 else attrs.get("split")
    total, count = x.shape[axis - 1], attrs["outputs"]
    size = -(-total // count)
    sizes = [min(size, total - size * n) for n in range(count)] if sizes is None else sizes
    parts, start = [], 0
    for number, length in enumerate(map(int, sizes)):
        keep = [slice(None)] * len(x.shape)
        keep[axis - 1] = slice(start, start + length)
        parts.append(sliced(build, f"{name}.{number}" if number else name, x, keep))
        start += length
    return tuple(parts)


def _axes(inputs: list[Any], attrs: Attributes) -> tuple[int, ...]:
    given = inputs[1] if len(inputs) > 1 else None
    return tuple(attrs.get("axes", ()) if given is None else constant(given, "axes").tolist())


def _halves(pads: list[int]) -> list[tuple[int, int]]:
    half = len(pads) // 2
    return list(zip(pads[:half], pads[half:], strict=True))
