"""Float32 arithmetic of the operators, in NumPy; windows of convolutions and pools."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.graph.node import Array, MisfitError, Node
from onespike_lava.layers import Shape, Window

Values = list[Array]

BLOCK_BYTES = 64 * 2**20
"""Memory that the unfolded input of one convolution may take."""


def window(node: Node) -> Window:
    """How the node's kernel slides, from its attributes."""
    default = node.attrs.get("kernel", (1, 1))
    stride = tuple(node.attrs.get("stride", default))
    padding = tuple(node.attrs.get("padding", (0, 0, 0, 0)))
    dilation = tuple(node.attrs.get("dilation", (1, 1)))
    if (len(stride), len(padding), len(dilation)) != (2, 4, 2):
        raise MisfitError(
            f"stride {stride}, padding {padding}, dilation {dilation}; "
            "give (rows, columns), (top, left, bottom, right), (rows, columns)"
        )
    if min(stride + dilation) < 1 or min(padding) < 0:
        raise MisfitError(
            f"stride {stride}, padding {padding}, dilation {dilation}; "
            "strides and dilations start at 1, paddings at 0"
        )
    return Window(stride, padding, dilation)


def groups_of(node: Node) -> int:
    """Groups of a convolution's channels, 1 of a linear map."""
    return int(node.attrs.get("groups", 1))


def first(node: Node, values: Values) -> Array:
    """The input itself."""
    return values[0]


def conv(node: Node, values: Values) -> Array:
    """Unfold, then one matrix product per sample and group; blocks bound the memory."""
    (x,), weight = values, node.params["weight"]
    groups, (outputs, _, rows, columns) = groups_of(node), weight.shape
    kernels = weight.reshape(groups, outputs // groups, -1)
    height, width = window(node).output_size(x.shape[2:], (rows, columns))
    result = np.empty((len(x), outputs, height, width), np.result_type(x, weight))
    unfolded_bytes = x.itemsize * x.shape[1] * rows * columns * height * width
    size = max(1, BLOCK_BYTES // unfolded_bytes)
    for start in range(0, len(x), size):
        block = x[start : start + size]
        view = window(node).view(block, (rows, columns)).transpose(0, 1, 4, 5, 2, 3)
        patches = view.reshape(len(block), groups, -1, height * width)
        result[start : start + size] = (kernels @ patches).reshape(-1, outputs, height, width)
    return _plus_bias(node, result)


def linear(node: Node, values: Values) -> Array:
    """Product with the flattened input, plus bias."""
    product: Array = values[0].reshape(len(values[0]), -1) @ node.params["weight"].T
    return _plus_bias(node, product)


def _plus_bias(node: Node, result: Array) -> Array:
    if "bias" in node.params:
        result += per_channel(node.params["bias"], result.ndim)
    return result


def batchnorm(node: Node, values: Values) -> Array:
    """Scale and shift per channel, in float64."""
    scale, shift = scale_shift(node)
    (x,) = values
    exact: NDArray[np.float64] = x * per_channel(scale, x.ndim) + per_channel(shift, x.ndim)
    return exact.astype(np.float32)


def relu(node: Node, values: Values) -> Array:
    """max(x, 0), and at most `clip` where the node has one."""
    positive: Array = np.maximum(values[0], np.float32(0))
    clip = node.attrs.get("clip")
    return positive if clip is None else np.minimum(positive, np.float32(clip))


def maxpool(node: Node, values: Values) -> Array:
    """Largest value of each window."""
    parts = kernel_positions(values[0], node, -np.inf)
    result = next(parts).copy()
    for part in parts:
        np.maximum(result, part, out=result)
    return result


def avgpool(node: Node, values: Values) -> Array:
    """Mean of each window."""
    parts = kernel_positions(values[0], node, 0.0)
    result = next(parts).copy()
    for part in parts:
        result += part
    divisors = window_divisors(node, values[0].shape[1:])
    return (result / divisors).astype(np.float32)


def flatten(node: Node, values: Values) -> Array:
    """All axes of a sample as one, in C order."""
    return values[0].reshape(len(values[0]), -1)


def add(node: Node, values: Values) -> Array:
    """Sum of all inputs."""
    result = values[0] + values[1]
    for value in values[2:]:
        result += value
    return result


def concat(node: Node, values: Values) -> Array:
    """All channels of all inputs, in order."""
    return np.concatenate(values, axis=1)


def pad(node: Node, values: Values) -> Array:
    """Zeros around the planes and before and behind the channels."""
    top, left, bottom, right = window(node).padding
    widths = ((0, 0), node.attrs.get("channels", (0, 0)), (top, bottom), (left, right))
    return np.pad(values[0], widths[: values[0].ndim])


def cut(node: Node, values: Values) -> Array:
    """The part of each axis that a slice keeps."""
    whole = (slice(None), *slices(node))
    return np.ascontiguousarray(values[0][whole])


def view(node: Node, values: Values) -> Array:
    """Axes of a sample in another order and another shape."""
    return arranged(node, values[0])


def arranged(node: Node, x: NDArray[Any]) -> NDArray[Any]:
    """Samples [N, *sample] as the view or input `node` has them, [N, *shape]."""
    attrs = node.attrs
    samples = x.reshape(len(x), *attrs["sample"])
    moved = samples.transpose(0, *(axis + 1 for axis in attrs["axes"]))
    return np.ascontiguousarray(moved.reshape(len(x), *attrs["shape"]))


def unflatten(node: Node, values: Values) -> Array:
    """A vector as planes, in C order."""
    return values[0].reshape(len(values[0]), *node.attrs["shape"])


def upsample(node: Node, values: Values) -> Array:
    """Every row and column several times, or with zeros behind it."""
    (x,), (down, across) = values, node.attrs["scale"]
    if not node.attrs.get("zeros", False):
        return x.repeat(down, axis=2).repeat(across, axis=3)
    count, channels, rows, columns = x.shape
    cells = np.zeros((count, channels, rows, down, columns, across), x.dtype)
    cells[:, :, :, 0, :, 0] = x
    return cells.reshape(count, channels, rows * down, columns * across)


def areas(node: Node, values: Values) -> Array:
    """Mean of each area of a plane."""
    down, across = (
        area_matrix(node, key, size)
        for key, size in zip(("rows", "columns"), values[0].shape[2:], strict=True)
    )
    result: NDArray[np.float64] = down @ values[0].astype(np.float64) @ across.T
    return result.astype(values[0].dtype)


def area_matrix(node: Node, key: str, size: int) -> NDArray[np.float64]:
    """What each of the areas along `rows` or `columns` takes of the plane, float64[areas, size]."""
    matrix = np.zeros((len(node.attrs[key]), size))
    for at, (start, stop) in enumerate(node.attrs[key]):
        matrix[at, start:stop] = 1 / (stop - start)
    return matrix


def slices(node: Node) -> tuple[slice, ...]:
    """What a slice keeps, one per axis of a sample."""
    attrs = node.attrs
    return tuple(map(slice, attrs["start"], attrs["stop"], attrs["step"]))


def scale_shift(node: Node) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A batch norm as `x * scale + shift`, two float64[C]."""
    gamma, beta, mean, var = (
        node.params[key].astype(np.float64) for key in ("gamma", "beta", "mean", "var")
    )
    scale = gamma / np.sqrt(var + node.attrs.get("eps", 0.0))
    return scale, beta - mean * scale


def window_counts(node: Node, shape: Shape) -> NDArray[np.int64]:
    """How many inputs of a plane lie under each position of a pool's window, int64[H, W]."""
    ones = np.ones((1, 1, *shape[1:]), np.float32)
    counts = np.sum(list(kernel_positions(ones, node, 0.0)), axis=0)
    whole: NDArray[np.int64] = counts[0, 0].astype(np.int64)
    return whole


def window_divisors(node: Node, shape: Shape) -> Array:
    """What an average pool divides each sum by, float32[H, W] for an input of `shape`."""
    rows, columns = node.attrs["kernel"]
    counts = window_counts(node, shape)
    if node.attrs.get("count_include_pad", True):
        counts = np.full_like(counts, rows * columns)
    return counts.astype(np.float32)


def per_channel(values: NDArray[Any], ndim: int) -> NDArray[Any]:
    """A vector over axis 1 of an array of `ndim` axes, ready to broadcast."""
    return values.reshape((-1,) + (1,) * (ndim - 2))


def kernel_positions(x: NDArray[Any], node: Node, fill: float) -> Iterator[NDArray[Any]]:
    """For each cell of a pool's kernel, the inputs under it: views [N, C, H, W]."""
    slide, kernel = window(node), node.attrs["kernel"]
    wide = slide.pad(x, fill)
    for *_, (rows, columns) in slide.taps(kernel, slide.output_size(x.shape[2:], kernel)):
        yield wide[:, :, rows, columns]
