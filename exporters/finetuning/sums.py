"""What neurons sum: weights and biases as the whole numbers of the file, in torch.

A weight is kept as a share of the largest whole number that it may become, so that a step of the
optimiser means the same in every layer; a bias as a share of the potential of one `lambda`. Both
are rounded as they are used, with the gradient of the real number (straight through).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812  (its name everywhere)
from numpy.typing import NDArray
from torch import Tensor, nn

from onespike_lava.connectivity import is_fixed
from onespike_lava.layers import CONNECTIONS, Registry, Sparse, Synapse
from onespike_lava.limits import STATE_LIMIT, WEIGHT_MAX

KINDS: Registry[str] = Registry("one-spike fine-tuning", CONNECTIONS)
"""Connections that can be trained on."""

KINDS.add(Synapse)("weights")
KINDS.refuse(Sparse)

MOST = STATE_LIMIT - 2
"""Largest sum of either sign, its bias included."""

BIASES = 0.9
"""Share of it that a bias may take."""


class Weights(nn.Module):  # type: ignore[misc]
    """One synapse of a layer.

    limit : largest whole weight; `WEIGHT_MAX` of skips and pools, which are not trained
    mask  : 1 where a synapse is, 0 where it was pruned
    """

    def __init__(self, synapse: Any, trained: bool, most: int, limit: int) -> None:
        super().__init__()
        KINDS.of(synapse)
        self.synapse: Synapse = synapse
        self.most = float(most)
        self.fixed = is_fixed(synapse, trained)
        self.rewired = False  # whether a weight of 0 is a synapse that died
        self.limit = float(WEIGHT_MAX if self.fixed else limit)
        share = torch.from_numpy(synapse.weight.astype(np.float32) / np.float32(self.limit))
        self.share = nn.Parameter(share, requires_grad=not self.fixed)
        live = np.ones(share.shape, np.bool_) if synapse.live is None else synapse.live
        self.register_buffer("mask", torch.from_numpy(live.copy()))

    def real(self) -> Tensor:
        """Weights in units of whole ones, float32."""
        return self.share * self.limit * self.mask

    def whole(self, real: Tensor) -> Tensor:
        """The nearest whole weights."""
        return real.detach().round().clamp(-self.limit, self.limit)

    def live(self, whole: Tensor) -> NDArray[np.bool_] | None:
        """Which synapses are left at these whole weights, None where nothing was pruned."""
        left = self.mask & (whole != 0) if self.rewired else self.mask
        return None if bool(left.all()) else left.numpy().copy()

    def set(self, real: Tensor) -> None:
        """Take other real weights."""
        with torch.no_grad():
            self.share.copy_(real / self.limit)

    def sum(self, weight: Tensor, x: Tensor, bias: Tensor | None = None) -> Tensor:
        """What arrives [N, *shape] of what is sent, [N, *source shape]."""
        if weight.dim() == 2:
            return F.linear(x.flatten(1), weight, bias)
        window = self.synapse.window
        top, left, bottom, right = window.padding
        if (top, left) == (bottom, right):
            padding = (top, left)
        else:
            x, padding = F.pad(x, (left, right, top, bottom)), (0, 0)
        groups = self.synapse.groups
        return F.conv2d(x, weight, bias, window.stride, padding, window.dilation, groups)

    def rows(self, values: Tensor) -> tuple[Tensor, Tensor]:
        """Sums of positive and of negative weights of each output, as magnitudes, times payload."""
        flat = values.flatten(1)
        return flat.clamp(min=0).sum(1) * self.most, flat.clamp(max=0).sum(1) * -self.most

    def scaled_sources(self, ratio: Tensor) -> None:
        """Follow sources whose values per payload changed by `ratio` float32[C] per channel."""
        weight = self.real()
        per_group = weight.reshape(self.synapse.groups, -1, *weight.shape[1:])
        places = weight[0].numel() * self.synapse.groups // len(ratio)
        wide = ratio.repeat_interleave(places).view(self.synapse.groups, 1, *weight.shape[1:])
        self.set((per_group * wide).reshape(weight.shape))


class _Through(torch.autograd.Function):  # type: ignore[misc]
    """The second value exactly, with the gradient of the first.

    `real + (whole - real)` would be rounded where they lie far apart.
    """

    @staticmethod
    def forward(ctx: Any, real: Tensor, whole: Tensor) -> Tensor:
        """What is whole."""
        return whole.expand_as(real).clone()

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None]:
        """As if nothing had been rounded."""
        return gradient, None


def through(real: Tensor, whole: Tensor) -> Tensor:
    """The second value exactly, with the gradient of the first."""
    found: Tensor = _Through.apply(real, whole)
    return found


class Sums(nn.Module):  # type: ignore[misc]
    """The potentials of one layer at the end of a sample.

    rest  : float32[*shape] or [C, 1, 1], the part of the bias that is not trained
    low   : the value of the input's integer 0 in steps of its grid, where that is not 0: borders
            then differ, since what is padded is 0, not the lowest integer
    grain : float32[C], the potential that a `bias` of 1 stands for
    spare : what rounding may add to a potential, beside weights and bias
    """

    def __init__(
        self,
        parts: Sequence[Weights],
        bias: Tensor,
        low: Sequence[Tensor | None],
        rank: int,
        spare: int = 0,
    ) -> None:
        super().__init__()
        self.spare = spare
        self.parts = nn.ModuleList(parts)
        channels = len(parts[0].share)
        self.bias = nn.Parameter(torch.zeros(channels))
        self.register_buffer("grain", torch.ones(channels))
        for number, each in enumerate(low):
            self.register_buffer(f"low_{number}", each)
        rest = bias.double() if bias.dim() > 1 else bias.double().view(-1, *[1] * (rank - 1))
        rest = rest.expand(channels, *rest.shape[1:])  # one for each place is of all channels
        weights = [part.whole(part.real()) for part in parts]
        self.register_buffer("rest", (rest - self._offset(weights)).float())

    def potential(self, seen: Sequence[Tensor]) -> Tensor:
        """Potentials float32[N, *shape], whole numbers."""
        return self.summed(*self.straight(), seen)

    def summed(self, weights: Sequence[Tensor], bias: Tensor, seen: Sequence[Tensor]) -> Tensor:
        """Potentials by these weights and biases of what each layer before has sent."""
        flat = bias.numel() == len(bias)
        total: Tensor | None = None
        for part, weight in zip(self.parts, weights, strict=True):
            own = bias.flatten() if flat and total is None else None
            found = part.sum(weight, seen[part.synapse.source], own)
            total = found if total is None else total + found
        assert total is not None
        return total if flat else total + bias

    def straight(self) -> tuple[list[Tensor], Tensor]:
        """Whole weights and bias, with the gradients of the real ones."""
        reals, real_bias = self.real()
        weights, bias = self.whole()
        return [through(*pair) for pair in zip(reals, weights, strict=True)], through(
            real_bias, bias
        )

    def real(self) -> tuple[list[Tensor], Tensor]:
        """Weights and bias as they are trained, in units of whole ones."""
        reals = [part.real() for part in self.parts]
        return reals, (self._real_bias().double() + self._offset(reals)).float()

    def whole(self) -> tuple[list[Tensor], Tensor]:
        """Whole weights, and biases [C, 1, 1] or [*shape].

        Neurons whose potential could leave 24 bits have their weights made smaller; a bias takes
        `BIASES` of that at most.
        """
        with torch.no_grad():
            reals = [part.real() for part in self.parts]
            while True:
                steps = [part.whole(each) for part, each in zip(self.parts, reals, strict=True)]
                exact = self._real_bias().double() + self._offset(steps)
                bias = exact.clamp(-BIASES * MOST, BIASES * MOST).round().float()
                reached = self.reached(steps, bias)
                if not (reached > MOST).any():
                    return steps, bias
                most = bias.abs().reshape(len(bias), -1).amax(1)
                share = (0.999 * (MOST - most) / (reached - most).clamp(min=1)).clamp(max=1.0)
                reals = [each * share.view(-1, *[1] * (each.dim() - 1)) for each in reals]

    def reached(self, weights: Sequence[Tensor], bias: Tensor) -> Tensor:
        """Largest magnitude of the potential of each channel, for any input."""
        above, below = zip(
            *(part.rows(each) for part, each in zip(self.parts, weights, strict=True)), strict=True
        )
        largest = bias.abs().reshape(len(bias), -1).amax(1)
        sums = torch.maximum(torch.stack(above).sum(0), torch.stack(below).sum(0))
        return sums + largest + self.spare

    def _real_bias(self) -> Tensor:
        own = self.bias * self.grain
        return self.rest + own.view(-1, *[1] * (self.rest.dim() - 1))

    def _offset(self, weights: Sequence[Tensor]) -> Tensor:
        """What an input of which integer 0 is not the value 0 adds everywhere, float64."""
        total = torch.zeros((), dtype=torch.float64)
        for number, (part, weight) in enumerate(zip(self.parts, weights, strict=True)):
            low = self.low(number)
            if low is not None:
                total = total + part.sum(weight.double(), low[None])[0]
        return total

    def low(self, number: int) -> Tensor | None:
        """Of a part's source, the value of its integer 0, float64[*shape]."""
        found: Tensor | None = getattr(self, f"low_{number}")
        return found

    def synapses(self, weights: Sequence[Tensor]) -> tuple[Synapse, ...]:
        """The layer's connections with these whole weights."""
        return tuple(
            replace(part.synapse, weight=each.numpy().astype(np.int8), live=part.live(each))
            for part, each in zip(self.parts, weights, strict=True)
        )
