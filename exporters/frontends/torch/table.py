"""Which function of `layers` and `values` reads which module, function or method."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (its name everywhere)
from torch import nn

from exporters.frontends.builder import RefusedError
from exporters.frontends.torch import layers, values

Handler = Callable[..., Any]
Read = Callable[[Any], tuple[Handler, dict[str, Any]]]


def _with(handler: Handler, *names: str) -> Read:
    """The handler, called with these attributes of the module."""
    return lambda module: (handler, {name: getattr(module, name) for name in names})


def _conv(module: Any) -> tuple[Handler, dict[str, Any]]:
    padded = module.padding == "same" if isinstance(module.padding, str) else any(module.padding)
    if module.padding_mode != "zeros" and padded:
        raise RefusedError(f"padding_mode={module.padding_mode!r}; only 'zeros' is supported")
    names = ("weight", "bias", "stride", "padding", "dilation", "groups")
    return _with(layers.conv, *names)(module)


def _off(handler: Handler) -> Read:
    return lambda module: (handler, {"training": False})


_NORM = _with(layers.batch_norm, "running_mean", "running_var", "weight", "bias", "eps")
_POOL = ("kernel_size", "stride", "padding", "ceil_mode")
_MAX = _with(layers.max_pool, *_POOL, "dilation", "return_indices")
_ADAPTIVE_AVG = _with(layers.adaptive_avg_pool, "output_size")
_ADAPTIVE_MAX = _with(layers.adaptive_max_pool, "output_size", "return_indices")
_PAD = _with(values.constant_pad, "padding", "value")

MODULES: dict[type, Read] = {
    nn.Conv1d: _conv,
    nn.Conv2d: _conv,
    nn.Linear: _with(layers.linear, "weight", "bias"),
    nn.BatchNorm1d: _NORM,
    nn.BatchNorm2d: _NORM,
    nn.ReLU: _with(values.relu),
    nn.ReLU6: _with(values.relu6),
    nn.Hardtanh: _with(values.hardtanh, "min_val", "max_val"),
    nn.MaxPool1d: _MAX,
    nn.MaxPool2d: _MAX,
    nn.AvgPool1d: _with(layers.avg_pool, *_POOL, "count_include_pad"),
    nn.AvgPool2d: _with(layers.avg_pool, *_POOL, "count_include_pad", "divisor_override"),
    nn.AdaptiveAvgPool1d: _ADAPTIVE_AVG,
    nn.AdaptiveAvgPool2d: _ADAPTIVE_AVG,
    nn.AdaptiveMaxPool1d: _ADAPTIVE_MAX,
    nn.AdaptiveMaxPool2d: _ADAPTIVE_MAX,
    nn.ZeroPad2d: _PAD,
    nn.ConstantPad1d: _PAD,
    nn.ConstantPad2d: _PAD,
    nn.Flatten: _with(values.flatten, "start_dim", "end_dim"),
    nn.Dropout: _off(values.dropout),
    nn.Dropout1d: _off(values.dropout),
    nn.Dropout2d: _off(values.dropout),
    nn.AlphaDropout: _off(values.dropout),
    nn.FeatureAlphaDropout: _off(values.dropout),
    nn.Identity: _with(values.identity),
}
"""Reader of each module type; subclasses are traced into instead."""

if hasattr(nn, "ZeroPad1d"):
    MODULES[nn.ZeroPad1d] = _PAD

FUNCTIONS: dict[Any, Handler] = {
    **dict.fromkeys((F.conv1d, F.conv2d, torch.conv1d, torch.conv2d), layers.conv),
    F.linear: layers.linear,
    F.batch_norm: layers.batch_norm,
    **dict.fromkeys((F.max_pool1d, F.max_pool2d), layers.max_pool),
    **dict.fromkeys((torch.max_pool1d, torch.max_pool2d), layers.max_pool),
    **dict.fromkeys((F.avg_pool1d, F.avg_pool2d, torch.avg_pool1d), layers.avg_pool),
    **dict.fromkeys((F.adaptive_avg_pool1d, F.adaptive_avg_pool2d), layers.adaptive_avg_pool),
    torch.adaptive_avg_pool1d: layers.adaptive_avg_pool,
    **dict.fromkeys((F.adaptive_max_pool1d, F.adaptive_max_pool2d), layers.adaptive_max_pool),
    torch.mean: layers.mean,
    torch.amax: layers.amax,
    **dict.fromkeys((F.relu, F.relu_, torch.relu, torch.relu_), values.relu),
    F.relu6: values.relu6,
    **dict.fromkeys((F.hardtanh, F.hardtanh_), values.hardtanh),
    **dict.fromkeys((torch.clamp, torch.clip, torch.clamp_), values.clamp),
    **dict.fromkeys((torch.cat, torch.concat, torch.concatenate), values.cat),
    F.pad: values.pad,
    operator.getitem: values.item,
    torch.chunk: values.chunk,
    torch.split: values.split,
    torch.flatten: values.flatten,
    torch.reshape: values.view,
    torch.squeeze: values.squeeze,
    torch.unsqueeze: values.unsqueeze,
    **dict.fromkeys((torch.add, operator.add, operator.iadd), values.add),
    **dict.fromkeys((torch.sub, operator.sub, operator.isub), values.sub),
    **dict.fromkeys((torch.mul, operator.mul, operator.imul), values.mul),
    **dict.fromkeys((torch.div, operator.truediv, operator.itruediv), values.div),
    **dict.fromkeys((torch.neg, operator.neg), values.neg),
    **dict.fromkeys((F.dropout, F.dropout1d, F.dropout2d, torch.dropout), values.dropout),
}
"""Reader of each function."""

METHODS: dict[str, Handler] = {
    **dict.fromkeys(("relu", "relu_"), values.relu),
    **dict.fromkeys(("clamp", "clamp_", "clip", "clip_"), values.clamp),
    **dict.fromkeys(("view", "reshape"), values.view),
    "flatten": values.flatten,
    "squeeze": values.squeeze,
    "unsqueeze": values.unsqueeze,
    "chunk": values.chunk,
    "split": values.split,
    "mean": layers.mean,
    "amax": layers.amax,
    **dict.fromkeys(("add", "add_"), values.add),
    **dict.fromkeys(("sub", "sub_"), values.sub),
    **dict.fromkeys(("mul", "mul_"), values.mul),
    **dict.fromkeys(("div", "div_"), values.div),
    "neg": values.neg,
    **dict.fromkeys(("contiguous", "clone", "detach", "float"), values.identity),
}
"""Reader of each tensor method."""

IN_PLACE = (
    F.relu_,
    torch.relu_,
    F.hardtanh_,
    torch.clamp_,
    *(operator.iadd, operator.isub, operator.imul, operator.itruediv),
    *(name for name in METHODS if name.endswith("_")),
)
"""Functions and methods that overwrite their first argument."""
