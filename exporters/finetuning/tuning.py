"""Stages of training, resumable; the network that is best on samples kept out is what remains."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from exporters.conversion import convert
from exporters.finetuning.plan import BITS, FineTuned, FineTuning
from exporters.finetuning.refit import refit, settle
from exporters.finetuning.twin import OneSpike
from exporters.frontends.read import model_files
from exporters.recipe import Keywords, Recipe, recipe_of
from exporters.training.checkpoint import Checkpoint, content, digest
from exporters.training.loop import Augment, accuracy, check_samples, fit, split
from onespike_lava.data.encoding import encode
from onespike_lava.errors import DataError, OptionError
from onespike_lava.network import Network
from onespike_lava.netx import load, save
from onespike_lava.system.files import keep_inputs, scratch
from onespike_lava.system.progress import Progress, of_whole, silent

if TYPE_CHECKING:
    from typing_extensions import Unpack

CALIBRATION = 1000
"""Samples that are drawn from the data where no others calibrate."""

PHASES = 8
"""`T` of a conversion that is fine-tuned, unless another is given."""


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
    output: str | None = None,
    progress: Progress = silent,
    **options: Unpack[Keywords],
) -> FineTuned:
    """Train a one-spike network on, as the integers that it is.

    Forward every neuron codes as in the file: `T` levels, shifted thresholds, whole weights and
    biases; backward the rounding counts as none (straight through). Between stages, thresholds,
    levels and scales are fitted anew. The result is the network of the epoch that is best on
    samples kept out, of the last one without such.

    model       : what `exporters.convert` takes, a ReLU network, which is converted first; or a
                  one-spike network: `Network`, or the path of its `.net` file
    x, y        : samples as the model takes them, float[N, ...], and labels int[N]
    path        : of the file to write, None for none
    calibration : samples for the conversion; `CALIBRATION` drawn from `x` unless given
    tuning      : see `FineTuning`
    augment     : of a batch of integers of the input grid, such as `Shifts`
    work        : folder that keeps an unfinished run: a call with the same samples and options
                  goes on from there, and ends with the network that it would have had
    output      : which of several outputs of the model
    progress    : told how far conversion and training are
    options     : of the conversion, see `exporters.recipe.Recipe`; `phases` is 8 unless given

    Ctrl-C ends training early; the best network so far remains. Raises `DataError`, `OptionError`
    and `UnsupportedError`.
    """
    tuning = tuning or FineTuning()
    if path is not None:
        keep_inputs({"path": (path, ".net")}, {} if _is_net(model) else model_files(model))
    x = np.asarray(x)
    labels = _labels(y, x)
    network, recipe = _start(model, x, calibration, tuning, output, progress, options)
    coded = torch.from_numpy(encode(network.input, x).integers)
    seen = coded if calibration is None else _coded(network, calibration)
    seen = seen[torch.from_numpy(_places(len(seen), tuning.seed))]
    run = _Run(network, coded, labels, seen, recipe, tuning, augment)
    with _folder(work) as folder:
        found = run.end(folder, progress)
        if path is not None:
            save(found.network, path)
        if found.ended:
            run.clear(folder)
    return found


class _Run:
    """One fine-tuning, from where its folder stands to its end."""

    def __init__(
        self,
        network: Network,
        x: Tensor,
        y: Tensor,
        calibration: Tensor,
        recipe: Recipe,
        tuning: FineTuning,
        augment: Augment | None,
    ) -> None:
        self.network, self.x, self.y, self.calibration = network, x, y, calibration
        self.recipe, self.tuning = recipe, tuning
        self.twin = OneSpike(network, BITS[tuning.weight_bits])
        known = asdict(tuning) | {"data": digest(x, y, calibration), "network": _digest(network)}
        self.head = known | {"augment": repr(augment)}
        self.augment = augment
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
        found = self.twin.integers(self._told())
        start, best = self.state["start"], self.state["share"]
        return FineTuned(found, self.network, start, best, self.state["epochs"], ended)

    def clear(self, folder: Path) -> None:
        """Remove what an unfinished run needs."""
        for stage in range(len(self.tuning.of_stages)):
            self._path(folder, stage).unlink(missing_ok=True)
        (folder / "state.pt").unlink(missing_ok=True)
        with suppress(OSError):  # what else is in there is the caller's
            folder.rmdir()

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
        found = fit(
            self.twin, self.x, self.y, plan, augment=self.augment, path=path, progress=progress
        )
        last = _copy(self.twin)
        if stage + 1 < len(self.tuning.of_stages):
            refit(self.twin, self.calibration, self.recipe)
        self._note(found.epochs, found.best_weights or last)
        self.state |= {"stage": stage + 1, "model": _copy(self.twin)}

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
                self._note(state["epochs"], state["best_weights"] or state["model"])

    def _path(self, folder: Path, stage: int) -> Path:
        return folder / f"stage-{stage + 1}.pt"

    def _told(self) -> str:
        tuning = self.tuning
        fan_in = "" if tuning.fan_in is None else f", fan-in {tuning.fan_in}"
        done = len(self.state["epochs"])
        return (
            f"{done} epochs, {len(self.y)} samples, rate {tuning.rate:g}, "
            f"{tuning.weight_bits} bits{fan_in}, seed {tuning.seed}"
        )


def _start(
    model: Any,
    x: NDArray[Any],
    calibration: Any,
    tuning: FineTuning,
    output: str | None,
    progress: Progress,
    options: Mapping[str, Any],
) -> tuple[Network, Recipe]:
    """The integer network to train on, and the recipe by which it is fitted anew."""
    if isinstance(model, Network) or _is_net(model):
        if options or output is not None:
            raise OptionError(
                f"{', '.join(options) or 'output'}: of a conversion; {model} is converted already, "
                "leave it out"
            )
        network = model if isinstance(model, Network) else load(model)
        return network, Recipe(phases=network.phases)
    pool = {"pool": "own"} if tuning.fan_in is not None else {}
    options = {"phases": PHASES, **pool, **options}
    recipe = recipe_of(options)
    seen = x[_places(len(x), tuning.seed)] if calibration is None else calibration
    return convert(model, seen, output=output, progress=progress, **options).network, recipe


def _is_net(model: Any) -> bool:
    return isinstance(model, (str, os.PathLike)) and Path(model).suffix.lower() == ".net"


def _labels(y: ArrayLike, x: NDArray[Any]) -> Tensor:
    """Labels int64[N] of samples; `DataError` for others."""
    labels = np.asarray(y)
    if labels.dtype.kind not in "iub" or labels.ndim != 1:
        raise DataError(
            f"finetune: labels {labels.dtype}{list(labels.shape)} are not whole numbers [N]; "
            "number the classes"
        )
    found = torch.from_numpy(labels.astype(np.int64))
    check_samples("finetune", torch.empty(len(x)), found)
    return found


def _coded(network: Network, samples: Any) -> Tensor:
    from exporters.calibration.samples import as_samples

    return torch.from_numpy(encode(network.input, as_samples(samples)).integers)


def _places(count: int, seed: int) -> NDArray[np.int64]:
    """Which of `count` samples calibrate, in their order."""
    return np.sort(np.random.default_rng(seed).permutation(count)[:CALIBRATION])


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
