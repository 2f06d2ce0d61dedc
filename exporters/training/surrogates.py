"""What stands for the derivative of a spike in the backward pass.

A spike is `1[x >= 0]` with `x` the potential less the threshold; its derivative is replaced by
`derivative(x)`. All share one convention: `height` is the derivative at the threshold, `width`
the distance between the two places where it has fallen to half of that. Libraries differ in
both for the same name, the most common cause of results that others cannot repeat; the papers'
own parameter makes one by `of`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from onespike_lava.errors import OptionError

_HALF_SIGMOID = 2 * math.log(1 + math.sqrt(2))
"""Where `4 s (1 - s)` of the sigmoid `s` is a half, on either side: `1.7627`."""


@dataclass(frozen=True)
class Surrogate:
    """Base of all; `height` and `width` are positive, `width` in units of the potential.

    Raises `OptionError` for others.
    """

    height: float
    width: float

    flat = False
    """Whether the derivative is either 0 or `height`: a bit per value remembers it."""

    def __post_init__(self) -> None:
        for name, value in (("height", self.height), ("width", self.width)):
            if not 0 < value < math.inf:
                raise OptionError(
                    f"{type(self).__name__}: {name} is {value}; give a positive number"
                )

    def derivative(self, x: Tensor) -> Tensor:
        """The derivative at `x`, a new tensor of its shape."""
        raise NotImplementedError

    def times(self, grad: Tensor, x: Tensor, out: Tensor) -> Tensor:
        """`grad` times the derivative at `x`, in `out`; a class may know a shorter way.

        What `x` holds is lost.
        """
        return torch.mul(grad, self.derivative(x), out=out)


@dataclass(frozen=True)
class ATan(Surrogate):
    """`height / (1 + (2 x / width)**2)`, of the arctangent (SEW ResNet, PLIF)."""

    height: float = 1.0
    width: float = 2 / math.pi

    @classmethod
    def of(cls, alpha: float = 2.0) -> ATan:
        """`(alpha / 2) / (1 + (pi alpha x / 2)**2)`."""
        return cls(alpha / 2, 4 / (math.pi * alpha))

    def derivative(self, x: Tensor) -> Tensor:
        """The derivative at `x`."""
        return self._over(x, torch.empty_like(x)).reciprocal_()

    def times(self, grad: Tensor, x: Tensor, out: Tensor) -> Tensor:
        """`grad` times the derivative at `x`, in `out`: one division."""
        return torch.div(grad, self._over(x, x), out=out)

    def _over(self, x: Tensor, out: Tensor) -> Tensor:
        """One over the derivative, in `out`."""
        one = x.new_tensor(1 / self.height)
        return torch.addcmul(one, x, x, value=4 / (self.width**2 * self.height), out=out)


@dataclass(frozen=True)
class Sigmoid(Surrogate):
    """`4 height s (1 - s)`, `s` a sigmoid that is `width` wide."""

    height: float = 1.0
    width: float = _HALF_SIGMOID / 2

    @classmethod
    def of(cls, alpha: float = 4.0) -> Sigmoid:
        """`alpha s (1 - s)` with `s = sigmoid(alpha x)`."""
        return cls(alpha / 4, 2 * _HALF_SIGMOID / alpha)

    def derivative(self, x: Tensor) -> Tensor:
        """The derivative at `x`."""
        s = torch.mul(x, 2 * _HALF_SIGMOID / self.width).sigmoid_()
        return torch.addcmul(s, s, s, value=-1).mul_(4 * self.height)


@dataclass(frozen=True)
class SuperSpike(Surrogate):
    """`height / (1 + alpha |x|)**2` (Zenke and Ganguli 2018); of height 1 unless it is given."""

    height: float = 1.0
    width: float = math.sqrt(2) - 1

    @classmethod
    def of(cls, alpha: float = 2.0, height: float = 1.0) -> SuperSpike:
        """By `alpha`; libraries that give it area 1 mean `height = alpha / 2`."""
        return cls(height, 2 * (math.sqrt(2) - 1) / alpha)

    def derivative(self, x: Tensor) -> Tensor:
        """The derivative at `x`."""
        alpha = 2 * (math.sqrt(2) - 1) / self.width
        return torch.abs(x).mul_(alpha).add_(1).square_().reciprocal_().mul_(self.height)


@dataclass(frozen=True)
class Rectangle(Surrogate):
    """`height` where `|x| < width / 2`, 0 elsewhere: a straight-through estimator, clipped."""

    height: float = 1.0
    width: float = 1.0

    flat = True

    @classmethod
    def of(cls, width: float = 1.0) -> Rectangle:
        """Of area 1."""
        return cls(1 / width, width)

    def derivative(self, x: Tensor) -> Tensor:
        """The derivative at `x`."""
        inside = torch.abs(x)
        return torch.lt(inside, self.width / 2, out=inside).mul_(self.height)


@dataclass(frozen=True)
class S2NN(Surrogate):
    """Of single-step networks (Suetake et al. 2022): `height / (x + 1)` where the neuron fires.

    Where it is silent, `4 height s (1 - s)` with a sigmoid that alone would be `2 (width - 1)`
    wide. The right side has fallen to a half at `x = 1`, so that `width` exceeds 1. It is meant
    for a threshold of 1, where `x + 1` is the potential.
    """

    height: float = 1.0
    width: float = 1 + _HALF_SIGMOID / 4

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.width <= 1:
            raise OptionError(f"S2NN: width is {self.width}; its fired side alone has 1, give more")

    @classmethod
    def of(cls, alpha: float = 4.0) -> S2NN:
        """By `alpha`, the sigmoid's slope; `beta` is `alpha / 4`, so that both sides meet."""
        return cls(alpha / 4, 1 + _HALF_SIGMOID / alpha)

    def derivative(self, x: Tensor) -> Tensor:
        """The derivative at `x`."""
        s = torch.mul(x, _HALF_SIGMOID / (self.width - 1)).sigmoid_()
        silent = torch.addcmul(s, s, s, value=-1).mul_(4 * self.height)
        fired = torch.clamp(x, min=0).add_(1).reciprocal_().mul_(self.height)
        return torch.where(x < 0, silent, fired)
