"""How torch's reshapes, sums and the like become nodes; the rules are `layers`' own."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
import torch

from exporters.frontends.builder import BATCH, Builder
from exporters.frontends.moves import joined
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.reshapes import padded, reshape, sliced, squeezed, unsqueezed
from exporters.frontends.windows import difference, shifted


def to(build: Builder, name: str, x: Ref, *args: Any, **options: Any) -> Ref:
    """Another place or floating point type."""
    kinds = [each for each in (*args, *options.values()) if isinstance(each, torch.dtype)]
    if any(not kind.is_floating_point for kind in kinds):
        raise RefusedError(f"to {kinds[0]}; only floating point types are supported")
    return build.add("identity", name, [x], attrs={"reason": "another place or type"})


def flatten(build: Builder, name: str, x: Ref, start_dim: int = 0, end_dim: int = -1) -> Ref:
    """Flatten of everything but the batch, or of the planes."""
    rank = len(x.shape) + 1
    start, end = start_dim % rank, end_dim % rank
    if x.shape == (1,) and (start, end) == (0, 1):
        return reshape(build, name, x, [BATCH])
    if start == 0 or end < start:
        raise RefusedError(f"flattens dimensions {start_dim} to {end_dim}; only from 1 or 2 to -1")
    inner = prod(x.shape[start - 1 : end])
    return reshape(build, name, x, [BATCH, *x.shape[: start - 1], inner, *x.shape[end:]])


def view(build: Builder, name: str, x: Ref, *shape: Any) -> Ref:
    """Reshape that keeps the batch."""
    return reshape(build, name, x, shape[0] if isinstance(shape[0], (tuple, list)) else shape)


def squeeze(build: Builder, name: str, x: Ref, dim: Any = None) -> Ref:
    """Axes of size one taken out."""
    axes = dim if dim is None or isinstance(dim, (tuple, list)) else (dim,)
    return squeezed(build, name, x, axes)


def unsqueeze(build: Builder, name: str, x: Ref, dim: int) -> Ref:
    """A new axis of size one."""
    return unsqueezed(build, name, x, (dim,))


def cat(build: Builder, name: str, tensors: Sequence[Any], dim: int = 0) -> Ref:
    """Concatenation along channels or features."""
    return joined(build, name, tensors, dim)


def pad(
    build: Builder, name: str, x: Ref, pad: Any, mode: str = "constant", value: Any = None
) -> Ref:
    """Zeros around planes and channels; `pad` counts from the last axis."""
    if mode != "constant" or (value or 0) != 0:
        raise RefusedError(f"pads with mode {mode!r}, value {value}; only zeros are supported")
    pairs = [(int(pad[2 * axis]), int(pad[2 * axis + 1])) for axis in range(len(pad) // 2)]
    missing = len(x.shape) - len(pairs)
    if missing < 0:
        raise RefusedError("pads the batch; that is not supported")
    return padded(build, name, x, [(0, 0)] * missing + pairs[::-1])


def constant_pad(build: Builder, name: str, x: Ref, padding: Any, value: float) -> Ref:
    """A padding module; only zeros."""
    return pad(build, name, x, padding, value=value)


def chunk(build: Builder, name: str, x: Ref, chunks: int, dim: int = 0) -> tuple[Ref, ...]:
    """Parts of equal size, but for the last."""
    return split(build, name, x, -(-x.shape[dim - 1] // chunks), dim)


def split(build: Builder, name: str, x: Ref, sizes: Any, dim: int = 0) -> tuple[Ref, ...]:
    """Parts along one axis."""
    axis = dim % (len(x.shape) + 1)
    if axis == 0:
        raise RefusedError("splits the batch; only other dimensions are supported")
    total = x.shape[axis - 1]
    if isinstance(sizes, int):
        sizes = [min(sizes, total - start) for start in range(0, total, sizes)]
    parts, start = [], 0
    for number, size in enumerate(sizes):
        keep = [slice(None)] * len(x.shape)
        keep[axis - 1] = slice(start, start + size)
        parts.append(sliced(build, f"{name}.{number}" if number else name, x, keep))
        start += size
    return tuple(parts)


def add(build: Builder, name: str, x: Any, other: Any, alpha: float = 1) -> Ref:
    """Sum of two values of the network, or of one and a constant."""
    if isinstance(x, Ref) and isinstance(other, Ref):
        if alpha != 1:
            return difference(build, name, x, other, alpha)
        return build.add("add", name, [x, other])
    if isinstance(x, Ref):
        return shifted(build, name, x, np.ones(()), alpha * np.asarray(other, np.float32))
    return shifted(build, name, other, np.full((), alpha), np.asarray(x, np.float32))


def sub(build: Builder, name: str, x: Any, other: Any, alpha: float = 1) -> Ref:
    """Difference of two values of the network, or of one and a constant."""
    return add(build, name, x, other, -alpha)


def mul(build: Builder, name: str, x: Any, other: Any) -> Ref:
    """Product with a constant per channel."""
    if isinstance(x, Ref) and isinstance(other, Ref):
        raise RefusedError("multiplies two values of the network; that is not linear")
    value, constant = (x, other) if isinstance(x, Ref) else (other, x)
    return shifted(build, name, value, np.asarray(constant, np.float32), np.zeros(()))


def div(build: Builder, name: str, x: Any, other: Any) -> Ref:
    """Quotient by a constant per channel."""
    if isinstance(other, Ref):
        raise RefusedError("divides by a value of the network; that is not linear")
    return shifted(build, name, x, 1 / np.asarray(other, np.float64), np.zeros(()))


def neg(build: Builder, name: str, x: Ref) -> Ref:
    """The value with its sign turned."""
    return shifted(build, name, x, -np.ones(()), np.zeros(()))


def dropout(
    build: Builder, name: str, x: Ref, p: float = 0.5, training: bool = True, inplace: bool = False
) -> Ref:
    """Dropout, which does nothing at inference."""
    if training and p > 0:
        raise RefusedError("stays active at inference; pass training=self.training")
    return build.add("identity", name, [x], attrs={"reason": "dropout"})


def stochastic_depth(build: Builder, name: str, x: Ref, p: float, mode: str, training: bool) -> Ref:
    """Whole branches dropped in training; nothing at inference."""
    return dropout(build, name, x, p, training)


def identity(build: Builder, name: str, x: Ref, *args: Any, **options: Any) -> Ref:
    """Nothing at all."""
    return build.add("identity", name, [x], attrs={"reason": "identity"})
