"""Front end for `torch.export` programs: their own operators, read by the functions of modules.

What a program calls `aten.name.overload` is mostly what torch calls `name`; the rest is below.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import fx

from exporters.frontends.builder import Builder
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.reshapes import reshape
from exporters.frontends.torch import activations, layers, moves, values
from exporters.frontends.torch.table import FUNCTIONS, METHODS
from exporters.frontends.windows import linear_map

Handler = Callable[..., Any]


def is_program(model: Any) -> bool:
    """Whether it is what `torch.export.export` gives."""
    return isinstance(model, torch.export.ExportedProgram)


def batch_of(trace: fx.Graph) -> int:
    """The batch size that a program is fixed to; 0 where it takes any."""
    first = next((node for node in trace.nodes if node.op == "placeholder"), None)
    found = getattr(first.meta.get("val") if first else None, "shape", None) or (0,)
    return found[0] if isinstance(found[0], int) else 0


def handler_of(target: Any) -> Handler | None:
    """What reads an operator of a program; None for one of another kind, or one not read."""
    if getattr(target, "__name__", "") == "stochastic_depth":  # torchvision's, which may be absent
        return values.stochastic_depth
    if not isinstance(target, torch._ops.OpOverload) or target.namespace != "aten":
        return None
    name = target.overloadpacket.__name__
    if name in ATEN:
        return ATEN[name]
    named = {each.__name__: handler for each, handler in FUNCTIONS.items()}
    return named.get(name) or METHODS.get(name)


def _convolution(
    build: Builder,
    name: str,
    x: Ref,
    weight: Any,
    bias: Any,
    stride: Sequence[int],
    padding: Sequence[int],
    dilation: Sequence[int],
    transposed: bool,
    output_padding: Sequence[int],
    groups: int,
) -> Ref:
    if transposed:
        more = (stride, padding, output_padding, groups, dilation)
        return moves.conv_transpose(build, name, x, weight, bias, *map(_sizes, more))
    window = (tuple(stride), tuple(padding), tuple(dilation))
    return layers.conv(build, name, x, weight, bias, *window, groups=groups)


def _sizes(value: Any) -> Any:
    return tuple(value) if isinstance(value, (list, tuple)) else value


def _addmm(build: Builder, name: str, bias: Any, x: Any, weight: Any) -> Ref:
    if not isinstance(x, Ref) or isinstance(weight, Ref):
        raise RefusedError("only a product with a constant matrix on the right is supported")
    return linear_map(build, name, x, weight.T, bias)


def _norm(build: Builder, name: str, x: Ref, *args: Any) -> Any:
    """Inference forms: weight, bias, mean, variance, momentum, eps."""
    weight, bias, mean, variance, *_, eps = args
    found = layers.batch_norm(build, name, x, mean, variance, weight, bias, eps=eps)
    return (found,)


def _norm_of_training(build: Builder, name: str, x: Ref, *args: Any) -> Any:
    """`batch_norm`: weight, bias, mean, variance, training, momentum, eps, cudnn."""
    weight, bias, mean, variance, training, momentum, eps = args[:7]
    return layers.batch_norm(build, name, x, mean, variance, weight, bias, training, momentum, eps)


def _pool(build: Builder, name: str, x: Ref, *args: Any) -> Any:
    """A max pool with indices that nothing reads."""
    return (layers.max_pool(build, name, x, *map(_sizes, args)),)


def _max_pool(build: Builder, name: str, x: Ref, *args: Any) -> Any:
    kernel, stride, padding, dilation, ceil = (*map(_sizes, args), *(None,) * 5)[:5]
    return layers.max_pool(build, name, x, kernel, stride, padding or 0, dilation or 1, bool(ceil))


def _upsample(build: Builder, name: str, x: Ref, size: Any, *scales: Any) -> Ref:
    """`upsample_nearest`: a size, or scales."""
    factors = [each for each in scales if each is not None]
    factors = list(factors[0]) if factors and isinstance(factors[0], (list, tuple)) else factors
    if size is None:
        return moves.interpolate(build, name, x, scale_factor=tuple(factors))
    return moves.interpolate(build, name, x, size=tuple(size))


def _slice(
    build: Builder,
    name: str,
    x: Ref,
    dim: int = 0,
    start: int | None = None,
    end: int | None = None,
    step: int = 1,
) -> Ref:
    keep = [slice(None)] * (len(x.shape) + 1)
    if (start or 0, step) != (0, 1) or (end is not None and end < 2**62):
        keep[dim] = slice(start, end, step)
    found: Ref = moves.item(build, name, x, tuple(keep))
    return found


def _view(build: Builder, name: str, x: Ref, size: Sequence[Any]) -> Ref:
    return reshape(build, name, x, size)


def _pad(build: Builder, name: str, x: Ref, pad: Any, value: float = 0.0) -> Ref:
    return values.pad(build, name, x, pad, value=value)


def _dropout(build: Builder, name: str, x: Ref, p: float, train: bool) -> Ref:
    return values.dropout(build, name, x, p, train)


ATEN: dict[str, Handler] = {
    "convolution": _convolution,
    "addmm": _addmm,
    "mm": layers.matmul,
    "_native_batch_norm_legit_no_training": _norm,
    "batch_norm": _norm_of_training,
    "max_pool2d_with_indices": _pool,
    **dict.fromkeys(("max_pool2d", "max_pool1d"), _max_pool),
    **dict.fromkeys(("_adaptive_avg_pool2d", "adaptive_avg_pool2d"), layers.adaptive_avg_pool),
    **dict.fromkeys(
        ("upsample_nearest1d", "upsample_nearest2d", "_upsample_nearest_exact2d"), _upsample
    ),
    "slice": _slice,
    **dict.fromkeys(("view", "_unsafe_view", "reshape", "_reshape_alias"), _view),
    "constant_pad_nd": _pad,
    "dropout": _dropout,
    "hardtanh": activations.hardtanh,
    "split_with_sizes": values.split,
    **dict.fromkeys(("alias", "lift_fresh_copy", "_to_copy", "detach"), values.identity),
}
"""Operators of programs that no function or method of torch is called as."""
