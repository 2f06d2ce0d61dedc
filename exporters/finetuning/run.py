"""One fine-tuning, from where its folder stands to its end: what all codes share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from exporters.finetuning.plan import FineTuned, FineTuning
from exporters.finetuning.start import places
from exporters.finetuning.teacher import Teacher, own
from exporters.finetuning.twin import Twin
from exporters.training.checkpoint import Checkpoint, content, digest
from exporters.training.loop import Augment, Samples, split
from onespike_lava.errors import warn
from onespike_lava.network import Network
from onespike_lava.netx import to_bytes
from onespike_lava.system.progress import Progress, of_whole

State = dict[str, Tensor]


class Run:
    """One fine-tuning.

    network : at the start
    twin    : of it, whose weights move
    x, y    : integers of the input grid, and labels
    drawn   : samples by which codes and thresholds are fitted
    state   : what a run that was killed goes on from: `stage` that comes next, `model` it begins
              with, `best` network so far with its `share` of the samples held out, `start`, the
              share at the start, `epochs`
    """

    twin: Twin

    def __init__(
        self,
        network: Network,
        twin: Twin,
        samples: Samples,
        tuning: FineTuning,
        augment: Augment | None,
        teacher: Teacher | None,
    ) -> None:
        self.network, self.twin, self.tuning = network, twin, tuning
        self.x, self.y = samples
        self.drawn = torch.from_numpy(places(len(self.x), tuning.seed))
        known = asdict(tuning) | {
            "data": digest(*samples),
            "network": sha256(to_bytes(network)).hexdigest(),
        }
        named = re.sub(r" at 0x[0-9a-fA-F]+", "", repr(augment))  # elsewhere in another process
        self.head = known | {"augment": named, "taught": teacher and teacher.digest}
        self.augment, self.teacher = augment, teacher
        self.state: dict[str, Any] = {}

    def first(self, kept: Samples | None) -> dict[str, Any]:
        """The state of a run that has not begun."""
        raise NotImplementedError

    def stage(self, number: int, path: Path, told: Progress) -> None:
        """Train one stage, and note what it gave in the state.

        path : of the file by which the stage goes on
        """
        raise NotImplementedError

    def interrupted(self, number: int, epochs: list[dict[str, Any]], weights: State) -> None:
        """Take in what a stage had when it was ended."""
        raise NotImplementedError

    def end(self, folder: Path, progress: Progress) -> FineTuned:
        """Train to the end, or to Ctrl-C."""
        file = Checkpoint(folder / "state.pt", self.head)
        _, self.kept = split(self.x, self.y, self.tuning.plan(0))
        begun = file.load()
        if begun is None:
            self.clear(folder)  # stages of another run, whose state somebody removed
        self.state = begun or self.first(self.kept)
        file.save(self.state)
        ended, before = True, 0
        epochs = self.tuning.of_stages
        for stage in range(len(epochs)):
            if stage >= self.state["stage"]:
                self.twin.load_state_dict(self.state["model"])
                told = partial(of_whole, progress, "training", before, sum(epochs) * 1000)
                try:
                    self.stage(stage, self._path(folder, stage), self._scaled(stage, told))
                except KeyboardInterrupt:
                    self._interrupted(stage, self._path(folder, stage))
                    ended = False
                    break
                file.save(self.state)
            before += epochs[stage] * 1000
        self.twin.load_state_dict(self.state["best"])
        found = self.twin.integers(self._told(), self.tuning.drift is not None)
        _tell_of_dead(found)
        start, best = self.state["start"], self.state["share"]
        curve = self.state.get("curve", [])
        return FineTuned(found, self.network, start, best, self.state["epochs"], ended, curve)

    def clear(self, folder: Path) -> None:
        """Remove what an unfinished run needs."""
        if not folder.is_dir():
            return
        for stage in range(len(self.tuning.of_stages)):
            self._path(folder, stage).unlink(missing_ok=True)
        (folder / "state.pt").unlink(missing_ok=True)
        with suppress(OSError):  # what else is in there is the caller's
            folder.rmdir()

    def drop(self, folder: Path) -> None:
        """Clear a folder where nothing has been trained yet, so that a slip can be corrected."""
        if self.state and not self.state["stage"] and not self._path(folder, 0).exists():
            self.clear(folder)

    def _scaled(self, stage: int, told: Any) -> Progress:
        """Progress of one stage as thousandths of its epochs."""

        def progress(name: str, done: int, total: int) -> None:
            told("", done * self.tuning.of_stages[stage] * 1000 // total, 0)

        return progress

    def _interrupted(self, stage: int, path: Path) -> None:
        if path.exists():
            _, state = content(path)
            if state["epochs"]:
                weights = own(state["best_weights"] or state["model"])
                self.interrupted(stage, state["epochs"], weights)

    def _path(self, folder: Path, stage: int) -> Path:
        return folder / f"stage-{stage + 1}.pt"

    def _told(self) -> str:
        tuning = self.tuning
        fan_in = "" if tuning.fan_in is None else f", fan-in {tuning.fan_in}"
        drift = "" if tuning.drift is None else f", drift {tuning.drift:g}"
        done = len(self.state["epochs"])
        taught = "labels"
        if self.teacher is not None:
            taught = "logits of the source" + (" and labels" if tuning.learn == "both" else "")
        return (
            f"{done} epochs, {len(self.y)} samples, {taught}, rate {tuning.rate:g}, "
            f"{tuning.weight_bits} bits{fan_in}{drift}, seed {tuning.seed}"
        )


def _tell_of_dead(network: Network) -> None:
    """Warn of layers without a synapse; of few bits live weights too may all round to 0."""
    parts = {layer.name: layer.synapses for layer in network.layers if layer.synapses}
    dead = [name for name, each in parts.items() if not any(one.weight.any() for one in each)]
    if dead:
        warn(
            f"finetune: all weights of {', '.join(dead[:5])} are 0, so nothing passes there; give "
            "a smaller drift or rate, or more bits"
        )


def state_of(twin: nn.Module) -> State:
    """A copy of a module's weights and buffers."""
    return {name: each.detach().clone() for name, each in twin.state_dict().items()}


def best_of(before: float | None, epochs: Sequence[Mapping[str, Any]]) -> tuple[bool, float | None]:
    """Whether a stage's best epoch is the best so far, and its share of the samples held out.

    Without such the last is the best.
    """
    shares = [each["validation"] for each in epochs if each["validation"] is not None]
    return before is None or not shares or max(shares) >= before, max(shares, default=None)
