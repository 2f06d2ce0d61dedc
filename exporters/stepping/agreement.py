"""What integers cost: an integer network that steps beside its source, on samples."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporters.fidelity.correlation import BLOCK, Correlations, Found, checked, gathered
from exporters.fidelity.figures import Figures
from exporters.graph import Stepping
from exporters.stepping.execution import run
from exporters.stepping.replay import replay
from onespike_lava.data.encoding import Samples, decode
from onespike_lava.engines.result import classes
from onespike_lava.network import Network
from onespike_lava.system.progress import Progress, silent

SAMPLES = 64
"""Samples at most, spread evenly over those given."""

FEW = 4
"""Samples at least, where there are so many."""

WORK = 2**24
"""Neurons times steps of all samples, above which there are fewer."""

SOUND = 0.9
"""Share of samples whose class is the source's, of a sound conversion."""


@dataclass(frozen=True)
class Flips:
    """Neurons and steps of one layer in which integers send something else than the source.

    alone : percent where the layer is fed with what the source's layers send
    whole : percent where the whole network is integers
    leak  : percent of steps that rounding the leak changes; 0 of layers that are exact
    rate  : spikes of a neuron and step in the source
    """

    layer: str
    alone: float
    whole: float
    leak: float
    rate: float


@dataclass(frozen=True, repr=False)
class Agreement(Figures):
    """The figures of a conversion.

    samples   : how many were run
    flips     : of each layer
    agreement : share of samples, of dense outputs of their places, whose class is the source's;
                None where there is one output
    accuracy  : of source and integers where labels were given
    """

    samples: int
    flips: tuple[Flips, ...]
    agreement: float | None
    accuracy: tuple[float, float] | None = None

    def __str__(self) -> str:
        """The figures in words, as in the file's provenance."""
        most = max((each.alone for each in self.flips), default=0.0)
        found = [f"{self.samples} samples", f"spikes differ {most:.2f} % at most, layer by layer"]
        if self.agreement is not None:
            found.append(f"agreement {self.agreement:.3f}")
        if self.accuracy is not None:
            found.append("accuracy {:.2f} %, source {:.2f} %".format(*self.accuracy[::-1]))
        return ", ".join(found)

    @property
    def warning(self) -> str | None:
        """What is poor, None of a sound conversion."""
        if self.agreement is None or self.agreement >= SOUND:
            return None
        return (
            f"self-check: the integers' class is the source's in {100 * self.agreement:.1f} % of "
            f"{self.samples} samples; give calibration data like those that it was trained on"
        )


def some(samples: NDArray[Any], neurons: int) -> NDArray[np.int64]:
    """Which samples are run; `neurons` times steps of one."""
    count = min(len(samples), SAMPLES, max(FEW, WORK // max(neurons, 1)))
    return np.linspace(0, len(samples) - 1, count).astype(np.int64)


def compare(
    network: Network,
    prepared: Stepping,
    samples: NDArray[Any],
    labels: NDArray[np.int64] | None = None,
) -> Agreement:
    """Integers beside the prepared source, in float64, on samples; labels : [N, places]."""
    sizes = [int(np.prod(layer.shape)) for layer in network.layers]
    chosen = some(samples, sum(sizes) * network.phases)
    x = samples[chosen]
    coded = Samples(network.input, x, network.phases)
    integers = coded[:]
    source = run(prepared, x)
    held = source.trains
    if prepared.input == "constant":  # of what integers see, so that layers are compared alone
        held = run(prepared, decode(network.input, integers)).trains
    result = network.compute(coded, "numpy", record=True)
    alone = replay(network, integers, held)
    real = replay(network, integers, held, real=True)
    flips = []
    for layer in network.layers[1:-1]:
        if layer.name not in source.trains:
            continue
        own, sent = alone[layer.name], held[layer.name]
        flips.append(
            Flips(
                layer.name,
                _percent(own, sent),
                _percent(result.trains(layer.name), source.trains[layer.name]),
                _percent(own, real[layer.name]),
                float(sent.mean()),
            )
        )
    known = source.scores.reshape(len(x), -1)
    if known.shape[1] < 2:
        return Agreement(len(x), tuple(flips), None)
    theirs = classes(known, result.places)
    mine = classes(result.scores.reshape(known.shape), result.places)
    accuracy = None
    if labels is not None:
        right = labels[chosen]
        accuracy = (100.0 * float(np.mean(theirs == right)), 100.0 * float(np.mean(mine == right)))
    return Agreement(len(x), tuple(flips), float(np.mean(mine == theirs)), accuracy)


def correlations(
    network: Network, prepared: Stepping, x: ArrayLike, progress: Progress = silent
) -> Correlations:
    """What neurons send in a sample, and in each step, beside the prepared source in float64."""
    samples = checked(network, x)
    return gathered(_sent(network, prepared, samples, progress), len(samples))


def _sent(
    network: Network, prepared: Stepping, x: NDArray[Any], progress: Progress
) -> Iterator[Found]:
    for start in range(0, len(x), BLOCK):
        block = x[start : start + BLOCK]
        source = run(prepared, block)
        found = network.compute(Samples(network.input, block, network.phases), record=True)
        for layer in network.neurons:
            if layer in source.trains:
                known, own = source.trains[layer], found.trains(layer)
                equal = float(np.mean(own == known))
                yield layer, known.sum(axis=1), own.sum(axis=1), found.spikes[layer], equal
        scores = found.scores * network.output_scale
        yield network.readout.name, source.scores.reshape(scores.shape), scores, None, None
        progress("comparison", min(start + BLOCK, len(x)), len(x))


def _percent(one: NDArray[Any], two: NDArray[Any]) -> float:
    return 100.0 * float(np.mean(one != two)) if two.size else 0.0
