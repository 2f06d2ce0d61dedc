"""Training: one loop for every network, seeded, told of, and resumable after a kill."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from exporters.training.checkpoint import Checkpoint, digest
from exporters.training.measures import evaluated
from exporters.training.plan import Plan, Result, optimiser_of
from onespike_lava.errors import DataError
from onespike_lava.system.progress import Progress, silent

Loss = Callable[[Tensor, Tensor], Tensor]
Augment = Callable[[Tensor, torch.Generator], Tensor]
Prepare = Callable[[Tensor], Tensor]
Samples = tuple[Tensor, Tensor]


def fit(
    model: nn.Module,
    x: Tensor,
    y: Tensor,
    plan: Plan,
    *,
    test: tuple[Tensor, Tensor] | None = None,
    loss: Loss | None = None,
    scores: Prepare | None = None,
    prepare: Prepare | None = None,
    augment: Augment | None = None,
    path: str | Path | None = None,
    every: float = 60.0,
    progress: Progress = silent,
) -> Result:
    """Train a model in place; its last weights stay in it.

    x, y    : samples [N, ...] of any type and labels int64[N]
    test    : the same to judge the end; nothing is chosen by them
    loss    : of the model's output and the labels; cross-entropy unless given
    scores  : of the model's output, scores [N, classes]; the output itself unless given. The
              class is the largest score, the first of equal ones
    prepare : of a batch, before the model sees it, such as pixels to real numbers
    augment : of a training batch before that, by a generator that the step seeds
    path    : of a file that keeps the run: a call with the same plan and samples goes on from
              there, and ends with the weights that it would have had; written each epoch and every
              `every` seconds

    What is random in the model (dropout) is seeded by the step too. Raises `DataError` for samples
    and labels that do not fit, for a file of another run, and where the loss is no number.
    """
    known = {"fit": (x, y)} if test is None else {"fit": (x, y), "test": test}
    for name, samples in known.items():
        check_samples(name, *samples)
    chosen, kept = split(x, y, plan)
    read = Reading(prepare, scores)
    run = _Run(model, chosen, kept, plan, loss, read, augment, path, every, progress)
    run.labels = {name: each for name, (_, each) in known.items()}
    return run.end(test)


@dataclass(frozen=True)
class Reading:
    """How samples come into a model and scores out of it; see `fit`."""

    prepare: Prepare | None = None
    scores: Prepare | None = None

    def taken(self, x: Tensor) -> Tensor:
        """A batch as the model takes it."""
        return self.prepare(x) if self.prepare else x

    def read(self, out: Tensor) -> Tensor:
        """Scores [N, classes] of the model's output."""
        return self.scores(out) if self.scores else out


def accuracy(
    model: nn.Module, x: Tensor, y: Tensor, reading: Reading | None = None, batch: int = 250
) -> float:
    """Share of samples whose largest score, the first of equal ones, is that of their label."""
    check_samples("accuracy", x, y)
    reading = reading or Reading()
    right = 0
    with evaluated(model):
        for part, labels in zip(x.split(batch), y.split(batch), strict=True):
            found = reading.read(model(reading.taken(part))).argmax(1)
            right += int((found == labels.to(found.device)).sum())
    return right / len(y)


def check_samples(name: str, x: Tensor, y: Tensor) -> None:
    """`DataError` unless these are some samples and a label int64 of each."""
    if not (isinstance(x, Tensor) and isinstance(y, Tensor)):
        kinds = f"samples {type(x).__name__} and labels {type(y).__name__}"
        raise DataError(f"{name}: {kinds}; give torch tensors")
    if y.dtype != torch.int64 or y.dim() != 1:
        raise DataError(
            f"{name}: labels {y.dtype}{list(y.shape)} are not int64[N]; number the classes"
        )
    if len(x) != len(y):
        raise DataError(f"{name}: {len(x)} samples and {len(y)} labels; give as many")
    if not len(x):
        raise DataError(f"{name}: no samples; give at least one")


def _check_classes(name: str, y: Tensor, classes: int) -> None:
    low, high = int(y.min()), int(y.max())
    if not 0 <= low <= high < classes:
        raise DataError(
            f"{name}: labels {low}..{high} are outside 0..{classes - 1}, the scores of the model; "
            "number the classes so, or give the model more scores"
        )


def split(x: Tensor, y: Tensor, plan: Plan) -> tuple[Samples, Samples | None]:
    """Training samples, and those held out; `DataError` where no batch is left."""
    out = round(plan.validation * len(x))
    if (len(x) - out) < plan.batch:
        raise DataError(
            f"fit: {len(x) - out} training samples for batches of {plan.batch}; give more samples "
            "or a smaller batch"
        )
    if not out and plan.validation:
        raise DataError(
            f"fit: a validation share of {plan.validation:g} holds none of {len(x)} samples out; "
            "give a larger one, or 0"
        )
    if not out:
        return (x, y), None
    seed = plan.seed if plan.kept_seed is None else plan.kept_seed
    order = torch.randperm(len(x), generator=_generator(seed, 0, 1))
    kept, chosen = order[:out].sort().values, order[out:].sort().values
    return (x[chosen], y[chosen]), (x[kept], y[kept])


class _Run:
    """One training, from where its file stands to its end."""

    def __init__(
        self,
        model: nn.Module,
        samples: Samples,
        validation: Samples | None,
        plan: Plan,
        loss: Loss | None,
        reading: Reading,
        augment: Augment | None,
        path: str | Path | None,
        every: float,
        progress: Progress,
    ) -> None:
        self.model, self.plan, self.validation = model, plan, validation
        self.x, self.y = samples
        self.loss = loss or nn.CrossEntropyLoss(label_smoothing=plan.smoothing)
        self.reading, self.augment = reading, augment
        self.every, self.progress = every, progress
        self.per_epoch = len(self.x) // plan.batch
        self.steps = self.per_epoch * plan.epochs
        self.optimiser = optimiser_of(model, plan)
        self.order = (-1, torch.empty(0))
        self.labels: dict[str, Tensor] = {}
        """Those not yet held against the model's scores, which its first batch shows."""
        self.result, self.step, self.total, self.spent = Result(), 0, 0.0, 0.0
        self.file = None
        if path is not None:
            known = {"samples": len(self.x), "data": digest(*samples, *(validation or ()))}
            self.file = Checkpoint(path, {**asdict(plan), **known, "model": _shape(model)})
        self._resume()

    def end(self, test: Samples | None) -> Result:
        """Train to the end and judge it."""
        saved = time.monotonic()
        while self.step < self.steps:
            start = time.monotonic()
            if self.step % self.per_epoch == 0:
                if self.result.stale(self.plan.patience):
                    break
                self.total = self.spent = 0.0
            self._step()
            self.step += 1
            now = time.monotonic()
            self.spent += now - start
            done = self.step % self.per_epoch == 0
            if done:
                self._epoch()
            if self.file and (done or now - saved > self.every):
                self._save()
                saved = time.monotonic()
            self.progress("training", self.step, self.steps)
        if test is not None:
            self._judge(*test)
        return self.result

    def _step(self) -> None:
        plan, epoch = self.plan, self.step // self.per_epoch
        if self.order[0] != epoch:
            order = torch.randperm(len(self.x), generator=_generator(plan.seed, epoch, 2))
            self.order = (epoch, order)
        first = self.step % self.per_epoch * plan.batch
        chosen = self.order[1][first : first + plan.batch]
        torch.manual_seed(_seed(plan.seed, self.step, 3))
        x, y = self.x[chosen], self.y[chosen]
        if self.augment:
            x = self.augment(x, _generator(plan.seed, self.step, 4))
        self.model.train()
        for group in self.optimiser.param_groups:
            group["lr"] = plan.rate * plan.share(self.step, self.steps)
        self.optimiser.zero_grad(set_to_none=True)
        out = plan.forward(self.model, self.reading.taken(x))
        while self.labels:
            _check_classes(*self.labels.popitem(), self.reading.read(out).shape[1])
        value = self.loss(out, y.to(out.device))
        value.backward()
        if plan.clip is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), plan.clip)
        self.optimiser.step()
        if plan.bound is not None:
            with torch.no_grad():
                for weight in self.model.parameters():
                    weight.clamp_(-plan.bound, plan.bound)
        found = value.item()
        if not math.isfinite(found):
            raise DataError(
                f"fit: the loss is {found} in step {self.step + 1} of {self.steps}; lower the rate"
            )
        self.total += found

    def _epoch(self) -> None:
        """Note an epoch, and its weights where they are the best so far."""
        found = None
        if self.validation is not None:
            found = accuracy(self.model, *self.validation, self.reading)
            before = [epoch["validation"] or 0.0 for epoch in self.result.epochs]
            if found > max(before, default=-1.0):
                self.result.best_epoch = len(self.result.epochs) + 1
                self.result.best_weights = copy.deepcopy(self.model.state_dict())
        self.result.epochs.append(
            {"loss": self.total / self.per_epoch, "validation": found, "seconds": self.spent}
        )

    def _judge(self, x: Tensor, y: Tensor) -> None:
        self.result.last = accuracy(self.model, x, y, self.reading)
        if self.result.best_weights is not None:
            last = copy.deepcopy(self.model.state_dict())
            self.model.load_state_dict(self.result.best_weights)
            self.result.best = accuracy(self.model, x, y, self.reading)
            self.model.load_state_dict(last)

    def _save(self) -> None:
        assert self.file is not None
        self.file.save(
            {
                "model": self.model.state_dict(),
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "total": self.total,
                "spent": self.spent,
                "epochs": self.result.epochs,
                "best_epoch": self.result.best_epoch,
                "best_weights": self.result.best_weights,
            }
        )

    def _resume(self) -> None:
        state: dict[str, Any] | None = self.file.load() if self.file else None
        if state is None:
            return
        self.model.load_state_dict(state["model"])
        self.optimiser.load_state_dict(state["optimiser"])
        self.step, self.total, self.spent = state["step"], state["total"], state["spent"]
        self.result.epochs, self.result.best_epoch = state["epochs"], state["best_epoch"]
        self.result.best_weights = state["best_weights"]


def _shape(model: nn.Module) -> list[list[int]]:
    return [list(each.shape) for each in model.state_dict().values()]


def _seed(*parts: int) -> int:
    """One seed of several numbers, each step its own."""
    found = 0
    for part in parts:
        found = (found * 1_000_003 + part + 1) % 2**63
    return found


def _generator(*parts: int) -> torch.Generator:
    return torch.Generator().manual_seed(_seed(*parts))
