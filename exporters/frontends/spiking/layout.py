"""Functions that move, repeat or put together steps: they make no nodes of their own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import prod
from typing import Any

from exporters.frontends.builder import BATCH
from exporters.frontends.refs import Ref, RefusedError
from exporters.frontends.reshapes import reshape
from exporters.frontends.spiking.values import LayoutError, Over, Sizes, Value, reduced

SAME = (
    *("contiguous", "clone", "detach", "to", "float", "double", "type", "type_as", "cpu"),
    *("requires_grad_", "detach_", "data"),
)
"""What leaves a tensor's values as they are."""

SHAPED = ("view", "reshape", "flatten", "unflatten", "squeeze", "unsqueeze", "squeeze_", "view_as")
"""What gives the same values in another shape."""

MOVED = ("permute", "transpose", "movedim", "swapaxes", "swapdims")
"""What changes the order of axes."""

REPEATED = ("repeat", "expand", "expand_as")
"""What repeats values."""

REDUCED = {"mean": "sum", "sum": "sum", "amax": "maximum", "max": "maximum"}
"""What puts values together, and what of the steps is taken then."""

RANDOM = ("rand_like", "randn_like", "bernoulli", "bernoulli_", "randint_like", "poisson")
"""What draws numbers."""


class Layout:
    """Values of the results of these functions; `made` makes a node only once."""

    def __init__(self, build: Any, sizes: Sizes, made: Any) -> None:
        self.build, self.sizes, self.made = build, sizes, made

    def learn(self, steps: int) -> None:
        """Take in how many steps there are; `RefusedError` where two numbers contradict."""
        if self.sizes.steps not in (None, steps):
            raise RefusedError(f"has {steps} steps where {self.sizes.steps} were before; use one")
        self.sizes = replace(self.sizes, steps=steps)

    def shaped(self, name: str, value: Value, shape: Sequence[int]) -> Value:
        """The value in another shape."""
        lead, rest = self.sizes.split(value.lead, shape, prod(value.ref.shape))
        ref = value.ref
        if len(rest) == 2 and len(ref.shape) == 1:
            return replace(value, ref=Ref(ref.name, rest), lead=lead)  # groups of features
        if rest != ref.shape:
            if value.potential:
                raise RefusedError("reshapes potentials; only neurons' outputs are reshaped")
            key = (name, "reshape", ref.name, rest)
            ref = self.made(key, lambda: reshape(self.build, name, value.ref, [BATCH, *rest]))
        return replace(value, ref=ref, lead=lead)

    def repeated(self, value: Value, shape: Sequence[int]) -> Value:
        """The value once for each step."""
        n, rest = self.sizes.samples, tuple(value.ref.shape)
        still = value.lead in ("N", "1N") and value.step is None and value.over is None
        if not still:
            raise RefusedError("repeats values of steps; only a static input is repeated")
        if tuple(shape) in (self.sizes.lead(value.lead) + rest, (n, *rest)):
            return value
        if tuple(shape[1:]) == (n, *rest):
            self.learn(shape[0])
            return replace(value, lead="TN")
        if tuple(shape[1:]) == rest and shape[0] % n == 0:
            self.learn(shape[0] // n)
            return replace(value, lead="T*N")
        raise RefusedError(f"repeats to {list(shape)}; only steps are repeated")

    def moved(self, value: Value, order: Sequence[int]) -> Value:
        """The value with its axes in another order."""
        axes = value.axes
        items = list(range(axes, axes + len(value.ref.shape)))
        if list(order[axes:]) != items:
            raise RefusedError("changes the order of channels, rows or columns; keep it")
        turned = {"TN": "NT", "NT": "TN"}
        same = list(order[:axes]) == list(range(axes))
        if not same and value.lead not in turned:
            raise RefusedError("puts samples after other axes; keep them first")
        return value if same else replace(value, lead=turned[value.lead])

    def reduced(self, value: Value, name: str, dims: Sequence[int], rank: int) -> Value | None:
        """The value with its steps put together; None where `dims` are no steps."""
        chosen = {dim % rank for dim in dims}
        axis = {"TN": 0, "NT": 1}.get(value.lead)
        if axis is None or axis not in chosen:
            return None
        if chosen != {axis}:
            raise RefusedError("puts steps and other axes together at once; do one after the other")
        assert self.sizes.steps is not None
        factor = 1 / self.sizes.steps if name == "mean" else 1.0
        return reduced(value, REDUCED[name], factor, self.sizes.steps)

    def stacked(self, parts: Sequence[Any], axis: int) -> Value:
        """Values of all steps, or one value again and again, as one tensor."""
        if not parts or not all(isinstance(each, Value) for each in parts):
            raise RefusedError("stacks constants among values; stack the values of all steps")
        first = parts[0]
        plain = (replace(each, step=None, lead="N") for each in parts)
        if any(each != replace(first, step=None, lead="N") for each in plain):
            raise RefusedError("stacks different values; only those of all steps are stacked")
        if first.over is not None or axis not in (0, 1):
            raise RefusedError(f"stacks along axis {axis}; only steps are stacked, along 0 or 1")
        steps = [each.step for each in parts]
        if steps != [None] * len(parts) and steps != list(range(len(parts))):
            raise RefusedError(f"stacks steps {steps}; stack all of them in order")
        self.learn(len(parts))
        return replace(first, step=None, lead=("TN", "NT")[axis])

    def picked(self, value: Value, index: Any) -> tuple[Value, Any]:
        """One step of a value, or the value, and what of the index is left for its other axes."""
        given = list(index) if isinstance(index, tuple) else [index]
        rank = value.axes + len(value.ref.shape)
        if ... in given:
            at = given.index(...)
            given[at : at + 1] = [slice(None)] * (rank - len(given) + 1)
        given += [slice(None)] * (rank - len(given))
        ahead, rest = given[: value.axes], given[value.axes :]
        axis = {"TN": 0, "NT": 1}.get(value.lead)
        if value.lead == "N" and isinstance(ahead[0], int):
            raise LayoutError("picks single samples, as if these were steps")
        if value.lead == "1N" and ahead[0] == 0:
            value, ahead = replace(value, lead="N"), ahead[1:]
        elif axis is not None and isinstance(ahead[axis], int):
            assert self.sizes.steps is not None
            step = ahead.pop(axis) % self.sizes.steps
            value = replace(value, lead="N", step=step)
        if any(each != slice(None) for each in ahead):
            raise RefusedError("picks samples or several steps; take one step, or all of them")
        return value, (slice(None), *rest)

    def steps_of(self, value: Value) -> list[Value]:
        """The values of all steps, one by one."""
        if value.lead != "TN":
            raise LayoutError("goes through samples as if these were steps")
        assert self.sizes.steps is not None
        return [replace(value, lead="N", step=step) for step in range(self.sizes.steps)]


def last(value: Value) -> Value:
    """A step's value as what is taken of all steps."""
    assert value.step is not None
    return replace(value, step=None, over=Over("last", frozenset([value.step])))


def order_of(name: str, rank: int, args: Sequence[Any], options: Any) -> list[int]:
    """The order of axes that `permute` and its like make."""
    order = list(range(rank))
    if name == "permute":
        given = options.get("dims", args[0] if len(args) == 1 else args)
        return [int(each) % rank for each in given]
    ends = [*args, *options.values()]
    first, second = (int(each) % rank for each in ends)
    if name == "movedim":
        order.insert(second, order.pop(first))
        return order
    order[first], order[second] = order[second], order[first]
    return order


def dims_of(args: Sequence[Any], options: Any, rank: int) -> list[int]:
    """The axes that a reduction names, all of them where it names none."""
    given = options.get("dim", args[0] if args else None)
    if given is None:
        return list(range(rank))
    return list(given) if isinstance(given, (tuple, list)) else [given]
