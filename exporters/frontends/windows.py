"""Windows and constants of source operators, shared by the front ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.frontends.builder import Builder, Ref, RefusedError
from onespike_lava.data.misfit import listed
from onespike_lava.layers import Shape

Constant = NDArray[Any]


def plane(build: Builder, x: Ref) -> Shape:
    """Rows and columns under a window that slides over `x`; one row for [N, C, L]."""
    shape = build.shapes[x.name]
    if len(shape) != 3 or (len(x.shape) == 2 and shape[1] != 1):
        raise RefusedError(f"input {listed(x.shape)}; only [N, C, H, W] or [N, C, L] is supported")
    return shape[1:]


def pair(x: Ref, value: int | Sequence[int], fill: int = 1) -> tuple[int, int]:
    """A setting for rows and columns; `fill` for the one row of [N, C, L]."""
    given = tuple(value) if isinstance(value, (tuple, list)) else (value,)
    if len(x.shape) == 2:
        return fill, int(given[0])
    given = given * 2 if len(given) == 1 else given
    return int(given[0]), int(given[1])


def kernels(build: Builder, x: Ref, weight: Constant) -> Constant:
    """A convolution's weight with rows and columns."""
    plane(build, x)
    if weight.ndim != len(x.shape) + 1:
        raise RefusedError(f"input {listed(x.shape)}, weight {list(weight.shape)}; ranks differ")
    return weight[:, :, None] if weight.ndim == 3 else weight


def pool_attributes(
    size: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    ceil: bool,
) -> dict[str, Any]:
    """Attributes of a pool; `ceil` mode becomes padding at the end.

    size    : rows and columns of the input
    padding : (top, left, bottom, right)
    """
    ends = list(padding[2:])
    for axis in range(2) if ceil else ():
        before, have, step = padding[axis], size[axis], stride[axis]
        extent = dilation[axis] * (kernel[axis] - 1) + 1
        last = -((extent - have - before - ends[axis]) // step) * step  # start of the last window
        if last >= have + before:
            last -= step
        missing = last + extent - (have + before + ends[axis])
        ends[axis] += max(0, missing)
    return {
        "kernel": kernel,
        "stride": stride,
        "padding": (*padding[:2], *ends),
        "dilation": dilation,
    }


def average_attributes(
    size: Shape,
    kernel: Shape,
    stride: Shape,
    padding: Shape,
    dilation: Shape,
    ceil: bool,
    count_include_pad: bool,
) -> dict[str, Any]:
    """Attributes of an average pool, as `pool_attributes`; what ceil mode adds is never counted.

    Raises `RefusedError` where padding that counts and padding that does not would meet.
    """
    window = pool_attributes(size, kernel, stride, padding, dilation, ceil)
    added = window["padding"] != tuple(padding)
    if added and count_include_pad and any(padding):
        raise RefusedError("ceil_mode adds windows at the border; use ceil_mode=False")
    return {**window, "count_include_pad": count_include_pad and not added}


def adaptive_attributes(size: Shape, wanted: Shape) -> dict[str, Any]:
    """Attributes of the pool that leaves `wanted` of `size` rows and columns.

    Raises `RefusedError` where an adaptive pool's windows differ in size or distance.
    """
    windows = [_regular(have, want) for have, want in zip(size, wanted, strict=True)]
    if any(each is None for each in windows):
        raise RefusedError(
            f"{list(wanted)} of {list(size)} rows and columns takes windows of several sizes; "
            "choose a size that divides them evenly"
        )
    kernel, stride = zip(*(each for each in windows if each), strict=True)
    return {"kernel": kernel, "stride": stride}


def _regular(have: int, want: int) -> tuple[int, int] | None:
    """Size and distance of an adaptive pool's windows, which all have one size if one distance."""
    starts = [place * have // want for place in range(want)]
    steps = set(np.diff(starts).tolist()) or {have}
    return None if len(steps) > 1 or 0 in steps else (-(-have // want), steps.pop())


def reduced(build: Builder, op: str, name: str, x: Ref, axes: Sequence[int], *, keep: bool) -> Ref:
    """Mean (`avgpool`) or maximum (`maxpool`) over axes of planes, counted with the batch."""
    rank, planes = len(x.shape) + 1, build.shapes[x.name][1:]
    chosen = sorted(axis % rank for axis in axes)
    if rank == 2 or not chosen or chosen[0] < 2 or len(planes) != 2:
        raise RefusedError(
            f"over dimensions {list(axes)} of {listed(x.shape)}; only over (2, 3) of [N, C, H, W] "
            "or 2 of [N, C, L]"
        )
    whole = rank == 3
    kernel = tuple(size if whole or axis in chosen else 1 for axis, size in enumerate(planes, 2))
    pooled = build.add(op, name, [x], attrs={"kernel": kernel, "stride": kernel})
    sizes = [1 if axis in chosen else size for axis, size in enumerate(x.shape, 1)]
    if keep:
        return Ref(pooled.name, tuple(sizes))
    left = tuple(size for axis, size in enumerate(x.shape, 1) if axis not in chosen)
    if len(left) == 1:
        return build.add("flatten", f"{name}.flatten", [pooled])
    return Ref(pooled.name, left)


def clipped(build: Builder, name: str, x: Ref, low: Any, high: Any) -> Ref:
    """`clamp(x, low, high)`: a ReLU where `low` is 0, with its clip where `high` is positive."""
    least, most = _number(low, -np.inf), _number(high, np.inf)
    if least != 0 or not most > 0:
        raise RefusedError(f"clips to ({low}, {high}); only (0, c) with a positive c is supported")
    return build.add("relu", name, [x], attrs={} if np.isinf(most) else {"clip": most})


def _number(value: Any, absent: float) -> float:
    array = np.asarray(absent if value is None else value)
    return float(array.item()) if array.size == 1 and array.dtype.kind in "fiu" else np.nan


def shifted(build: Builder, name: str, x: Ref, scale: Constant, shift: Constant) -> Ref:
    """`x * scale + shift` with constants per channel, as a batch norm that passes fold."""
    channels = x.shape[0]
    vectors = {"gamma": _channels(scale, x.shape), "beta": _channels(shift, x.shape)}
    if (vectors["gamma"] == 1).all() and not vectors["beta"].any():
        return build.add("identity", name, [x], attrs={"reason": "changes nothing"})
    params = {"mean": np.zeros(channels), "var": np.ones(channels), **vectors}
    return build.add("batchnorm", name, [x], params, {"eps": 0.0})


def difference(build: Builder, name: str, x: Any, y: Any, scale: float = -1.0) -> Ref:
    """`x + scale * y` of two values of the network."""
    scaled = shifted(build, f"{name}.scaled", y, np.full((), scale), np.zeros(()))
    return build.add("add", name, [x, scaled])


def _channels(constant: Constant, shape: Shape) -> Constant:
    """A constant that broadcasts over [N, *shape] as one value per channel."""
    rank = len(shape) + 1
    full = constant.reshape((1,) * (rank - constant.ndim) + constant.shape)
    if full.ndim != rank or full.size not in (1, shape[0]) or full.shape[1] != full.size:
        raise RefusedError(
            f"constant of shape {list(constant.shape)} beside {listed(shape)}; "
            "only one value, or one per channel, is supported"
        )
    return np.broadcast_to(full.reshape(-1), shape[:1])
