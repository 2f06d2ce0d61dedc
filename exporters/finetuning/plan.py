"""How a network is fine-tuned, and what that gave."""

from __future__ import annotations

from dataclasses import dataclass, field
from numbers import Integral
from typing import Any

from exporters.training.plan import Plan
from exporters.training.rewiring.rules import GradR, Kept, Rule
from onespike_lava.errors import OptionError
from onespike_lava.network import Network
from onespike_lava.system.tables import Table, shown

CODES = ("one-spike", "count")
"""What a value becomes: the phase of one spike, or a number of spikes."""

LEARN = ("source", "labels", "both")

NEW = ("trained", "frozen")
"""What happens to a layer of spike counts in the stage in which it begins to spike."""

STAGES = 2
"""Of one-spike networks, unless others are given."""

LAST = 0.1
"""Share of the rate in the last of several stages, where rates do not fall by themselves."""

BITS = {8: 127, 4: 7}
"""Weight bits -> the largest whole weight; both signs alike."""


@dataclass(frozen=True)
class FineTuning:
    """How a network is fine-tuned.

    epochs      : over all stages, as evenly as they divide; with `patience` the most
    stages      : of training. Of one-spike networks 2 unless given; between two, thresholds,
                  levels and scales are fitted anew, where the loss of some samples falls by it. Of
                  spike counts one for each layer of neurons unless given, at most that many
    patience    : epochs without a better share of the samples held out, after which a stage ends;
                  rates then do not fall, but for that of the last stage to a tenth. None for none
    new_layer   : of spike counts: in the stage in which a layer begins to spike it is `trained`
                  with those behind it, the default, or `frozen` at once, but for the first
    learn       : logits of the `source` network where there is one, `labels`, or `both`, each by
                  half
    batch, rate : of Adam; a weight moves by about `rate` of the largest one in a step, less and
                  less within a stage
    weight_bits : 8 or 4, of trained weights; skips and pools keep 8
    fan_in      : most synapses of a neuron, the largest weights are kept, and all those of skips
                  and pools, which may be more; None for any
    drift       : of gradient rewiring, which then trains which synapses there are, in all stages
                  but the last of several, in which those that are left learn on; None for Adam
    validation  : share of the samples that are held out, to choose the best epoch; of no use
                  where the source network has been trained on them
    seed        : of the order, of augmentations and of what is held out
    """

    epochs: int = 4
    stages: int | None = None
    patience: int | None = None
    new_layer: str | None = None
    learn: str = "source"
    batch: int = 64
    rate: float = 3e-4
    weight_bits: int = 8
    fan_in: int | None = None
    drift: float | None = None
    validation: float = 0.0
    seed: int = 0

    def __post_init__(self) -> None:
        """Check what `Plan` does not check of a stage."""
        if self.weight_bits not in tuple(BITS):
            raise OptionError(
                f"finetune: weight_bits is {self.weight_bits!r}; give one of "
                f"{', '.join(map(str, BITS))}"
            )
        for name, words in {"learn": LEARN, "new_layer": (None, *NEW)}.items():
            if (word := getattr(self, name)) not in words:
                raise OptionError(
                    f"finetune: {name} is {word!r}; give one of {', '.join(filter(None, words))}"
                )
        least_of = {"epochs": 1, "stages": 1, "fan_in": 1, "patience": 1, "seed": 0}
        for name, least in least_of.items():
            value = getattr(self, name)
            if name in ("fan_in", "stages", "patience") and value is None:
                continue
            if isinstance(value, bool) or not isinstance(value, Integral) or int(value) < least:
                raise OptionError(
                    f"finetune: {name} is {value!r}; give a whole number from {least} up"
                )
        if self.patience is not None and not self.validation:
            raise OptionError("finetune: patience needs samples held out; give a validation share")
        self.plan(0)
        if self.rate > 1:
            raise OptionError(
                f"finetune: rate is {self.rate:g}; a weight moves by about so much of the largest "
                "one in a step, give 0 to 1"
            )

    def plan(self, stage: int) -> Plan:
        """The plan of one stage, counted from 0; what is held out is so before."""
        last = 0 < stage == len(self.of_stages) - 1
        optimiser: str | Rule = "adam"
        if self.drift is not None:
            optimiser = Kept() if last else GradR(self.drift)
        return Plan(
            epochs=self.of_stages[stage],
            batch=self.batch,
            rate=self.rate * LAST if last and self.patience is not None else self.rate,
            patience=self.patience,
            optimiser=optimiser,
            seed=self.seed + 1000 * stage,
            kept_seed=self.seed,
            validation=self.validation,
        )

    @property
    def of_stages(self) -> list[int]:
        """Epochs of each stage, the last ones the longer; no stage without one."""
        stages = min(self.stages or STAGES, self.epochs)
        return [
            self.epochs * (stage + 1) // stages - self.epochs * stage // stages
            for stage in range(stages)
        ]


@dataclass
class FineTuned:
    """A fine-tuned network.

    network : the integer network of the best epoch on the samples held out, else of the last
    before  : the integer network at the start
    start   : share of the samples held out that the start gets right; None where none are
    best    : the same of the network; None too where no epoch ended
    epochs  : of each epoch: loss, the share after it, seconds; of spike counts also its stage, in
              which layers behind may not spike yet
    curve   : of spike counts, after each stage: the last layer that spikes, and the share of the
              samples held out that the whole integer network then gets right, or None
    ended   : False where Ctrl-C ended it; a call with the same samples and options goes on
    """

    network: Network
    before: Network
    start: float | None
    best: float | None
    epochs: list[dict[str, Any]] = field(default_factory=list)
    ended: bool = True
    curve: list[dict[str, Any]] = field(default_factory=list)

    def __repr__(self) -> str:
        """One line: the network, and what training gave."""
        told = [f"{len(self.epochs)} epochs"]
        if self.start is not None and self.best is not None:
            told.append(f"{100 * self.start:.2f} to {100 * self.best:.2f} % of samples held out")
        return f"FineTuned({self.network!r}; {', '.join(told)})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the line of `repr`, and the epochs."""
        return shown(self, self.table())

    def table(self) -> Table:
        """The start and the epochs, one a row; of spike counts also what spikes after a stage."""
        rows: list[tuple[str, ...]] = [("conversion", "", _percent(self.start), "")]
        for number, each in enumerate(self.epochs, 1):
            share, seconds = _percent(each["validation"]), f"{each['seconds']:.1f}"
            rows.append((f"epoch {number}", f"{each['loss']:.4f}", share, seconds))
            rest = self.epochs[number:]
            if self.curve and (not rest or rest[0].get("stage") != each.get("stage")):
                known = self.curve[each["stage"] - 1]
                rows.append((f"spikes up to {known['layer']}", "", _percent(known["share"]), ""))
        return Table(rows, ("", "loss", "held out %", "seconds"))


def _percent(share: float | None) -> str:
    return "" if share is None else f"{100 * share:.2f}"
