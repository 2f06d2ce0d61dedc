"""Transposes, picks and joins of any axis; shared by the front ends."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from exporters.frontends.builder import Builder
from exporters.frontends.forms import formed
from exporters.frontends.refs import Ref, RefusedError, planes_of
from exporters.frontends.reshapes import concat, sliced
from onespike_lava.data.misfit import listed


def permuted(build: Builder, name: str, x: Ref, axes: Sequence[int]) -> Ref:
    """Axes in another order, counted with the batch, which stays the first."""
    rank = len(x.shape) + 1
    order = [int(axis) % rank for axis in axes]
    if sorted(order) != list(range(rank)) or order[0] != 0:
        raise RefusedError(f"axes {list(axes)} of {listed(x.shape)}; the batch must stay in front")
    build.reorder(name, prod(x.shape), "axes in another order")
    return x.transposed([axis - 1 for axis in order[1:]])


def swapped(build: Builder, name: str, x: Ref, one: int, two: int) -> Ref:
    """Two axes exchanged."""
    axes = list(range(len(x.shape) + 1))
    axes[one], axes[two] = axes[two], axes[one]
    return permuted(build, name, x, axes)


def taken(build: Builder, name: str, x: Ref, axis: int, index: Any) -> Ref:
    """Places along an axis, counted with the batch; of a single index the axis is gone."""
    rank = len(x.shape) + 1
    at = axis % rank
    if at == 0:
        raise RefusedError("picks samples of the batch; pick along other axes")
    size, places = x.shape[at - 1], np.asarray(index)
    if places.dtype.kind not in "iu" or places.ndim > 1 or not places.size:
        raise RefusedError(f"index {index!r}; only whole numbers along one axis are supported")
    if not -size <= int(places.min()) <= int(places.max()) < size:
        raise RefusedError(
            f"index {index!r} is outside {size}, the size of axis {axis}; correct it"
        )
    if places.ndim == 0:
        start = int(places) % size
        keep = [slice(None)] * (rank - 1)
        keep[at - 1] = slice(start, start + 1)
        left = tuple(each for number, each in enumerate(x.shape, 1) if number != at)
        return sliced(build, name, x, keep).reshaped(left)
    build.reorder(name, places.size * prod(x.shape) // size, "elements in another order")
    return x.ordered(x.places.take(places % size, axis=at - 1))


def joined(build: Builder, name: str, parts: Sequence[Any], axis: int) -> Ref:
    """Concatenation along any axis but the batch."""
    if not parts or not all(isinstance(each, Ref) for each in parts):
        raise RefusedError("concatenates constants; only values of the network are supported")
    rank = len(parts[0].shape) + 1
    at = axis % rank
    if at == 0 or any(len(each.shape) + 1 != rank for each in parts):
        raise RefusedError(f"along dimension {axis}; only along those after the batch")
    last = rank - 2
    fronts = [each.first(last) for each in parts]
    if last and not _all_plain(build, parts) and _all_plain(build, fronts):  # channels last
        return joined(build, name, fronts, 1 if at == rank - 1 else at + 1).back(last)
    if at == 1:
        return concat(build, name, parts, 1)
    if rank in (3, 4):
        return _beside(build, name, parts, at)
    moved = concat(build, name, [formed(build, each.first(at - 1)) for each in parts], 1)
    return moved.back(at - 1)


def _all_plain(build: Builder, parts: Sequence[Ref]) -> bool:
    """Whether all are nodes' values in their own order."""
    return all(
        build.shapes[each.name] == planes_of(each.shape)
        and (each.order is None or bool((np.diff(each.order, prepend=-1) == 1).all()))
        for each in parts
    )


def _beside(build: Builder, name: str, parts: Sequence[Ref], axis: int) -> Ref:
    """Planes below or beside each other: a sum of planes among zeros."""
    total, first, names = sum(each.shape[axis - 1] for each in parts), 0, []
    if any(each.shape[0] != parts[0].shape[0] for each in parts):
        raise RefusedError("joins planes of different channels; give them as many")
    for number, each in enumerate(parts):
        size = each.shape[axis - 1]
        before, behind = [0, 0], [0, 0]
        side = axis - 2 if len(each.shape) == 3 else 1
        before[side], behind[side] = first, total - first - size
        attrs = {"padding": (*before, *behind)}
        names.append(build.add("pad", f"{name}.{number}", [each], attrs=attrs))
        first += size
    return build.add("add", name, names)


def stacked(build: Builder, name: str, parts: Sequence[Any], axis: int) -> Ref:
    """Values beside each other along a new axis."""
    if not parts or not all(isinstance(each, Ref) for each in parts):
        raise RefusedError("stacks constants; only values of the network are supported")
    at = axis % (len(parts[0].shape) + 2) - 1
    if at < 0:
        raise RefusedError("stacks along the batch; use another dimension, or add")
    wide = [each.reshaped((1, *each.shape)) for each in parts]
    if len(wide[0].shape) > 3:
        flat = [each.reshaped((1, prod(each.shape))) for each in parts]
        return concat(build, name, flat, 1).reshaped((len(parts), *parts[0].shape)).back(at)
    return concat(build, name, wide, 1).back(at)


def shuffled(build: Builder, name: str, x: Ref, groups: int) -> Ref:
    """A channel shuffle."""
    channels = x.shape[0]
    if channels % groups:
        raise RefusedError(f"{groups} groups of {channels} channels; give a divisor")
    build.reorder(name, prod(x.shape), "channels in another order")
    order = np.arange(channels).reshape(groups, -1).T.reshape(-1)
    return x.ordered(x.places[order])


def deepened(build: Builder, name: str, x: Ref, block: int, *, inner: bool = True) -> Ref:
    """Space to depth: blocks of a plane as channels.

    inner : whether the places of a block are counted within a channel, as torch does
    """
    channels, rows, columns = _plane(x)
    if rows % block or columns % block:
        raise RefusedError(f"blocks of {block} in {listed(x.shape)}; give a divisor of the plane")
    build.reorder(name, prod(x.shape), "elements in another order")
    parts = x.places.reshape(channels, rows // block, block, columns // block, block)
    axes = (0, 2, 4, 1, 3) if inner else (2, 4, 0, 1, 3)
    shape = (channels * block**2, rows // block, columns // block)
    return x.ordered(parts.transpose(axes).reshape(shape))


def widened(build: Builder, name: str, x: Ref, block: int, *, inner: bool = True) -> Ref:
    """Depth to space: channels as blocks of a plane."""
    channels, rows, columns = _plane(x)
    if channels % block**2:
        raise RefusedError(f"blocks of {block} from {channels} channels; give a multiple")
    build.reorder(name, prod(x.shape), "elements in another order")
    left = channels // block**2
    shape = (left, block, block) if inner else (block, block, left)
    parts = x.places.reshape(*shape, rows, columns)
    axes = (0, 3, 1, 4, 2) if inner else (2, 3, 0, 4, 1)
    return x.ordered(parts.transpose(axes).reshape(left, rows * block, columns * block))


def _plane(x: Ref) -> tuple[int, int, int]:
    if len(x.shape) != 3:
        raise RefusedError(f"input {listed(x.shape)}; only [N, C, H, W] is supported")
    channels, rows, columns = x.shape
    return channels, rows, columns


def upsampled(build: Builder, name: str, x: Ref, scale: Sequence[int]) -> Ref:
    """Nearest neighbours, whole times larger."""
    if min(scale) < 1:
        raise RefusedError(f"scale {list(scale)}; only whole numbers enlarge, pool for smaller")
    if max(scale) == 1:
        return build.add("identity", name, [x], attrs={"reason": "enlarges nothing"})
    rows = (1, *scale) if len(x.shape) == 2 else tuple(scale)
    return build.add("upsample", name, [x], attrs={"scale": rows, "zeros": False})


def transposed_convolution(
    build: Builder,
    name: str,
    x: Ref,
    weight: Any,
    bias: Any,
    window: dict[str, Any],
    more: tuple[int, int],
) -> Ref:
    """A transposed convolution: zeros between rows and columns, then a convolution.

    weight : [inputs, outputs / groups, rows, columns]
    window : stride, padding (top, left, bottom, right), dilation and groups as in the source
    more   : rows and columns that its output has beyond the smallest
    """
    groups, stride, dilation = window["groups"], window["stride"], window["dilation"]
    inputs, outputs, *kernel = weight.shape
    if inputs % groups or min(stride) < 1:
        raise RefusedError(f"{groups} groups of {inputs} channels, stride {stride}; correct it")
    turned = weight.reshape(groups, inputs // groups, outputs, *kernel)[..., ::-1, ::-1]
    turned = turned.swapaxes(1, 2).reshape(groups * outputs, inputs // groups, *kernel)
    source = formed(build, x)
    if max(stride) > 1:
        attrs = {"scale": stride, "zeros": True}
        source = build.add("upsample", f"{name}.zeros", [source], attrs=attrs)
    reach = [apart * (size - 1) for apart, size in zip(dilation, kernel, strict=True)]
    before = [far - pad for far, pad in zip(reach, window["padding"][:2], strict=True)]
    behind = [
        far - pad + extra - (step - 1)
        for far, pad, extra, step in zip(reach, window["padding"][2:], more, stride, strict=True)
    ]
    if min(*before, *behind) < 0:
        plane = source.shape if len(source.shape) == 3 else build.shapes[source.name]
        cuts = zip(before, behind, plane[1:], strict=True)
        keep = [slice(max(0, -a), size - max(0, -b)) for a, b, size in cuts]
        found = sliced(build, f"{name}.cut", source.reshaped(plane), [slice(None), *keep])
        source = found if len(x.shape) == 3 else found.reshaped((found.shape[0], found.shape[2]))
        before, behind = ([max(0, each) for each in side] for side in (before, behind))
    attrs = {"padding": (*before, *behind), "dilation": dilation, "groups": groups}
    return build.add("conv", name, [source], {"weight": turned, "bias": bias}, attrs)
