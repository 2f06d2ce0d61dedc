"""Layers begin to spike one after the other; those before stay as they are (progressive tandem)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

from exporters.finetuning.counting.balance import take_turn
from exporters.finetuning.counting.cache import Behind
from exporters.finetuning.counting.twin import Counting, Neurons
from exporters.finetuning.plan import BITS, FineTuning
from exporters.finetuning.run import Run, State, best_of, state_of
from exporters.finetuning.teacher import LOSSES, Teacher, learnt, own
from exporters.training.loop import Augment, Samples, accuracy, fit
from onespike_lava.network import Network
from onespike_lava.system.progress import Progress


class Counts(Run):
    """Of spike counts: in each stage some layers more spike.

    groups : positions of the layers of each stage, the readout among those of the last
    """

    twin: Counting

    def __init__(
        self,
        network: Network,
        samples: Samples,
        tuning: FineTuning,
        augment: Augment | None,
        teacher: Teacher | None,
    ) -> None:
        twin = Counting(network, BITS[tuning.weight_bits])
        self.groups = groups_of(twin, min(tuning.stages or tuning.epochs, tuning.epochs))
        tuning = replace(tuning, stages=len(self.groups))
        super().__init__(network, twin, samples, tuning, augment, teacher)

    def first(self, kept: Samples | None) -> dict[str, Any]:
        """The primitive conversion; within all constraints it is what may be written first."""
        model = state_of(self.twin)
        best, start = self._whole(0, kept)
        begun = {"stage": 0, "model": model, "best": best, "share": start, "start": start}
        return {**begun, "epochs": [], "curve": []}

    def stage(self, number: int, path: Path, told: Progress) -> None:
        """Train what is behind the layers that spike already."""
        group, twin, last = self.groups[number], self.twin, len(self.twin.parts) - 1
        take_turn(twin, group, self.x[self.drawn], self.tuning.fan_in)
        twin.reach = group[-1]
        frozen = self.tuning.new_layer == "frozen" and number > 0
        first = min(group[-1] + 1, last) if frozen else group[0]
        held(twin, first)
        behind = Behind(twin, first, self.teacher, self.augment is not None)
        more: dict[str, Any] = {"augment": self.augment, "path": path, "progress": told}
        if self.teacher is not None:
            more |= {"loss": LOSSES[self.tuning.learn], "scores": learnt}
        plan = self.tuning.plan(number)
        found = fit(behind, behind.packed(self.x), self.y, plan, **more)
        self.interrupted(number, found.epochs, own(found.best_weights or state_of(behind)))

    def interrupted(self, number: int, epochs: list[dict[str, Any]], weights: State) -> None:
        """Go on from a stage's best epoch, or its last; keep the whole network where it is best."""
        self.twin.load_state_dict(weights)
        model = state_of(self.twin)
        whole, share = self._whole(number + 1, self.kept)
        better, _ = best_of(self.state["share"], [{"validation": share}])
        name = self.network.layers[self._last(number)].name
        told = [{**each, "stage": number + 1} for each in epochs]
        self.state |= {
            "stage": number + 1,
            "model": model,
            "epochs": self.state["epochs"] + told,
            "curve": [*self.state["curve"], {"layer": name, "share": share}],
        }
        if better:
            self.state |= {"best": whole, "share": share}

    def _whole(self, number: int, kept: Samples | None) -> tuple[State, float | None]:
        """The network with all layers in the form in which they spike, and what it gets right.

        number : stages whose layers have that form
        """
        rest = [at for group in self.groups[number:] for at in group]
        take_turn(self.twin, rest, self.x[self.drawn], self.tuning.fan_in)
        self.twin.reach = len(self.twin.parts) - 1
        share = accuracy(self.twin, *kept) if kept is not None else None
        return state_of(self.twin), share

    def _last(self, number: int) -> int:
        """The last layer of neurons that spikes after a stage."""
        hidden = [at for at in self.groups[number] if isinstance(self.twin.parts[at], Neurons)]
        return hidden[-1] if hidden else self.groups[number][-1]


def groups_of(twin: Counting, stages: int) -> list[list[int]]:
    """Positions of layers, shared evenly by so many stages or fewer; each has what is trained."""
    last = len(twin.parts) - 1
    trained = [
        at
        for at, part in enumerate(twin.parts)
        if isinstance(part, Neurons) and not all(each.fixed for each in part.sums.parts)
    ]
    count = max(1, min(stages, len(trained)))
    starts = [1, *(trained[len(trained) * each // count] for each in range(1, count)), last + 1]
    return [list(range(*pair)) for pair in pairwise(starts)]


def held(twin: Counting, first: int) -> None:
    """Let only layers from `first` on move."""
    for at, part in enumerate(twin.parts):
        if hasattr(part, "sums"):
            part.sums.bias.requires_grad_(at >= first)
            for each in part.sums.parts:
                each.share.requires_grad_(at >= first and not each.fixed)
