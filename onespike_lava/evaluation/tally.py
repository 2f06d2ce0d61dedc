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
from onespike_lava.data.samples import by_place, check_labels, check_samples
from onespike_lava.energy import Energy, energy
from onespike_lava.engines.result import Run
from onespike_lava.errors import DataError
from onespike_lava.layers import Shape
from onespike_lava.network import Network
from onespike_lava.system.progress import Progress, of_whole, silent

BLOCK = 256
"""Samples whose codes are held at a time."""


@dataclass(frozen=True)
class Tally:
    """What running samples counted; tallies of parts add up to that of the whole, exactly.

    classes  : int64[N], of each sample, or of each place of a dense output or node of a graph
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
        size = self.samples * prod(network.sample_shape)
        warn_of_input(network.input, size, self.clipped, self.levels)


def _most(one: int | None, two: int | None) -> int | None:
    """The larger number, of one alone that."""
    return max((each for each in (one, two) if each is not None), default=None)


@dataclass(frozen=True)
class Evaluation:
    """What an evaluation found.

    predictions : int64[M], class of each sample that counts, of dense outputs of each place, of a
                  graph of each node
    correct     : of these, those whose class is their label
    samples     : that ran; a graph is one
    spikes      : layer -> spikes over all samples
    spikes_per_neuron : mean over hidden neurons (`Spiking` layers) and samples
    clipped     : input values outside the input range
    rounding    : largest distance of an input value from the grid, in steps
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

    @property
    def accuracy(self) -> float:
        """Share of correct predictions, 0 to 1."""
        return self.correct / len(self.predictions)

    def counts(self, network: Network) -> dict[str, int]:
        """How many samples, or nodes of a graph, were judged; `places` of dense outputs."""
        if network.dense_outputs:
            return {"samples": self.samples, "places": len(self.predictions)}
        return {"samples": len(self.predictions)}

    def summary(self, network: Network) -> dict[str, Any]:
        """The figures as JSON-ready values."""
        bases = {layer.base for layer in network.hidden}
        return {
            **self.counts(network),
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

    Of dense outputs each place has a label, y int[N, H, W]. A graph is one sample: x
    float[nodes, inputs], y int[nodes]. `mask`, bool like `y`, says which labels count; the others
    may be any number. Energy and spikes are those of all samples, of the whole graph.
    `watch` sees the recorded run of each block of samples.

    Warns of samples that are hardly on the scale of the input grid. Raises `DataError` for data
    that do not fit or no sample at all.
    """
    samples = check_samples(x, network.sample_shape)
    labels = Labels.of(network.readout.result, y, mask, len(samples))
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
        seen = partial(of_whole, progress, "evaluation", start, len(samples))
        block = Samples(network.input, samples[start : start + BLOCK], network.phases)
        run = network.compute(block, engine, wait, True, seen)
        classes.append(run.predictions.reshape(-1))
        clipped, rounding = clipped + run.clipped, max(rounding, run.rounding)
        levels = _most(levels, run.levels)
        for layer in network.layers[:-1]:
            code, codes = run.recorded[layer.name]
            counts = code.counts(codes)
            spikes[layer.name] += counts.sum(axis=0, dtype=np.int64)
        if watch is not None:
            watch(run)
    return Tally(
        *(np.concatenate(classes), spikes, len(samples), clipped, rounding, run.engine, run.wait),
        levels=levels,
    )


@dataclass(frozen=True)
class Labels:
    """What the samples are known to be: one label for each place of the network's output.

    chosen : bool[N], places that count, sample by sample; a sample has one, of dense outputs
             rows times columns, of a graph its nodes
    labels : int64[M], of those
    """

    chosen: NDArray[np.bool_]
    labels: NDArray[np.int64]

    @classmethod
    def of(
        cls,
        shape: Shape,
        y: ArrayLike,
        mask: ArrayLike | None,
        samples: int,
        limit: int | None = None,
    ) -> Labels:
        """Labels of so many samples, or of the first of them.

        shape   : of the network's output, (classes,) or (classes, H, W)
        y, mask : as `by_place` takes them

        Raises `DataError` where they do not fit or there are none.
        """
        if not samples:
            raise DataError("x: no samples; give at least one")
        known = by_place("y", y, samples, shape[1:])[:limit].reshape(-1)
        chosen = np.ones(len(known), bool)
        if mask is not None:
            chosen = by_place("mask", mask, samples, shape[1:])[:limit].reshape(-1)
        return cls(chosen, check_labels(known[chosen], shape[0]))

    def compare(self, network: Network, found: Tally) -> Evaluation:
        """The evaluation that a tally of all samples comes to."""
        classes = found.classes[self.chosen]
        return Evaluation(
            predictions=classes,
            correct=int((classes == self.labels).sum()),
            samples=found.samples,
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
