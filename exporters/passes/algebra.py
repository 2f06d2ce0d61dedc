"""Exact rewriting of linear maps: what the passes put into weights.

What they compute is float64 and stays so until it becomes integers (`Node.exact`); numbers of
the source that they only move stay float32, as the source has them.
"""

from __future__ import annotations

from dataclasses import replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.graph import Node
from exporters.graph.arithmetic import (
    area_matrix,
    groups_of,
    scale_shift,
    window,
    window_divisors,
)
from onespike_lava.layers import Shape

Floats = NDArray[np.float64]

FIXED = {"fixed": True}
"""Attribute of the maps that are made here: the source has no trained layer in their place.

It stays where a batch norm is folded into one, and where two of them become one map.
"""


def is_fixed(node: Node) -> bool:
    """Whether a linear node stands for no trained layer, but for a skip, a pool or the like."""
    return bool(node.attrs.get("fixed", False))


def affine(node: Node) -> tuple[Floats, Floats]:
    """Weight and bias of a `conv` or `linear` in float64; a bias of zeros where it has none."""
    weight = node.params["weight"].astype(np.float64)
    return weight, bias_of(node).astype(np.float64)


def bias_of(node: Node) -> NDArray[Any]:
    """Bias of a `conv` or `linear` as it stands there; zeros where it has none."""
    weight = node.params["weight"]
    return node.params.get("bias", np.zeros(len(weight), weight.dtype))


def with_params(node: Node, weight: NDArray[Any], bias: NDArray[Any]) -> Node:
    """The linear node with another weight and bias, both float64 or both the source's float32."""
    return replace(node, params={"weight": weight, "bias": bias}, exact=weight.dtype == np.float64)


def scale_outputs(node: Node, norm: Node) -> Node:
    """The linear node with a batch norm behind it folded in.

    In the numbers' own precision, of a source's node float32, and in the order in which ONNX's
    optimizer folds, so that a network gives the same weights whether its file keeps the batch
    norms or not.
    """
    weight, bias = node.params["weight"], bias_of(node)
    gamma, beta, mean, var = (
        norm.params[key].astype(weight.dtype) for key in ("gamma", "beta", "mean", "var")
    )
    with np.errstate(over="ignore", invalid="ignore"):  # running the network tells
        scale = gamma / np.sqrt(var + var.dtype.type(norm.attrs.get("eps", 0.0)))
        factor = scale.reshape((-1,) + (1,) * (weight.ndim - 1))
        return with_params(node, weight * factor, (bias - mean) * scale + beta)


def scale_inputs(node: Node, norm: Node) -> Node:
    """The linear node with a batch norm before it folded in; where it shifts, nothing may pad."""
    (weight, bias), (scale, shift) = affine(node), scale_shift(norm)
    groups = groups_of(node)
    tail = (1,) * (weight.ndim - 2)
    outputs, inputs = weight.shape[:2]
    places = inputs * groups // len(scale)  # of a channel that a `linear` reads
    scale, shift = scale.repeat(places), shift.repeat(places)
    scales = np.repeat(scale.reshape(groups, inputs), outputs // groups, axis=0)
    shifts = np.repeat(shift.reshape(groups, inputs), outputs // groups, axis=0)
    moved = (weight * shifts.reshape(outputs, inputs, *tail)).reshape(outputs, -1).sum(axis=1)
    return with_params(node, weight * scales.reshape(outputs, inputs, *tail), bias + moved)


def spread_over_windows(linear: Node, pool: Node, shape: Shape) -> Node:
    """A `linear` behind an average pool as one `linear` on the pool's input of `shape`."""
    (weight, bias), slide = affine(linear), window(pool)
    top, left, *_ = slide.padding
    channels, rows, columns = shape
    wide = np.zeros((len(weight), *slide.padded(shape)))
    divisors = window_divisors(pool, shape).astype(np.float64)
    shares = weight.reshape(len(weight), channels, *divisors.shape) / divisors
    for *_, (down, across) in slide.taps(pool.attrs["kernel"], divisors.shape):
        wide[:, :, down, across] += shares
    inner = wide[:, :, top : top + rows, left : left + columns]
    return replace(with_params(linear, inner.reshape(len(weight), -1), bias), inputs=pool.inputs)


def spread_over_areas(linear: Node, pool: Node, shape: Shape) -> Node:
    """A `linear` behind means of areas as one `linear` on what those read, of `shape`."""
    weight, bias = affine(linear)
    down, across = (
        area_matrix(pool, key, size)
        for key, size in zip(("rows", "columns"), shape[1:], strict=True)
    )
    shares = weight.reshape(len(weight), shape[0], len(down), len(across))
    inner = np.einsum("ochw,hi,wj->ocij", shares, down, across, optimize=True)
    return replace(with_params(linear, inner.reshape(len(weight), -1), bias), inputs=pool.inputs)


def pool_as_conv(pool: Node, channels: int, divisor: float) -> Node:
    """An average pool as a depthwise convolution; all its windows divide by `divisor`."""
    weight = np.full((channels, 1, *pool.attrs["kernel"]), 1 / divisor)
    slide = window(pool)
    attrs = {"stride": slide.stride, "padding": slide.padding, "groups": channels, **FIXED}
    return Node(pool.name, "conv", pool.inputs, {"weight": weight}, attrs, exact=True)


def identity_map(name: str, source: str, shape: Shape) -> Node:
    """A linear node of weight one from each neuron to its like: how a skip becomes a synapse."""
    if len(shape) == 1:
        weight = np.eye(shape[0], dtype=np.float32)
        return Node(name, "linear", (source,), {"weight": weight}, FIXED)
    weight = np.ones((shape[0], 1, 1, 1), np.float32)
    return Node(name, "conv", (source,), {"weight": weight}, {"groups": shape[0], **FIXED})


def doubled(node: Node, name: str) -> Node:
    """The linear node with its results and their opposites in turn."""
    weight, bias = affine(node)
    signs = np.tile([1.0, -1.0], len(weight))
    both = np.repeat(weight, 2, axis=0) * signs.reshape((-1,) + (1,) * (weight.ndim - 1))
    return replace(with_params(node, both, np.repeat(bias, 2) * signs), name=name)


def differences(name: str, source: str, shape: Shape) -> Node:
    """A linear node of `shape` from what comes behind `doubled` to the signed values."""
    pair = np.array([1.0, -1.0], np.float32)
    if len(shape) == 1:
        weight = np.kron(np.eye(shape[0], dtype=np.float32), pair)
        return Node(name, "linear", (source,), {"weight": weight}, FIXED)
    weight = np.broadcast_to(pair[:, None, None], (shape[0], 2, 1, 1))
    return Node(name, "conv", (source,), {"weight": weight}, {"groups": shape[0], **FIXED})


def norm_as_map(norm: Node, shape: Shape) -> Node:
    """A batch norm of values of `shape` as a linear node from each neuron to its like."""
    ones = replace(identity_map(norm.name, "", shape), inputs=norm.inputs, exact=True)
    return scale_outputs(ones, norm)


def selection(name: str, source: str, have: Shape, first: int, channels: int) -> Node:
    """The channels of a source of shape `have`, put behind `first` others among `channels`."""
    weight = np.zeros((channels, have[0]), np.float32)
    weight[np.arange(have[0]) + first, np.arange(have[0])] = 1
    if len(have) == 1:
        return Node(name, "linear", (source,), {"weight": weight}, FIXED)
    return Node(name, "conv", (source,), {"weight": weight[:, :, None, None]}, FIXED)


def pad_as_map(pad: Node, shape: Shape) -> Node:
    """A pad of values of `shape` as a linear node of weight one."""
    before, behind = pad.attrs.get("channels", (0, 0))
    if before == behind == 0:
        return replace(
            identity_map(pad.name, "", shape),
            inputs=pad.inputs,
            attrs={"groups": shape[0], "padding": window(pad).padding, **FIXED},
        )
    node = selection(pad.name, pad.inputs[0], shape, before, before + shape[0] + behind)
    return replace(node, attrs={"padding": window(pad).padding, **FIXED})


def slice_as_map(cut: Node, shape: Shape) -> Node:
    """A slice of values of `shape` as a linear node of weight one.

    What lies before and behind the slice of a plane is under zeros of the kernel.
    """
    start, stop, step = (cut.attrs[key] for key in ("start", "stop", "step"))
    channels = np.arange(start[0], stop[0], step[0])
    whole = len(channels) == shape[0]
    if len(shape) == 3 and whole:
        weight = np.ones((shape[0], 1), np.float32)
    else:
        weight = np.zeros((len(channels), shape[0]), np.float32)
        weight[np.arange(len(channels)), channels] = 1
    if len(shape) == 1:
        return Node(cut.name, "linear", cut.inputs, {"weight": weight}, FIXED)
    wide = np.zeros((*weight.shape, *_slice_kernel(cut, shape)), np.float32)
    wide[:, :, start[1], start[2]] = weight
    attrs = {"stride": tuple(step[1:]), "groups": shape[0] if whole else 1, **FIXED}
    return Node(cut.name, "conv", cut.inputs, {"weight": wide}, attrs)


def spreading(channels: int, rows: int, columns: int) -> NDArray[np.float32]:
    """A kernel that puts value `(c, y, x)` of a vector at its place, float32[C, C H W, H, W]."""
    weight = np.zeros((channels, channels * rows * columns, rows, columns), np.float32)
    for at, (channel, row, column) in enumerate(np.ndindex(channels, rows, columns)):
        weight[channel, at, rows - 1 - row, columns - 1 - column] = 1
    return weight


def map_size(node: Node, shape: Shape) -> int:
    """Weights of `pad_as_map` or `slice_as_map` of values of `shape`."""
    if node.op == "pad":
        added = sum(node.attrs.get("channels", (0, 0)))
        return shape[0] * (shape[0] + added) if added else shape[0]
    channels = len(range(*(node.attrs[key][0] for key in ("start", "stop", "step"))))
    if len(shape) == 1:
        return channels * shape[0]
    planes = shape[0] if channels == shape[0] else channels * shape[0]
    return planes * prod(_slice_kernel(node, shape))


def _slice_kernel(cut: Node, shape: Shape) -> Shape:
    """Rows and columns of the kernel that cuts a plane."""
    axes = zip(*(cut.attrs[key][1:] for key in ("start", "stop", "step")), shape[1:], strict=True)
    return tuple(
        max(begin + 1, size - -(-(end - begin) // apart) * apart + 1)
        for begin, end, apart, size in axes
    )
