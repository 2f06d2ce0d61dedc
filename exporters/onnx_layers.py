"""How each ONNX operator becomes a node: one function per operator.

A function gets the builder, a name, the inputs (`Ref` for values of the network, NumPy arrays
for constants, None for absent ones) and the attributes. It raises `RefusedError`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.builder import (
    BATCH,
    Builder,
    Ref,
    RefusedError,
    adaptive_attributes,
    pool_attributes,
    reshape,
    shifted,
)
from onespike_lava.layers import Shape

Constant = NDArray[Any]
Attributes = dict[str, Any]


def conv(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Conv of rank 4 with constant weights."""
    x, weight = inputs[0], _constant(inputs[1], "weight")
    bias = _constant(inputs[2], "bias") if len(inputs) > 2 and inputs[2] is not None else None
    if weight.ndim != 4:
        raise RefusedError(f"weight of rank {weight.ndim}; only 2-D convolutions are supported")
    kernel = attrs.get("kernel_shape", weight.shape[2:])
    window = _window(x, attrs, kernel)
    window["groups"] = attrs.get("group", 1)
    return build.add("conv", name, [x], {"weight": weight, "bias": bias}, window)


def gemm(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Gemm with constant second and third inputs: a linear layer."""
    x, weight = inputs[0], _constant(inputs[1], "B")
    if attrs.get("transA", 0):
        raise RefusedError("transA=1; only 0 is supported")
    weight = weight if attrs.get("transB", 0) else weight.T
    bias = _constant(inputs[2], "C") if len(inputs) > 2 and inputs[2] is not None else np.zeros(1)
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
    params = {key: _constant(value, key) for key, value in zip(names, inputs[1:], strict=True)}
    return build.add("batchnorm", name, inputs[:1], params, {"eps": attrs.get("epsilon", 1e-5)})


def relu(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Relu."""
    return build.add("relu", name, inputs)


def max_pool(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """MaxPool of one output."""
    return build.add("maxpool", name, inputs, attrs=_pool("maxpool", inputs[0], attrs))


def average_pool(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """AveragePool; unlike torch it leaves out the padding unless told."""
    window = _pool("avgpool", inputs[0], attrs)
    if max(window.pop("dilation")) > 1:
        raise RefusedError("dilations are not supported; use a convolution")
    window["count_include_pad"] = bool(attrs.get("count_include_pad", 0))
    return build.add("avgpool", name, inputs, attrs=window)


def global_average_pool(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """GlobalAveragePool."""
    return build.add("avgpool", name, inputs, attrs=adaptive_attributes(inputs[0].shape, (1, 1)))


def global_max_pool(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """GlobalMaxPool."""
    return build.add("maxpool", name, inputs, attrs=adaptive_attributes(inputs[0].shape, (1, 1)))


def reduce_mean(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """ReduceMean over rows and columns: a global average pool."""
    given = inputs[1].tolist() if len(inputs) > 1 else attrs.get("axes", ())
    if sorted(axis % 4 for axis in given) != [2, 3] or len(inputs[0].shape) != 3:
        raise RefusedError(f"axes {list(given)}; only the mean over (2, 3) of [N, C, H, W]")
    pooled = global_average_pool(build, name, inputs[:1], attrs)
    return pooled if attrs.get("keepdims", 1) else build.add("flatten", f"{name}.flatten", [pooled])


def flatten(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Flatten from axis 1."""
    axis, rank = attrs.get("axis", 1), len(inputs[0].shape) + 1
    if axis % rank != 1:
        raise RefusedError(f"axis={axis}; only 1 is supported")
    return build.add("flatten", name, inputs)


def reshaped(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Reshape that keeps the batch; a 0 copies the size unless `allowzero` is set."""
    x, target = inputs[0], list(_constant(inputs[1], "shape"))
    if not attrs.get("allowzero", 0):
        sizes: tuple[Any, ...] = (BATCH, *x.shape)
        target = [
            sizes[axis] if size == 0 and axis < len(sizes) else size
            for axis, size in enumerate(target)
        ]
    return reshape(build, name, x, target)


def squeeze(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Squeeze of [N, C, 1, 1] to [N, C]."""
    given = inputs[1].tolist() if len(inputs) > 1 else attrs.get("axes", ())
    x = inputs[0]
    if sorted(axis % 4 for axis in given) != [2, 3] or x.shape[1:] != (1, 1):
        raise RefusedError(f"axes {list(given)}; only [N, C, 1, 1] to [N, C] is supported")
    return build.add("flatten", name, [x])


def identity(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Identity."""
    return build.add("identity", name, inputs, attrs={"reason": "identity"})


def dropout(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Dropout, which does nothing at inference."""
    if len(inputs) > 2 and inputs[2] is not None and bool(_constant(inputs[2], "training_mode")):
        raise RefusedError("training_mode is true; export the model in evaluation mode")
    return build.add("identity", name, inputs[:1], attrs={"reason": "dropout"})


def add(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Add or Sum of values of the network, or of one and a constant."""
    if all(isinstance(each, Ref) for each in inputs):
        one = len(inputs) == 1
        return identity(build, name, inputs, attrs) if one else build.add("add", name, inputs)
    return _with_constant(build, name, inputs, lambda constant: (np.ones(()), constant))


def subtract(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Difference of a value and a constant, either way round."""
    sign = np.ones(()) if isinstance(inputs[0], Ref) else -np.ones(())
    return _with_constant(build, name, inputs, lambda constant: (sign, -sign * constant))


def multiply(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Product with a constant per channel."""
    return _with_constant(build, name, inputs, lambda constant: (constant, np.zeros(())))


def divide(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Quotient by a constant per channel."""
    if not isinstance(inputs[0], Ref):
        raise RefusedError("divides by a value of the network; that is not linear")
    return _with_constant(build, name, inputs, lambda constant: (1.0 / constant, np.zeros(())))


def _with_constant(
    build: Builder,
    name: str,
    inputs: list[Any],
    scale_shift: Callable[[Constant], tuple[Constant, Constant]],
) -> Ref:
    values = [each for each in inputs if isinstance(each, Ref)]
    constants = [each for each in inputs if isinstance(each, np.ndarray)]
    if len(values) != 1 or len(constants) != 1:
        raise RefusedError("only one value of the network and one constant are supported")
    return shifted(build, name, values[0], *scale_shift(constants[0].astype(np.float64)))


def _linear(build: Builder, name: str, x: Ref, weight: Constant, bias: Constant | None) -> Ref:
    if not isinstance(x, Ref) or len(x.shape) != 1:
        shape = ", ".join(map(str, getattr(x, "shape", ())))
        raise RefusedError(f"input [N, {shape}]; only [N, F] is supported, flatten it before")
    return build.add("linear", name, [x], {"weight": weight, "bias": bias})


def _constant(value: Any, what: str) -> Constant:
    if not isinstance(value, np.ndarray):
        raise RefusedError(f"{what} is computed by the network; only constants are supported")
    return value


def _pool(op: str, x: Ref, attrs: Attributes) -> Attributes:
    kernel = tuple(attrs["kernel_shape"])
    if len(kernel) != 2:
        raise RefusedError(f"kernel {list(kernel)}; only 2-D pools are supported")
    if attrs.get("storage_order", 0):
        raise RefusedError("storage_order=1; only 0 is supported")
    window = _window(x, attrs, kernel)
    ceil = bool(attrs.get("ceil_mode", 0))
    return pool_attributes(
        op, x.shape, kernel, window["stride"], window["padding"], window["dilation"], ceil
    )


def _window(x: Ref, attrs: Attributes, kernel: Sequence[int]) -> Attributes:
    stride = tuple(attrs.get("strides", (1, 1)))
    dilation = tuple(attrs.get("dilations", (1, 1)))
    auto = attrs.get("auto_pad", b"NOTSET")
    auto = auto.decode() if isinstance(auto, bytes) else auto
    padding = tuple(attrs.get("pads", (0, 0, 0, 0)))
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        padding = _same(x.shape[1:], kernel, stride, dilation, upper=auto == "SAME_UPPER")
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


OPERATORS: dict[str, Callable[[Builder, str, list[Any], Attributes], Ref]] = {
    "Conv": conv,
    "Gemm": gemm,
    "MatMul": matmul,
    "BatchNormalization": batch_normalization,
    "Relu": relu,
    "MaxPool": max_pool,
    "AveragePool": average_pool,
    "GlobalAveragePool": global_average_pool,
    "GlobalMaxPool": global_max_pool,
    "ReduceMean": reduce_mean,
    "Flatten": flatten,
    "Reshape": reshaped,
    "Squeeze": squeeze,
    "Identity": identity,
    "Dropout": dropout,
    "Add": add,
    "Sum": add,
    "Sub": subtract,
    "Mul": multiply,
    "Div": divide,
}
"""Reader of each operator of the default domain."""
