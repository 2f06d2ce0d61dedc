"""What each call of a module's run stands for: nodes of the graph of one step."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from torch import nn

from exporters.frontends.builder import Builder, Ref, RefusedError, Unknown
from exporters.frontends.refusals import line
from exporters.frontends.spiking.layout import (
    MOVED,
    RANDOM,
    REDUCED,
    REPEATED,
    SAME,
    SHAPED,
    Layout,
    dims_of,
    order_of,
)
from exporters.frontends.spiking.neurons import kind_of, remembers
from exporters.frontends.spiking.probe import Probed, probe
from exporters.frontends.spiking.values import (
    LayoutError,
    Over,
    Sizes,
    Value,
    joined,
    summed,
)
from exporters.frontends.torch.models import leaves
from exporters.frontends.torch.table import FUNCTIONS, METHODS

ERRORS = (TypeError, ValueError, IndexError, AttributeError, AssertionError)
"""What handlers raise for calls in forms that they do not know."""

LINEAR = ("conv", "linear", "batchnorm", "avgpool", "flatten", "identity", "slice")
"""Nodes that may stand behind values put together over steps: they are those of each step."""

TAILS = ("softmax", "log_softmax", "argmax", "_log_softmax", "_softmax")
"""What may stand behind the result and keeps the order of classes."""


@dataclass(frozen=True)
class State:
    """What a neuron keeps, of no use but to itself in the next step."""

    neuron: str
    step: int


def is_leaf(module: nn.Module) -> bool:
    """Whether a call of the module is one of the reader's, its own code passed by."""
    return remembers(module) or votes(module)


def votes(module: nn.Module) -> bool:
    """Whether it is a voting layer: means of as many neighbouring outputs as `voting_size`."""
    return any(each.__name__ == "VotingLayer" for each in type(module).__mro__)


class Calls:
    """Reader of a tape. Calls that come again in later steps give the nodes of the first one.

    build  : the graph of one step
    counts : neuron -> how often it was called a step at a time
    forms  : neuron -> what it was found to be
    """

    def __init__(self, build: Builder, sizes: Sizes) -> None:
        self.build = build
        self.layout = Layout(build, sizes, self._made)
        self.cache: dict[Hashable, Any] = {}
        self.counts: dict[str, int] = {}
        self.forms: dict[str, Probed] = {}
        self.fed: dict[str, str] = {}

    def function(self, name: str, call: Any, args: Any, options: Any, result: Any) -> Any:
        """What a function's result stands for."""
        kind = call.__name__.strip("_") if call.__name__.startswith("__") else call.__name__
        kind = kind.removesuffix("_") if kind.removesuffix("_") in METHODS else kind
        return self._refusing(name or kind, kind, lambda: self._read(
            name or kind, kind, call, list(args), dict(options), result
        ), [args, list(options.values())])

    def leaf(self, name: str, module: nn.Module, args: Any, options: Any, result: Any) -> Any:
        """What a leaf module's result stands for."""
        read = self._vote if votes(module) else self._neuron
        given = [*args, *options.values()]
        title = type(module).__name__
        return self._refusing(name, title, lambda: read(name, module, given, result), given)

    def _refusing(self, name: str, title: str, read: Callable[[], Any], held: Any) -> Any:
        if any(isinstance(each, Unknown) for each in leaves(held)):
            return Unknown()
        try:
            return read()
        except RefusedError as error:
            return self.build.refuse(name, title, str(error))
        except ERRORS as error:
            why = f"called in a form that is not supported ({line(error)})"
            return self.build.refuse(name, title, why)

    def _made(self, key: Hashable, make: Callable[[], Any]) -> Any:
        if key not in self.cache:
            self.cache[key] = make()
        return self.cache[key]

    def _read(self, name: str, kind: str, call: Any, args: Any, options: Any, result: Any) -> Any:
        if any(isinstance(each, State) for each in leaves([args, options])):
            raise RefusedError("computes with a neuron's state; only the neuron itself may")
        if kind in RANDOM:
            raise RefusedError("draws random numbers; encode outside and give events [N, T, ...]")
        if kind in ("stack", "cat", "concat", "concatenate"):
            return self._together(name, kind, args, options)
        first = args[0]
        if not isinstance(first, Value):
            return self._generic(name, kind, call, args, options)
        if not isinstance(result, (torch.Tensor, tuple, list)):
            raise RefusedError("reads values to decide or count; do that outside")
        rank = first.axes + len(first.ref.shape)
        if kind in SAME and getattr(result, "shape", None) is not None:
            return first
        if kind in SHAPED:
            return self.layout.shaped(name, first, result.shape)
        if kind in MOVED:
            return self.layout.moved(first, order_of(kind, rank, args[1:], options))
        if kind in REPEATED:
            return self.layout.repeated(first, result.shape)
        if kind in TAILS:
            return first
        if kind in REDUCED:
            return self._reduce(name, kind, call, first, args, options, rank)
        if kind == "unbind":
            return self.layout.steps_of(first)
        if kind == "getitem":
            picked, rest = self.layout.picked(first, args[1])
            whole = all(each == slice(None) for each in rest)
            return picked if whole else self._generic(name, kind, call, [picked, rest], options)
        if kind in ("chunk", "split", "flip", "cumsum", "roll"):
            raise RefusedError(f"{kind} is not supported where there are steps; write it out")
        return self._generic(name, kind, call, args, options)

    def _together(self, name: str, kind: str, args: Any, options: Any) -> Any:
        parts = args[0]
        axis = options.get("dim", args[1] if len(args) > 1 else 0)
        if kind == "stack":
            return self.layout.stacked(parts, axis)
        if all(isinstance(each, Value) and each.lead == "1N" for each in parts) and axis == 0:
            return self.layout.stacked(parts, 0)
        ahead = {each.axes for each in parts if isinstance(each, Value)}
        shift = ahead.pop() - 1
        return self._generic(name, "cat", torch.cat, [list(parts), axis - shift], {})

    def _reduce(
        self, name: str, kind: str, call: Any, x: Value, args: Any, options: Any, rank: int
    ) -> Any:
        if kind == "max" and isinstance((args[1:] or [0])[0], Value):
            raise RefusedError("a maximum of two values is not supported")
        dims = dims_of(args[1:], options, rank)
        found = self.layout.reduced(x, kind, dims, rank)
        if found is not None:
            return [found, None] if kind == "max" else found
        inner = [dim % rank - x.axes + 1 for dim in dims]
        if min(inner) < 1 or kind == "sum":
            raise RefusedError(f"{kind} over axes {dims}; only means over rows and columns")
        keep = bool(options.get("keepdim", args[2] if len(args) > 2 else False))
        return self._generic(name, kind, call, [x, inner], {"keepdim": keep})

    def _generic(self, name: str, kind: str, call: Any, args: Any, options: Any) -> Any:
        """A function of each step, as other networks have it."""
        values = [each for each in leaves([args, options]) if isinstance(each, Value)]
        simple = self._scaled(kind, values, args)
        if simple is not None:
            return simple
        if any(each.potential for each in values):
            raise RefusedError("computes with potentials; only what is read at the end takes them")
        lead, step = joined(values)
        handler = FUNCTIONS.get(call) or METHODS.get(kind)
        if kind in ("radd", "rmul"):
            handler = METHODS[kind[1:]]
        if kind in ("rsub", "rdiv", "rtruediv"):
            raise RefusedError(self.build.not_supported(kind))
        if kind == "getitem":
            from exporters.frontends.torch.values import item as handler  # type: ignore[assignment]
        if handler is None:
            raise RefusedError(self.build.not_supported(kind))
        seen = [_plain(args), {key: _plain(each) for key, each in options.items()}]
        key = (name, kind, repr(_key(seen)))
        ref = self._made(key, lambda: handler(self.build, name, *seen[0], **seen[1]))
        over = values[0].over
        if over is not None and not self._commutes(ref, over):
            raise RefusedError("stands behind values put together over steps; put it before")
        refs = ref if isinstance(ref, tuple) else (ref,)
        found = tuple(Value(each, lead, step, over=over) for each in refs)
        return found if isinstance(ref, tuple) else found[0]

    def _scaled(self, kind: str, values: list[Value], args: Any) -> Value | None:
        """A sum over steps, a first summand of 0, or a number times what was put together."""
        if kind in ("add", "iadd", "radd") and len(values) == 2:
            return summed(*values)
        if len(values) != 1 or len(args) < 2:
            return None
        (value,) = values
        number = next((each for each in args if not isinstance(each, Value)), None)
        number = number.item() if isinstance(number, torch.Tensor) and number.numel() == 1 else number
        if kind in ("add", "iadd", "radd"):
            zero = not np.any(np.asarray(_plain(number), float))
            return value if zero else None
        if value.over is None or not isinstance(number, (int, float)):
            return None
        factor = {"mul": number, "rmul": number, "div": 1 / (number or 1)}
        factor |= {"truediv": factor["div"], "itruediv": factor["div"], "imul": number}
        if kind not in factor or not factor[kind] > 0:
            return None
        over = value.over
        return replace(value, over=Over(over.take, over.steps, over.factor * factor[kind]))

    def _commutes(self, ref: Ref, over: Over) -> bool:
        """Whether a node may as well stand in each step."""
        mean = over.take == "sum" and abs(over.factor * len(over.steps) - 1) < 1e-9
        return self.build.nodes[ref.name].op in LINEAR and (mean or over.take == "last")

    def _vote(self, name: str, module: Any, args: Any, result: Any) -> Value:
        (x,) = args
        size, features = int(module.voting_size), x.ref.shape[-1]
        if len(x.ref.shape) != 1 or features % size:
            raise RefusedError(f"votes over {list(x.ref.shape)}; only over features")
        weight = np.kron(np.eye(features // size), np.full((1, size), 1 / size))
        made = lambda: self.build.add(  # noqa: E731
            "linear", name, [x.ref], {"weight": weight}, {"fixed": True}, exact=True
        )
        ref = self._made((name, "vote", x.ref.name), made)
        if x.over is not None and not self._commutes(ref, x.over):
            raise RefusedError("votes on what was put together over steps; put it before")
        return replace(x, ref=ref)

    def _neuron(self, name: str, module: nn.Module, args: Any, result: Any) -> Any:
        x, *states = args
        kind = kind_of(module)
        layout = kind.layout(module)
        if not isinstance(x, Value) or x.over is not None or x.potential:
            raise RefusedError("reads what was put together over steps, or potentials")
        if layout != x.lead:
            raise LayoutError(
                f"{name} ({type(module).__name__}) takes {_axes(layout)} and gets {_axes(x.lead)}"
            )
        step = self.counts.get(name, 0)
        self.counts[name] = step + 1
        self._check_call(name, x, states, step)
        node = self._made((name, "neuron"), lambda: self._found(name, module, x.ref))
        where = step if layout == "N" else None
        spikes = Value(node, x.lead, where, potential=kind.value)
        if isinstance(result, torch.Tensor):
            return self._decoded(module, spikes)
        if isinstance(result, list):
            return self.layout.steps_of(spikes)
        state = State(name, step)
        last = Value(node, x.lead, where, potential=True) if self.forms[name].shows else state
        rest = [state] * (len(result) - 2)
        shown = last if isinstance(result[-1], torch.Tensor) else state
        return [spikes, *rest, shown]

    def _found(self, name: str, module: nn.Module, x: Ref) -> Ref:
        found = self.forms[name] = probe(module, x.shape)
        form = found.form
        return self.build.add("neuron", name, [x], form.numbers(), form.settings(), exact=True)

    def _check_call(self, name: str, x: Value, states: Any, step: int) -> None:
        if self.fed.setdefault(name, x.ref.name) != x.ref.name:
            raise RefusedError("is called on different values; give each its own neurons")
        if x.step not in (None, step):
            raise RefusedError(f"is called for the {step + 1}th time with step {x.step + 1}")
        for each in leaves(states):
            own = isinstance(each, State) and each == State(name, step - 1)
            if isinstance(each, Value):
                own = each.potential and each.step == step - 1 and each.ref.name == name
            fresh = step == 0 and isinstance(each, torch.Tensor) and not bool(each.any())
            if not (own or fresh or each is None):
                raise RefusedError("gets a state that is not its own of the step before")

    def _decoded(self, module: Any, spikes: Value) -> Value:
        """What a neuron that never fires makes of its potentials itself."""
        takes = {"max-mem": "maximum", "mean-mem": "sum", "last_mem": "last"}
        decode = getattr(module, "decode", None)
        if decode is None:
            return spikes
        if decode not in takes:
            raise RefusedError(f"decodes by {decode}; use one of {', '.join(takes)}")
        steps = self.layout.sizes.steps
        assert steps is not None
        factor = 1 / steps if decode == "mean-mem" else 1.0
        over = Over(takes[decode], frozenset(range(steps)), factor)
        return replace(spikes, lead="N", step=None, over=over)


def _plain(values: Any) -> Any:
    """Nodes and arrays in the place of values and tensors."""
    if isinstance(values, Value):
        return values.ref
    if isinstance(values, torch.Tensor):
        return values.detach().numpy()
    if isinstance(values, (list, tuple)):
        return [_plain(each) for each in values]
    return values


def _key(values: Any) -> Any:
    """What tells two calls apart: arrays by where they lie and by their first numbers."""
    if isinstance(values, np.ndarray):
        flat = values.reshape(-1)
        head = flat.tobytes() if flat.size <= 64 else (values.ctypes.data, flat[:8].tobytes())
        return values.shape, head
    if isinstance(values, Mapping):
        return {key: _key(each) for key, each in values.items()}
    if isinstance(values, (list, tuple)):
        return [_key(each) for each in values]
    return values.name if isinstance(values, Ref) else values


def _axes(lead: str) -> str:
    words = {"N": "one step [N, ...]", "TN": "[T, N, ...]", "NT": "[N, T, ...]"}
    words |= {"T*N": "[T * N, ...]", "N*T": "[N * T, ...]", "1N": "[1, N, ...]"}
    return words[lead]
