"""What there is to know of torch modules and their results before and after tracing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (its name everywhere)
from torch import fx, nn
from torch.nn.utils import parametrize

from onespike_lava.errors import UnsupportedError


class Tracer(fx.Tracer):  # type: ignore[misc]
    """Also follows functions of C that take a size of a tensor, `F.avg_pool2d(x, x.size(3))`."""

    def __init__(self) -> None:
        super().__init__(autowrap_functions=(F.avg_pool1d, F.avg_pool2d))
        self._autowrap_search.append(F)


def refuse_hooks(module: nn.Module) -> None:
    """Tracing passes hooks by, so a model with hooks could be misread."""
    found = []
    for name, each in module.named_modules():
        hooks = len(each._forward_hooks) + len(each._forward_pre_hooks)
        if hooks:
            found.append(f"{name or 'the model'} ({type(each).__name__}): {hooks} forward hooks")
    if found:
        raise UnsupportedError(
            f"{'; '.join(found)}; what hooks do cannot be read, remove them (handle.remove(), "
            "torch.nn.utils.remove_weight_norm, remove_spectral_norm)"
        )


def outputs_of(result: Any) -> dict[str, Any]:
    """What a module returns, by key or number; a single value is called `0`."""
    if isinstance(result, dict):
        return {str(key): value for key, value in result.items()}
    values = result if isinstance(result, (tuple, list)) else [result]
    return {str(number): value for number, value in enumerate(values)}


def kind_of(module: nn.Module) -> type:
    """The module's type, without the class that a parametrization puts before it."""
    kind = type(module)
    return kind.__bases__[0] if parametrize.is_parametrized(module) else kind


def node_title(node: fx.Node, modules: Mapping[str, nn.Module]) -> str:
    """What a traced node is, in an error's words: a module's class, a function, a method."""
    if node.op == "call_module":
        return kind_of(modules[str(node.target)]).__name__
    if node.op == "call_function":
        return str(getattr(node.target, "__name__", node.target))
    return str(node.target) if node.op == "call_method" else str(node.op)


def array(value: Any) -> Any:
    """A tensor as a NumPy array, anything else as it is."""
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def leaves(values: Any) -> list[Any]:
    """What nested lists, tuples, dictionaries and slices hold."""
    found: list[Any] = []
    fx.node.map_aggregate(values, found.append)
    return found


def line(error: Exception) -> str:
    """The first line of an error's text."""
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
