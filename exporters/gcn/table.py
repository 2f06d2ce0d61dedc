"""The operations of torch that graph networks are read from."""

from __future__ import annotations

import operator
from collections.abc import Callable
from enum import Enum
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F  # noqa: N812

from exporters.gcn.chain import Chain
from onespike_lava.errors import UnsupportedError


class Given(Enum):
    """The second and third input of a model."""

    ADJACENCY = "the adjacency, or its edges"
    WEIGHTS = "the weights of its edges"


def given(adjacency: Any) -> Any:
    """The adjacency as it is."""
    return adjacency


def array(tensor: Any) -> Any:
    """A tensor as float64, None as None."""
    return None if tensor is None else tensor.detach().numpy().astype(np.float64)


def product(name: str, one: Any, two: Any) -> Chain:
    """`A X`, or `X W`."""
    if one is Given.ADJACENCY and isinstance(two, Chain):
        return two.then("sum", name, given)
    if isinstance(one, Chain) and isinstance(two, torch.Tensor) and two.ndim == 2:
        return one.map(name, array(two).T)
    raise UnsupportedError("a product of other things than A X or X W; write the layer so")


def linear(name: str, x: Chain, weight: Any, bias: Any = None) -> Chain:
    """`X W^T + b`."""
    return x.map(name, array(weight), array(bias))


def add(name: str, one: Any, two: Any, **options: Any) -> Chain:
    """A bias; sums of two values of the nodes are refused."""
    x, other = (one, two) if isinstance(one, Chain) else (two, one)
    if not isinstance(x, Chain) or not isinstance(other, torch.Tensor) or options:
        raise UnsupportedError("adds two values of the nodes; only a bias may be added")
    return x.bias(name, array(other))


def relu(name: str, x: Chain, *options: Any, **more: Any) -> Chain:
    """ReLU; spikes carry what is behind it."""
    return x.then("relu", name)


def same(name: str, x: Chain, *options: Any, **more: Any) -> Chain:
    """Nothing, in inference mode."""
    return x


def tail(name: str, x: Chain, dim: Any = None, *options: Any, **more: Any) -> Chain:
    """A softmax or its logarithm, left out: it keeps the order of classes."""
    if dim not in (1, -1):
        raise UnsupportedError(f"along dimension {dim}; only along 1, the classes")
    return Chain(x.steps, tail=True)


def norm(module: Any, name: str, x: Chain) -> Chain:
    """Batch norm of features: a diagonal map and a bias."""
    scale = 1 / np.sqrt(array(module.running_var) + module.eps)
    gamma = scale if module.weight is None else scale * array(module.weight)
    beta = 0.0 if module.bias is None else array(module.bias)
    return x.map(name, np.diag(gamma), beta - gamma * array(module.running_mean))


MODULES: dict[type, Callable[..., Chain]] = {
    nn.Linear: lambda module, name, x: linear(name, x, module.weight, module.bias),
    nn.BatchNorm1d: norm,
    nn.ReLU: lambda module, name, x: relu(name, x),
    nn.Softmax: lambda module, name, x: tail(name, x, module.dim),
    nn.LogSoftmax: lambda module, name, x: tail(name, x, module.dim),
    **dict.fromkeys((nn.Dropout, nn.Identity), lambda module, name, x: x),
}

FUNCTIONS: dict[Any, Callable[..., Chain]] = {
    **dict.fromkeys(
        (torch.mm, torch.matmul, operator.matmul, torch.sparse.mm, torch.spmm), product
    ),
    F.linear: linear,
    **dict.fromkeys((operator.add, operator.iadd, torch.add), add),
    **dict.fromkeys((F.relu, torch.relu, torch.relu_), relu),
    **dict.fromkeys((F.dropout, torch.dropout), same),
    **dict.fromkeys((F.softmax, F.log_softmax, torch.softmax, torch.log_softmax), tail),
}

METHODS: dict[str, Callable[..., Chain]] = {
    **dict.fromkeys(("mm", "matmul", "spmm", "__matmul__"), product),
    **dict.fromkeys(("add", "add_", "__add__"), add),
    **dict.fromkeys(("relu", "relu_"), relu),
    **dict.fromkeys(("contiguous", "float", "clone", "detach"), same),
    **dict.fromkeys(("softmax", "log_softmax"), tail),
}
