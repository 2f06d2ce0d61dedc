"""How each torch layer becomes a node: one function per operation, with torch's own signature.

Modules and functional forms share these functions, 1-D and 2-D forms too; `table` says
which applies. A function gets the builder, a name, and what torch would get: `Ref` for tensors
of the network, NumPy arrays for parameters. It raises `RefusedError` with a reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.frontends.builder import Builder
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.windows import (
    adaptive,
    average_attributes,
    kernels,
    linear_map,
    pair,
    plane,
    pool_attributes,
    reduced,
)

Weights = NDArray[Any]
Sizes = int | Sequence[int]


def conv(
    build: Builder,
    name: str,
    x: Ref,
    weight: Weights,
    bias: Weights | None = None,
    stride: Sizes = 1,
    padding: Sizes | str = 0,
    dilation: Sizes = 1,
    groups: int = 1,
) -> Ref:
    """Convolution of [N, C, H, W] or [N, C, L]."""
    weight, apart = kernels(build, x, weight), pair(x, dilation)
    window = {
        "stride": pair(x, stride),
        "padding": _borders(x, padding, weight.shape[2:], apart),
        "dilation": apart,
        "groups": groups,
    }
    return build.add("conv", name, [x], {"weight": weight, "bias": bias}, window)


def linear(build: Builder, name: str, x: Ref, weight: Weights, bias: Weights | None = None) -> Ref:
    """Linear map of [N, F], or of the last axis of planes."""
    return linear_map(build, name, x, weight, bias)


def matmul(build: Builder, name: str, x: Any, other: Any) -> Ref:
    """Product with a constant matrix on the right: a linear map."""
    if not isinstance(x, Ref) or isinstance(other, Ref) or np.ndim(other) != 2:
        raise RefusedError("only a product with a constant matrix on the right is supported")
    return linear_map(build, name, x, np.asarray(other).T, None)


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
    attrs = {"eps": float(np.float32(eps))}  # as an ONNX file holds it
    return build.add("batchnorm", name, [x], params, attrs)


def max_pool(
    build: Builder,
    name: str,
    x: Ref,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    dilation: Sizes = 1,
    ceil_mode: bool = False,
    return_indices: bool = False,
) -> Ref:
    """Max pool; ceil mode becomes padding at the end."""
    _refuse_indices(return_indices)
    size, kernel = plane(build, x), pair(x, kernel_size)
    steps = pair(x, stride) if stride else kernel
    edges = pair(x, padding, 0) * 2
    window = pool_attributes(size, kernel, steps, edges, pair(x, dilation), ceil_mode)
    return build.add("maxpool", name, [x], attrs=window)


def avg_pool(
    build: Builder,
    name: str,
    x: Ref,
    kernel_size: Sizes,
    stride: Sizes | None = None,
    padding: Sizes = 0,
    ceil_mode: bool = False,
    count_include_pad: bool = True,
    divisor_override: int | None = None,
) -> Ref:
    """Average pool; windows that ceil mode adds divide by what they hold."""
    if divisor_override is not None:
        raise RefusedError("divisor_override is not supported; scale the next layer's weights")
    size, kernel = plane(build, x), pair(x, kernel_size)
    steps = pair(x, stride) if stride else kernel
    edges = pair(x, padding, 0) * 2
    window = average_attributes(size, kernel, steps, edges, (1, 1), ceil_mode, count_include_pad)
    return build.add("avgpool", name, [x], attrs=window)


def adaptive_avg_pool(build: Builder, name: str, x: Ref, output_size: Any) -> Ref:
    """Average pool to a given size."""
    return adaptive(build, "avgpool", name, x, _adaptive(build, x, output_size))


def adaptive_max_pool(
    build: Builder, name: str, x: Ref, output_size: Any, return_indices: bool = False
) -> Ref:
    """Max pool to a given size, with windows that are all alike."""
    _refuse_indices(return_indices)
    return adaptive(build, "maxpool", name, x, _adaptive(build, x, output_size))


def mean(build: Builder, name: str, x: Ref, dim: Any = None, keepdim: bool = False) -> Ref:
    """Mean over rows and columns: a global average pool."""
    return reduced(build, "avgpool", name, x, _axes(dim), keep=keepdim)


def total(build: Builder, name: str, x: Ref, dim: Any = None, keepdim: bool = False) -> Ref:
    """Sum over rows and columns, or over channels."""
    return reduced(build, "avgpool", name, x, _axes(dim), keep=keepdim, times=True)


def amax(build: Builder, name: str, x: Ref, dim: Any = (), keepdim: bool = False) -> Ref:
    """Maximum over rows and columns: a global max pool."""
    return reduced(build, "maxpool", name, x, _axes(dim), keep=keepdim)


def _axes(dim: Any) -> Sequence[int]:
    return () if dim is None else tuple(dim) if isinstance(dim, (tuple, list)) else (dim,)


def _refuse_indices(wanted: bool) -> None:
    if wanted:
        raise RefusedError("return_indices=True gives a second output; use False")


def _borders(x: Ref, padding: Sizes | str, kernel: Sequence[int], dilation: Sequence[int]) -> Any:
    """Padding as (top, left, bottom, right); `same` puts an odd row or column at the end."""
    if padding == "same":
        total = [step * (size - 1) for step, size in zip(dilation, kernel, strict=True)]
        before = [each // 2 for each in total]
        return (*before, total[0] - before[0], total[1] - before[1])
    return pair(x, 0 if isinstance(padding, str) else padding, 0) * 2


def _adaptive(build: Builder, x: Ref, output_size: Any) -> tuple[int, int]:
    size = plane(build, x)
    given = output_size if isinstance(output_size, (tuple, list)) else (output_size,) * 2
    wanted = (1, given[0]) if len(x.shape) == 2 else given
    filled = (have if want is None else want for have, want in zip(size, wanted, strict=True))
    rows, columns = map(int, filled)
    return rows, columns
