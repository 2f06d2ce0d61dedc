"""How a network is trained, and what that gave."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from numbers import Integral, Real

import torch
from torch import Tensor, nn

from exporters.training.rewiring.rules import Rule
from onespike_lava.errors import OptionError

OPTIMISERS = ("sgd", "adam")
PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class Plan:
    """How a network is trained.

    epochs, batch : a last batch that is not full is left out
    rate          : at the start; falls to 0 as half a cosine, after `warm` steps in which it rises
    optimiser     : `sgd` (Nesterov's momentum where `momentum` is above 0), or `adam` with
                    `decay` apart from the gradient (AdamW); or a rule of
                    `exporters.training.rewiring`
    clip          : largest norm of the gradient; None for any
    bound         : weights stay within it, to either side; None for any
    smoothing     : of labels, in cross-entropy
    validation    : share of the training samples that are held out, to choose the best epoch
    patience      : epochs without a better one on these samples, after which training ends; the
                    rate then stays where it is instead of falling. None: all epochs
    seed          : of the order, of augmentations and of the split; weights are the caller's
    kept_seed     : of the split, where several trainings keep the same samples out
    precision     : of the forward pass in training: `float32`, or `bfloat16`, torch's automatic
                    mixture, which is faster where the processor has its instructions. Weights,
                    the loss, and every judgement stay float32
    """

    epochs: int = 10
    batch: int = 64
    rate: float = 0.1
    optimiser: str | Rule = "sgd"
    momentum: float = 0.9
    decay: float = 0.0
    warm: int = 0
    clip: float | None = None
    bound: float | None = None
    smoothing: float = 0.0
    validation: float = 0.0
    patience: int | None = None
    seed: int = 0
    kept_seed: int | None = None
    precision: str = "float32"

    def __post_init__(self) -> None:
        if not isinstance(self.optimiser, Rule) and self.optimiser not in OPTIMISERS:
            raise OptionError(
                f"Plan: optimiser is {self.optimiser!r}; give one of {', '.join(OPTIMISERS)}"
            )
        if self.precision not in PRECISIONS:
            raise OptionError(
                f"Plan: precision is {self.precision!r}; give one of {', '.join(PRECISIONS)}"
            )
        for name, least in (("epochs", 1), ("batch", 1), ("warm", 0), ("seed", None)):
            value = getattr(self, name)
            self._need(name, isinstance(value, Integral), "a whole number")
            self._need(name, least is None or value >= least, f"{least} or more")
        for name in ("rate", "decay"):
            self._need(name, self._within(name, math.inf), "a number of 0 or more")
        for name in ("momentum", "smoothing", "validation"):
            self._need(name, self._within(name, 1), "a share of 0 to below 1")
        for name in ("clip", "bound"):
            value = getattr(self, name)
            good = value is None or (self._within(name, math.inf) and value > 0)
            self._need(name, good, "a number above 0")
        if self.patience is not None:
            whole = isinstance(self.patience, Integral) and not isinstance(self.patience, bool)
            self._need("patience", whole and self.patience >= 1, "a whole number from 1 up")
            self._need("validation", self.validation > 0, "a share above 0, which patience needs")

    def share(self, step: int, steps: int) -> float:
        """Of the rate, in a step counted from 0."""
        if step < self.warm:
            return (step + 1) / self.warm
        if self.patience is not None:
            return 1.0
        return 0.5 * (1 + math.cos(math.pi * (step - self.warm) / max(1, steps - self.warm)))

    def forward(self, model: nn.Module, x: Tensor) -> Tensor:
        """The model's output in training, float32, in this precision."""
        if self.precision == "float32":
            return model(x)
        with torch.autocast(x.device.type, torch.bfloat16):
            return model(x).float()

    def _within(self, name: str, end: float) -> bool:
        """Whether a setting is a number from 0 to below the end."""
        value = getattr(self, name)
        return isinstance(value, Real) and 0 <= float(value) < end

    def _need(self, name: str, good: bool, wanted: str) -> None:
        if not good:
            raise OptionError(f"Plan: {name} is {getattr(self, name)!r}; give {wanted}")


@dataclass
class Result:
    """What a training gave.

    epochs   : of each: mean loss, share of validation samples that are right (None without),
               seconds
    last     : share of the test samples that the last epoch's weights get right
    best     : the same of the epoch that is best on the validation samples, of its weights
    best_epoch : counted from 1
    All of tests None without test samples, of the best ones without validation samples.
    """

    epochs: list[dict[str, float | None]] = field(default_factory=list)
    last: float | None = None
    best: float | None = None
    best_epoch: int | None = None
    best_weights: dict[str, Tensor] | None = field(default=None, repr=False)

    @property
    def seconds(self) -> float:
        """Of all epochs."""
        return sum(epoch["seconds"] or 0.0 for epoch in self.epochs)

    def stale(self, patience: int | None) -> bool:
        """Whether so many epochs have ended since the best one."""
        return patience is not None and len(self.epochs) - (self.best_epoch or 0) >= patience


def optimiser_of(model: nn.Module, plan: Plan) -> torch.optim.Optimizer:
    """Decay is for weights of two axes and more: not for biases and batch norms."""
    if isinstance(plan.optimiser, Rule):
        return plan.optimiser.of(model, plan.rate, plan.decay, plan.seed)
    every = [each for each in model.parameters() if each.requires_grad]
    groups = [
        {"params": [each for each in every if each.dim() > 1], "weight_decay": plan.decay},
        {"params": [each for each in every if each.dim() <= 1], "weight_decay": 0.0},
    ]
    groups = [group for group in groups if group["params"]]
    if plan.optimiser == "adam":
        return torch.optim.AdamW(groups, lr=plan.rate)
    nesterov = plan.momentum > 0
    return torch.optim.SGD(groups, lr=plan.rate, momentum=plan.momentum, nesterov=nesterov)
