"""Logic of binary spikes, as residual networks join them: AND, IAND; sums of windows."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from exporters.form import Form
from exporters.frontends.builder import Builder, Ref, RefusedError
from exporters.frontends.torch.layers import avg_pool
from exporters.frontends.windows import difference, shifted


def opposite(build: Builder, name: str, x: Ref, number: Any, *rest: Any) -> Ref:
    """`number - x`."""
    return shifted(build, name, x, -np.ones(()), np.asarray(number, np.float32))


def sum_pool(
    build: Builder,
    name: str,
    x: Ref,
    norm_type: float,
    kernel_size: Any,
    stride: Any = None,
    ceil_mode: bool = False,
) -> Ref:
    """`lp_pool2d` of norm 1: the sum of each window."""
    if norm_type != 1:
        raise RefusedError(f"takes a norm of {norm_type:g}; only sums (norm_type=1) are supported")
    pooled = avg_pool(build, name, x, kernel_size, stride, ceil_mode=ceil_mode)
    sides = kernel_size if isinstance(kernel_size, (tuple, list)) else (kernel_size, kernel_size)
    return shifted(build, f"{name}.sum", pooled, np.full((), float(prod(sides))), np.zeros(()))


def conjunction(build: Builder, name: str, x: Ref, y: Ref) -> Ref:
    """`x * y` of binary spikes, where one may be `1 - spikes`: x AND y, x AND NOT y."""
    for first, second in ((x, y), (y, x)):
        denied = _denied(build, second)
        if denied is not None and _binary(build, first.name):
            return _fires(build, name, difference(build, f"{name}.less", first, denied), 1)
    if not (_binary(build, x.name) and _binary(build, y.name)):
        raise RefusedError("multiplies values that are not both 0 or 1; add them (ADD) instead")
    return _fires(build, name, build.add("add", f"{name}.sum", [x, y]), 2)


def _fires(build: Builder, name: str, current: Ref, threshold: int) -> Ref:
    """Neurons that fire where the current of a step reaches the threshold."""
    form = Form(np.asarray(float(threshold)), keep_v=np.zeros(()), reset="keep")
    return build.add("neuron", name, [current], form.numbers(), form.settings(), exact=True)


def _denied(build: Builder, x: Ref) -> Ref | None:
    """The binary spikes `s` where a value is `1 - s`."""
    node = build.nodes[x.name]
    if node.op != "batchnorm" or not _binary(build, node.inputs[0]):
        return None
    plain = node.attrs.get("eps") == 0 and (node.params["gamma"] == -1).all()
    whole = plain and (node.params["beta"] == 1).all() and (node.params["var"] == 1).all()
    return Ref(node.inputs[0], x.shape) if whole and not node.params["mean"].any() else None


def _binary(build: Builder, name: str) -> bool:
    """Whether a node's values are 0 or 1."""
    node = build.nodes[name]
    if node.op in ("maxpool", "flatten", "identity", "slice"):
        return _binary(build, node.inputs[0])
    return node.op == "neuron" and node.attrs["fire"] in ("ge", "gt")
