"""Activations that ReLUs say exactly: a pair of neurons for what is negative too, shifts, clips."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.frontends.builder import Builder
from exporters.frontends.forms import FIXED, WEIGHTS_MAX, formed
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.windows import difference, shifted

Constant = NDArray[Any]


def paired(
    build: Builder,
    name: str,
    x: Ref,
    positive: Any,
    negative: Any,
    clips: tuple[float, float] | None = None,
) -> Ref:
    """`positive * relu(x) + negative * relu(-x)`, both ReLUs clipped where there are `clips`.

    positive, negative : one number or one per channel
    """
    slopes = [np.asarray(each, np.float64).reshape(-1) for each in (positive, negative)]
    each_channel = max(slope.size for slope in slopes) > 1
    source = formed(build, x) if each_channel else Ref(x.name, build.shapes[x.name])
    if len(build.shapes[source.name]) not in (1, 3):
        source = formed(build, x)
    shape = build.shapes[source.name]
    channels = shape[0]
    if any(slope.size not in (1, channels) for slope in slopes):
        raise RefusedError(
            f"{slopes[0].size} slopes for {channels} channels; give one, or one each"
        )
    ratio = 1.0 if clips is None else clips[0] / clips[1]
    signs = np.stack(np.broadcast_arrays(np.ones(channels), -ratio * np.ones(channels)), axis=1)
    back = np.stack([np.broadcast_to(slope, (channels,)) for slope in slopes], axis=1)
    back = back / [1.0, ratio]
    plain = Ref(source.name, shape)
    both = _map(build, f"{name}.pair", plain, signs, outwards=True)
    clip = {} if clips is None else {"clip": float(clips[0])}
    spikes = build.add("relu", f"{name}.neurons", [both], attrs=clip)
    found = _map(build, name, spikes, back, outwards=False)
    order = None if source is not x and each_channel else x.order
    return Ref(found.name, x.shape, order)


def _map(build: Builder, name: str, x: Ref, pairs: Constant, *, outwards: bool) -> Ref:
    """Each channel to two of its own by `pairs` float64[C, 2], or two to one."""
    channels, vector = len(pairs), len(build.shapes[x.name]) == 1
    if vector:
        if 2 * channels**2 > WEIGHTS_MAX:
            raise RefusedError(f"pairs of neurons for {channels} features; use ReLU there")
        weight = np.zeros((channels, 2, channels))
        weight[np.arange(channels), :, np.arange(channels)] = pairs
        weight = weight.reshape(2 * channels, channels)
        weight = weight if outwards else weight.T
        return build.add("linear", name, [x], {"weight": weight}, FIXED)
    weight = pairs.reshape((2 * channels, 1, 1, 1) if outwards else (channels, 2, 1, 1))
    return build.add("conv", name, [x], {"weight": weight}, {"groups": channels, **FIXED})


def leaky(build: Builder, name: str, x: Ref, slope: Any) -> Ref:
    """LeakyReLU and PReLU: `slope`, one or one per channel, where x is negative."""
    slopes = np.asarray(slope, np.float64)
    if not np.isfinite(slopes).all():
        raise RefusedError("a slope is not finite; train it again")
    return paired(build, name, x, 1.0, -slopes)


def hard_sigmoid(build: Builder, name: str, x: Ref, alpha: float, beta: float) -> Ref:
    """`min(max(alpha x + beta, 0), 1)`."""
    line = shifted(build, f"{name}.line", x, np.full((), alpha), np.full((), beta))
    return build.add("relu", name, [line], attrs={"clip": 1.0})


def soft_shrink(build: Builder, name: str, x: Ref, width: float) -> Ref:
    """`relu(x - width) - relu(-x - width)`."""
    if width < 0:
        raise RefusedError(f"lambd={width}; give 0 or more")
    parts = []
    for side, sign in (("above", 1.0), ("below", -1.0)):
        line = shifted(build, f"{name}.{side}", x, np.full((), sign), np.full((), -width))
        parts.append(build.add("relu", f"{name}.{side}.neurons", [line]))
    above, below = parts
    return difference(build, name, above, below)


def clipped(build: Builder, name: str, x: Ref, low: Any, high: Any) -> Ref:
    """`min(max(x, low), high)`: a ReLU, its opposite, or a pair of them, where need be shifted."""
    least, most = _number(low, -np.inf), _number(high, np.inf)
    if not least < most:
        raise RefusedError(f"clips to ({low}, {high}); give a lower and a higher number")
    one = np.ones(())
    if np.isinf(least) and np.isinf(most):
        return build.add("identity", name, [x], attrs={"reason": "clips nothing"})
    if least == 0:
        return build.add("relu", name, [x], attrs={} if np.isinf(most) else {"clip": most})
    if least < 0 < most and not np.isinf(most - least):
        return paired(build, name, x, 1.0, -1.0, (most, -least))
    if np.isinf(least):
        turned = shifted(build, f"{name}.turned", x, -one, np.full((), most))
        spikes = build.add("relu", f"{name}.neurons", [turned])
        return shifted(build, name, spikes, -one, np.full((), most))
    moved = shifted(build, f"{name}.moved", x, one, np.full((), -least))
    clip = {} if np.isinf(most) else {"clip": most - least}
    spikes = build.add("relu", f"{name}.neurons", [moved], attrs=clip)
    return shifted(build, name, spikes, one, np.full((), least))


def larger(build: Builder, name: str, x: Ref, y: Ref) -> Ref:
    """The larger of two values, `y + relu(x - y)`."""
    return build.add("add", name, [y, _excess(build, name, x, y)])


def smaller(build: Builder, name: str, x: Ref, y: Ref) -> Ref:
    """The smaller of two values, `x - relu(x - y)`."""
    return difference(build, name, x, _excess(build, name, x, y))


def _excess(build: Builder, name: str, x: Ref, y: Ref) -> Ref:
    if x.shape != y.shape:
        raise RefusedError(f"values of shapes {x.shape} and {y.shape}; give them one shape")
    apart = difference(build, f"{name}.apart", x, y)
    return build.add("relu", f"{name}.neurons", [apart])


def _number(value: Any, absent: float) -> float:
    array = np.asarray(absent if value is None else value)
    return float(array.item()) if array.size == 1 and array.dtype.kind in "fiu" else np.nan


def constant_of(value: Any) -> float | None:
    """The one number that a constant holds, such as of zeros_like; None where it holds several."""
    array = np.asarray(value)
    flat = array.reshape(-1)
    if array.dtype.kind not in "fiu" or not flat.size or prod(flat.shape) > WEIGHTS_MAX:
        return None
    return float(flat[0]) if (flat == flat[0]).all() else None
