"""A neuron's T steps as one function for autograd.

Per step, with `u` the current, `h` the potential before and `v` the potential after the reset:

    u(t) = current_decay u(t-1) + x(t)          h(t) = decay v(t-1) + u(t)
    s(t) = 1[h(t) >= threshold]                 v(t) = h(t) - s(t) h(t)         reset "zero"
                                              or h(t) - s(t) amount       reset "subtract"

with `>` for `>=` where the neuron is strict. The backward pass, from the last step to the first,
with `d` the gradient of the spikes and `phi` the surrogate's derivative at `h - threshold`:

    e(t) = phi(t) d(t) + f(t) e(t+1)            gradient of h
    g(t) = e(t) + current_decay g(t+1)          gradient of x

    f = decay (1 - s)             reset "zero"     f = decay                        detached
    f = decay (1 - s - phi h)                      f = decay (1 - phi amount)       otherwise

Only `h` is kept for it, or one byte for each value where the surrogate is flat and `h` itself is
not needed. Both passes go through neurons tile by tile, all steps of a tile in turn, so that the
state of a tile stays in the processor's cache.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from exporters.training.surrogates import Surrogate

TILE = 2**16
"""Neurons of a tile, for each thread: torch gives a thread no less."""


@dataclass(frozen=True)
class Equations:
    """What a neuron computes; see the head of this module."""

    threshold: float
    decay: float
    current_decay: float
    strict: bool
    reset: str
    detach: bool
    surrogate: Surrogate
    amount: float

    @property
    def bits(self) -> bool:
        """Whether the backward pass needs a byte of each potential only."""
        return self.surrogate.flat and (self.detach or self.reset == "subtract")


def spikes(x: Tensor, equations: Equations) -> Tensor:
    """Spikes of `x`, both [T, N, ...], 0 or 1 in the type of `x`; differentiable."""
    if x.requires_grad and torch.is_grad_enabled():
        return _Fused.apply(x, equations)
    rows = Rows(x)
    return rows.back(forward(rows.of(x), equations, None))


class Rows:
    """[T, N, ...] as [T, neurons] in the order of memory, channels last too, and back."""

    def __init__(self, x: Tensor) -> None:
        self.order, self.shape = None, x.shape
        if x.is_contiguous():
            return
        strides = x.stride()
        inner = sorted(range(1, x.dim()), key=lambda axis: -strides[axis])
        self.order = (0, *inner)
        self.shape = [x.shape[axis] for axis in self.order]

    def of(self, x: Tensor) -> Tensor:
        """A view where the order fits, else a copy."""
        return (x if self.order is None else x.permute(self.order)).flatten(1)

    def back(self, rows: Tensor) -> Tensor:
        """A view of the rows in the shape that they had."""
        if self.order is None:
            return rows.view(self.shape)
        inverse = sorted(range(len(self.order)), key=self.order.__getitem__)
        return rows.view(self.shape).permute(inverse)


def tiles(rows: Tensor) -> Iterator[slice]:
    """Parts of the neurons; on an accelerator all at once."""
    count = rows.shape[1]
    size = TILE * torch.get_num_threads() if rows.device.type == "cpu" else max(count, 1)
    for first in range(0, count, size):
        yield slice(first, min(first + size, count))


def width(tile: slice) -> int:
    """Neurons of a tile."""
    return tile.stop - tile.start


def forward(x: Tensor, equations: Equations, kept: Tensor | None) -> Tensor:
    """Spikes of rows [T, neurons]; fills `kept` with what the backward pass needs."""
    out = torch.empty(x.shape, dtype=x.dtype, device=x.device)
    for tile in tiles(x):
        potentials = kept[:, tile] if kept is not None and not equations.bits else None
        steps = len(x) if kept is not None else 1
        if potentials is None:
            potentials = x.new_empty((steps, width(tile)))
        _tile(x[:, tile], equations, potentials, out[:, tile])
        if kept is not None and equations.bits:
            _note(potentials, out[:, tile], equations, kept[:, tile])
    return out


def _tile(x: Tensor, equations: Equations, potentials: Tensor, out: Tensor) -> None:
    """All steps of some neurons; with one row of potentials only the last ones remain."""
    compare = torch.gt if equations.strict else torch.ge
    threshold, decay, amount = equations.threshold, equations.decay, equations.amount
    arriving, spikes = x.unbind(), out.unbind()
    rows = potentials.unbind() if len(potentials) > 1 else potentials.unbind() * len(x)
    v = torch.empty_like(rows[0])
    u = arriving[0].clone() if equations.current_decay else None
    rows[0].copy_(arriving[0])
    compare(rows[0], threshold, out=spikes[0])
    for t in range(1, len(x)):
        if equations.reset == "zero":
            torch.addcmul(rows[t - 1], rows[t - 1], spikes[t - 1], value=-1, out=v)
        else:
            torch.add(rows[t - 1], spikes[t - 1], alpha=-amount, out=v)
        current = arriving[t]
        if u is not None:
            current = torch.add(current, u, alpha=equations.current_decay, out=u)
        torch.add(current, v, alpha=decay, out=rows[t])
        compare(rows[t], threshold, out=spikes[t])


def _note(h: Tensor, s: Tensor, equations: Equations, kept: Tensor) -> None:
    """A byte for each value: 1 where it fired, 2 more where the surrogate is not 0."""
    phi = equations.surrogate.derivative(h - equations.threshold)
    kept.copy_(phi.ne_(0).mul_(2).add_(s))


class _Fused(torch.autograd.Function):
    """The two passes; see the head of this module."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, equations: Equations) -> Tensor:
        """Spikes of `x`."""
        rows = Rows(x)
        flat = rows.of(x)
        kind = torch.uint8 if equations.bits else x.dtype
        kept = torch.empty(flat.shape, dtype=kind, device=x.device)
        out = rows.back(forward(flat, equations, kept))
        ctx.rows, ctx.equations = rows, equations
        ctx.save_for_backward(kept)
        return out

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """The gradient of `x`."""
        (kept,) = ctx.saved_tensors
        flat = ctx.rows.of(grad)
        out = torch.empty(flat.shape, dtype=grad.dtype, device=grad.device)
        scratch = flat.new_empty((len(flat), max(map(width, tiles(flat)), default=0)))
        for tile in tiles(flat):
            part = scratch[:, : width(tile)]
            _back(flat[:, tile], kept[:, tile], ctx.equations, out[:, tile], part)
        return ctx.rows.back(out), None


def _back(d: Tensor, kept: Tensor, equations: Equations, out: Tensor, scratch: Tensor) -> None:
    """The gradient of `x` for all steps of some neurons."""
    surrogate, phi = equations.surrogate, None
    if equations.bits:
        phi = torch.ge(kept, 2, out=scratch).mul_(surrogate.height)
    else:
        torch.sub(kept, equations.threshold, out=scratch)
        if not equations.detach:
            phi = surrogate.derivative(scratch)
    if phi is None:
        surrogate.times(d, scratch, out)
    else:
        torch.mul(phi, d, out=out)
    rows = out.unbind()
    if len(rows) > 1:
        phi = None if phi is None else phi[:-1]
        factors = _factors(kept[:-1], phi, equations, scratch[:-1])
        _through_time(rows, factors, equations.decay)
    accumulate(rows, equations.current_decay)


def _through_time(rows: Sequence[Tensor], factors: Tensor | None, decay: float) -> None:
    """`e[t] += f[t] e[t+1]`, from the last step to the first, in place."""
    if factors is None:
        accumulate(rows, decay)
        return
    each = factors.unbind()
    for t in range(len(rows) - 2, -1, -1):
        rows[t].addcmul_(each[t], rows[t + 1])


def accumulate(rows: Sequence[Tensor], decay: float) -> None:
    """`g[t] = e[t] + decay g[t+1]`, from the last step to the first, in place."""
    if decay:
        for t in range(len(rows) - 2, -1, -1):
            rows[t].add_(rows[t + 1], alpha=decay)


def _factors(kept: Tensor, phi: Tensor | None, equations: Equations, out: Tensor) -> Tensor | None:
    """`f` of all steps but the last, None where it is `decay` alone.

    It comes to stand in `out`, which may be `phi`: with `bits`, whose reset needs but one of them.
    """
    if equations.reset == "zero":
        if equations.bits:
            torch.eq(kept & 1, 0, out=out)
        else:
            compare = torch.le if equations.strict else torch.lt
            compare(kept, equations.threshold, out=out)
        if not equations.detach:
            assert phi is not None
            out.addcmul_(phi, kept, value=-1)
    elif equations.detach:
        return None
    else:
        assert phi is not None
        torch.mul(phi, -equations.amount, out=out).add_(1)
    return out if equations.decay == 1 else out.mul_(equations.decay)
