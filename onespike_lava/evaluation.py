"""Accuracy, spikes and energy of a network on labelled data, with bounded memory."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from onespike_lava.data import Samples, check_labels, check_mask, check_samples, warn_of_input
from onespike_lava.energy import Energy, energy, spikes_of
from onespike_lava.engines.result import Run
from onespike_lava.errors import DataError
from onespike_lava.layers import Spiking
from onespike_lava.network import Network
from onespike_lava.progress import Progress, silent
from onespike_lava.rows import Rows

BLOCK = 256
"""Samples whose codes are held at a time."""


@dataclass(frozen=True)
class Tally:
    """What running samples counted; tallies of parts add up to that of the whole, exactly.

    classes  : int64[N], of each sample, or of each node of a graph
    spikes   : layer -> int64[*shape], spikes of each neuron over the samples
    samples  : how many were run
    clipped, rounding, engine, wait : as in `Evaluation`
    levels   : most steps of the input grid that a block's values span, None of values on it
    """

    classes: NDArray[np.int64]
    spikes: dict[str, NDArray[np.int64]]
    samples: int
    clipped: int
    rounding: float
    engine: str
    wait: int
    levels: int | None = None

    def __add__(self, other: Tally) -> Tally:
        """The tally of these samples followed by the other's."""
        return Tally(
            classes=np.concatenate([self.classes, other.classes]),
            spikes={name: count + other.spikes[name] for name, count in self.spikes.items()},
            samples=self.samples + other.samples,
            clipped=self.clipped + other.clipped,
            rounding=max(self.rounding, other.rounding),
            engine=self.engine,
            wait=self.wait,
            levels=_most(self.levels, other.levels),
        )

    def warn(self, network: Network) -> None:
        """Warn of samples that are hardly on the scale of the network's input grid."""
        size = self.samples * prod(network.input.shape)
        warn_of_input(network.input, size, self.clipped, self.levels)


def _most(one: int | None, two: int | None) -> int | None:
    """The larger number, of one alone that."""
    return max((each for each in (one, two) if each is not None), default=None)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    predictions : int64[N], class of each sample, or of each node of a graph that counts
    correct     : of these, those whose class is their label
    spikes      : layer -> spikes over all samples
    spikes_per_neuron : mean over hidden neurons (`Spiking` layers) and samples
    clipped     : input values outside the input range
    rounding    : largest distance of an input value from the grid, in steps
    """

    predictions: NDArray[np.int64]
    correct: int
    spikes: dict[str, int]
    spikes_per_neuron: float
    energy: Energy
    engine: str
    wait: int
    clipped: int
    rounding: float

    @property
    def accuracy(self) -> float:
        """Share of correct samples, 0 to 1."""
        return self.correct / len(self.predictions)

    def summary(self, network: Network) -> dict[str, Any]:
        """The figures as JSON-ready values."""
        bases = {layer.base for layer in network.layers if isinstance(layer, Spiking)}
        return {
            "samples": len(self.predictions),
            "correct": self.correct,
            "accuracy": self.accuracy,
            "engine": self.engine,
            "wait": self.wait,
            "phases": network.phases,
            "base": bases.pop() if len(bases) == 1 else sorted(bases),
            "weighting": network.weighting,
            "spikes": self.spikes,
            "spikes_per_neuron": self.spikes_per_neuron,
            "synops": self.energy.exact,
            "synops_estimated": self.energy.estimated,
            "macs": self.energy.macs,
            "energy": {**self.energy.ratios, "picojoules": self.energy.picojoules(self.energy)},
            "layers": self.energy.rows(),
            "input_clipped": self.clipped,
            "input_rounding": self.rounding,
        }


def evaluate(
    network: Network,
    x: ArrayLike,
    y: ArrayLike,
    engine: str = "auto",
    wait: int | None = None,
    mask: ArrayLike | None = None,
    progress: Progress = silent,
    watch: Callable[[Run], None] | None = None,
) -> Evaluation:
    """Run every sample x : float[N, *shape] and compare with labels y : int[N].

    A graph is one sample: x float[nodes, inputs], y int[nodes]; `mask`, bool[nodes], says which
    nodes count, whose labels are classes. Energy and spikes are those of the whole graph.
    `watch` sees the recorded run of each block of samples.

    Warns of samples that are hardly on the scale of the input grid. Raises `DataError` for data
    that do not fit or no sample at all.
    """
    samples = check_samples(x, network.input.shape)
    labels = Labels.of(network, y, mask, len(samples))
    counted = tally(network, samples, engine, wait, progress, watch)
    counted.warn(network)
    return labels.compare(network, counted)


def tally(
    network: Network,
    samples: NDArray[Any] | Rows,
    engine: str = "auto",
    wait: int | None = None,
    progress: Progress = silent,
    watch: Callable[[Run], None] | None = None,
) -> Tally:
    """Run samples [N, *shape], N > 0, block by block, and count; `watch` sees each block's run."""
    spikes = {layer.name: np.zeros(layer.shape, np.int64) for layer in network.layers[:-1]}
    classes, clipped, rounding, levels = [], 0, 0.0, None
    for start in range(0, len(samples), BLOCK):
        seen = partial(_seen, progress, start, len(samples))
        block = Samples(network.input, samples[start : start + BLOCK])
        run = network.compute(block, engine, wait, True, seen)
        classes.append(run.predictions.reshape(-1))
        clipped, rounding = clipped + run.clipped, max(rounding, run.rounding)
        levels = _most(levels, run.levels)
        for layer in network.layers[:-1]:
            spikes[layer.name] += spikes_of(run.codes[layer.name], layer)
        if watch is not None:
            watch(run)
    return Tally(
        *(np.concatenate(classes), spikes, len(samples), clipped, rounding, run.engine, run.wait),
        levels=levels,
    )


def _seen(progress: Progress, start: int, samples: int, engine: str, done: int, of: int) -> None:
    """What an engine does of a block that begins at `start`, told of the whole."""
    progress("evaluation", start + done, samples)


@dataclass(frozen=True)
class Labels:
    """What the samples are known to be.

    chosen : bool[N], samples, or nodes of a graph, that count
    labels : int64[M], of those
    """

    chosen: NDArray[np.bool_]
    labels: NDArray[np.int64]

    @classmethod
    def of(cls, network: Network, y: ArrayLike, mask: ArrayLike | None, samples: int) -> Labels:
        """Labels of so many samples; `DataError` where they do not fit or there are none."""
        if not samples:
            raise DataError("x: no samples; give at least one")
        places = prod(network.readout.shape[1:])
        chosen = check_mask(mask, samples * places)
        outputs = prod(network.readout.shape) // places
        return cls(chosen, check_labels(np.asarray(y), chosen, outputs))

    def compare(self, network: Network, found: Tally) -> Evaluation:
        """The evaluation that a tally of all samples comes to."""
        classes = found.classes[self.chosen]
        return Evaluation(
            predictions=classes,
            correct=int((classes == self.labels).sum()),
            spikes={name: int(count.sum()) for name, count in found.spikes.items()},
            spikes_per_neuron=_rate(network, found.spikes, found.samples),
            energy=energy(network, found.spikes, found.samples),
            engine=found.engine,
            wait=found.wait,
            clipped=found.clipped,
            rounding=found.rounding,
        )


def _rate(network: Network, spikes: dict[str, NDArray[np.int64]], samples: int) -> float:
    total = sum(int(spikes[name].sum()) for name in network.neurons)
    return total / max(sum(network.neurons.values()) * samples, 1)
