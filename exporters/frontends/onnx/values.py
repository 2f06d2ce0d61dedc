"""How ONNX operators on single values become nodes: clips, sums, constants."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from exporters.frontends.builder import Builder, Ref, RefusedError
from exporters.frontends.onnx.layers import Attributes, Constant, constant
from exporters.frontends.windows import clipped, difference, shifted

FLOATS = (1, 10, 11, 16)
"""Numbers of ONNX's floating point types."""


def relu(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Relu."""
    return build.add("relu", name, inputs)


def clip(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Clip from 0: a ReLU with its largest value."""
    low = inputs[1] if len(inputs) > 1 else attrs.get("min")
    high = inputs[2] if len(inputs) > 2 else attrs.get("max")
    return clipped(build, name, inputs[0], low, high)


def maximum(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Max of a value and 0: a ReLU."""
    values = [each for each in inputs if isinstance(each, Ref)]
    if len(values) != 1 or any((each != 0).any() for each in _constants(inputs)):
        raise RefusedError("only the maximum of one value and 0 is supported")
    return build.add("relu", name, values)


def minimum(build: Builder, name: str, inputs: list[Any], attrs: Attributes) -> Ref:
    """Min of a ReLU and a constant: a clipped ReLU."""
    values, constants = [each for each in inputs if isinstance(each, Ref)], _constants(inputs)
    if len(values) != 1 or len(constants) != 1 or build.nodes[values[0].name].op != "relu":
        raise RefusedError("only the minimum of a ReLU and one constant is supported")
    return clipped(build, name, values[0], 0, constants[0])


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
