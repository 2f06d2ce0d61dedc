"""Front end for torch: a module, traced by `torch.fx`, becomes a graph.

The caller's module is never touched: a copy in inference mode is read, and the graph is then
compared with that copy on random samples, so that nothing can be misread in silence.
"""

from __future__ import annotations

import copy
import operator
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from torch import fx, nn
from torch.nn.utils import parametrize

from exporters.builder import BATCH, Batch, Builder, Ref, RefusedError, Unknown
from exporters.factory import load_factory
from exporters.graph import Graph
from exporters.torch_table import FUNCTIONS, IN_PLACE, METHODS, MODULES, SUPPORTED
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Shape

__all__ = ["from_torch", "load_factory"]

TOLERANCE = 1e-3
"""Largest difference between graph and module, relative to the module's largest output."""


def from_torch(module: Any, sample_shape: Sequence[int]) -> Graph:
    """The graph of a torch module in inference mode.

    module       : takes float32[N, *sample_shape] and returns one tensor; stays unchanged
    sample_shape : (C, H, W) or (F,)

    Nodes are called as their modules (`features.0`), functions as `torch.fx` calls them.
    Raises `UnsupportedError` with every module, function or hook that cannot be read.
    """
    title = type(module).__name__
    _refuse_hooks(module)
    copied = copy.deepcopy(module).cpu().float().eval()
    if _kind(copied) in MODULES:  # tracing would enter a layer that stands alone
        copied = nn.Sequential(OrderedDict({title.lower(): copied}))
    try:
        traced = fx.symbolic_trace(copied)
    except Exception as error:  # whatever the model's own code raises on symbols
        raise UnsupportedError(
            f"{title}: torch.fx cannot follow its forward ({_line(error)}); remove control flow "
            "that depends on data, or export it with torch.onnx and give the ONNX file"
        ) from error
    graph = _Reader(traced, tuple(sample_shape)).read()
    _compare(graph, copied, title)
    return graph


class _Reader:
    """Walks a traced module; `values` holds what each of its nodes stands for."""

    def __init__(self, traced: fx.GraphModule, shape: Shape) -> None:
        self.traced = traced
        self.shape = shape
        self.build = Builder(SUPPORTED)
        self.values: dict[fx.Node, Any] = {}
        self.modules = dict(traced.named_modules(remove_duplicate=False))

    def read(self) -> Graph:
        """The graph of the whole module."""
        output: Any = None
        for node in self.traced.graph.nodes:
            if node.op == "output":
                output = self._argument(node.args[0])
            else:
                self.values[node] = self._value(node)
        if not isinstance(output, (Ref, Unknown)):
            self.build.refuse("output", type(output).__name__, "return one tensor only")
        return self.build.finish(output)

    def _value(self, node: fx.Node) -> Any:
        args = [self._argument(each) for each in node.args]
        options = {key: self._argument(each) for key, each in node.kwargs.items()}
        if any(isinstance(each, Unknown) for each in _leaves([args, list(options.values())])):
            return Unknown()
        name = str(node.target) if node.op == "call_module" else node.name
        try:
            value = getattr(self, f"_{node.op}")(node, args, options)
        except RefusedError as error:
            return self.build.refuse(name, self._title(node), str(error))
        except (TypeError, ValueError, IndexError, AttributeError) as error:
            reason = f"called in a form that is not supported ({_line(error)})"
            return self.build.refuse(name, self._title(node), reason)
        if node.target in IN_PLACE or options.get("inplace") or self._is_in_place(node):
            self.values[node.args[0]] = value
        return value

    def _placeholder(self, node: fx.Node, args: list[Any], options: dict[str, Any]) -> Any:
        if self.build.nodes:
            raise RefusedError("a second input; only one is supported, wrap the module")
        return self.build.add("input", "input", attrs={"shape": self.shape})

    def _get_attr(self, node: fx.Node, args: list[Any], options: dict[str, Any]) -> Any:
        return _array(operator.attrgetter(str(node.target))(self.traced))

    def _call_module(self, node: fx.Node, args: list[Any], options: dict[str, Any]) -> Any:
        module = self.modules[str(node.target)]
        read = MODULES.get(_kind(module))
        if read is None:
            raise RefusedError(self.build.not_supported(_kind(module).__name__))
        handler, settings = read(module)
        settings = {key: _array(value) for key, value in settings.items()}
        return handler(self.build, str(node.target), *args, **options, **settings)

    def _call_function(self, node: fx.Node, args: list[Any], options: dict[str, Any]) -> Any:
        if any(isinstance(each, Ref) for each in _leaves([args, list(options.values())])):
            if node.target is getattr and args[1] == "shape":
                return (BATCH, *args[0].shape)
            handler = FUNCTIONS.get(node.target)
            if handler is None:
                raise RefusedError(self.build.not_supported(self._title(node)))
            return handler(self.build, node.name, *args, **options)
        if any(isinstance(each, Batch) for each in args):
            raise RefusedError("computes with the batch size; use -1 or size(0) as it is")
        return node.target(*args, **options)  # constants and sizes

    def _call_method(self, node: fx.Node, args: list[Any], options: dict[str, Any]) -> Any:
        method = str(node.target)
        if method in ("size", "dim") and isinstance(args[0], Ref):
            shape = (BATCH, *args[0].shape)
            if method == "dim":
                return len(shape)
            chosen = [*args[1:], *options.values()]
            return shape[chosen[0]] if chosen else shape
        if method not in METHODS or not isinstance(args[0], Ref):
            raise RefusedError(self.build.not_supported(method))
        return METHODS[method](self.build, node.name, *args, **options)

    def _argument(self, value: Any) -> Any:
        return fx.node.map_aggregate(
            value, lambda each: self.values[each] if isinstance(each, fx.Node) else each
        )

    def _is_in_place(self, node: fx.Node) -> bool:
        module = self.modules.get(str(node.target)) if node.op == "call_module" else None
        return bool(getattr(module, "inplace", False))

    def _title(self, node: fx.Node) -> str:
        if node.op == "call_module":
            return _kind(self.modules[str(node.target)]).__name__
        if node.op == "call_function":
            return str(getattr(node.target, "__name__", node.target))
        return str(node.target) if node.op == "call_method" else node.op


def _refuse_hooks(module: nn.Module) -> None:
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


def _compare(graph: Graph, module: nn.Module, title: str) -> None:
    """Raise `UnsupportedError` unless graph and module give the same on random samples."""
    shape = graph.shapes()[graph.input.name]
    samples = np.random.default_rng(0).normal(size=(2, *shape)).astype(np.float32)
    with torch.no_grad():
        expected = module(torch.from_numpy(samples.copy())).numpy()
    found = graph.evaluate(samples)
    error = np.abs(found - expected).max() if found.shape == expected.shape else np.inf
    if not error <= TOLERANCE * max(1e-6, np.abs(expected).max()):
        raise UnsupportedError(
            f"{title}: the graph read from it differs from its output by {error:.3g}; it has "
            "effects that torch.fx does not see, export it with torch.onnx and give the ONNX file"
        )


def _kind(module: nn.Module) -> type:
    """The module's type, without the class that a parametrization puts before it."""
    kind = type(module)
    return kind.__bases__[0] if parametrize.is_parametrized(module) else kind


def _array(value: Any) -> Any:
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def _leaves(values: Any) -> Iterator[Any]:
    if isinstance(values, (list, tuple)):
        for each in values:
            yield from _leaves(each)
    else:
        yield values


def _line(error: Exception) -> str:
    """The first line of an error's text."""
    return next(iter(str(error).splitlines()), type(error).__name__).rstrip(".")
