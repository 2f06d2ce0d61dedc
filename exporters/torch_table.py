"""Which function of `torch_layers` reads which torch module, function or method."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (its name everywhere)
from torch import nn

from exporters.builder import Ref, RefusedError
from exporters.torch_layers import (
    adaptive_avg_pool2d,
    adaptive_max_pool2d,
    add,
    avg_pool2d,
    batch_norm,
    borders,
    conv2d,
    dropout,
    flatten,
    identity,
    linear,
    max_pool2d,
    mean,
    relu,
    view,
)

Handler = Callable[..., Ref]
Read = Callable[[Any], tuple[Handler, dict[str, Any]]]


def _with(handler: Handler, *names: str) -> Read:
    """The handler, called with these attributes of the module."""
    return lambda module: (handler, {name: getattr(module, name) for name in names})


def _conv(module: Any) -> tuple[Handler, dict[str, Any]]:
    if module.padding_mode != "zeros" and any(borders(module.padding, (2, 2), (1, 1))):
        raise RefusedError(f"padding_mode={module.padding_mode!r}; only 'zeros' is supported")
    return _with(conv2d, "weight", "bias", "stride", "padding", "dilation", "groups")(module)


def _off(handler: Handler) -> Read:
    return lambda module: (handler, {"training": False})


_NORM = _with(batch_norm, "running_mean", "running_var", "weight", "bias", "eps")
_POOL = ("kernel_size", "stride", "padding", "ceil_mode")

MODULES: dict[type, Read] = {
    nn.Conv2d: _conv,
    nn.Linear: _with(linear, "weight", "bias"),
    nn.BatchNorm1d: _NORM,
    nn.BatchNorm2d: _NORM,
    nn.ReLU: _with(relu),
    nn.MaxPool2d: _with(max_pool2d, *_POOL, "dilation", "return_indices"),
    nn.AvgPool2d: _with(avg_pool2d, *_POOL, "count_include_pad", "divisor_override"),
    nn.AdaptiveAvgPool2d: _with(adaptive_avg_pool2d, "output_size"),
    nn.AdaptiveMaxPool2d: _with(adaptive_max_pool2d, "output_size", "return_indices"),
    nn.Flatten: _with(flatten, "start_dim", "end_dim"),
    nn.Dropout: _off(dropout),
    nn.Dropout1d: _off(dropout),
    nn.Dropout2d: _off(dropout),
    nn.AlphaDropout: _off(dropout),
    nn.Identity: _with(identity),
}
"""Reader of each module type; subclasses are traced into instead."""

FUNCTIONS: dict[Any, Handler] = {
    F.conv2d: conv2d,
    torch.conv2d: conv2d,
    F.linear: linear,
    F.batch_norm: batch_norm,
    F.relu: relu,
    F.relu_: relu,
    torch.relu: relu,
    torch.relu_: relu,
    F.max_pool2d: max_pool2d,
    torch.max_pool2d: max_pool2d,
    F.avg_pool2d: avg_pool2d,
    F.adaptive_avg_pool2d: adaptive_avg_pool2d,
    F.adaptive_max_pool2d: adaptive_max_pool2d,
    torch.mean: mean,
    torch.flatten: flatten,
    torch.reshape: view,
    torch.add: add,
    operator.add: add,
    operator.iadd: add,
    F.dropout: dropout,
    F.dropout2d: dropout,
    torch.dropout: dropout,
}
"""Reader of each function."""

METHODS: dict[str, Handler] = {
    "relu": relu,
    "relu_": relu,
    "view": view,
    "reshape": view,
    "flatten": flatten,
    "mean": mean,
    "add": add,
    "add_": add,
    "contiguous": identity,
    "clone": identity,
}
"""Reader of each tensor method."""

IN_PLACE = (F.relu_, torch.relu_, operator.iadd, "relu_", "add_")
"""Functions and methods that overwrite their first argument."""

SUPPORTED = f"{', '.join(each.__name__ for each in MODULES)}, their functional forms, add, view"
"""What error messages list."""
