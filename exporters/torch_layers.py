"""How each torch layer becomes a node: one function per operation, with torch's own signature.

Modules and functional forms share these functions; `torch_table` says which applies. A
function gets the builder, a name, and what torch would get: `Ref` for tensors of the network,
NumPy arrays for parameters. It raises `RefusedError` with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.builder import (
    Builder,
    Ref,
    RefusedError,
    adaptive_attributes,
    pool_attributes,
    reshape,
    shifted,
)

Weights = NDArray[Any]
Pair = int | Sequence[int]


def conv2d(
    build: Builder,
    name: str,
    x: Ref,
    weight: Weights,
    bias: Weights | None = None,
    stride: Pair = 1,
    padding: Pair | str = 0,
    dilation: Pair = 1,
    groups: int = 1,
) -> Ref:
    """Convolution of [N, C, H, W]."""
    window = {
        "stride": _pair(stride),
        "padding": borders(padding, weight.shape[2:], _pair(dilation)),
        "dilation": _pair(dilation),
        "groups": groups,
    }
    return build.add("conv", name, [x], {"weight": weight, "bias": bias}, window)


def linear(build: Builder, name: str, x: Ref, weight: Weights, bias: Weights | None = None) -> Ref:
    """Linear map of [N, F]."""
    if len(x.shape) != 1:
        shape = ", ".join(map(str, x.shape))
        raise RefusedError(f"input [N, {shape}]; only [N, F] is supported, flatten it before")
    return build.add("linear", name, [x], {"weight": weight, "bias": bias})


def batch_norm(
    build: Builder,
    name: str,
    x: Ref,
    running_mean: Weights | None,
    running_var: Weights | None,
    weight: Weights | None = None,
    bias: Weights | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Ref:
    """Batch norm with running statistics."""
    if training or running_mean is None or running_var is None:
        raise RefusedError("uses the statistics of each batch; track running statistics")
    ones = np.ones_like(running_mean)
    params = {
        "gamma": ones if weight is None else weight,
        "beta": 0 * ones if bias is None else bias,
        "mean": running_mean,
        "var": running_var,
    }
    return build.add("batchnorm", name, [x], params, {"eps": eps})


def relu(build: Builder, name: str, x: Ref, inplace: bool = False) -> Ref:
    """ReLU."""
    return build.add("relu", name, [x])


def max_pool2d(
    build: Builder,
    name: str,
    x: Ref,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    dilation: Pair = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Ref:
    """Max pool; ceil mode becomes padding at the end."""
    if return_indices:
        raise RefusedError("return_indices=True gives a second output; use False")
    kernel = _pair(kernel_size)
    steps = _pair(stride) if stride else kernel
    edges = borders(padding, kernel, (1, 1))
    window = pool_attributes("maxpool", x.shape, kernel, steps, edges, _pair(dilation), ceil_mode)
    return build.add("maxpool", name, [x], attrs=window)


def avg_pool2d(
    build: Builder,
    name: str,
    x: Ref,
    kernel_size: Pair,
    stride: Pair | None = None,
    padding: Pair = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Ref:
    """Average pool."""
    if divisor_override is not None:
        raise RefusedError("divisor_override is not supported; scale the next layer's weights")
    kernel = _pair(kernel_size)
    steps = _pair(stride) if stride else kernel
    edges = borders(padding, kernel, (1, 1))
    window = pool_attributes("avgpool", x.shape, kernel, steps, edges, (1, 1), ceil_mode)
    window["count_include_pad"] = count_include_pad
    return build.add("avgpool", name, [x], attrs=window)


def adaptive_avg_pool2d(build: Builder, name: str, x: Ref, output_size: Any) -> Ref:
    """Average pool to a given size that divides the input evenly."""
    return build.add(
        "avgpool", name, [x], attrs=adaptive_attributes(x.shape, _size(x, output_size))
    )


def adaptive_max_pool2d(
    build: Builder, name: str, x: Ref, output_size: Any, return_indices: bool = False
) -> Ref:
    """Max pool to a given size that divides the input evenly."""
    if return_indices:
        raise RefusedError("return_indices=True gives a second output; use False")
    return build.add(
        "maxpool", name, [x], attrs=adaptive_attributes(x.shape, _size(x, output_size))
    )


def mean(build: Builder, name: str, x: Ref, dim: Any = None, keepdim: bool = False) -> Ref:
    """Mean over rows and columns: a global average pool."""
    dims = sorted(each % 4 for each in dim) if isinstance(dim, (tuple, list)) else dim
    if dims != [2, 3] or len(x.shape) != 3:
        raise RefusedError(f"mean over dimensions {dim}; only over (2, 3) of [N, C, H, W]")
    pooled = build.add("avgpool", name, [x], attrs=adaptive_attributes(x.shape, (1, 1)))
    return pooled if keepdim else build.add("flatten", f"{name}.flatten", [pooled])


def flatten(build: Builder, name: str, x: Ref, start_dim: int = 0, end_dim: int = -1) -> Ref:
    """Flatten of everything but the batch."""
    rank = len(x.shape) + 1
    if start_dim % rank != 1 or end_dim % rank != rank - 1:
        raise RefusedError(f"flattens dimensions {start_dim} to {end_dim}; only 1 to -1")
    return build.add("flatten", name, [x])


def view(build: Builder, name: str, x: Ref, *shape: Any) -> Ref:
    """Reshape that keeps the batch."""
    return reshape(build, name, x, shape[0] if isinstance(shape[0], (tuple, list)) else shape)


def add(build: Builder, name: str, x: Any, other: Any, alpha: float = 1) -> Ref:
    """Sum of two values of the network, or of one and a constant."""
    if alpha != 1:
        raise RefusedError(f"alpha={alpha} is not supported; scale the weights before")
    if isinstance(x, Ref) and isinstance(other, Ref):
        return build.add("add", name, [x, other])
    value, constant = (x, other) if isinstance(x, Ref) else (other, x)
    return shifted(build, name, value, np.ones(()), np.asarray(constant, np.float32))


def dropout(
    build: Builder, name: str, x: Ref, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Ref:
    """Dropout, which does nothing at inference."""
    if training and p > 0:
        raise RefusedError("stays active at inference; pass training=self.training")
    return build.add("identity", name, [x], attrs={"reason": "dropout"})


def identity(build: Builder, name: str, x: Ref, *args: Any, **options: Any) -> Ref:
    """Nothing at all."""
    return build.add("identity", name, [x], attrs={"reason": "identity"})


def _pair(value: Pair) -> tuple[int, int]:
    pair = tuple(value) if isinstance(value, (tuple, list)) else (value, value)
    pair = pair * 2 if len(pair) == 1 else pair
    return int(pair[0]), int(pair[1])


def borders(padding: Pair | str, kernel: Sequence[int], dilation: Sequence[int]) -> Any:
    """Padding as (top, left, bottom, right); `same` puts an odd row or column at the end."""
    if padding == "same":
        total = [step * (size - 1) for step, size in zip(dilation, kernel, strict=True)]
        before = [each // 2 for each in total]
        return (*before, total[0] - before[0], total[1] - before[1])
    return _pair(0 if isinstance(padding, str) else padding) * 2


def _size(x: Ref, output_size: Any) -> tuple[int, int]:
    wanted = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * 2
    rows, columns = (
        have if want is None else want for have, want in zip(x.shape[1:], wanted, strict=True)
    )
    return int(rows), int(columns)
