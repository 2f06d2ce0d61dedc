"""Windows and constants of source operators, shared by the front ends."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.frontends.builder import Builder
from exporters.frontends.forms import FIXED, formed, is_turned
from exporters.frontends.refs import Ref, RefusedError, Rows
from onespike_lava.data.misfit import listed
from onespike_lava.layers import Shape

Constant = NDArray[Any]


def plane(build: Builder, x: Ref) -> Shape:
    """Rows and columns under a window that slides over `x`; one row for [N, C, L]."""
    shape = build.shapes[formed(build, x).name]
    if len(shape) != 3 or (len(x.shape) == 2 and shape[1] != 1):
        raise RefusedError(f"input {listed(x.shape)}; only [N, C, H, W] or [N, C, L] is supported")
    return x.shape[1:] if is_turned(build, x) else shape[1:]


def _seen(build: Builder, x: Ref) -> Shape:
    """Rows and columns as the source has them; of planes in one row those of the node."""
    return x.shape[1:] if is_turned(build, x) else build.shapes[x.name][1:]


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


def linear_map(build: Builder, name: str, x: Ref, weight: Constant, bias: Constant | None) -> Ref:
    """A linear map of [N, F], or of the last axis of [N, ..., F]: a convolution of one place."""
    if isinstance(x, Rows):
        found = linear_map(build, name, x.whole, weight, bias)
        return Rows(found.name, found.shape[-1:], None, found)
    if len(x.shape) == 1:
        return build.add("linear", name, [x], {"weight": weight, "bias": bias})
    axis = len(x.shape) - 1
    source = formed(build, x.first(axis))
    params = {"weight": np.asarray(weight)[:, :, None, None], "bias": bias}
    found = build.add("conv", name, [source], params)
    return Ref(found.name, (len(weight), *x.shape[:-1])).back(axis)


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


def adaptive(build: Builder, op: str, name: str, x: Ref, wanted: Shape) -> Ref:
    """The pool that leaves `wanted` rows and columns; means of areas where its windows differ.

    Raises `RefusedError` for a max pool whose windows differ in size or distance.
    """
    size = plane(build, x)
    windows = [_regular(have, want) for have, want in zip(size, wanted, strict=True)]
    if all(each is not None for each in windows):
        kernel, stride = zip(*(each for each in windows if each), strict=True)
        return build.add(op, name, [x], attrs={"kernel": kernel, "stride": stride})
    if op == "maxpool" or min(wanted) < 1:
        raise RefusedError(
            f"{list(wanted)} of {list(size)} rows and columns takes windows of several sizes; "
            "choose a size that divides them evenly, or an average pool"
        )
    rows, columns = (
        tuple((at * have // want, -(-(at + 1) * have // want)) for at in range(want))
        for have, want in zip(size, wanted, strict=True)
    )
    return build.add("areas", name, [x], attrs={"rows": rows, "columns": columns})


def _regular(have: int, want: int) -> tuple[int, int] | None:
    """Size and distance of an adaptive pool's windows, which all have one size if one distance."""
    starts = [place * have // want for place in range(want)]
    steps = set(np.diff(starts).tolist()) or {have}
    return None if len(steps) > 1 or 0 in steps else (-(-have // want), steps.pop())


def reduced(
    build: Builder,
    op: str,
    name: str,
    x: Ref,
    axes: Sequence[int],
    *,
    keep: bool,
    times: bool = False,
) -> Ref:
    """Mean (`avgpool`) or maximum (`maxpool`) over axes of a sample, counted with the batch.

    times : the sum, the mean times what it is of
    """
    rank = len(x.shape) + 1
    chosen = sorted(axis % rank for axis in axes)
    left = [axis for axis in range(1, rank) if axis not in chosen]
    if not chosen or chosen[0] < 1 or not left:
        raise RefusedError(
            f"over dimensions {list(axes)} of {listed(x.shape)}; keep the batch and one dimension"
        )
    sizes = [1 if axis in chosen else size for axis, size in enumerate(x.shape, 1)]
    shape = sizes if keep else [x.shape[axis - 1] for axis in left]
    count = prod(x.shape[axis - 1] for axis in chosen)
    if chosen == [1] and op == "avgpool" and (len(left) > 1 or x.order is None):
        found = _over_channels(build, name, x, 1.0 if times else 1 / count)
        return found.reshaped(shape)
    if len(left) == 1:
        moved = [axis - 1 for axis in (*left, *chosen)]
        source = formed(build, x.transposed(moved))
        kernel = _seen(build, source)
    else:
        source = formed(build, x)
        size = _seen(build, source)
        if chosen[0] < 2 or len(size) != len(x.shape) - 1:
            raise RefusedError(
                f"over dimensions {list(axes)} of {listed(x.shape)}; over planes, rows, columns "
                "or channels only"
            )
        kernel = tuple(each if axis in chosen else 1 for axis, each in enumerate(size, 2))
    if len(kernel) != 2:
        raise RefusedError(f"over dimensions {list(axes)} of {listed(x.shape)}; give planes")
    pooled = build.add(op, name, [source], attrs={"kernel": kernel, "stride": kernel})
    if times and count > 1:
        pooled = shifted(build, f"{name}.sum", pooled, np.full((), float(count)), np.zeros(()))
    if not keep and len(shape) == 1:
        pooled = build.add(
            "flatten", f"{name}.flatten", [Ref(pooled.name, build.shapes[pooled.name])]
        )
    return Ref(pooled.name, tuple(shape))


def _over_channels(build: Builder, name: str, x: Ref, weight: float) -> Ref:
    """One channel, the sum of all times `weight`."""
    source = formed(build, x)
    channels = build.shapes[source.name][0]
    weights = np.full((1, channels, 1, 1), weight)
    found = build.add("conv", name, [source], {"weight": weights}, FIXED)
    return Ref(found.name, (1, *x.shape[1:]))


def shifted(build: Builder, name: str, x: Ref, scale: Constant, shift: Constant) -> Ref:
    """`x * scale + shift` with constants along one axis, as a batch norm that passes fold."""
    rank = len(x.shape) + 1
    both = [_along(each, rank, x.shape) for each in (scale, shift)]
    axes = {axis for each in both for axis in range(1, rank) if each.shape[axis] > 1}
    if len(axes) > 1:
        raise _misfit(scale if scale.size > shift.size else shift, x.shape)
    axis = max(axes, default=1) - 1
    one = not axes and len(build.shapes[x.name]) in (1, 3)
    try:
        source = Ref(x.name, build.shapes[x.name]) if one else formed(build, x.first(axis))
    except RefusedError:
        if not axis:
            raise
        raise _misfit(scale if scale.size > shift.size else shift, x.shape) from None
    channels = build.shapes[source.name][0]
    gamma, beta = (np.broadcast_to(each.reshape(-1), (channels,)) for each in both)
    if (gamma == 1).all() and not beta.any():
        return build.add("identity", name, [x], attrs={"reason": "changes nothing"})
    params = {"mean": np.zeros(channels), "var": np.ones(channels), "gamma": gamma, "beta": beta}
    found = build.add("batchnorm", name, [source], params, {"eps": 0.0})
    return Ref(found.name, x.shape, x.order) if one else found.back(axis)


def difference(build: Builder, name: str, x: Any, y: Any, scale: float = -1.0) -> Ref:
    """`x + scale * y` of two values of the network."""
    scaled = shifted(build, f"{name}.scaled", y, np.full((), scale), np.zeros(()))
    return build.add("add", name, [x, scaled])


def _along(constant: Constant, rank: int, shape: Shape) -> Constant:
    """A constant that broadcasts over [N, *shape], with as many axes."""
    full = constant.reshape((1,) * (rank - constant.ndim) + constant.shape)
    sizes = full.shape[1:]
    if full.ndim != rank or full.shape[0] != 1:
        raise _misfit(constant, shape)
    if any(each not in (1, size) for each, size in zip(sizes, shape, strict=True)):
        raise _misfit(constant, shape)
    return full


def _misfit(constant: Constant, shape: Shape) -> RefusedError:
    return RefusedError(
        f"constant of shape {list(constant.shape)} beside {listed(shape)}; "
        "only one value, or one per channel, is supported"
    )
