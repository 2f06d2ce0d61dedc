"""Rules by which synapses live and die while a network trains.

Each weight of two axes and more is `w = sign * max(theta, 0)`: the sign stays, `theta` is what is
trained, and a synapse without a positive one is dormant. All rules step as Adam does; biases and
batch norms are trained by Adam as ever, and are never pruned.

- `GradR` (Chen et al., IJCAI 2021): dormant synapses keep the gradient that their weight would
  have, so they compete on and grow again; a Laplace prior makes all of them drift down.
- `DeepR` (Bellec et al., ICLR 2018): as many as die grow at random places, so the connectivity
  stays; live ones drift down too and walk at random.
- `Kept`: what is 0 at the start stays 0, for training behind a pruning.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from numbers import Real
from typing import Any

import torch
from torch import Tensor, nn

from onespike_lava.errors import OptionError, warn

FIRST, SECOND, LEAST = 0.9, 0.999, 1e-8
"""Of Adam: what remains of the mean gradient, of the mean square, and what is added to its root."""

GROWN = 1e-12
"""`theta` of a synapse that grows."""


class Rule:
    """What happens to `theta` in a step; a frozen dataclass of plain numbers."""

    def of(self, model: nn.Module, rate: float, decay: float, seed: int) -> torch.optim.Optimizer:
        """The optimiser of a model; `OptionError` for weight decay, which is a prior of its own."""
        if decay:
            raise OptionError(
                f"Plan: decay is {decay}; {type(self).__name__} prunes by its own drift, give 0"
            )
        named = [
            (_called(model, name) if each.dim() > 1 else name, each)
            for name, each in model.named_parameters()
            if each.requires_grad
        ]
        return Rewired(named, self, rate, seed)

    def start(self, theta: Tensor, random: torch.Generator) -> Tensor:
        """`theta` of a layer before the first step, from the sizes of its weights."""
        return theta

    def move(self, theta: Tensor, step: Tensor, rate: float, random: torch.Generator) -> Tensor:
        """`theta` after a step.

        step : Adam's, of the gradient of `theta` as if the synapse were live
        """
        raise NotImplementedError


@dataclass(frozen=True)
class GradR(Rule):
    """Gradient rewiring.

    drift    : `alpha`, 1/scale of the prior: by how much `theta` falls in a step, in units of
               the rate. A synapse lives on if its mean normalised gradient exceeds it
    sparsity : `p`, share of dormant synapses under the prior, whose mean is
               `ln(2 - 2 p) / alpha`, far below 0: the drift is a constant above it
    """

    drift: float = 0.1
    sparsity: float = 0.95

    def __post_init__(self) -> None:
        """Check both numbers."""
        _need("GradR", "drift", self.drift, lambda d: 0 < d < math.inf, "a number above 0")
        wanted = "a share of 0.5 to below 1"
        _need("GradR", "sparsity", self.sparsity, lambda p: 0.5 <= p < 1, wanted)

    def move(self, theta: Tensor, step: Tensor, rate: float, random: torch.Generator) -> Tensor:
        """Gradient and prior for every synapse."""
        mean = math.log(2 - 2 * self.sparsity) / self.drift
        return theta - rate * (step + self.drift * torch.sign(theta - mean))


@dataclass(frozen=True)
class DeepR(Rule):
    """Deep rewiring at a constant connectivity.

    connectivity : share of synapses that live, in each layer, drawn at the start
    drift        : by how much `theta` of live ones falls in a step, in units of the rate
    temperature  : of the walk, whose steps are `sqrt(2 rate temperature)` large
    """

    connectivity: float = 0.1
    drift: float = 0.01
    temperature: float = 1e-8

    def __post_init__(self) -> None:
        """Check all numbers."""
        wanted = "a share above 0 up to 1"
        _need("DeepR", "connectivity", self.connectivity, lambda c: 0 < c <= 1, wanted)
        for name in ("drift", "temperature"):
            wanted = "a number of 0 or more"
            _need("DeepR", name, getattr(self, name), lambda n: 0 <= n < math.inf, wanted)

    def start(self, theta: Tensor, random: torch.Generator) -> Tensor:
        """Draw the live ones; at least one."""
        count = max(1, round(self.connectivity * theta.numel()))
        kept = torch.zeros(theta.numel(), dtype=torch.bool)
        kept[torch.randperm(theta.numel(), generator=random)[:count]] = True
        kept = kept.view_as(theta).to(theta.device)
        return torch.where(kept, theta.clamp(min=GROWN), -torch.ones_like(theta))

    def move(self, theta: Tensor, step: Tensor, rate: float, random: torch.Generator) -> Tensor:
        """Live ones move; for each that dies another grows."""
        lived = theta > 0
        noise = torch.randn(theta.shape, generator=random).to(theta.device)
        walk = math.sqrt(2 * rate * self.temperature) * noise
        moved = torch.where(lived, theta - rate * (step + self.drift) + walk, theta)
        died = int((lived & (moved <= 0)).sum())
        if died:
            dormant = (moved <= 0).flatten().nonzero().flatten()
            chosen = dormant[torch.randperm(len(dormant), generator=random)[:died]]
            moved.view(-1)[chosen] = GROWN
        return moved


@dataclass(frozen=True)
class Kept(Rule):
    """Synapses that are not there stay away; live ones keep their sign and stay."""

    def start(self, theta: Tensor, random: torch.Generator) -> Tensor:
        """Dormant is what is 0."""
        return torch.where(theta > 0, theta, -torch.ones_like(theta))

    def move(self, theta: Tensor, step: Tensor, rate: float, random: torch.Generator) -> Tensor:
        """A live one that would turn its sign waits next to 0."""
        return torch.where(theta > 0, (theta - rate * step).clamp(min=GROWN), theta)


class Rewired(torch.optim.Optimizer):
    """Adam over `theta` of every weight by a rule, and over all other parameters.

    What is random is seeded by the step, so that a resumed run goes on as it would have.
    Warns once of each layer that has lost its last synapse; one without any has lost none.
    """

    def __init__(
        self, named: Iterable[tuple[str, nn.Parameter]], rule: Rule, rate: float, seed: int
    ) -> None:
        named = list(named)
        weights = [(name, each) for name, each in named if each.dim() > 1]
        others = [each for _, each in named if each.dim() <= 1]
        groups = [{"params": [each for _, each in weights], "names": [name for name, _ in weights]}]
        groups += [{"params": others, "names": []}] if others else []
        super().__init__(groups, {"lr": rate, "seed": seed})
        self.rule, self.dead = rule, set[str]()
        with torch.no_grad():
            for group in self.param_groups:
                for number, (name, weight) in enumerate(_named(group)):
                    self._begin(name, weight, _generator(seed, number, 0))

    @torch.no_grad()
    def step(self, closure: Any = None) -> None:
        """One step of all parameters that have a gradient."""
        for group in self.param_groups:
            for number, (name, weight) in enumerate(_named(group)):
                if weight.grad is not None:
                    self._step(name, number, weight, group)

    def _step(self, name: str, number: int, weight: Tensor, group: dict[str, Any]) -> None:
        state = self.state[weight]
        state["step"] += 1
        gradient = weight.grad
        assert gradient is not None
        state["mean"].lerp_(gradient, 1 - FIRST)
        state["square"].mul_(SECOND).addcmul_(gradient, gradient, value=1 - SECOND)
        root = (state["square"] / (1 - SECOND ** state["step"])).sqrt_().add_(LEAST)
        step = state["mean"] / (1 - FIRST ** state["step"]) / root
        if not name:
            weight.sub_(step, alpha=group["lr"])
            return
        random = _generator(group["seed"], number, state["step"])
        before = state["theta"]
        theta = self.rule.move(before, state["sign"] * step, group["lr"], random)
        state["theta"] = theta
        weight.copy_(state["sign"] * theta.clamp(min=0))
        self._tell(name, before, theta, state["step"])

    def _begin(self, name: str, weight: Tensor, random: torch.Generator) -> None:
        """Moments, and of what is rewired signs, drawn where a weight is 0, and `theta`."""
        state = self.state[weight]
        state["step"] = 0
        state["mean"], state["square"] = torch.zeros_like(weight), torch.zeros_like(weight)
        if name:
            drawn = 2.0 * torch.randint(0, 2, weight.shape, generator=random).to(weight) - 1
            state["sign"] = torch.where(weight == 0, drawn, torch.sign(weight))
            state["theta"] = self.rule.start(weight.abs(), random)
            weight.copy_(state["sign"] * state["theta"].clamp(min=0))

    def _tell(self, name: str, before: Tensor, theta: Tensor, step: int) -> None:
        if name in self.dead or bool((theta > 0).any()):
            return
        if bool((before > 0).any()):
            self.dead.add(name)
            warn(
                f"rewiring: {name} has no synapse left after step {step}; lower the drift or train "
                "for fewer steps"
            )

    def connectivity(self) -> dict[str, float]:
        """Name of each weight -> share of its synapses that live."""
        return {
            name: float((self.state[weight]["theta"] > 0).float().mean())
            for name, weight in _named(self.param_groups[0])
        }


def _called(model: nn.Module, name: str) -> str:
    """What users call a weight: a module's class may tell it of the name within the module."""
    module: Any = model
    parts = name.split(".")
    for number, part in enumerate(parts):
        tell = getattr(type(module), "weight_called", None)
        if tell is not None:
            return str(tell(module, ".".join(parts[number:])))
        module = getattr(module, part)
    return name


def _named(group: dict[str, Any]) -> list[tuple[str, nn.Parameter]]:
    """Parameters of a group with the names of those that are rewired."""
    names = group["names"] or [""] * len(group["params"])
    return list(zip(names, group["params"], strict=True))


def _generator(seed: int, number: int, step: int) -> torch.Generator:
    mixed = ((seed + 1) * 1_000_003 + number) * 1_000_003 + step
    return torch.Generator().manual_seed(mixed % 2**63)  # what torch takes


def _need(rule: str, name: str, value: Any, good: Callable[[Any], bool], wanted: str) -> None:
    if not isinstance(value, Real) or not good(value):
        raise OptionError(f"{rule}: {name} is {value!r}; give {wanted}")
