"""What there is to know of torch modules and their results before and after tracing."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import torch
import torch.nn.functional as F  # noqa: N812  (its name everywhere)
from numpy.typing import NDArray
from torch import fx, nn
from torch.jit import ScriptModule
from torch.nn.utils import parametrize
from torch.optim.swa_utils import AveragedModel

from onespike_lava.errors import UnsupportedError


class Tracer(fx.Tracer):  # type: ignore[misc]
    """Also follows functions of C that take a size of a tensor, `F.avg_pool2d(x, x.size(3))`."""

    def __init__(self) -> None:
        super().__init__(autowrap_functions=(F.avg_pool1d, F.avg_pool2d))
        self._autowrap_search.append(F)


QUANTISED = ("torch.ao.", "torch.nn.quantized", "torch.nn.qat", "torch.nn.intrinsic")
"""Where torch keeps modules that round their values, in training or for good."""

STUBS = ("QuantStub", "DeQuantStub", "QuantWrapper")
"""What marks a float model for quantisation and changes nothing."""


def outermost(module: nn.Module) -> nn.Module:
    """The model without wrappers around all of it; nothing is changed."""
    while (inner := _wrapped(module)) is not None:
        module = inner
    return module


def bare(module: nn.Module) -> nn.Module:
    """The model inside DataParallel, AveragedModel and torch.compile, whatever their order.

    Wrappers deeper in the model are taken out of it in place; each computes what it holds.
    """
    module = outermost(module)
    for name, child in list(module._modules.items()):  # a child may have several names
        if child is not None and (stripped := bare(child)) is not child:
            setattr(module, name, stripped)
    return module


def _wrapped(module: nn.Module) -> nn.Module | None:
    """What a wrapper holds; None for any other module."""
    if "_orig_mod" in module._modules:  # torch.compile's class has no public home
        return module._modules["_orig_mod"]
    wrappers = (nn.DataParallel, nn.parallel.DistributedDataParallel, AveragedModel)
    return module.module if isinstance(module, wrappers) else None


def own_copy(module: nn.Module) -> nn.Module:
    """A copy without wrappers, in float32 and inference mode, of a model that can be traced.

    Raises `UnsupportedError` for scripted and quantised modules, and for hooks.
    """
    refuse_kinds(module)
    refuse_hooks(module)
    copied: nn.Module = bare(copy.deepcopy(outermost(module))).cpu().float().eval()
    return copied


def with_defaults(module: nn.Module) -> nn.Module:
    """The module as one that is called with its first argument, the others at their defaults.

    `module(x)` stays what it was; symbols would stand for the defaults else. A module without
    defaults is returned as it is, another changes its class.
    """
    kind = type(module)
    given = list(inspect.signature(kind.forward).parameters.values())[2:]
    open_ones = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)
    if not given or any(e.default is e.empty and e.kind not in open_ones for e in given):
        return module
    alone = {"forward": lambda self, x: kind.forward(self, x), "__module__": kind.__module__}
    module.__class__ = type(kind.__name__, (kind,), alone)
    return module


def refuse_kinds(module: nn.Module) -> None:
    """Refuse modules that are no longer the float model, and say which to give."""
    scripted = [name for name, each in module.named_modules() if isinstance(each, ScriptModule)]
    if scripted:
        raise UnsupportedError(
            f"{scripted[0] or 'model'} (torch.jit): a scripted module cannot be traced; give the "
            "module that it was made of"
        )
    kinds = {name: type(each) for name, each in module.named_modules()}
    names = [
        name
        for name, kind in kinds.items()
        if kind.__module__.startswith(QUANTISED) and kind.__name__ not in STUBS
    ]
    outer = [name for name in names if name.rpartition(".")[0] not in names]
    found = [f"{name} ({kinds[name].__name__})" for name in outer]
    if found:
        more = f" and {len(found) - 3} more" if len(found) > 3 else ""
        raise UnsupportedError(
            f"{', '.join(found[:3])}{more}: quantised, or prepared for it; give the float model, "
            "from before torch.ao.quantization changed it"
        )


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


def value_of(
    root: nn.Module, trace: fx.Graph, name: str, inputs: list[torch.Tensor]
) -> NDArray[Any]:
    """The value of the node `name` of a trace for the module's inputs."""
    found: dict[str, torch.Tensor] = {}

    class Watch(fx.Interpreter):  # type: ignore[misc]
        def run_node(self, node: fx.Node) -> Any:
            value = super().run_node(node)
            if node.name == name:
                found[name] = value.clone()  # what follows may write into it
            return value

    Watch(fx.GraphModule(root, trace)).run(*inputs)
    return found[name].numpy()


def kind_of(module: nn.Module) -> type:
    """The module's type, without the class that a parametrization puts before it."""
    kind = type(module)
    return kind.__bases__[0] if parametrize.is_parametrized(module) else kind


def node_title(node: fx.Node, modules: Mapping[str, nn.Module]) -> str:
    """What a traced node is, in an error's words: a module's class, a function, a method."""
    if node.op == "call_module":
        return kind_of(modules[str(node.target)]).__name__
    if isinstance(node.target, torch._ops.OpOverload):
        return str(node.target.overloadpacket.__name__)
    if node.op == "call_function":
        return str(getattr(node.target, "__name__", node.target))
    if node.op == "placeholder":
        return "argument of forward"
    return str(node.target) if node.op == "call_method" else str(node.op)


def array(value: Any) -> Any:
    """A tensor as a NumPy array, anything else as it is."""
    return value.detach().numpy() if isinstance(value, torch.Tensor) else value


def leaves(values: Any) -> list[Any]:
    """What nested lists, tuples, dictionaries and slices hold."""
    found: list[Any] = []
    mapped(values, found.append)
    return found


def mapped(values: Any, make: Callable[[Any], Any]) -> Any:
    """The same lists, tuples, dictionaries and slices, of what `make` makes of what they hold."""
    return fx.node.map_aggregate(values, make)
