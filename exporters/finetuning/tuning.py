"""Stages of training, resumable; the network that is best on samples held out is what remains."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from numpy.typing import ArrayLike
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

from exporters.finetuning.counting.stages import Counts
from exporters.finetuning.plan import BITS, FineTuned, FineTuning
from exporters.finetuning.refit import BATCH, refit, settle
from exporters.finetuning.run import Run, State, best_of, state_of
from exporters.finetuning.start import PHASES, integers_of, is_converted, is_net, labels_of, start
from exporters.finetuning.teacher import LOSSES, Taught, Teacher, learnt, own, teacher_of
from exporters.finetuning.twin import OneSpike
from exporters.frontends.read import model_files
from exporters.recipe import Keywords, Recipe, with_options
from exporters.training.loop import Augment, Samples, accuracy, fit
from exporters.training.measures import evaluated
from onespike_lava.data.samples import as_array
from onespike_lava.errors import OneSpikeError, OptionError, warn
from onespike_lava.network import Network
from onespike_lava.netx import save
from onespike_lava.system.files import check_replaceable, keep_inputs, scratch
from onespike_lava.system.progress import Progress, silent

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
    code: str | None = None,
    output: str | None = None,
    progress: Progress = silent,
    **options: Unpack[Keywords],
) -> FineTuned:
    """Train a network on, as the integers that it is.

    One-spike networks: forward every neuron codes as in the file: `T` levels, shifted thresholds,
    whole weights and biases; backward the rounding counts as none (straight through). Between
    stages, thresholds, levels and scales are fitted anew where the loss of some samples falls by
    it. Networks of spike counts (`exporters.finetuning.counting`): in each stage one layer more
    spikes as in the file, with the gradient of a ReLU of its counts; those before stay as they
    are, those behind are ReLUs still. What is learnt are the logits of the source network, or
    labels. The result is the network that is best on samples held out, the last one without such.

    model       : what `exporters.convert` takes, a ReLU network, which is converted first; or a
                  network that this function trains: `Network`, or the path of its `.net` file
    x, y        : samples as the model takes them, float[N, ...], and labels int[N]
    path        : of the file to write, None for none
    calibration : samples for the conversion; `CALIBRATION` drawn from `x` unless given
    tuning      : see `FineTuning`
    augment     : of a batch of integers of the input grid, such as `Shifts`
    work        : folder that keeps an unfinished run: a call with the same samples and options
                  goes on from there, and ends with the network that it would have had
    teacher     : the source network of a `model` that is converted already, to learn from; labels
                  are learnt without one
    code        : `one-spike` unless given, or `count`; a converted network has its own
    output      : which of several outputs of the model
    progress    : told how far conversion and training are
    options     : of the conversion, see `exporters.recipe.Recipe`; `phases` is 8 unless given, of
                  spike counts the steps; these have `input_bits`, `input_range`, `pool` and
                  `rounding` beside

    Ctrl-C ends training early; the best network so far remains. Raises `DataError`, `OptionError`
    and `UnsupportedError`.
    """
    tuning = tuning or FineTuning()
    if path is not None:
        files = {"model": model} if is_net(model) else {}
        keep_inputs({"path": (path, ".net")}, files if is_converted(model) else model_files(model))
        check_replaceable(path)
    if teacher is not None and tuning.learn == "labels":
        raise OptionError("finetune: a teacher, but learn is 'labels'; leave one of them out")
    x = as_array(x, "x", "float[N, ...]")
    labels = labels_of(y, x)
    network, recipe = start(model, x, calibration, tuning, code, output, progress, options)
    _tell_of_wait(network)
    coded = integers_of(network, x)
    taught, outputs = None, prod(network.readout.shape)
    if tuning.learn != "labels" and teacher is not None:
        taught = teacher_of(teacher, network.input, coded[:4], outputs)
    elif tuning.learn != "labels" and not is_converted(model):
        taught = teacher_of(model, network.input, coded[:4], outputs, output)
    elif tuning.learn == "both":
        raise OptionError(
            "finetune: learn is 'both', but a converted network has no source; name it by teacher= "
            "in Python, give the source network as the model, or learn labels"
        )
    run = _run(network, (coded, labels), recipe, tuning, augment, taught)
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


def _run(
    network: Network,
    samples: Samples,
    recipe: Recipe,
    tuning: FineTuning,
    augment: Augment | None,
    teacher: Teacher | None,
) -> Run:
    if network.steps:
        return Counts(network, samples, tuning, augment, teacher)
    if tuning.new_layer is not None:
        raise OptionError("finetune: new_layer is of spike counts; leave it out of one spike")
    return _Phases(network, samples, recipe, tuning, augment, teacher)


def _tell_of_wait(network: Network) -> None:
    if network.wait < network.phases and not network.steps:
        warn(
            f"finetune: T_w is {network.wait} of T = {network.phases} phases, and training sees "
            "neurons that wait for all of them; what the network loses by less it does not see"
        )


class _Phases(Run):
    """Of one-spike networks: all layers at once, codes fitted anew between stages."""

    twin: OneSpike

    def __init__(
        self,
        network: Network,
        samples: Samples,
        recipe: Recipe,
        tuning: FineTuning,
        augment: Augment | None,
        teacher: Teacher | None,
    ) -> None:
        self.recipe = recipe
        twin = OneSpike(network, BITS[tuning.weight_bits])
        super().__init__(network, twin, samples, tuning, augment, teacher)

    def first(self, kept: Samples | None) -> dict[str, Any]:
        """Weights on the grid of their bits, within the fan-in."""
        settle(self.twin, self.tuning.fan_in, self.x[self.drawn])
        start = accuracy(self.twin, *kept) if kept is not None else None
        model = state_of(self.twin)
        own = {"stage": 0, "model": model, "best": model, "share": None}
        return {**own, "start": start, "epochs": []}

    def stage(self, number: int, path: Path, told: Progress) -> None:
        """Train all layers."""
        more: dict[str, Any] = {"augment": self.augment, "path": path, "progress": told}
        model: nn.Module = self.twin
        if self.teacher is not None:
            model = Taught(self.twin, self.teacher)
            more |= {"loss": LOSSES[self.tuning.learn], "scores": learnt}
        found = fit(model, self.x, self.y, self.tuning.plan(number), **more)
        last = state_of(self.twin)
        if not number:
            self.twin.load_state_dict(self.state["model"])
            self.state["loss"] = self._loss(self.drawn)
            self.twin.load_state_dict(last)
        if number + 1 == len(self.tuning.of_stages):
            self._tell_of_loss()
        doubled = dict(self.network.provenance).get("double", "none") != "none"
        if number + 1 < len(self.tuning.of_stages) and not doubled:
            self._refit(last)  # it would give both neurons of a value one code
        self.interrupted(number, found.epochs, own(found.best_weights or last))
        self.state |= {"stage": number + 1, "model": state_of(self.twin)}

    def interrupted(self, number: int, epochs: list[dict[str, Any]], weights: State) -> None:
        """Keep a stage's best epoch, or its last; not where an earlier stage's was better."""
        self.state["epochs"] = self.state["epochs"] + epochs
        better, share = best_of(self.state["share"], epochs)
        if better:
            self.state |= {"best": dict(weights), "share": share}

    def _refit(self, last: State) -> None:
        """New codes, where the loss of some training samples falls by them."""
        x = self.x[self.drawn]
        before = self._loss(self.drawn)
        refit(self.twin, x, self.recipe)
        if self._loss(self.drawn) > before:
            self.twin.load_state_dict(last)

    def _tell_of_loss(self) -> None:
        """Warn where training has gained nothing; pruning and held-out samples judge otherwise."""
        before = self.state.get("loss")  # None in a folder that an earlier version began
        if before is None or self.kept is not None or self.tuning.drift is not None:
            return
        after = self._loss(self.drawn)
        if after > before:
            warn(
                f"finetune: the loss of {len(self.drawn)} training samples rose from {before:.4g} "
                f"to {after:.4g}; give a rate below {self.tuning.rate:g}, or more epochs"
            )

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
                    found = LOSSES[self.tuning.learn](out, self.y[part])
                total += float(found) * len(part)
        return total / len(places)


@contextmanager
def _folder(work: str | os.PathLike[str] | None) -> Iterator[Path]:
    if work is not None:
        yield Path(work)
        return
    with scratch() as folder:
        yield folder / "run"  # it comes and goes; the folder itself is held against sweeps
