"""What a function's result stands for: nodes of the graph of one step, steps moved or added up."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import torch

from exporters.frontends.builder import Builder
from exporters.frontends.forms import formed
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.spiking.joins import conjunction, opposite, sum_pool
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
from exporters.frontends.spiking.values import Over, Sizes, Value, joined, summed
from exporters.frontends.torch.models import leaves
from exporters.frontends.torch.moves import item
from exporters.frontends.torch.table import FUNCTIONS, METHODS

LINEAR = ("conv", "linear", "batchnorm", "avgpool", "flatten", "identity", "slice")
"""Nodes that may stand behind values put together over steps: they are those of each step."""

REFUSED = ("chunk", "split", "flip", "cumsum", "roll")
"""What would take steps apart, or put them together, in ways that are not read."""

JOINED = ("stack", "cat", "concat", "concatenate")
"""What puts values together that stand in a list."""

TAILS = ("softmax", "log_softmax", "argmax", "_log_softmax", "_softmax")
"""What may stand behind the result and keeps the order of classes."""


@dataclass(frozen=True)
class State:
    """What a neuron keeps, of no use but to itself in the next step."""

    neuron: str
    step: int


OTHERS: dict[str, Callable[..., Any]] = {
    "getitem": item,
    "lp_pool2d": sum_pool,
    "logical_and": conjunction,
}
"""Functions beyond those that other networks have."""


class Functions:
    """Reader of a tape's functions. Those that come again in later steps give the same nodes.

    build : the graph of one step
    tails : what stands behind the result and was left out
    """

    def __init__(self, build: Builder, sizes: Sizes) -> None:
        self.build = build
        self.layout = Layout(build, sizes, self.made)
        self.cache: dict[Hashable, Any] = {}
        self.tails: set[str] = set()

    def made(self, key: Hashable, make: Callable[[], Any]) -> Any:
        """What `make` makes, once for each key."""
        if key not in self.cache:
            self.cache[key] = self._plain_order(make())
        return self.cache[key]

    def _plain_order(self, found: Any) -> Any:
        """Values in their nodes' own order: here they are told apart by node and shape alone."""
        if isinstance(found, tuple):
            return tuple(map(self._plain_order, found))
        return found if found.order is None else formed(self.build, found)

    def is_known(self, kind: str, call: Any) -> bool:
        """Whether a function is read at all."""
        moves = (*SAME, *TAILS, *SHAPED, *MOVED, *REPEATED, *REDUCED, *JOINED, "unbind", "getitem")
        plain = (
            kind in OTHERS
            or kind in METHODS
            or kind.removeprefix("r") in METHODS
            or call in FUNCTIONS
        )
        return plain or kind in moves

    def read(self, name: str, kind: str, call: Any, args: Any, options: Any, result: Any) -> Any:
        """The value of a call; `RefusedError` for one that is not read."""
        held = leaves([args, options])
        if any(isinstance(each, State) for each in held):
            raise RefusedError("computes with a neuron's state; only the neuron itself may")
        ends = any(isinstance(each, Value) and each.tail for each in held)
        if ends and kind not in (*SAME, *TAILS):
            raise RefusedError(
                "reads a softmax or argmax, which only the end of a network may be; leave it out"
            )
        if kind in RANDOM:
            raise RefusedError("draws random numbers; encode outside and give events [N, T, ...]")
        if kind in REFUSED:
            raise RefusedError(f"{kind} is not supported where there are steps; write it out")
        if not isinstance(result, (torch.Tensor, tuple, list)):
            raise RefusedError("reads values to decide or count; do that outside")
        if kind in JOINED:
            return self._together(name, kind, args, options)
        if not isinstance(args[0], Value):
            return self._generic(name, kind, call, args, options)
        return self._of_value(name, kind, call, args, options, result)

    def _of_value(
        self, name: str, kind: str, call: Any, args: Any, options: Any, result: Any
    ) -> Any:
        """What is called on a value of the network."""
        first, layout = args[0], self.layout
        rank = first.axes + len(first.ref.shape)
        moves: dict[str, Callable[[], Any]] = {
            **dict.fromkeys(SAME, lambda: first),
            **dict.fromkeys(TAILS, lambda: self._tail(kind, first, args[1:], options, rank)),
            **dict.fromkeys(SHAPED, lambda: layout.shaped(name, first, result.shape)),
            **dict.fromkeys(
                MOVED, lambda: layout.moved(first, order_of(kind, rank, args[1:], options))
            ),
            **dict.fromkeys(REPEATED, lambda: layout.repeated(first, result.shape)),
            **dict.fromkeys(
                REDUCED, lambda: self._reduce(name, kind, call, first, args, options, rank)
            ),
            "unbind": lambda: layout.steps_of(first),
            "getitem": lambda: self._picked(name, call, first, args[1], options),
        }
        if kind in moves:
            return moves[kind]()
        return self._generic(name, kind, call, args, options)

    def _tail(self, kind: str, x: Value, args: Any, options: Any, rank: int) -> Value:
        """What keeps the order of classes, at the end: of what was put together over steps."""
        dim = options.get("dim", args[0] if args else None)
        if len(x.ref.shape) != 1 or not isinstance(dim, int) or dim % rank != x.axes:
            raise RefusedError(f"{kind} over {dim} is no softmax of classes; only that is read")
        if x.stepped or (x.over is None and x.step is None):
            raise RefusedError(f"{kind} of every step; put the steps together before")
        self.tails.add(kind)
        return replace(x, tail=True)

    def _picked(self, name: str, call: Any, x: Value, index: Any, options: Any) -> Any:
        picked, rest = self.layout.picked(x, index)
        if all(each == slice(None) for each in rest):
            return picked
        return self._generic(name, "getitem", call, [picked, rest], options)

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
        if len(x.ref.shape) == 2 and inner == [2] and kind in ("sum", "mean"):
            size = x.ref.shape[1]
            return self.grouped(name, x, size, 1.0 if kind == "sum" else 1 / size)
        if min(inner) < 1 or kind == "sum":
            raise RefusedError(f"{kind} over axes {dims}; only means over rows and columns")
        keep = bool(options.get("keepdim", args[2] if len(args) > 2 else False))
        return self._generic(name, kind, call, [x, inner], {"keepdim": keep})

    def grouped(self, name: str, x: Value, size: int, factor: float) -> Value:
        """Sums of `size` neighbouring features, times a factor: votes, population codes."""
        if self.build.shapes[x.ref.name] != (prod(x.ref.shape),):
            raise RefusedError("adds up rows or columns; only groups of features")
        if x.over is not None and x.over.take not in ("sum", "last"):
            raise RefusedError("adds up largest values of groups; add up before that")
        weight = np.kron(np.eye(prod(x.ref.shape) // size), np.full((1, size), factor))
        flat, fixed = Ref(x.ref.name, (prod(x.ref.shape),)), {"fixed": True}

        def make() -> Ref:
            return self.build.add("linear", name, [flat], {"weight": weight}, fixed, exact=True)

        return replace(x, ref=self.made((name, "groups", x.ref.name, size, factor), make))

    def _generic(self, name: str, kind: str, call: Any, args: Any, options: Any) -> Any:
        """A function of each step, as other networks have it."""
        values = [each for each in leaves([args, options]) if isinstance(each, Value)]
        simple = None if options else self._scaled(kind, values, args)
        if simple is not None:
            return simple
        if any(each.potential for each in values):
            raise RefusedError("computes with potentials; only what is read at the end takes them")
        lead, step = joined(values)
        handler: Callable[..., Any] | None = FUNCTIONS.get(call) or METHODS.get(kind)
        if kind in ("radd", "rmul"):
            handler = METHODS[kind[1:]]
        if kind in ("rsub", "mul", "imul", "logical_and") and len(values) == len(args):
            handler = conjunction
        elif kind == "rsub":
            handler = opposite
        handler = OTHERS.get(kind, handler)
        if handler is None:
            raise RefusedError(self.build.not_supported(kind))
        seen = [_plain(args), {key: _plain(each) for key, each in options.items()}]
        key = (name, kind, repr(_key(seen)))
        ref = self.made(key, lambda: handler(self.build, name, *seen[0], **seen[1]))
        over = values[0].over
        if over is not None and not self.commutes(ref, over):
            raise RefusedError("comes after values are put together over steps; put it before")
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
        number = (
            number.item() if isinstance(number, torch.Tensor) and number.numel() == 1 else number
        )
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

    def commutes(self, ref: Ref, over: Over) -> bool:
        """Whether a node may as well stand in each step."""
        mean = over.take == "sum" and abs(over.factor * len(over.steps) - 1) < 1e-9
        return self.build.nodes[ref.name].op in LINEAR and (mean or over.take == "last")


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
    """What tells two calls apart: arrays by shape and numbers."""
    if isinstance(values, np.ndarray):
        return values.shape, hashlib.blake2b(values.tobytes()).digest()
    if isinstance(values, Mapping):
        return {key: _key(each) for key, each in values.items()}
    if isinstance(values, (list, tuple)):
        return [_key(each) for each in values]
    return (values.name, values.shape) if isinstance(values, Ref) else values
