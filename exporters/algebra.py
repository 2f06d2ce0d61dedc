"""Exact rewriting of linear maps, in float64: what the passes put into weights."""

from __future__ import annotations

from dataclasses import replace
from math import prod

import numpy as np
from numpy.typing import NDArray

from exporters.arithmetic import kernel_positions, scale_shift, window, window_divisors
from exporters.graph import Node
from onespike_lava.layers import Shape

Floats = NDArray[np.float64]


def affine(node: Node) -> tuple[Floats, Floats]:
    """Weight and bias of a `conv` or `linear` in float64; a bias of zeros where it has none."""
    weight = node.params["weight"].astype(np.float64)
    bias = node.params.get("bias", np.zeros(len(weight), np.float32))
    return weight, bias.astype(np.float64)


def with_params(node: Node, weight: Floats, bias: Floats) -> Node:
    """The linear node with another weight and bias."""
    return replace(node, params={"weight": weight, "bias": bias})  # type: ignore[dict-item]


def scale_outputs(node: Node, norm: Node) -> Node:
    """The linear node with a batch norm behind it folded in."""
    (weight, bias), (scale, shift) = affine(node), scale_shift(norm)
    factor = scale.reshape((-1,) + (1,) * (weight.ndim - 1))
    return with_params(node, weight * factor, bias * scale + shift)


def scale_inputs(node: Node, norm: Node) -> Node:
    """The linear node with a batch norm before it folded in; a `conv` must not pad."""
    (weight, bias), (scale, shift) = affine(node), scale_shift(norm)
    groups = node.attrs.get("groups", 1)
    tail = (1,) * (weight.ndim - 2)
    outputs, inputs = weight.shape[:2]
    scales = np.repeat(scale.reshape(groups, inputs), outputs // groups, axis=0)
    shifts = np.repeat(shift.reshape(groups, inputs), outputs // groups, axis=0)
    moved = (weight * shifts.reshape(outputs, inputs, *tail)).reshape(outputs, -1).sum(axis=1)
    return with_params(node, weight * scales.reshape(outputs, inputs, *tail), bias + moved)


def compose(first: Node, second: Node) -> Node:
    """Two `linear` nodes in a row as one, named after the second, reading the first's input."""
    (inner, offset), (outer, bias) = affine(first), affine(second)
    return replace(with_params(second, outer @ inner, outer @ offset + bias), inputs=first.inputs)


def spread_over_windows(linear: Node, pool: Node, shape: Shape) -> Node:
    """A `linear` behind an average pool as one `linear` on the pool's input of `shape`."""
    weight, bias = affine(linear)
    top, left, bottom, right = window(pool).padding
    channels, rows, columns = shape
    wide = np.zeros((len(weight), channels, rows + top + bottom, columns + left + right))
    divisors = window_divisors(pool, shape).astype(np.float64)
    shares = weight.reshape(len(weight), channels, *divisors.shape) / divisors
    bare = replace(pool, attrs={**pool.attrs, "padding": (0, 0, 0, 0)})
    for cell in kernel_positions(wide, bare, 0.0):
        cell += shares  # a view: adds to `wide`
    inner = wide[:, :, top : top + rows, left : left + columns]
    return replace(with_params(linear, inner.reshape(len(weight), -1), bias), inputs=pool.inputs)


def pool_as_conv(pool: Node, channels: int) -> Node:
    """An average pool of full windows as a depthwise convolution of equal weights."""
    rows, columns = pool.attrs["kernel"]
    weight = np.full((channels, 1, rows, columns), 1 / (rows * columns))
    slide = window(pool)
    attrs = {"stride": slide.stride, "padding": slide.padding, "groups": channels}
    return Node(pool.name, "conv", pool.inputs, {"weight": weight}, attrs)


def identity_map(name: str, source: str, shape: Shape) -> Node:
    """A linear node of weight one from each neuron to its like: how a skip becomes a synapse."""
    if len(shape) == 1:
        return Node(name, "linear", (source,), {"weight": np.eye(shape[0], dtype=np.float32)})
    weight = np.ones((shape[0], 1, 1, 1), np.float32)
    return Node(name, "conv", (source,), {"weight": weight}, {"groups": shape[0]})


def conv_as_linear(conv: Node, shape: Shape) -> Node:
    """A `conv` of a one-pixel result as a `linear` on the flattened input of `shape`."""
    weight, bias = affine(conv)
    slide, groups = window(conv), conv.attrs.get("groups", 1)
    dense = np.zeros((len(weight), *shape))
    each = len(weight) // groups
    for output in range(len(weight)):
        first = output // each * weight.shape[1]
        for row in range(weight.shape[2]):
            for column in range(weight.shape[3]):
                y = row * slide.dilation[0] - slide.padding[0]
                x = column * slide.dilation[1] - slide.padding[1]
                if 0 <= y < shape[1] and 0 <= x < shape[2]:
                    channels = slice(first, first + weight.shape[1])
                    dense[output, channels, y, x] = weight[output, :, row, column]
    params = {"weight": dense.reshape(len(weight), prod(shape)), "bias": bias}
    return Node(conv.name, "linear", conv.inputs, params)  # type: ignore[arg-type]
