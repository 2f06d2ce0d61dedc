"""How torch's transposes, picks, joins and enlargements become nodes, with torch's signatures."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

from exporters.frontends import moves
from exporters.frontends.builder import Builder
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.reshapes import reshape, sliced
from exporters.frontends.windows import kernels, pair, plane
from exporters.graph import VALUES_LIMIT

Sizes = int | Sequence[int]


def permute(build: Builder, name: str, x: Ref, *dims: Any) -> Ref:
    """Axes in another order."""
    return moves.permuted(build, name, x, dims[0] if isinstance(dims[0], (tuple, list)) else dims)


def transpose(build: Builder, name: str, x: Ref, dim0: int, dim1: int) -> Ref:
    """Two axes exchanged."""
    return moves.swapped(build, name, x, dim0, dim1)


def movedim(build: Builder, name: str, x: Ref, source: Any, destination: Any) -> Ref:
    """One axis moved."""
    if not isinstance(source, int) or not isinstance(destination, int):
        raise RefusedError("moves several axes; use permute")
    rank = len(x.shape) + 1
    axes = [axis for axis in range(rank) if axis != source % rank]
    axes.insert(destination % rank, source % rank)
    return moves.permuted(build, name, x, axes)


def item(build: Builder, name: str, x: Any, index: Any) -> Any:
    """What an index keeps: slices, places, lists of them, new axes; or one of several values."""
    if not isinstance(x, Ref):
        return x[index]
    given = list(index) if isinstance(index, (tuple, list)) else [index]
    rank = len(x.shape) + 1
    known = sum(each is not None and each is not ... for each in given)
    rest = [slice(None)] * (rank - known)
    dots = [at for at, each in enumerate(given) if each is ...]
    if dots:
        given[dots[0] : dots[0] + 1] = rest
    else:
        given += rest
    if given[0] != slice(None) or known > rank:
        shown = ", ".join(map(_shown, given))
        raise RefusedError(f"index [{shown}]; only what keeps the batch is supported")
    keep = [each if isinstance(each, slice) else slice(None) for each in given if each is not None]
    axis = rank
    if any(each != slice(None) for each in keep):
        x = sliced(build, name, x, keep[1:])
    for each in reversed(given[1:]):
        axis -= each is not None
        if each is None:
            x = x.reshaped((*x.shape[: axis - 1], 1, *x.shape[axis - 1 :]))
        elif not isinstance(each, slice):
            x = moves.taken(build, name, x, axis, each)
    return x


def _shown(index: Any) -> str:
    """An index as one writes it."""
    if not isinstance(index, slice):
        return str(index)
    parts = [index.start, index.stop, *([] if index.step is None else [index.step])]
    return ":".join("" if part is None else str(part) for part in parts)


def select(build: Builder, name: str, x: Ref, dim: int, index: Any) -> Ref:
    """Places along an axis; a single one, a number, takes the axis away."""
    return moves.taken(build, name, x, dim, index)


def narrow(build: Builder, name: str, x: Ref, dim: int, start: int, length: int) -> Ref:
    """Neighbouring places along an axis."""
    return moves.taken(build, name, x, dim, range(start, start + length))


def flip(build: Builder, name: str, x: Ref, *dims: Any) -> Ref:
    """Axes backwards."""
    given = dims[0] if isinstance(dims[0], (tuple, list)) else dims
    for dim in given:
        x = moves.taken(build, name, x, dim, range(x.shape[dim - (dim > 0)] - 1, -1, -1))
    return x


def unbind(build: Builder, name: str, x: Ref, dim: int = 0) -> tuple[Ref, ...]:
    """Every place along an axis."""
    size = x.shape[dim % (len(x.shape) + 1) - 1]
    return tuple(
        moves.taken(build, f"{name}.{at}" if at else name, x, dim, at) for at in range(size)
    )


def stack(build: Builder, name: str, tensors: Sequence[Any], dim: int = 0) -> Ref:
    """Values along a new axis."""
    return moves.stacked(build, name, tensors, dim)


def unflatten(build: Builder, name: str, x: Ref, dim: int, sizes: Sequence[int]) -> Ref:
    """One axis as several."""
    axis = dim % (len(x.shape) + 1)
    if axis == 0:
        raise RefusedError("unflattens the batch; use another dimension")
    known = [int(size) for size in sizes]
    total = x.shape[axis - 1]
    rest = 1
    for size in known:
        rest *= size if size > 0 else 1
    filled = [total // rest if size == -1 else size for size in known]
    return reshape(build, name, x, [-1, *x.shape[: axis - 1], *filled, *x.shape[axis:]])


def channel_shuffle(build: Builder, name: str, x: Ref, groups: int) -> Ref:
    """A channel shuffle."""
    return moves.shuffled(build, name, x, groups)


def pixel_shuffle(build: Builder, name: str, x: Ref, upscale_factor: int) -> Ref:
    """Channels as blocks of the plane."""
    return moves.widened(build, name, x, upscale_factor)


def pixel_unshuffle(build: Builder, name: str, x: Ref, downscale_factor: int) -> Ref:
    """Blocks of the plane as channels."""
    return moves.deepened(build, name, x, downscale_factor)


def repeat_interleave(build: Builder, name: str, x: Ref, repeats: Any, dim: Any = None) -> Ref:
    """Every place along an axis several times."""
    if not isinstance(repeats, int) or dim is None:
        raise RefusedError("repeats by a tensor or over all axes; give one number and a dimension")
    axis = dim % (len(x.shape) + 1)
    if axis == 0 or len(x.shape) < 2:
        raise RefusedError("repeats samples or features; only rows, columns and channels")
    if not 1 <= repeats <= VALUES_LIMIT // max(1, prod(x.shape)):
        raise RefusedError(f"repeats {repeats} times; give a smaller number of 1 or more")
    places = [at for at in range(x.shape[axis - 1]) for _ in range(repeats)]
    return moves.taken(build, name, x, axis, places)


def interpolate(
    build: Builder,
    name: str,
    x: Ref,
    size: Any = None,
    scale_factor: Any = None,
    mode: str = "nearest",
    align_corners: bool | None = None,
    recompute_scale_factor: bool | None = None,
    antialias: bool = False,
) -> Ref:
    """Nearest neighbours, whole times larger."""
    if mode not in ("nearest", "nearest-exact"):
        raise RefusedError(f"mode={mode!r}; use mode='nearest' and train again")
    sizes = x.shape[1:]
    if size is not None:
        given = size if isinstance(size, (tuple, list)) else (size,) * len(sizes)
        if any(int(want) % have for want, have in zip(given, sizes, strict=True)):
            raise RefusedError(f"size={list(given)} of {list(sizes)}; give a multiple")
        scale = [int(want) // have for want, have in zip(given, sizes, strict=True)]
    else:
        both = isinstance(scale_factor, (tuple, list))
        factors = scale_factor if both else (scale_factor,) * len(sizes)
        if any(float(each) != int(each) for each in factors):
            raise RefusedError(f"scale_factor={scale_factor}; give whole numbers")
        scale = [int(each) for each in factors]
    return moves.upsampled(build, name, x, scale)


def conv_transpose(
    build: Builder,
    name: str,
    x: Ref,
    weight: Any,
    bias: Any = None,
    stride: Sizes = 1,
    padding: Sizes = 0,
    output_padding: Sizes = 0,
    groups: int = 1,
    dilation: Sizes = 1,
) -> Ref:
    """Transposed convolution of [N, C, H, W] or [N, C, L]."""
    plane(build, x)
    window = {
        "stride": pair(x, stride),
        "padding": pair(x, padding, 0) * 2,
        "dilation": pair(x, dilation),
        "groups": groups,
    }
    more = pair(x, output_padding, 0)
    turned = kernels(build, x, weight)
    return moves.transposed_convolution(build, name, x, turned, bias, window, more)
