"""Which function of `layers` and `values` reads which module, function or method."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (its name everywhere)
from torch import nn

from exporters.frontends.refs import RefusedError
from exporters.frontends.torch import activations, layers, moves, values

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


def _conv_transpose(module: Any) -> tuple[Handler, dict[str, Any]]:
    names = ("weight", "bias", "stride", "padding", "output_padding", "groups", "dilation")
    return _with(moves.conv_transpose, *names)(module)


def _off(handler: Handler, *names: str) -> Read:
    read = _with(handler, *names)
    return lambda module: (handler, {**read(module)[1], "training": False})


_NORM = _with(layers.batch_norm, "running_mean", "running_var", "weight", "bias", "eps")
_SCALE = ("size", "scale_factor")
_POOL = ("kernel_size", "stride", "padding", "ceil_mode")
_MAX = _with(layers.max_pool, *_POOL, "dilation", "return_indices")
_ADAPTIVE_AVG = _with(layers.adaptive_avg_pool, "output_size")
_ADAPTIVE_MAX = _with(layers.adaptive_max_pool, "output_size", "return_indices")
_PAD = _with(values.constant_pad, "padding", "value")

MODULES: dict[type, Read] = {
    nn.Conv1d: _conv,
    nn.Conv2d: _conv,
    nn.ConvTranspose1d: _conv_transpose,
    nn.ConvTranspose2d: _conv_transpose,
    nn.Linear: _with(layers.linear, "weight", "bias"),
    nn.BatchNorm1d: _NORM,
    nn.BatchNorm2d: _NORM,
    nn.SyncBatchNorm: _NORM,
    nn.ReLU: _with(activations.relu),
    nn.ReLU6: _with(activations.relu6),
    nn.Hardtanh: _with(activations.hardtanh, "min_val", "max_val"),
    nn.LeakyReLU: _with(activations.leaky_relu, "negative_slope"),
    nn.PReLU: _with(activations.prelu, "weight"),
    nn.RReLU: _off(activations.rrelu, "lower", "upper"),
    nn.Threshold: _with(activations.threshold, "threshold", "value"),
    nn.Hardsigmoid: _with(activations.hardsigmoid),
    nn.Softshrink: _with(activations.softshrink, "lambd"),
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
    nn.Unflatten: lambda module: (
        moves.unflatten,
        {"dim": module.dim, "sizes": module.unflattened_size},
    ),
    nn.Upsample: _with(moves.interpolate, *_SCALE, "mode", "align_corners"),
    nn.UpsamplingNearest2d: _with(moves.interpolate, *_SCALE),
    nn.UpsamplingBilinear2d: _with(moves.interpolate, *_SCALE, "mode", "align_corners"),
    nn.ChannelShuffle: _with(moves.channel_shuffle, "groups"),
    nn.PixelShuffle: _with(moves.pixel_shuffle, "upscale_factor"),
    nn.PixelUnshuffle: _with(moves.pixel_unshuffle, "downscale_factor"),
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
    **dict.fromkeys((F.conv_transpose1d, F.conv_transpose2d), moves.conv_transpose),
    **dict.fromkeys((torch.conv_transpose1d, torch.conv_transpose2d), moves.conv_transpose),
    torch.mean: layers.mean,
    torch.sum: layers.total,
    torch.amax: layers.amax,
    **dict.fromkeys((F.relu, F.relu_, torch.relu, torch.relu_), activations.relu),
    F.relu6: activations.relu6,
    **dict.fromkeys((F.hardtanh, F.hardtanh_), activations.hardtanh),
    **dict.fromkeys((torch.clamp, torch.clip, torch.clamp_), activations.clamp),
    **dict.fromkeys((torch.cat, torch.concat, torch.concatenate), values.cat),
    **dict.fromkeys((F.threshold, torch.threshold), activations.threshold),
    **dict.fromkeys((F.leaky_relu, F.leaky_relu_), activations.leaky_relu),
    **dict.fromkeys((F.prelu, torch.prelu), activations.prelu),
    F.rrelu: activations.rrelu,
    F.hardsigmoid: activations.hardsigmoid,
    F.softshrink: activations.softshrink,
    **dict.fromkeys((torch.abs, torch.abs_, torch.absolute, operator.abs), activations.absolute),
    torch.clamp_min: activations.clamp_min,
    torch.clamp_max: activations.clamp_max,
    **dict.fromkeys((torch.maximum, torch.fmax), activations.maximum),
    **dict.fromkeys((torch.minimum, torch.fmin), activations.minimum),
    torch.max: activations.largest,
    torch.min: activations.smallest,
    torch.permute: moves.permute,
    **dict.fromkeys((torch.transpose, torch.swapaxes, torch.swapdims), moves.transpose),
    **dict.fromkeys((torch.movedim, torch.moveaxis), moves.movedim),
    torch.index_select: moves.select,
    torch.select: moves.select,
    torch.narrow: moves.narrow,
    torch.flip: moves.flip,
    torch.unbind: moves.unbind,
    torch.stack: moves.stack,
    torch.unflatten: moves.unflatten,
    torch.repeat_interleave: moves.repeat_interleave,
    F.interpolate: moves.interpolate,
    F.upsample: moves.interpolate,
    **dict.fromkeys((F.pixel_shuffle, torch.pixel_shuffle), moves.pixel_shuffle),
    **dict.fromkeys((F.pixel_unshuffle, torch.pixel_unshuffle), moves.pixel_unshuffle),
    **dict.fromkeys((F.channel_shuffle, torch.channel_shuffle), moves.channel_shuffle),
    **dict.fromkeys((torch.matmul, torch.mm, operator.matmul), layers.matmul),
    F.pad: values.pad,
    operator.getitem: moves.item,
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
    **dict.fromkeys(("relu", "relu_"), activations.relu),
    **dict.fromkeys(("clamp", "clamp_", "clip", "clip_"), activations.clamp),
    **dict.fromkeys(("leaky_relu", "leaky_relu_"), activations.leaky_relu),
    **dict.fromkeys(("abs", "abs_", "absolute"), activations.absolute),
    **dict.fromkeys(("clamp_min", "clamp_min_"), activations.clamp_min),
    **dict.fromkeys(("clamp_max", "clamp_max_"), activations.clamp_max),
    "maximum": activations.maximum,
    "minimum": activations.minimum,
    "max": activations.largest,
    "min": activations.smallest,
    **dict.fromkeys(("view", "reshape"), values.view),
    "unflatten": moves.unflatten,
    "permute": moves.permute,
    **dict.fromkeys(("transpose", "swapaxes", "swapdims"), moves.transpose),
    **dict.fromkeys(("movedim", "moveaxis"), moves.movedim),
    "index_select": moves.select,
    "select": moves.select,
    "narrow": moves.narrow,
    "flip": moves.flip,
    "unbind": moves.unbind,
    "repeat_interleave": moves.repeat_interleave,
    "sum": layers.total,
    **dict.fromkeys(("matmul", "mm"), layers.matmul),
    **dict.fromkeys(
        ("to", "type", "type_as", "double", "half", "bfloat16", "cpu", "cuda"), values.to
    ),
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
    *(F.leaky_relu_, torch.abs_),
    F.relu_,
    torch.relu_,
    F.hardtanh_,
    torch.clamp_,
    *(operator.iadd, operator.isub, operator.imul, operator.itruediv),
    *(name for name in METHODS if name.endswith("_")),
)
"""Functions and methods that overwrite their first argument."""
