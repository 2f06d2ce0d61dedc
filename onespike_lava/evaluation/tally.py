"""Accuracy, spikes and energy of a network on labelled data, with bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava.data.encoding import Samples, warn_of_input
from onespike_lava.data.rows import Rows
from onespike_lava.data.samples import check_samples
from onespike_lava.energy import Energy, energy
from onespike_lava.engines.result import Run, classes, code_shapes
from onespike_lava.engines.timed.notes import Notes
from onespike_lava.errors import DataError
from onespike_lava.evaluation.labels import Labels
from onespike_lava.evaluation.targets import Targets, are_numbers
from onespike_lava.network import Network
from onespike_lava.system.progress import Progress, of_whole, silent

BLOCK = 256
"""Samples whose codes are held at a time."""

ROOM = 2**28
"""Bytes of codes, and of scores after each step, that are held at a time, for fewer samples."""


@dataclass(frozen=True)
class Tally:
    """What running samples counted; tallies of parts add up to that of the whole, exactly.

    classes  : int64[N], of each sample, or of each place of a dense output or node of a graph
    spikes   : layer -> int64[*shape], spikes of each neuron over the samples
    graded   : the same of spikes whose payload is above 1, of networks that step
    samples  : how many were run
    clipped, rounding, engine, wait : as in `Evaluation`
    levels   : most steps of the input grid that a block's values span, None of values on it
    over_steps : [T, N], the classes after each step, where asked for
    """

    classes: NDArray[np.int64]
    spikes: dict[str, NDArray[np.int64]]
    graded: dict[str, NDArray[np.int64]]
    samples: int
    clipped: int
    rounding: float
    engine: str
    wait: int
    levels: int | None = None
    over_steps: NDArray[np.unsignedinteger[Any]] | None = None

    def __add__(self, other: Tally) -> Tally:
        """The tally of these samples followed by the other's."""
        after = [each for each in (self.over_steps, other.over_steps) if each is not None]
        return Tally(
            classes=np.concatenate([self.classes, other.classes]),
            spikes={name: count + other.spikes[name] for name, count in self.spikes.items()},
            graded={name: count + other.graded[name] for name, count in self.graded.items()},
            samples=self.samples + other.samples,
            clipped=self.clipped + other.clipped,
            rounding=max(self.rounding, other.rounding),
            engine=self.engine,
            wait=self.wait,
            levels=_most(self.levels, other.levels),
            over_steps=np.concatenate(after, axis=1) if after else None,
        )

    def warn(self, network: Network) -> None:
        """Warn of samples that are hardly on the scale of the network's input grid."""
        size = self.samples * prod(network.sample_shape)
        warn_of_input(network.input, size, self.clipped, self.levels)


def _most(one: int | None, two: int | None) -> int | None:
    """The larger number, of one alone that."""
    return max((each for each in (one, two) if each is not None), default=None)


@dataclass(frozen=True, repr=False)
class Evaluation:
    """What an evaluation found.

    predictions : int64[M], class of each sample that counts, of dense outputs of each place, of a
                  graph of each node
    correct     : of these, those whose class is their label
    labelled    : whether there were labels at all; without, `accuracy` is a `DataError`
    mean_iou    : of dense outputs with labels: intersection over union of each class that is there,
                  their mean
    squared_error, r2 : of targets that are numbers, see `targets`; None of others
    samples     : that ran; a graph is one
    spikes      : layer -> spikes over all samples
    spikes_per_neuron : mean over hidden neurons (`Spiking`, `Timed`) and samples
    clipped     : input values outside the input range
    rounding    : largest distance of an input value from the grid, in steps
    over_steps  : accuracy after each step, float64[T], where asked for; the last is `accuracy`
    """

    predictions: NDArray[np.int64]
    correct: int
    samples: int
    spikes: dict[str, int]
    spikes_per_neuron: float
    energy: Energy
    engine: str
    wait: int
    clipped: int
    rounding: float
    over_steps: NDArray[np.float64] | None = None
    labelled: bool = True
    mean_iou: float | None = None
    squared_error: float | None = None
    r2: float | None = None

    def __repr__(self) -> str:
        """One line: samples, accuracy, engine, spikes."""
        right = f", accuracy {self.accuracy:.2%}" if self.labelled else ""
        how = f"engine {self.engine}, T_w = {self.wait}"
        return (
            f"Evaluation({self.samples} samples{right}; {how}, "
            f"{self.spikes_per_neuron:.3f} spikes a neuron)"
        )

    @property
    def accuracy(self) -> float:
        """Share of correct predictions, 0 to 1."""
        if not self.labelled:
            raise DataError("accuracy: no labels of classes were given; give y as whole numbers")
        return self.correct / len(self.predictions)

    @property
    def _more(self) -> dict[str, float | None]:
        """What is known of dense outputs, or of targets that are numbers."""
        error = {"mean_squared_error": self.squared_error, "r2": self.r2}
        return {"mean_iou": self.mean_iou, **error}

    def counts(self, network: Network) -> dict[str, int]:
        """How many samples, or nodes of a graph, were judged; `places` of dense outputs."""
        if network.dense_outputs:
            return {"samples": self.samples, "places": len(self.predictions)}
        return {"samples": len(self.predictions)}

    def summary(self, network: Network) -> dict[str, Any]:
        """The figures as JSON-ready values."""
        bases = {layer.base for layer in network.hidden}
        base = bases.pop() if len(bases) == 1 else sorted(bases)
        after = self.over_steps
        return {
            **self.counts(network),
            "correct": self.correct if self.labelled else None,
            "accuracy": self.accuracy if self.labelled else None,
            **{key: value for key, value in self._more.items() if value is not None},
            "engine": self.engine,
            "wait": self.wait,
            "phases": network.phases,
            **({} if network.steps else {"base": base}),
            "weighting": network.weighting,
            "spikes": self.spikes,
            "spikes_per_neuron": self.spikes_per_neuron,
            "synops": self.energy.exact,
            "synops_multiplied": self.energy.multiplied,
            "input_macs": self.energy.input_macs,
            "synops_estimated": self.energy.estimated,
            "macs": self.energy.macs,
            "energy": {**self.energy.ratios, "picojoules": self.energy.picojoules(self.energy)},
            "layers": self.energy.rows(),
            **({} if after is None else {"accuracy_over_steps": after.tolist()}),
            "input_clipped": self.clipped,
            "input_rounding": self.rounding,
        }


def evaluate(
    network: Network,
    x: ArrayLike,
    y: ArrayLike | None,
    engine: str = "auto",
    wait: int | None = None,
    mask: ArrayLike | None = None,
    progress: Progress = silent,
    watch: Callable[[Run], None] | None = None,
    over_steps: bool = False,
) -> Evaluation:
    """Run every sample x : float[N, *shape] and compare with labels y : int[N], None for none.

    Of dense outputs each place has a label, y int[N, H, W]. Where y are numbers, float[N, *result],
    the network's values are compared with them. A graph is one sample: x
    float[nodes, inputs], y int[nodes]. `mask`, bool like `y`, says which labels count; the others
    may be any number. Energy and spikes are those of all samples, of the whole graph.
    `watch` sees the recorded run of each block of samples. `over_steps` adds, from the same run,
    the accuracy after each step of a network that steps.

    Warns of samples that are hardly on the scale of the input grid. Raises `DataError` for data
    that do not fit, a mask of y that are numbers, or no sample at all; `OptionError` for
    `over_steps` of such y, or where the network or the engine has no scores after each step.
    """
    samples = check_samples(x, network.sample_shape)
    labels = None
    if y is not None and are_numbers(y):
        targets = Targets.of(network, y, len(samples), mask=mask, over_steps=over_steps)
        counted = tally(network, samples, engine, wait, progress, targets.before(watch))
        counted.warn(network)
        return targets.judge(judged(network, counted, None))
    if y is not None:
        labels = Labels.of(network.readout.result, y, mask, len(samples))
    elif mask is not None:
        raise DataError("mask: says which labels count, and there are none; give y or no mask")
    elif not len(samples):
        raise DataError("x: no samples; give at least one")
    counted = tally(network, samples, engine, wait, progress, watch, over_steps)
    counted.warn(network)
    return judged(network, counted, labels)


def tally(
    network: Network,
    samples: NDArray[Any] | Rows,
    engine: str = "auto",
    wait: int | None = None,
    progress: Progress = silent,
    watch: Callable[[Run], None] | None = None,
    over_steps: bool = False,
) -> Tally:
    """Run samples [N, *shape], N > 0, block by block, and count; `watch` sees each block's run."""
    spikes = {layer.name: np.zeros(layer.shape, np.int64) for layer in network.layers[:-1]}
    graded = {name: np.zeros_like(each) for name, each in spikes.items() if network.steps}
    found, after, clipped, rounding, levels = [], [], 0, 0.0, None
    size = _block(network, over_steps)
    for start in range(0, len(samples), size):
        seen = partial(of_whole, progress, "evaluation", start, len(samples))
        block = Samples(network.input, samples[start : start + size], network.phases)
        notes = Notes(over_steps=True) if over_steps else None
        run = network.compute(block, engine, wait, True, seen, notes)
        found.append(run.predictions.reshape(-1))
        after.append(_after_each_step(run))
        clipped, rounding = clipped + run.clipped, max(rounding, run.rounding)
        levels = _most(levels, run.levels)
        for name, (code, codes) in run.recorded.items():
            spikes[name] += code.counts(codes).sum(axis=0, dtype=np.int64)
            if graded and (code.payloads > 1).any():
                graded[name] += code.graded(codes).sum(axis=0, dtype=np.int64)
        if watch is not None:
            watch(run)
    return Tally(
        *(np.concatenate(found), spikes, graded, len(samples), clipped, rounding),
        *(run.engine, run.wait),
        levels=levels,
        over_steps=np.concatenate(after, axis=1) if over_steps else None,
    )


def _block(network: Network, over_steps: bool) -> int:
    """Samples of a block, so that what is held of them finds room."""
    size = sum(map(prod, code_shapes(network)))
    if over_steps:
        size += network.phases * prod(network.readout.scores) * np.dtype(np.int64).itemsize
    return max(1, min(BLOCK, ROOM // max(size, 1)))


def _after_each_step(run: Run) -> NDArray[np.unsignedinteger[Any]]:
    """Classes after each step, [T, N] or of each place [T, N * places]; small, as all are kept."""
    if run.over_steps is None:
        return np.zeros((0, 0), np.uint8)
    samples, steps, outputs = run.over_steps.shape
    found = classes(run.over_steps.reshape(-1, outputs), run.places)
    kept = found.astype(np.min_scalar_type(outputs)).reshape(samples, steps, run.places)
    return kept.swapaxes(0, 1).reshape(steps, -1)


def judged(network: Network, found: Tally, labels: Labels | None) -> Evaluation:
    """The evaluation that a tally of all samples comes to; without labels nothing is correct."""
    known, after = found.classes, found.over_steps
    if labels is not None:
        known = known[labels.chosen]
    return Evaluation(
        predictions=known,
        correct=0 if labels is None else labels.correct(found.classes),
        samples=found.samples,
        spikes={name: int(count.sum()) for name, count in found.spikes.items()},
        spikes_per_neuron=_rate(network, found.spikes, found.samples),
        energy=energy(network, found.spikes, found.samples, found.graded),
        engine=found.engine,
        wait=found.wait,
        clipped=found.clipped,
        rounding=found.rounding,
        over_steps=None if labels is None or after is None else labels.shares(after),
        labelled=labels is not None,
        mean_iou=labels.mean_iou(known) if labels and network.dense_outputs else None,
    )


def _rate(network: Network, spikes: dict[str, NDArray[np.int64]], samples: int) -> float:
    total = sum(int(spikes[name].sum()) for name in network.neurons)
    return total / max(sum(network.neurons.values()) * samples, 1)
