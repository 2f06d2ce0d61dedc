"""Stages of training, resumable; the network that is best on samples kept out is what remains."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from exporters.finetuning.plan import BITS, FineTuned, FineTuning
from exporters.finetuning.refit import BATCH, refit, settle
from exporters.finetuning.start import (
    PHASES,
    integers_of,
    is_converted,
    is_net,
    labels_of,
    places,
    start,
)
from exporters.finetuning.teacher import Taught, Teacher, divergence, learnt, own, teacher_of
from exporters.finetuning.twin import OneSpike
from exporters.frontends.read import model_files
from exporters.recipe import Keywords, Recipe, with_options
from exporters.training.checkpoint import Checkpoint, content, digest
from exporters.training.loop import Augment, accuracy, fit, split
from exporters.training.measures import evaluated
from onespike_lava.errors import OneSpikeError, OptionError, warn
from onespike_lava.network import Network
from onespike_lava.netx import save
from onespike_lava.system.files import keep_inputs, scratch
from onespike_lava.system.progress import Progress, of_whole, silent

if TYPE_CHECKING:
    from typing_extensions import Unpack


@with_options({"phases": PHASES})
def finetune(
    model: Any,
    x: ArrayLike,
    y: ArrayLike,
    path: str | os.PathLike[str] | None = None,
    *,
    calibration: Any = None,
    tuning: FineTuning | None = None,
    augment: Augment | None = None,
    work: str | os.PathLike[str] | None = None,
    teacher: Any = None,
    output: str | None = None,
    progress: Progress = silent,
    **options: Unpack[Keywords],
) -> FineTuned:
    """Train a one-spike network on, as the integers that it is.

    Forward every neuron codes as in the file: `T` levels, shifted thresholds, whole weights and
    biases; backward the rounding counts as none (straight through). Between stages, thresholds,
    levels and scales are fitted anew where the loss of some samples falls by it. What is learnt
    are the logits of the source network, or labels. The result is the network of the epoch that is
    best on samples kept out, of the last one without such.

    model       : what `exporters.convert` takes, a ReLU network, which is converted first; or a
                  one-spike network: `Network`, or the path of its `.net` file
    x, y        : samples as the model takes them, float[N, ...], and labels int[N]
    path        : of the file to write, None for none
    calibration : samples for the conversion; `CALIBRATION` drawn from `x` unless given
    tuning      : see `FineTuning`
    augment     : of a batch of integers of the input grid, such as `Shifts`
    work        : folder that keeps an unfinished run: a call with the same samples and options
                  goes on from there, and ends with the network that it would have had
    teacher     : the source network of a `model` that is converted already, to learn from; labels
                  are learnt without one
    output      : which of several outputs of the model
    progress    : told how far conversion and training are
    options     : of the conversion, see `exporters.recipe.Recipe`; `phases` is 8 unless given

    Ctrl-C ends training early; the best network so far remains. Raises `DataError`, `OptionError`
    and `UnsupportedError`.
    """
    tuning = tuning or FineTuning()
    if path is not None:
        files = {"model": model} if is_net(model) else {}
        keep_inputs({"path": (path, ".net")}, files if is_converted(model) else model_files(model))
    if teacher is not None and tuning.learn == "labels":
        raise OptionError("finetune: a teacher, but learn is 'labels'; leave one of them out")
    x = np.asarray(x)
    labels = labels_of(y, x)
    network, recipe = start(model, x, calibration, tuning, output, progress, options)
    _tell_of_wait(network)
    coded = integers_of(network, x)
    taught, outputs = None, prod(network.readout.shape)
    if tuning.learn == "source" and teacher is not None:
        taught = teacher_of(teacher, network.input, coded[:4], outputs)
    elif tuning.learn == "source" and not is_converted(model):
        taught = teacher_of(model, network.input, coded[:4], outputs, output)
    run = _Run(network, coded, labels, recipe, tuning, augment, taught)
    with _folder(work) as folder:
        try:
            found = run.end(folder, progress)
        except OneSpikeError:
            run.drop(folder)
            raise
        if path is not None:
            save(found.network, path)
        if found.ended:
            run.clear(folder)
    return found


def _tell_of_wait(network: Network) -> None:
    if network.wait < network.phases:
        warn(
            f"finetune: T_w is {network.wait} of T = {network.phases} phases, and training sees "
            "neurons that wait for all of them; what the network loses by less it does not see"
        )


class _Run:
    """One fine-tuning, from where its folder stands to its end."""

    def __init__(
        self,
        network: Network,
        x: Tensor,
        y: Tensor,
        recipe: Recipe,
        tuning: FineTuning,
        augment: Augment | None,
        teacher: Teacher | None,
    ) -> None:
        self.network, self.x, self.y = network, x, y
        self.drawn = torch.from_numpy(places(len(x), tuning.seed))
        self.recipe, self.tuning = recipe, tuning
        self.twin = OneSpike(network, BITS[tuning.weight_bits])
        known = asdict(tuning) | {"data": digest(x, y), "network": _digest(network)}
        self.head = known | {"augment": repr(augment), "taught": teacher and teacher.digest}
        self.augment, self.teacher = augment, teacher
        self.state: dict[str, Any] = {}

    def end(self, folder: Path, progress: Progress) -> FineTuned:
        """Train to the end, or to Ctrl-C."""
        file = Checkpoint(folder / "state.pt", self.head)
        _, kept = split(self.x, self.y, self.tuning.plan(0))
        self.state = file.load() or self._first(kept)
        file.save(self.state)
        ended, before = True, 0
        epochs = self.tuning.of_stages
        for stage in range(len(epochs)):
            if stage >= self.state["stage"]:
                self.twin.load_state_dict(self.state["model"])
                told = partial(of_whole, progress, "training", before, sum(epochs) * 1000)
                try:
                    self._stage(stage, self._path(folder, stage), told)
                except KeyboardInterrupt:
                    self._interrupted(stage, self._path(folder, stage))
                    ended = False
                    break
                file.save(self.state)
            before += epochs[stage] * 1000
        self.twin.load_state_dict(self.state["best"])
        found = self.twin.integers(self._told(), self.tuning.drift is not None)
        start, best = self.state["start"], self.state["share"]
        return FineTuned(found, self.network, start, best, self.state["epochs"], ended)

    def clear(self, folder: Path) -> None:
        """Remove what an unfinished run needs."""
        for stage in range(len(self.tuning.of_stages)):
            self._path(folder, stage).unlink(missing_ok=True)
        (folder / "state.pt").unlink(missing_ok=True)
        with suppress(OSError):  # what else is in there is the caller's
            folder.rmdir()

    def drop(self, folder: Path) -> None:
        """Clear a folder where nothing has been trained yet, so that a slip can be corrected."""
        if self.state and not self.state["stage"] and not self._path(folder, 0).exists():
            self.clear(folder)

    def _first(self, kept: tuple[Tensor, Tensor] | None) -> dict[str, Any]:
        """The state of a run that has not begun."""
        settle(self.twin, self.tuning.fan_in)
        start = accuracy(self.twin, *kept) if kept is not None else None
        model = _copy(self.twin)
        return {
            "stage": 0,
            "model": model,
            "best": model,
            "share": None,
            "start": start,
            "epochs": [],
        }

    def _stage(self, stage: int, path: Path, told: Any) -> None:
        def progress(name: str, done: int, total: int) -> None:
            told("", done * self.tuning.of_stages[stage] * 1000 // total, 0)

        plan = self.tuning.plan(stage)
        more: dict[str, Any] = {"augment": self.augment, "path": path, "progress": progress}
        model: nn.Module = self.twin
        if self.teacher is not None:
            model = Taught(self.twin, self.teacher)
            more |= {"loss": divergence, "scores": learnt}
        found = fit(model, self.x, self.y, plan, **more)
        last = _copy(self.twin)
        if stage + 1 < len(self.tuning.of_stages):
            self._refit(last)
        self._note(found.epochs, own(found.best_weights or last))
        self.state |= {"stage": stage + 1, "model": _copy(self.twin)}

    def _refit(self, last: dict[str, Tensor]) -> None:
        """New codes, where the loss of some training samples falls by them."""
        x = self.x[self.drawn]
        before = self._loss(self.drawn)
        refit(self.twin, x, self.recipe)
        if self._loss(self.drawn) > before:
            self.twin.load_state_dict(last)

    def _loss(self, places: Tensor) -> float:
        """Mean over some samples of what training makes small."""
        total = 0.0
        with evaluated(self.twin):
            for part in places.split(BATCH):
                out = self.twin(self.x[part])
                if self.teacher is None:
                    found = cross_entropy(out, self.y[part])
                else:
                    out = torch.stack([out, self.teacher(self.x[part])], 1)
                    found = divergence(out, self.y[part])
                total += float(found) * len(part)
        return total / len(places)

    def _note(self, epochs: list[dict[str, Any]], weights: Mapping[str, Tensor]) -> None:
        """Keep a stage's best epoch, or its last; not where an earlier stage's was better."""
        self.state["epochs"] = self.state["epochs"] + epochs
        shares = [each["validation"] for each in epochs if each["validation"] is not None]
        best = self.state["share"]
        if best is None or not shares or max(shares) >= best:
            self.state |= {"best": dict(weights), "share": max(shares, default=None)}

    def _interrupted(self, stage: int, path: Path) -> None:
        """Take in what a stage had when it was ended."""
        if path.exists():
            _, state = content(path)
            if state["epochs"]:
                self._note(state["epochs"], own(state["best_weights"] or state["model"]))

    def _path(self, folder: Path, stage: int) -> Path:
        return folder / f"stage-{stage + 1}.pt"

    def _told(self) -> str:
        tuning = self.tuning
        fan_in = "" if tuning.fan_in is None else f", fan-in {tuning.fan_in}"
        drift = "" if tuning.drift is None else f", drift {tuning.drift:g}"
        done = len(self.state["epochs"])
        taught = "labels" if self.teacher is None else "logits of the source"
        return (
            f"{done} epochs, {len(self.y)} samples, {taught}, rate {tuning.rate:g}, "
            f"{tuning.weight_bits} bits{fan_in}{drift}, seed {tuning.seed}"
        )


def _copy(twin: OneSpike) -> dict[str, Tensor]:
    return {name: each.detach().clone() for name, each in twin.state_dict().items()}


def _digest(network: Network) -> str:
    return digest(*OneSpike(network).state_dict().values())


@contextmanager
def _folder(work: str | os.PathLike[str] | None) -> Iterator[Path]:
    if work is not None:
        yield Path(work)
        return
    with scratch() as folder:
        yield folder
