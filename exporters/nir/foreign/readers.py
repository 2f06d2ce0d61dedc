"""NIR's linear nodes in a row as one linear map."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from math import prod
from typing import Any

import numpy as np

from exporters.graph import Node
from exporters.graph.arithmetic import window
from exporters.nir.foreign.graph import kind
from exporters.nir.foreign.maps import Floats, Map, numbers, whole
from exporters.passes.compose import WEIGHTS_MAX
from onespike_lava.errors import FormatError, UnsupportedError
from onespike_lava.layers import Shape
from onespike_lava.limits import DELAY_MAX, NEURONS_MAX

SIDE_MAX = 2**12
"""Largest stride, dilation, padding or side of a kernel."""


def follow(
    names: tuple[str, ...], nodes: Any, source: Shape, dt: float, biased: set[tuple[str, ...]]
) -> Map:
    """The map of a way of nodes from a source of a shape.

    biased : ends of ways whose bias counts already, since what several ways bring to a node gets
             its bias once; those of this way are added
    """
    found = Map(source, source)
    for at, name in enumerate(names):
        node = nodes[name]
        if kind(node) not in READERS:
            raise UnsupportedError(
                f"{name}: a {kind(node)} node has no place here; known are {', '.join(READERS)} "
                "and neurons"
            )
        if names[at:] in biased and hasattr(node, "bias"):
            node = copy(node)
            node.bias = np.zeros_like(node.bias)
        biased.add(names[at:])
        found = READERS[kind(node)](found, name, node, dt)
    return found


def _pair(node: Any, name: str, key: str, low: int) -> tuple[int, int]:
    found = whole(numbers(getattr(node, key), name, key), name, key, low, SIDE_MAX).reshape(-1)
    if found.size not in (1, 2):
        raise FormatError(
            f"{name}/{key}: {found.size} numbers are not rows and columns; export again"
        )
    rows, columns = np.broadcast_to(found, 2).tolist()
    return rows, columns


def _plane(found: Map, name: str) -> Shape:
    if len(found.shape) != 3:
        raise FormatError(
            f"{name}: reads {found.shape}, not (channels, rows, columns); export again"
        )
    return found.shape


def _slid(found: Map, name: str, node: Node, channels: int) -> Map:
    """A convolution behind a map."""
    shape, slide = _plane(found, name), window(node)
    if prod(slide.padded(shape)) > NEURONS_MAX:
        raise UnsupportedError(
            f"{name}: {slide.padded(shape)} with its padding exceeds {NEURONS_MAX} values; pad less"
        )
    size = slide.output_size(shape[1:], node.params["weight"].shape[2:])
    if min(size) < 1:
        raise FormatError(f"{name}: its kernel is larger than {shape}; export again")
    return found.then(node, (channels, *size))


def _linear(found: Map, name: str, node: Any, dt: float) -> Map:
    weight = numbers(node.weight, name, "weight")
    if weight.ndim != 2 or weight.shape[1] != prod(found.shape):
        raise FormatError(
            f"{name}: weight {list(weight.shape)} does not read {found.shape}; export again"
        )
    bias = numbers(getattr(node, "bias", np.zeros(len(weight))), name, "bias")
    params = {"weight": weight, "bias": _bias(bias, len(weight), name)}
    return found.then(Node(name, "linear", (), params, exact=True), weight.shape[:1])


def _bias(bias: Floats, outputs: int, name: str) -> Floats:
    if bias.size not in (1, outputs):
        raise FormatError(
            f"{name}/bias: {list(bias.shape)} is not one for each of {outputs} outputs; export "
            "again"
        )
    return np.broadcast_to(bias.reshape(-1), outputs).copy()


def _conv(found: Map, name: str, node: Any, dt: float) -> Map:
    weight, shape = numbers(node.weight, name, "weight"), _plane(found, name)
    (groups,) = whole(
        numbers(node.groups, name, "groups").reshape(-1)[:1], name, "groups", 1, 2**16
    )
    if weight.ndim != 4 or weight.shape[1] * groups != shape[0] or len(weight) % groups:
        raise FormatError(
            f"{name}: weight {list(weight.shape)} in {groups} groups does not read {shape}; export "
            "again"
        )
    stride, dilation = _pair(node, name, "stride", 1), _pair(node, name, "dilation", 1)
    if not isinstance(node.padding, str):
        padding = _pair(node, name, "padding", 0) * 2
    else:
        padding = _same(weight.shape[2:], dilation) if node.padding == "same" else (0, 0, 0, 0)
    attrs = {"stride": stride, "padding": padding, "dilation": dilation, "groups": int(groups)}
    bias = _bias(numbers(node.bias, name, "bias"), len(weight), name)
    params = {"weight": weight, "bias": bias}
    return _slid(found, name, Node(name, "conv", (), params, attrs, exact=True), len(weight))


def _same(kernel: Shape, dilation: tuple[int, int]) -> tuple[int, int, int, int]:
    """Padding that keeps the size at stride 1; an odd rest stands below and to the right."""
    more = [apart * (size - 1) for apart, size in zip(dilation, kernel, strict=True)]
    return (more[0] // 2, more[1] // 2, more[0] - more[0] // 2, more[1] - more[1] // 2)


def _pool(found: Map, name: str, node: Any, dt: float) -> Map:
    channels = _plane(found, name)[0]
    kernel, stride = _pair(node, name, "kernel_size", 1), _pair(node, name, "stride", 1)
    padding = _pair(node, name, "padding", 0)
    if kind(node) == "AvgPool2d":
        if any(padding):
            raise UnsupportedError(
                f"{name}: whether the mean of an AvgPool2d counts its padding NIR does not say; "
                "use a SumPool2d"
            )
        found = replace(found, factor=found.factor / prod(kernel))
    if channels * prod(kernel) > WEIGHTS_MAX:
        raise UnsupportedError(f"{name}: a window of {kernel} is too large; use a smaller one")
    attrs = {"stride": stride, "padding": padding * 2, "groups": channels}
    params = {"weight": np.ones((channels, 1, *kernel)), "bias": np.zeros(channels)}
    return _slid(found, name, Node(name, "conv", (), params, attrs, exact=True), channels)


def _scale(found: Map, name: str, node: Any, dt: float) -> Map:
    scale, shape = numbers(node.scale, name, "scale"), found.shape
    if not (scale > 0).all():
        raise UnsupportedError(f"{name}: a scale is not positive; put its sign into the weights")
    if (scale == scale.flat[0]).all():
        return replace(found, factor=found.factor * float(scale.flat[0]))
    rows = np.broadcast_to(scale, shape).reshape(shape[0], -1) if scale.shape == shape else None
    if rows is None or (rows != rows[:, :1]).any() or len(shape) not in (1, 3):
        raise UnsupportedError(
            f"{name}: scales {list(scale.shape)} of {shape} are not one, nor one a channel; put "
            "them into the weights"
        )
    if len(shape) == 3:
        params = {"weight": rows[:, :1, None, None], "bias": np.zeros(shape[0])}
        return found.then(Node(name, "conv", (), params, {"groups": shape[0]}, exact=True), shape)
    if shape[0] ** 2 > WEIGHTS_MAX:
        raise UnsupportedError(f"{name}: {shape[0]} scales are too many; put them into the weights")
    params = {"weight": np.diag(rows[:, 0]), "bias": np.zeros(shape[0])}
    return found.then(Node(name, "linear", (), params, exact=True), shape)


def _flatten(found: Map, name: str, node: Any, dt: float) -> Map:
    return replace(found, shape=(prod(found.shape),))


def _delay(found: Map, name: str, node: Any, dt: float) -> Map:
    seconds = numbers(node.delay, name, "delay")
    steps = whole(seconds / dt, name, "delay", 0, DELAY_MAX).astype(np.int32)
    if steps.size and (steps == steps.flat[0]).all():
        steps = steps.reshape(-1)[:1]
    elif found.node is not None or steps.size != prod(found.source):
        raise UnsupportedError(
            f"{name}: delays {list(steps.shape)} of {found.shape} are not those of the neurons "
            "before the weights; put them there"
        )
    else:
        steps = steps.reshape(found.source)
    total = steps if found.delay is None else steps + found.delay
    return replace(found, delay=total if total.any() else None)


def _through(found: Map, name: str, node: Any, dt: float) -> Map:
    """Ends of inner graphs."""
    return found


READERS: dict[str, Callable[[Map, str, Any, float], Map]] = {
    "Affine": _linear,
    "Linear": _linear,
    "Conv2d": _conv,
    "SumPool2d": _pool,
    "AvgPool2d": _pool,
    "Scale": _scale,
    "Flatten": _flatten,
    "Delay": _delay,
    "Input": _through,
    "Output": _through,
}
"""Kind of a linear node -> the map with it behind."""
