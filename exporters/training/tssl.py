"""TSSL-BP (Zhang and Li 2020): gradients by the timing of spikes, its neuron, filter and loss.

The paper's layer sends filtered spikes, `a(t) = (1 - 1/tau_s) a(t-1) + s(t) / tau_s`. Here the
filter stands behind the next layer's weights, which is the same since both are linear: a CUBA
neuron with thresholds `tau_s` times as high, whose network is one of Lava's LIF as it stands.

Backward, in the paper's units (potentials over the threshold), with `G(t)` the gradient of a
spike, `m = 1 - 1/tau_m`, and `q(t) = min(1 / du(t), 8) s(t)` of the potential's rise `du(t)` in
the step where it fired; from the last step to the first, `r` 0 at first:

    g = G(t) q(t) + r q(t) h(t) / tau_m + r m (1 - s(t))
    r = g s(t) + r m (1 - s(t))

The gradient of the current is `g`, but `G(t) phi(h - 1)` of a sigmoid for a neuron that is silent:
its filtered spikes are below `1 / (4 tau_s)`, as before its first spike.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable

from exporters.training import fused
from exporters.training.fused import Equations, Rows
from exporters.training.neurons import Neuron, checked
from exporters.training.surrogates import Sigmoid, Surrogate
from onespike_lava.errors import DataError, OptionError

SILENT = Sigmoid.of(5.0)
"""The paper's `e**z / (1 + e**z)**2 / 0.2` with `z = (1 - u) / 0.2`; its height is 1.25."""

STEEPEST = 8.0
"""Largest `1 / du`."""


class TSSL(Neuron):
    """A CUBA neuron with the backward pass of TSSL-BP.

    tau_m, tau_s : time constants of potential and filter, in steps
    threshold    : of the paper's potential; the module's is `tau_s` times as high
    timing       : the gradient of a spike's time, `q`; without it `q` is 0
    silent       : the surrogate of silent neurons; None for none
    intra        : what the reset and the leak pass on, `r`; without it `r` is 0
    """

    def __init__(
        self,
        tau_m: float = 5.0,
        tau_s: float = 3.0,
        threshold: float = 1.0,
        *,
        timing: bool = True,
        silent: Surrogate | None = SILENT,
        intra: bool = True,
    ) -> None:
        for name, value in (("tau_m", tau_m), ("tau_s", tau_s)):
            if not value >= 1:
                raise OptionError(f"TSSL: {name} is {value}; give 1 or more steps")
        super().__init__(
            1 - 1 / tau_m,
            1 - 1 / tau_s,
            threshold=threshold * tau_s,
            strict=True,
            surrogate=silent or SILENT,
        )
        self.tau_m, self.tau_s = float(tau_m), float(tau_s)
        self.timing, self.silent, self.intra = timing, silent is not None, intra

    def forward(self, x: Tensor) -> Tensor:
        """Spikes of the synaptic input `x`, both [T, N, ...]."""
        checked(self, x)
        if x.requires_grad and torch.is_grad_enabled():
            return _Timed.apply(x, self)
        return fused.spikes(x, self.equations)


class _Timed(torch.autograd.Function):
    """The fused forward pass, and the backward pass above."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, neuron: TSSL) -> Tensor:
        """Spikes of `x`."""
        rows, equations = Rows(x), neuron.equations
        flat = rows.of(x)
        kept = torch.empty(flat.shape, dtype=x.dtype, device=x.device)
        out = fused.forward(flat, equations, kept)
        ctx.rows, ctx.neuron, ctx.equations = rows, neuron, equations
        ctx.save_for_backward(kept)
        return rows.back(out)

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad: Tensor) -> tuple[Tensor, None]:
        """The gradient of `x`."""
        (kept,) = ctx.saved_tensors
        flat = ctx.rows.of(grad)
        out = torch.empty(flat.shape, dtype=grad.dtype, device=grad.device)
        for tile in fused.tiles(flat):
            out[:, tile] = _back(flat[:, tile], kept[:, tile], ctx.neuron, ctx.equations)
            fused.accumulate(out[:, tile].unbind(), ctx.equations.current_decay)
        return ctx.rows.back(out), None


def _back(grad: Tensor, potentials: Tensor, neuron: TSSL, equations: Equations) -> Tensor:
    """Gradient of the current, all steps of some neurons."""
    threshold = equations.threshold
    h = potentials / threshold
    fired = (potentials > threshold).to(h.dtype)
    out = torch.zeros_like(h)
    if neuron.timing:
        q = _slopes(h, fired)
        r, m = torch.zeros_like(h[0]), equations.decay
        for t in range(len(h) - 1, -1, -1):
            g = grad[t] * q[t]
            if neuron.intra:
                passed = r * m * (1 - fired[t])
                g = g + r * q[t] * h[t] / neuron.tau_m + passed
                r = g * fired[t] + passed
            out[t] = g
    if neuron.silent:
        phi = equations.surrogate.derivative((h - 1).clamp_(-1.6, 1.6))
        out = torch.where(_silent(fired, neuron.tau_s), grad * phi, out)
    return out.div_(threshold)


def _slopes(h: Tensor, fired: Tensor) -> Tensor:
    """`q`: one over the rise in the step of a spike, at most `STEEPEST`; 0 without a spike."""
    before = torch.zeros_like(h)
    before[1:] = h[:-1] * (1 - fired[:-1])
    return torch.reciprocal(h - before).clamp_(max=STEEPEST).mul_(fired)


def _silent(fired: Tensor, tau_s: float) -> Tensor:
    """Where the filtered spikes are below `1 / (4 tau_s)`, in units without `1 / tau_s`."""
    traces = filtered(fired, 1 - 1 / tau_s)
    return traces < 0.25


def filtered(x: Tensor, decay: float) -> Tensor:
    """`y(t) = decay y(t-1) + x(t)` along the first axis; differentiable."""
    steps = torch.arange(len(x), device=x.device)
    ages = steps[:, None] - steps
    table = torch.where(ages >= 0, torch.as_tensor(decay, dtype=x.dtype) ** ages.clamp(min=0), 0.0)
    return (table.to(x.dtype) @ x.reshape(len(x), -1)).view(x.shape)


class Trace(nn.Module):
    """The filter of a synapse: `a(t) = (1 - 1/tau_s) a(t-1) + x(t) / tau_s`, [T, N, ...]."""

    def __init__(self, tau_s: float = 3.0) -> None:
        super().__init__()
        if not tau_s >= 1:
            raise OptionError(f"Trace: tau_s is {tau_s}, below a step; give 1 or more steps")
        self.tau_s = float(tau_s)

    def forward(self, x: Tensor) -> Tensor:
        """What has arrived until each step."""
        return filtered(x, 1 - 1 / self.tau_s) / self.tau_s


class KernelLoss(nn.Module):
    """Half the squared distance of filtered output spikes from those of a target, per sample.

    target : spikes of the label's neuron in each step; the others are silent

    Takes spikes [T, N, classes] and labels [N]; `classes` are told by `scores`.
    """

    def __init__(self, target: tuple[float, ...] = (0, 1, 1, 1, 1), tau_s: float = 3.0) -> None:
        super().__init__()
        self.trace = Trace(tau_s)
        self.register_buffer("target", torch.tensor(target, dtype=torch.float32))

    def forward(self, spikes: Tensor, labels: Tensor) -> Tensor:
        """The loss, a scalar, the mean over samples; `DataError` for another number of steps."""
        if len(spikes) != len(self.target):
            raise DataError(
                f"KernelLoss: spikes of {len(spikes)} steps, a target of {len(self.target)}; give "
                "one of as many"
            )
        wanted = torch.zeros_like(spikes)
        wanted[:, torch.arange(len(labels)), labels] = self.target.to(spikes)[:, None]
        return 0.5 * (self.trace(spikes) - self.trace(wanted)).square().sum() / len(labels)
