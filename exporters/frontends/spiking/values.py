"""Where steps and samples lie in a tensor, and what a tensor holds of the steps."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod

from exporters.frontends.refs import Ref, RefusedError

STEPPED = ("TN", "NT", "T*N", "N*T")
"""Leading axes of tensors that hold all steps, the last two joined."""


class LayoutError(Exception):
    """A module was called with samples in another layout than it takes; another is tried."""


@dataclass(frozen=True)
class Over:
    """What was made of a value over steps.

    take   : `sum`, `last` or `maximum`
    steps  : the steps that are in it
    factor : what it was multiplied with since
    """

    take: str
    steps: frozenset[int]
    factor: float = 1.0


@dataclass(frozen=True)
class Value:
    """A tensor of the network: a value of the graph of one step, for some or all steps.

    ref       : node, and shape without leading axes
    lead      : leading axes: `N`, one of `STEPPED`, or `1N` for an axis of one before the samples
    step      : of `N`: the step that it belongs to; None for what is the same in all steps
    potential : whether it is a neuron's potential, not its spikes
    over      : of `N`: how steps were put together, None where they were not
    tail      : whether a softmax or argmax was left out, behind which nothing may stand
    """

    ref: Ref
    lead: str = "N"
    step: int | None = None
    potential: bool = False
    over: Over | None = None
    tail: bool = False

    @property
    def stepped(self) -> bool:
        """Whether it holds all steps."""
        return self.lead in STEPPED

    @property
    def axes(self) -> int:
        """Leading axes in number."""
        return 2 if self.lead in ("TN", "NT", "1N") else 1


@dataclass(frozen=True)
class Sizes:
    """Samples and steps of the traced tensors; they differ, so that each axis is known by its size.

    steps : None where only the network itself knows
    """

    samples: int
    steps: int | None

    def lead(self, lead: str) -> tuple[int, ...]:
        """Sizes of leading axes."""
        n, t = self.samples, self.steps or 1
        known = {"N": (n,), "1N": (1, n), "TN": (t, n), "NT": (n, t)}
        return known.get(lead, (n * t,))

    def options(self, lead: str) -> tuple[str, ...]:
        """Leading axes that a reshape may make of others: the order of elements stays."""
        if lead in ("N", "1N"):
            return ("N", "1N")
        return ("TN", "T*N") if lead in ("TN", "T*N") else ("NT", "N*T")

    def split(self, lead: str, shape: Sequence[int], size: int) -> tuple[str, tuple[int, ...]]:
        """Leading axes and the rest of a tensor's shape after a reshape.

        size : values of the rest

        Raises `LayoutError` where samples or steps are mixed with other axes.
        """
        for option in self.options(lead):
            ahead = self.lead(option)
            rest = tuple(shape[len(ahead) :])
            if tuple(shape[: len(ahead)]) == ahead and prod(rest) == size:
                return option, rest
        raise LayoutError(f"reshape to {list(shape)} mixes samples or steps with other axes")


def joined(values: Sequence[Value]) -> tuple[str, int | None]:
    """Leading axes and step of what is computed from several values.

    Raises `RefusedError` where they belong to different steps.
    """
    if any(each.over is not None for each in values):
        overs = {each.over for each in values}
        if len(overs) > 1:
            raise RefusedError("puts values over steps together with others; do it step by step")
        return "N", None
    leads = {each.lead for each in values if each.stepped}
    steps = {each.step for each in values if each.lead == "N" and each.step is not None}
    if len(leads) > 1 or (leads and steps):
        raise RefusedError("puts all steps together with one; use values of one step or of all")
    if len(steps) > 1:
        found = " and ".join(str(each) for each in sorted(steps))
        raise RefusedError(f"puts values of steps {found} together; only neurons may remember")
    if leads:
        (lead,) = leads
        if any(not each.stepped for each in values) and lead != "TN":
            raise RefusedError("puts what has steps together with what has none; repeat it before")
        return lead, None
    return "N", steps.pop() if steps else None


def reduced(value: Value, take: str, factor: float, steps: int) -> Value:
    """What is left of a value with all steps when these are put together."""
    over = Over(take, frozenset(range(steps)), factor)
    return replace(value, lead="N", step=None, over=over)


def summed(first: Value, second: Value) -> Value | None:
    """The sum of a value's own steps, as a loop adds them up; None for any other sum."""
    parts = []
    for each in (first, second):
        if each.lead != "N" or (each.over is None and each.step is None):
            return None
        over = each.over or Over("sum", frozenset([each.step or 0]))
        if over.take != "sum" or over.factor != 1:
            return None
        parts.append(over)
    same = first.ref == second.ref and first.potential == second.potential
    if not same or parts[0].steps & parts[1].steps:
        return None
    return replace(first, step=None, over=Over("sum", parts[0].steps | parts[1].steps))
