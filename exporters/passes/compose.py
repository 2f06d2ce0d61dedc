"""Two linear maps in a row as one, in float64, where that is exact and small."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from math import prod

import numpy as np

from exporters.graph import Node
from exporters.graph.arithmetic import groups_of, window
from exporters.passes.algebra import FIXED, Floats, affine, is_fixed, with_params
from onespike_lava.layers import Shape, Window

Axis = tuple[int, int, Callable[[int, int], int]]
WEIGHTS_MAX = 2**23
"""Most weights that a composed map may have."""


def obstacle(first: Node, second: Node, shape: Shape) -> str | None:
    """Why `second` cannot be composed with `first`, which it reads; None where it can.

    shape : of the input of `first`
    """
    if second.op == "conv" and first.op == "conv" and any(window(second).padding):
        if not _apart(first, shape):
            return f"{second.name} pads with zeros what {first.name} does not leave zero"
        if affine(first)[1].any():
            return f"{second.name} pads with zeros, not with the bias of {first.name}"
    if second.op == "conv" and first.op == "linear":
        return f"{second.name} is no linear layer as {first.name} is"
    weights = composed_size(first, second, shape)
    if weights > WEIGHTS_MAX:
        return f"composed they have {weights} weights, more than {WEIGHTS_MAX}"
    return None


def _apart(first: Node, shape: Shape) -> bool:
    """Whether windows beyond those of a convolution see nothing of its input of `shape`.

    So zeros behind it are zeros before it: a window of one pixel, a pool whose windows do not
    overlap and leave nothing over.
    """
    slide, kernel = window(first), first.params["weight"].shape[2:]
    places = slide.output_size(shape[1:], kernel)
    ends = zip(slide.stride, slide.padding, slide.dilation, kernel, places, shape[1:], strict=False)
    return all(
        apart * (size - 1) + 1 <= step + before and step * count - before >= length
        for step, before, apart, size, count, length in ends
    )


def compose(first: Node, second: Node, shape: Shape) -> Node:
    """Both maps as one, named after the second, reading the input of the first, of `shape`.

    Of a fixed map and a trained one comes a trained one.
    """
    if second.op == "conv":
        result = _convs(first, second, shape)
    elif first.op == "conv":
        result = _linear_of_conv(first, second, shape)
    else:
        (inner, offset), (outer, bias) = affine(first), affine(second)
        result = with_params(second, outer @ inner, outer @ offset + bias)
    attrs = {key: value for key, value in result.attrs.items() if key != "fixed"}
    both = FIXED if is_fixed(first) and is_fixed(second) else {}
    return replace(result, inputs=first.inputs, attrs={**attrs, **both})


def dense_groups(node: Node) -> Floats:
    """Weight of a `conv` without groups, float64[O, C, rows, columns], zeros between groups."""
    weight, _ = affine(node)
    groups = groups_of(node)
    outputs, inputs = weight.shape[:2]
    full = np.zeros((outputs, inputs * groups, *weight.shape[2:]))
    each = outputs // groups
    for group in range(groups):
        mine = slice(group * each, (group + 1) * each)
        full[mine, group * inputs : (group + 1) * inputs] = weight[mine]
    return full


def composed_size(first: Node, second: Node, shape: Shape) -> int:
    """Weights of both maps as one; `shape` is of the input of the first."""
    outputs = len(second.params["weight"])
    if second.op == "linear":
        return outputs * prod(shape)
    kernel = [size for size, *_ in _axes(first, second)]
    groups = 1
    if _is_depthwise(second):
        groups = groups_of(first)
    elif _is_depthwise(first):
        groups = groups_of(second)
    return outputs * shape[0] // groups * prod(kernel)


def _convs(first: Node, second: Node, shape: Shape) -> Node:
    (_, offset), (outer, bias) = affine(first), affine(second)
    axes = _axes(first, second)
    inner, outer, groups = _paired(first, second)
    kernel = tuple(size for size, *_ in axes)
    weight = np.zeros((len(outer), inner.shape[-3], *kernel))
    (_, _, rows), (_, _, columns) = axes
    for r, c in np.ndindex(*outer.shape[-2:]):
        for i, j in np.ndindex(*inner.shape[-2:]):
            weight[:, :, rows(i, r), columns(j, c)] += _product(inner[..., i, j], outer[..., r, c])
    moved = np.tensordot(dense_groups(second).sum(axis=(2, 3)), offset, axes=1)
    attrs = {**vars(_window(first, second, shape)), "groups": groups}
    return replace(with_params(second, weight, bias + moved), attrs=attrs)


def _paired(first: Node, second: Node) -> tuple[Floats, Floats, int]:
    """Both weights in forms that `_product` multiplies cell by cell, and the groups left."""
    (inner, _), (outer, _) = affine(first), affine(second)
    if _is_depthwise(second):
        return inner, outer, groups_of(first)
    if _is_depthwise(first):
        groups = groups_of(second)
        shared = inner.reshape(groups, -1, *inner.shape[2:])
        return np.repeat(shared, len(outer) // groups, axis=0), outer, groups
    return dense_groups(first)[None], dense_groups(second), 1


def _product(inner: Floats, outer: Floats) -> Floats:
    """Weights float64[O, I] of one pair of kernel cells."""
    return outer @ inner[0] if inner.ndim == 3 else inner * outer


def _is_depthwise(node: Node) -> bool:
    """Whether each output channel reads the input channel of its number only."""
    weight = node.params["weight"]
    return len(weight) == groups_of(node) and weight.shape[1] == 1


def _axes(first: Node, second: Node) -> list[Axis]:
    """Rows and columns: size and dilation of the composed kernel, place of a pair of cells."""
    one, two = window(first), window(second)
    found = []
    for axis in range(2):
        k1, k2 = first.params["weight"].shape[2 + axis], second.params["weight"].shape[2 + axis]
        d1, d2 = one.dilation[axis], two.dilation[axis] * one.stride[axis]
        found.append(_axis(k1, d1, k2, d2))
    return found


def _axis(k1: int, d1: int, k2: int, d2: int) -> Axis:
    if k1 == 1:
        return k2, d2, lambda inner, outer: outer
    if k2 == 1:
        return k1, d1, lambda inner, outer: inner
    return (k1 - 1) * d1 + (k2 - 1) * d2 + 1, 1, lambda inner, outer: inner * d1 + outer * d2


def _window(first: Node, second: Node, shape: Shape) -> Window:
    """The window of the composed kernel; the padding behind leaves the same number of places."""
    one, two = window(first), window(second)
    sizes = one.output_size(shape[1:], first.params["weight"].shape[2:])
    places = two.output_size(sizes, second.params["weight"].shape[2:])
    stride, dilation, before, behind = [], [], [], []
    for axis, (size, apart, _) in enumerate(_axes(first, second)):
        stride.append(one.stride[axis] * two.stride[axis])
        dilation.append(apart)
        before.append(one.padding[axis] + one.stride[axis] * two.padding[axis])
        reach = (places[axis] - 1) * stride[axis] + (size - 1) * apart + 1
        behind.append(max(0, reach - shape[axis + 1] - before[axis]))
    padding = (*before, *behind)
    return Window(tuple(stride), padding, tuple(dilation))  # type: ignore[arg-type]


def _linear_of_conv(conv: Node, linear: Node, shape: Shape) -> Node:
    """Each row of the linear map, spread over the inputs of the convolution."""
    (_, offset), (outer, bias) = affine(conv), affine(linear)
    inner, slide = dense_groups(conv), window(conv)
    rows, columns = slide.output_size(shape[1:], inner.shape[2:])
    outer = outer.reshape(len(outer), len(inner), rows, columns)
    top, left, *_ = slide.padding
    height, width = shape[1:]
    wide = np.zeros((len(outer), *slide.padded(shape)))
    for r, c, (down, across) in slide.taps(inner.shape[2:], (rows, columns)):
        part = np.einsum("omhw,mi->oihw", outer, inner[:, :, r, c], optimize=True)
        wide[:, :, down, across] += part
    weight = wide[:, :, top : top + height, left : left + width].reshape(len(outer), -1)
    return with_params(linear, weight, bias + outer.sum(axis=(2, 3)) @ offset)
