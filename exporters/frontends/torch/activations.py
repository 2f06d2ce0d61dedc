"""How torch's activations become nodes, with torch's own signatures."""

from __future__ import annotations

from typing import Any

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
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.torch.layers import amax


def relu(build: Builder, name: str, x: Ref, inplace: bool = False) -> Ref:
    """ReLU."""
    return build.add("relu", name, [x])


def relu6(build: Builder, name: str, x: Ref, inplace: bool = False) -> Ref:
    """ReLU clipped at 6."""
    return clipped(build, name, x, 0, 6)


def hardtanh(
    build: Builder,
    name: str,
    x: Ref,
    min_val: float = -1.0,
    max_val: float = 1.0,
    inplace: bool = False,
) -> Ref:
    """Clips on both sides."""
    return clipped(build, name, x, min_val, max_val)


def clamp(build: Builder, name: str, x: Ref, min: Any = None, max: Any = None) -> Ref:
    """Clips on one side or both; the names are torch's."""
    return clipped(build, name, x, min, max)


def clamp_min(build: Builder, name: str, x: Ref, min: Any) -> Ref:
    """Clips from below; the name is torch's."""
    return clipped(build, name, x, min, None)


def clamp_max(build: Builder, name: str, x: Ref, max: Any) -> Ref:
    """Clips from above; the name is torch's."""
    return clipped(build, name, x, None, max)


def threshold(
    build: Builder, name: str, x: Ref, threshold: float, value: float, inplace: bool = False
) -> Ref:
    """`max(x, threshold)`, where that is what is put in place."""
    if threshold != value:
        raise RefusedError(f"jumps to {value} at {threshold}; only equal numbers make a ReLU")
    return clipped(build, name, x, threshold, None)


def leaky_relu(
    build: Builder, name: str, x: Ref, negative_slope: float = 0.01, inplace: bool = False
) -> Ref:
    """A pair of neurons."""
    return leaky(build, name, x, negative_slope)


def prelu(build: Builder, name: str, x: Ref, weight: Any) -> Ref:
    """A pair of neurons, its slope one or one per channel."""
    return leaky(build, name, x, weight)


def rrelu(
    build: Builder,
    name: str,
    x: Ref,
    lower: float = 1.0 / 8,
    upper: float = 1.0 / 3,
    training: bool = False,
    inplace: bool = False,
) -> Ref:
    """A pair of neurons; at inference the slope is the mean of both."""
    if training:
        raise RefusedError("draws its slope at inference; pass training=False")
    return leaky(build, name, x, (lower + upper) / 2)


def absolute(build: Builder, name: str, x: Ref) -> Ref:
    """A pair of neurons."""
    return paired(build, name, x, 1.0, 1.0)


def hardsigmoid(build: Builder, name: str, x: Ref, inplace: bool = False) -> Ref:
    """`relu6(x + 3) / 6`."""
    return hard_sigmoid(build, name, x, 1 / 6, 0.5)


def softshrink(build: Builder, name: str, x: Ref, lambd: float = 0.5) -> Ref:
    """Two ReLUs."""
    return soft_shrink(build, name, x, lambd)


def maximum(build: Builder, name: str, x: Any, other: Any) -> Any:
    """The larger of two values, or of one and a constant."""
    if isinstance(x, Ref) and isinstance(other, Ref):
        return larger(build, name, x, other)
    value, constant = (x, other) if isinstance(x, Ref) else (other, x)
    return clipped(build, name, value, _one(constant), None)


def minimum(build: Builder, name: str, x: Any, other: Any) -> Any:
    """The smaller of two values, or of one and a constant."""
    if isinstance(x, Ref) and isinstance(other, Ref):
        return smaller(build, name, x, other)
    value, constant = (x, other) if isinstance(x, Ref) else (other, x)
    return clipped(build, name, value, None, _one(constant))


def _one(constant: Any) -> float:
    found = constant_of(constant)
    if found is None:
        raise RefusedError("compares with several constants; only one number is supported")
    return found


def largest(build: Builder, name: str, x: Ref, *args: Any, **options: Any) -> Any:
    """`torch.max` in all its forms."""
    other = args[0] if args else options.get("other", options.get("dim"))
    if isinstance(other, int) and not isinstance(other, bool):
        keep = args[1] if len(args) > 1 else options.get("keepdim", False)
        return amax(build, name, x, other, keep), None  # nobody reads the places
    if other is None:
        raise RefusedError("over the whole batch; give a dimension")
    return maximum(build, name, x, other)


def smallest(build: Builder, name: str, x: Ref, other: Any) -> Any:
    """`torch.min` of two values."""
    return minimum(build, name, x, other)
