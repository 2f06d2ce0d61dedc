"""What a report shows, gathered block by block: memory does not grow with the number of samples."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava import loihi
from onespike_lava.engines.result import Run
from onespike_lava.evaluation.tally import Evaluation, evaluate
from onespike_lava.evaluation.targets import are_numbers
from onespike_lava.network import Network
from onespike_lava.report.outcomes import Outcomes, outcomes
from onespike_lava.report.pictures import SHOWN, Pictures
from onespike_lava.running import notes_steps
from onespike_lava.schedule import schedule
from onespike_lava.system.progress import Progress, silent

ROWS = 16
"""Most neurons of a layer that the raster shows."""


@dataclass(frozen=True)
class LayerLoss:
    """What coding one layer costs, on the samples that a comparison takes.

    error  : root of the squared coding error over that of the exact activations, a share
    bias   : mean of coded less exact over the mean of the exact activations, a share
    above  : share of neurons whose exact activation exceeds the largest that the code holds
    alone  : mean squared logit error where this layer alone is coded
    up_to  : mean squared logit error of the integer network up to this layer, exact behind it
    agree  : share of samples, of dense outputs of places, that keep the source network's class
             with the latter
    """

    name: str
    error: float
    bias: float
    above: float
    alone: float
    up_to: float
    agree: float


@dataclass(frozen=True)
class Numbers:
    """How far values lie from targets that are numbers, as in `evaluation.targets`."""

    squared_error: float
    r2: float


@dataclass(frozen=True)
class Comparison:
    """The one-spike network beside its source.

    ann       : accuracy of the source network, 0 to 1; None of targets that are numbers
    real      : of the one-spike network in real arithmetic; None where it was not asked for
    identical : whether the source is, by its digest, the one the file was made from
    rebuilt   : whether a conversion anew gave the file's integers; None where there was none
    macs      : of the source network itself
    samples   : that `layers` and `error` come from
    layers    : hidden layers in the network's order
    error     : mean squared logit error of the integer network
    classes   : int64[M], the source's class of each sample that counts, of dense outputs of each
                place; None where they were not kept, or targets are numbers
    ann_numbers, real_numbers : in place of `ann` and `real` of targets that are numbers
    """

    ann: float | None
    real: float | None
    identical: bool
    rebuilt: bool | None
    macs: int
    samples: int
    layers: tuple[LayerLoss, ...]
    error: float
    classes: NDArray[np.int64] | None = None
    ann_numbers: Numbers | None = None
    real_numbers: Numbers | None = None

    def summary(self) -> dict[str, Any]:
        """The figures as JSON-ready values, without the classes."""
        found = asdict(replace(self, classes=None))
        del found["classes"]
        return found


@dataclass(frozen=True)
class Raster:
    """Spikes of one sample over time, of at most `ROWS` neurons of each layer.

    marks  : layer -> int64[spikes, 2], row (from 0) and step of each spike shown
    shown  : layer -> neurons shown, of those that spike if any does
    spiked : layer -> neurons that spike in the sample
    windows : layer -> the first and the last step in which it may spike
    steps  : until the sample's scores
    phases : whether the time of a spike is its value
    """

    marks: dict[str, NDArray[np.int64]]
    shown: dict[str, int]
    spiked: dict[str, int]
    windows: dict[str, tuple[int, int]]
    steps: int
    phases: bool


@dataclass(frozen=True)
class Report:
    """Everything a report shows.

    samples    : that ran; a graph is one
    phases     : layer -> int64[steps + 1], spikes of each phase, or step, over all samples; entry
                 0 holds the neurons that stayed silent
    comparison : None without the source network
    title      : of the page
    outcomes   : what became of single samples, and of classes
    pictures   : of dense outputs, the first samples
    """

    network: Network
    evaluation: Evaluation
    samples: int
    phases: dict[str, NDArray[np.int64]]
    raster: Raster
    fit: loihi.Fit
    violations: list[loihi.Violation]
    notes: list[loihi.Note]
    comparison: Comparison | None
    title: str
    outcomes: Outcomes
    pictures: Pictures | None = None

    @property
    def rates(self) -> dict[str, NDArray[np.float64]]:
        """Layer -> share of its neurons that spike in each step, float64[T]."""
        sizes = {layer.name: prod(layer.shape) for layer in self.network.layers}
        found = {}
        for name, counts in self.phases.items():
            found[name] = np.zeros(self.network.phases)
            found[name][: len(counts) - 1] = counts[1:] / max(sizes[name] * self.samples, 1)
        return found

    @property
    def subject(self) -> str:
        """What the network is."""
        return "the spiking network" if self.network.steps else "the one-spike network"

    @property
    def source(self) -> str:
        """What its energy is compared with; of a network that steps there is no ReLU network."""
        return "the same layers as an ANN" if self.network.steps else "the source network"

    def summary(self) -> dict[str, Any]:
        """The figures as JSON-ready values: an evaluation's, and what the page adds to them."""
        timing = {"phase_counts": {name: each.tolist() for name, each in self.phases.items()}}
        if self.network.steps:
            timing = {"rates": {name: each.tolist() for name, each in self.rates.items()}}
        return {
            **self.evaluation.summary(self.network),
            **timing,
            "comparison": None if self.comparison is None else self.comparison.summary(),
            **self.outcomes.summary(),
            "violations": [asdict(each) for each in self.violations],
            "notes": [asdict(each) for each in self.notes],
            "fit": self.fit.summary(),
            "provenance": dict(self.network.provenance),
        }


def gather(
    network: Network,
    x: ArrayLike,
    y: ArrayLike | None = None,
    *,
    mask: ArrayLike | None = None,
    engine: str = "auto",
    wait: int | None = None,
    comparison: Comparison | None = None,
    title: str = "spiking network",
    progress: Progress = silent,
) -> Report:
    """Run samples, once, and keep what a report needs; arguments as in `evaluate`.

    Without labels y it has no accuracy.

    comparison : with the source network, made by whoever has it
    """
    watcher = _Watcher(network, x, are_numbers(y))
    after = network.steps and notes_steps(engine) and y is not None
    options: dict[str, Any] = {"watch": watcher.take, "progress": progress, "over_steps": after}
    found = evaluate(network, x, y, engine, wait, mask, **options)
    assert watcher.raster is not None
    return Report(
        network=network,
        evaluation=found,
        samples=watcher.samples,
        phases=watcher.phases,
        raster=watcher.raster,
        fit=loihi.fit(network, wait=wait),
        violations=loihi.check(network, wait=wait),
        notes=loihi.notes(network, wait=wait),
        comparison=comparison,
        title=title,
        outcomes=outcomes(
            *(network, x, y, mask, found.predictions),
            source=None if comparison is None else comparison.classes,
        ),
        pictures=watcher.pictures,
    )


@dataclass
class _Watcher:
    """Adds up recorded blocks."""

    network: Network
    x: ArrayLike
    numbers: bool
    pictures: Pictures | None = None
    phases: dict[str, NDArray[np.int64]] = field(default_factory=dict)
    raster: Raster | None = None
    samples: int = 0

    def take(self, run: Run) -> None:
        self.samples += len(run.scores)
        for layer in self.network.layers[:-1]:
            code, codes = run.recorded[layer.name]
            found = code.by_step(codes)
            self.phases[layer.name] = self.phases.get(layer.name, 0) + found
        if self.raster is None:
            self.raster = raster(self.network, run)
            if self.network.dense_outputs:
                first = np.asarray(self.x)[:SHOWN]
                scores = run.scores[: len(first)]
                self.pictures = Pictures.of(self.network, first, scores, self.numbers)


def raster(network: Network, run: Run, sample: int = 0) -> Raster:
    """The raster of one sample of a recorded run, every synapse one step."""
    slots = schedule(network, run.wait)
    marks, shown, spiked, windows = {}, {}, {}, {}
    for position, layer in enumerate(network.layers[:-1]):
        code, codes = run.recorded[layer.name]
        codes = codes[sample : sample + 1]
        phases = range(1, code.steps + 1)
        ever = np.zeros(prod(layer.shape), bool)
        for k in phases:
            ever |= code.in_step(codes, k).reshape(-1)
        active = np.flatnonzero(ever)
        among = active if len(active) else np.arange(len(ever))
        chosen = among[np.unique(np.linspace(0, len(among) - 1, min(ROWS, len(among))).astype(int))]
        step, rows = np.nonzero([code.in_step(codes, k).reshape(-1)[chosen] for k in phases])
        start = slots[position].fire + 1
        marks[layer.name] = np.stack([rows, start + step], axis=1)
        shown[layer.name], spiked[layer.name] = len(chosen), len(active)
        windows[layer.name] = (start, start + code.steps - 1)
    steps = slots[-1].integrate + network.phases
    return Raster(marks, shown, spiked, windows, steps, phases=not network.steps)
