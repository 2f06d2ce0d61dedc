"""How ONNX operators on single values become nodes: clips, sums, constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from exporters.frontends.activations import (
    clipped,
    constant_of,
    hard_sigmoid,
    larger,
    leaky,
    paired,
    smaller,
    soft_shrink,
)
from exporters.frontends.builder import Builder
from exporters.frontends.onnx.layers import Attributes, Constant, constant
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.windows import difference, shifted

FLOATS = (1, 10, 11, 16)
"""Numbers of ONNX's floating point types."""


def relu(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Relu."""
    return build.add("relu", name, inputs)


def clip(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Clip on one side or both."""
    low = inputs[1] if len(inputs) > 1 else attrs.get("min")
    high = inputs[2] if len(inputs) > 2 else attrs.get("max")
    return clipped(build, name, inputs[0], low, high)


def maximum(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Max of values and constants."""
    return _folded(build, name, inputs, larger, lambda x, title, bound: (x, bound, None))


def minimum(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Min of values and constants."""
    return _folded(build, name, inputs, smaller, lambda x, title, bound: (x, None, bound))


def _folded(
    build: Builder,
    name: str,
    inputs: list[Any],
    join: Callable[[Builder, str, Ref, Ref], Ref],
    bounds: Callable[[Ref, str, float], tuple[Ref, Any, Any]],
) -> Ref:
    """Values compared one after the other, constants as clips."""
    found, *others = [each for each in inputs if isinstance(each, Ref)]
    for number, other in enumerate(others):
        found = join(build, f"{name}.{number}" if number < len(others) - 1 else name, found, other)
    for each in _constants(inputs):
        bound = constant_of(each)
        if bound is None:
            raise RefusedError("compares with several constants; only one number is supported")
        x, low, high = bounds(found, name, bound)
        found = clipped(build, name, x, low, high)
    return found


def leaky_relu(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """LeakyRelu: a pair of neurons."""
    return leaky(build, name, inputs[0], attrs.get("alpha", 0.01))


def prelu(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """PRelu with one slope, or one per channel."""
    x, slope = inputs[0], constant(inputs[1], "slope")
    full = slope.reshape((1,) * (len(x.shape) + 1 - slope.ndim) + slope.shape)
    axes = [axis for axis, size in enumerate(full.shape) if size > 1]
    if len(axes) > 1 or axes == [0]:
        raise RefusedError(f"slopes {list(slope.shape)}; only one, or one per channel")
    axis = axes[0] - 1 if axes else 0
    return leaky(build, name, x.first(axis), slope.reshape(-1)).back(axis)


def thresholded_relu(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """ThresholdedRelu at 0: a ReLU."""
    if attrs.get("alpha", 1.0) != 0:
        raise RefusedError(f"jumps at alpha={attrs.get('alpha', 1.0)}; only 0 makes a ReLU")
    return build.add("relu", name, inputs)


def absolute(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Abs: a pair of neurons."""
    return paired(build, name, inputs[0], 1.0, 1.0)


def hardsigmoid(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """HardSigmoid: a clipped ReLU of a line."""
    alpha, beta = attrs.get("alpha", 0.2), attrs.get("beta", 0.5)
    return hard_sigmoid(build, name, inputs[0], alpha, beta)


def shrink(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Shrink without a jump: two ReLUs."""
    width, bias = attrs.get("lambd", 0.5), attrs.get("bias", 0.0)
    if width != bias:
        raise RefusedError(f"jumps by {bias} at {width}; only equal numbers are supported")
    return soft_shrink(build, name, inputs[0], width)


def identity(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Identity."""
    return build.add("identity", name, inputs, attrs={"reason": "identity"})


def cast(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Cast between floating point types."""
    if attrs["to"] not in FLOATS:
        raise RefusedError(f"to type {attrs['to']}; only floating point types are supported")
    return build.add("identity", name, inputs, attrs={"reason": "cast"})


def dropout(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Dropout, which does nothing at inference."""
    if len(inputs) > 2 and inputs[2] is not None and bool(constant(inputs[2], "training_mode")):
        raise RefusedError("training_mode is true; export the model in evaluation mode")
    return build.add("identity", name, inputs[:1], attrs={"reason": "dropout"})


def scaler(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Scaler of ai.onnx.ml: `(x - offset) * scale` per feature."""
    scale, offset = (np.asarray(attrs[key], np.float64) for key in ("scale", "offset"))
    return shifted(build, name, inputs[0], scale[None], -(offset * scale)[None])


def add(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Add or Sum of values of the network, or of one and a constant."""
    if all(isinstance(each, Ref) for each in inputs):
        one = len(inputs) == 1
        return identity(build, name, inputs, attrs) if one else build.add("add", name, inputs)
    return _with_constant(build, name, inputs, lambda constant: (np.ones(()), constant))


def subtract(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Difference of two values of the network, or of one and a constant."""
    if all(isinstance(each, Ref) for each in inputs):
        return difference(build, name, *inputs)
    sign = np.ones(()) if isinstance(inputs[0], Ref) else -np.ones(())
    return _with_constant(build, name, inputs, lambda constant: (sign, -sign * constant))


def negate(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Neg."""
    return shifted(build, name, inputs[0], -np.ones(()), np.zeros(()))


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
    values, constants = [each for each in inputs if isinstance(each, Ref)], _constants(inputs)
    if len(values) != 1 or len(constants) != 1:
        raise RefusedError("only one value of the network and one constant are supported")
    if constants[0].dtype.kind not in "fV":  # NumPy has no bfloat16
        raise RefusedError(
            f"a constant of type {constants[0].dtype}; only floating point is supported"
        )
    with np.errstate(all="ignore"):  # what is not finite is refused later
        return shifted(build, name, values[0], *scale_shift(constants[0].astype(np.float64)))


def _constants(inputs: list[Any]) -> list[Constant]:
    return [each for each in inputs if isinstance(each, np.ndarray)]
