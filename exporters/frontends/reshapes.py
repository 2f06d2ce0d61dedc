"""Reshapes, concatenations, pads and slices of source operators, shared by the front ends."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from exporters.frontends.builder import BATCH, Builder
from exporters.frontends.forms import formed
from exporters.frontends.refs import Ref, RefusedError, Rows
from exporters.frontends.windows import plane
from onespike_lava.data.misfit import listed
from onespike_lava.layers import Shape


def reshape(build: Builder, name: str, x: Ref, target: Sequence[object]) -> Ref:
    """A reshape that keeps the batch and the order of elements.

    target : as the source gives it, batch first; `BATCH`, integers, one -1

    To [N, F] it flattens; to [N, C, L] or back it only looks at the planes otherwise.
    """
    x = x.whole if isinstance(x, Rows) else x
    first, *rest = target or (None,)
    first = BATCH if build.batch and first == build.batch else first
    sizes = [int(size) for size in rest if isinstance(size, (int, np.integer))]
    size, given = prod(x.shape), len(sizes) == len(rest)
    if given and sizes.count(-1) == 1 and first is BATCH:
        known = prod(each for each in sizes if each != -1)
        sizes = [size // max(1, known) if each == -1 else each for each in sizes]
    if (first is BATCH or first == -1) and given and prod(sizes) == size:
        found = _viewed(build, name, x, tuple(sizes))
        if found is not None:
            return found
        if sizes:
            build.drop(name, "reshape that keeps the order")
            return x.reshaped(sizes)
    if first == -1 and len(x.shape) > 1 and sizes == [x.shape[-1]]:
        build.drop(name, "axes counted into the batch")
        return Rows(x.name, (x.shape[-1],), None, x)
    wanted = ", ".join(map(str, target))
    if x.shape == build.shapes[x.name] == (1,) and list(target) in ([BATCH], [-1]):
        return build.add("identity", name, [x], attrs={"reason": "one value per sample"})
    end = " (after the logits, leave it out)" if len(x.shape) == 1 else ""
    raise RefusedError(
        f"reshape of {listed(x.shape)} to [{wanted}]{end}; the batch must stay alone in front, "
        f"with {size} values after it"
    )


def _viewed(build: Builder, name: str, x: Ref, sizes: Shape) -> Ref | None:
    shape = build.shapes[x.name]
    if x.order is not None:
        return None
    if len(sizes) == 1 and len(shape) > 1:
        return build.add("flatten", name, [Ref(x.name, shape)])
    if sizes not in (x.shape, shape, (shape[0], prod(shape[1:]))) or len(sizes) > 3:
        return None
    same = build.add("identity", name, [x], attrs={"reason": "reshape that keeps the order"})
    return Ref(same.name, sizes)


def squeezed(build: Builder, name: str, x: Ref, axes: Sequence[int] | None) -> Ref:
    """Axes of size one taken out, all but the batch if none are given."""
    rank = len(x.shape) + 1
    chosen = [axis % rank for axis in axes or ()]
    ones = [axis for axis, size in enumerate(x.shape, 1) if size == 1]
    gone = ones if axes is None else [axis for axis in chosen if axis in ones]
    left = [size for axis, size in enumerate(x.shape, 1) if axis not in gone]
    return reshape(build, name, x, [BATCH, *left])


def unsqueezed(build: Builder, name: str, x: Ref, axes: Sequence[int]) -> Ref:
    """New axes of size one."""
    rank = len(x.shape) + 1 + len(axes)
    sizes: list[object] = [BATCH, *x.shape]
    for axis in sorted(axis % rank for axis in axes):
        sizes.insert(axis, 1)
    return reshape(build, name, x, sizes)


def concat(build: Builder, name: str, parts: Sequence[Any], axis: int) -> Ref:
    """Concatenation along channels or features."""
    if not parts or not all(isinstance(each, Ref) for each in parts):
        raise RefusedError("concatenates constants; only values of the network are supported")
    ranks = {len(each.shape) for each in parts}
    if len(ranks) > 1 or axis % (ranks.pop() + 1) != 1:
        raise RefusedError(f"along dimension {axis}; only along 1, channels or features")
    if len(parts) == 1:
        return build.add("identity", name, parts, attrs={"reason": "one input"})
    return build.add("concat", name, parts)


def padded(build: Builder, name: str, x: Ref, widths: Sequence[tuple[int, int]]) -> Ref:
    """Zeros before and behind each axis of a sample."""
    if any(min(each) < 0 for each in widths):
        raise RefusedError("negative padding; slice instead")
    if not any(any(each) for each in widths):
        return build.add("identity", name, [x], attrs={"reason": "pads nothing"})
    axis = len(widths) - 1
    changed = [any(each) for each in widths]
    outside = build.nodes[x.name].op == "input" and changed == [True, True, False]
    if outside or _channels_last(build, x):
        moved = padded(build, name, x.first(axis), [widths[axis], *widths[:axis]])
        return moved.back(axis)
    attrs: dict[str, Any] = {"channels": tuple(widths[0])} if any(widths[0]) else {}
    if len(widths) > 1:
        plane(build, x)
        rows, columns = ((0, 0), *widths[1:])[-2:]
        attrs["padding"] = (rows[0], columns[0], rows[1], columns[1])
    return build.add("pad", name, [x], attrs=attrs)


def _channels_last(build: Builder, x: Ref) -> bool:
    """Whether the last axis is the channels': only it can stand in front."""
    if len(x.shape) not in (2, 3) or x.order is None:
        return False
    try:
        formed(build, x)
    except RefusedError:
        return True
    return False


def sliced(build: Builder, name: str, x: Ref, keep: Sequence[slice]) -> Ref:
    """What slices keep of a sample, one per axis."""
    bounds = [each.indices(size) for each, size in zip(keep, x.shape, strict=True)]
    if any(step < 1 for _, _, step in bounds):
        raise RefusedError("slices backwards; only positive steps are supported")
    if all((0, size, 1) == each for each, size in zip(bounds, x.shape, strict=True)):
        return build.add("identity", name, [x], attrs={"reason": "keeps everything"})
    axis = len(bounds) - 1
    if _channels_last(build, x):
        moved = sliced(build, name, x.first(axis), [keep[axis], *keep[:axis]])
        return moved.back(axis)
    if len(bounds) == 2:
        plane(build, x)
        bounds.insert(1, (0, 1, 1))
    start, stop, step = zip(*bounds, strict=True)
    return build.add("slice", name, [x], attrs={"start": start, "stop": stop, "step": step})
