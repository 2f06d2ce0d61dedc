"""How each ONNX layer becomes a node: one function per operator with a window or weights.

A function gets the builder, a name, the inputs (`Ref` for values of the network, NumPy arrays
for constants, None for absent ones) and the attributes. It raises `RefusedError`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.frontends.builder import Builder
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.windows import (
    adaptive,
    average_attributes,
    kernels,
    linear_map,
    pair,
    plane,
    pool_attributes,
)
from onespike_lava.layers import Shape

Constant = NDArray[Any]
Attributes = dict[str, Any]


def conv(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Conv of rank 3 or 4 with constant weights."""
    x, weight = inputs[0], constant(inputs[1], "weight")
    bias = constant(inputs[2], "bias") if len(inputs) > 2 and inputs[2] is not None else None
    given = list(attrs.get("kernel_shape", weight.shape[2:]))
    if given != list(weight.shape[2:]):
        raise RefusedError(
            f"kernel_shape={given} beside a weight {list(weight.shape)}; export it again"
        )
    weight = kernels(build, x, weight)
    window = window_of(build, x, attrs, weight.shape[2:])
    window["groups"] = attrs.get("group", 1)
    return build.add("conv", name, [x], {"weight": weight, "bias": bias}, window)


def gemm(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Gemm with constant second and third inputs: a linear layer."""
    x, weight = inputs[0], constant(inputs[1], "B")
    if attrs.get("transA", 0):
        raise RefusedError("transA=1; only 0 is supported")
    weight = weight if attrs.get("transB", 0) else weight.T
    bias = constant(inputs[2], "C") if len(inputs) > 2 and inputs[2] is not None else np.zeros(1)
    if bias.size not in (1, len(weight)) or bias.shape[-1:] not in ((), (bias.size,)):
        raise RefusedError(f"C of shape {list(bias.shape)}; only one value per output")
    bias = np.broadcast_to(attrs.get("beta", 1.0) * bias.reshape(-1), (len(weight),))
    return _linear(build, name, x, attrs.get("alpha", 1.0) * weight, bias)


def matmul(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """MatMul with a constant matrix on the right: a linear layer without bias."""
    if not isinstance(inputs[0], Ref) or not isinstance(inputs[1], np.ndarray):
        raise RefusedError("only a product with a constant matrix on the right is supported")
    return _linear(build, name, inputs[0], inputs[1].T, None)


def batch_normalization(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """BatchNormalization with running statistics."""
    if attrs.get("training_mode", 0):
        raise RefusedError("training_mode=1; export the model in evaluation mode")
    names = ("gamma", "beta", "mean", "var")
    params = {key: constant(value, key) for key, value in zip(names, inputs[1:], strict=True)}
    return build.add("batchnorm", name, inputs[:1], params, {"eps": attrs.get("epsilon", 1e-5)})


def max_pool(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """MaxPool of one output."""
    window = pool_attributes(**_pool(build, inputs[0], attrs))
    return build.add("maxpool", name, inputs, attrs=window)


def average_pool(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """AveragePool; unlike torch it leaves out the padding unless told."""
    counted = bool(attrs.get("count_include_pad", 0))
    window = average_attributes(**_pool(build, inputs[0], attrs), count_include_pad=counted)
    if max(window.pop("dilation")) > 1:
        raise RefusedError("dilations are not supported; use a convolution")
    return build.add("avgpool", name, inputs, attrs=window)


def global_average_pool(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """GlobalAveragePool."""
    return adaptive(build, "avgpool", name, inputs[0], (1, 1))


def global_max_pool(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """GlobalMaxPool."""
    return adaptive(build, "maxpool", name, inputs[0], (1, 1))


def _linear(build: Builder, name: str, x: Ref, weight: Constant, bias: Constant | None) -> Ref:
    if not isinstance(x, Ref):
        raise RefusedError("its first input is a constant; give one of the network's values")
    return linear_map(build, name, x, weight, bias)


def constant(value: Any, what: str) -> Constant:
    """An input that must not depend on the network's data."""
    if not isinstance(value, np.ndarray):
        raise RefusedError(f"{what} is computed by the network; only constants are supported")
    return value


def _pool(build: Builder, x: Ref, attrs: Attributes) -> Attributes:
    """What `pool_attributes` takes."""
    if attrs.get("storage_order", 0):
        raise RefusedError("storage_order=1; only 0 is supported")
    kernel, size = pair(x, attrs["kernel_shape"]), plane(build, x)
    window = window_of(build, x, attrs, kernel)
    ceil = bool(attrs.get("ceil_mode", 0))
    return {"size": size, "kernel": kernel, **window, "ceil": ceil}


def window_of(build: Builder, x: Ref, attrs: Attributes, kernel: Sequence[int]) -> Attributes:
    """Stride, padding and dilation of a layer with a window."""
    axes = len(x.shape) - 1
    for key, count in (
        ("kernel_shape", axes),
        ("strides", axes),
        ("dilations", axes),
        ("pads", 2 * axes),
    ):
        if len(attrs.get(key, range(count))) != count:
            raise RefusedError(f"{key}={attrs[key]}; give {count} numbers for {axes} dimensions")
    stride = pair(x, attrs.get("strides", 1))
    dilation = pair(x, attrs.get("dilations", 1))
    auto = attrs.get("auto_pad", b"NOTSET")
    auto = auto.decode() if isinstance(auto, bytes) else auto
    pads = tuple(attrs.get("pads", (0,) * 2 * (len(x.shape) - 1)))
    half = len(pads) // 2
    padding: Shape = pair(x, pads[:half], 0) + pair(x, pads[half:], 0)
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        size = plane(build, x)
        padding = _same(size, kernel, stride, dilation, upper=auto == "SAME_UPPER")
    return {"stride": stride, "padding": padding, "dilation": dilation}


def _same(
    size: Shape, kernel: Sequence[int], stride: Shape, dilation: Shape, *, upper: bool
) -> Shape:
    """Padding that leaves ceil(size / stride); an odd one goes to the end (`upper`) or start."""
    total = [
        max(0, (-(-have // step) - 1) * step + apart * (cells - 1) + 1 - have)
        for have, cells, step, apart in zip(size, kernel, stride, dilation, strict=True)
    ]
    before = [each // 2 if upper else each - each // 2 for each in total]
    return (*before, *(each - first for each, first in zip(total, before, strict=True)))
