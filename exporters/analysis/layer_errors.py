"""Where accuracy goes: a one-spike network beside its source, layer by layer.

The source's exact activations stand beside what the file's own codes are worth, so that whatever
the integers do (levels, int8 weights, corrections, waits) is in the figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporters.analysis.reconversion import reconvert
from exporters.choices import TAKEN_APART
from exporters.fidelity.baseline import in_blocks, logits, macs, refuse_steps
from exporters.fidelity.parts import Floats, Parts, Values, levels, unit_of
from exporters.frontends.read import read
from onespike_lava.data.encoding import Samples, decode, encode
from onespike_lava.data.samples import check_samples
from onespike_lava.engines.result import classes
from onespike_lava.errors import UnsupportedError
from onespike_lava.evaluation.labels import Labels
from onespike_lava.evaluation.targets import Targets, are_numbers, as_values
from onespike_lava.network import Network
from onespike_lava.report.data import Comparison, LayerLoss, Numbers
from onespike_lava.system.progress import Progress, silent

Judgement = tuple[float | None, Numbers | None]

BLOCK = 16
"""Samples that are held at a time with the values of every layer."""


def compare(
    network: Network,
    model: Any,
    x: ArrayLike,
    y: ArrayLike,
    *,
    mask: ArrayLike | None = None,
    calibration: NDArray[Any] | None = None,
    output: str | None = None,
    wait: int | None = None,
    samples: int = TAKEN_APART,
    progress: Progress = silent,
) -> Comparison:
    """The network beside its source on samples with labels, or with numbers as targets.

    model, output : as in `exporters.export`
    calibration   : what the network was made with; with it, accuracy in real arithmetic too
    samples       : of x, the first so many show where the loss arises

    Raises `UnsupportedError` for graph networks and networks that step, `DataError` for a model
    or calibration data that the network was not made from.
    """
    if network.is_graph:
        raise UnsupportedError(
            "model: the report compares no graph networks with their source; leave it out"
        )
    refuse_steps(network)
    taken = check_samples(x, network.sample_shape)
    known = _Known.of(network, y, mask, len(taken))
    source = read(model, taken.shape[1:], output)
    parts = Parts.of(network, source)
    exact = logits(model, source, taken, progress)
    ann = known.judge(exact)
    real: Judgement = (None, None)
    rebuilt = None
    if calibration is not None:
        found = reconvert(network, model, calibration, output, progress)
        rebuilt = found.network.layers == network.layers
        simulated = in_blocks(found.simulate, taken, "real arithmetic", progress)
        real = known.judge(simulated)
    losses, error = _losses(parts, taken[:samples], wait, progress)
    return Comparison(
        ann=ann[0],
        real=real[0],
        ann_numbers=ann[1],
        real_numbers=real[1],
        classes=known.classes(exact),
        identical=dict(network.provenance).get("source_sha256") == source.digest(),
        rebuilt=rebuilt,
        macs=macs(source),
        samples=min(samples, len(taken)),
        layers=losses,
        error=error,
    )


@dataclass(frozen=True)
class _Known:
    """What samples are known to be: classes, or numbers."""

    network: Network
    y: ArrayLike
    labels: Labels | None
    samples: int

    @classmethod
    def of(cls, network: Network, y: ArrayLike, mask: ArrayLike | None, samples: int) -> _Known:
        if are_numbers(y):
            Targets.of(network, y, samples, mask=mask, over_steps=False)  # refused before the work
            return cls(network, y, None, samples)
        return cls(network, y, Labels.of(network.readout.result, y, mask, samples), samples)

    def judge(self, logits: NDArray[Any]) -> Judgement:
        """Accuracy of logits [N, outputs], or how far their values are from the numbers."""
        if self.labels is not None:
            found = classes(logits, _places(self.network)).reshape(-1)
            return self.labels.correct(found) / len(self.labels.labels), None
        targets = Targets.of(self.network, self.y, self.samples, mask=None, over_steps=False)
        targets.add(as_values(self.network, logits))
        return None, Numbers(targets.mean_squared_error, targets.r2)

    def classes(self, logits: NDArray[Any]) -> NDArray[np.int64] | None:
        """Classes of those that count; None of numbers."""
        if self.labels is None:
            return None
        return classes(logits, _places(self.network)).reshape(-1)[self.labels.chosen]


def _places(network: Network) -> int:
    return prod(network.readout.result[1:])


class _Sums:
    """Running sums of one layer's figures."""

    def __init__(self) -> None:
        self.error = self.power = self.difference = self.total = self.above = self.count = 0.0
        self.alone = self.up_to = self.agree = 0.0

    def add(self, exact: Floats, coded: Floats, largest: Floats) -> None:
        self.error += float(np.sum((coded - exact) ** 2))
        self.power += float(np.sum(exact**2))
        self.difference += float(np.sum(coded - exact))
        self.total += float(np.sum(np.abs(exact)))
        self.above += float(np.count_nonzero(exact > largest))
        self.count += exact.size

    def loss(self, name: str, samples: int, outputs: int, places: int) -> LayerLoss:
        return LayerLoss(
            name=name,
            error=float(np.sqrt(self.error / self.power)) if self.power else 0.0,
            bias=self.difference / self.total if self.total else 0.0,
            above=self.above / max(self.count, 1),
            alone=self.alone / (samples * outputs),
            up_to=self.up_to / (samples * outputs),
            agree=self.agree / (samples * places),
        )


def _losses(
    parts: Parts, x: NDArray[Any], wait: int | None, progress: Progress
) -> tuple[tuple[LayerLoss, ...], float]:
    """Every hidden layer's loss, and the squared logit error of the whole."""
    network, error = parts.network, 0.0
    sums = {layer.name: _Sums() for layer in network.hidden}
    outputs, places = prod(network.readout.shape), _places(network)
    for start in range(0, len(x), BLOCK):
        block = x[start : start + BLOCK]
        spikes = network.compute(Samples(network.input, block), wait=wait, record=True)
        values = parts.exact(block)
        exact = parts.logits(values)
        error += float(np.sum((spikes.scores * network.output_scale - exact) ** 2))
        entry = decode(network.input, encode(network.input, block).integers)
        so_far: Values = {parts.prepared.input.name: entry.astype(np.float32)}
        for layer in network.hidden:
            node, found = parts.nodes[layer.name], sums[layer.name]
            so_far[node] = parts.decoded(layer, spikes.codes[layer.name])
            alone = parts.coded(layer, values[node])
            largest = unit_of(layer) * levels(layer)[: layer.max_spikes].sum()
            found.add(values[node].astype(np.float64), so_far[node].astype(np.float64), largest)
            after = parts.result(values, {node: alone}, node)
            found.alone += float(np.sum((after - exact) ** 2))
            after = parts.result(values, so_far, node)
            found.up_to += float(np.sum((after - exact) ** 2))
            same = classes(after, places) == classes(exact, places)
            found.agree += float(np.count_nonzero(same))
        progress("layers", min(start + BLOCK, len(x)), len(x))
    size = (len(x), outputs, places)
    rows = [sums[layer.name].loss(layer.name, *size) for layer in network.hidden]
    return tuple(rows), error / (len(x) * outputs)
