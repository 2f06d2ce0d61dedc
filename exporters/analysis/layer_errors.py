"""Where accuracy goes: a one-spike network beside its source, layer by layer.

The source's exact activations stand beside what the file's own codes are worth, so that whatever
the integers do (levels, int8 weights, corrections, waits) is in the figures.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporters.analysis.reconversion import reconvert
from exporters.calibration.coding import coded_input
from exporters.choices import TAKEN_APART
from exporters.fidelity.baseline import in_blocks, logits, macs, refuse_steps
from exporters.frontends.read import read
from exporters.graph import Graph, is_spiking
from exporters.graph.execution import run
from exporters.passes.pipeline import prepare
from onespike_lava import coding
from onespike_lava.data.encoding import Samples, decode, encode
from onespike_lava.data.samples import check_samples
from onespike_lava.engines.result import classes
from onespike_lava.errors import DataError, UnsupportedError
from onespike_lava.evaluation.labels import Labels
from onespike_lava.evaluation.targets import Targets, are_numbers, as_values
from onespike_lava.layers import Spiking
from onespike_lava.network import Network
from onespike_lava.report.data import Comparison, LayerLoss, Numbers
from onespike_lava.system.progress import Progress, silent

Floats = NDArray[np.float64]
Values = dict[str, NDArray[Any]]
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
    parts = _Parts.of(network, source)
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


@dataclass(frozen=True)
class _Parts:
    """Which value of the prepared source each layer's code stands for.

    nodes : layer of the network -> node of `prepared` whose value it codes
    """

    network: Network
    prepared: Graph
    nodes: Mapping[str, str]

    @classmethod
    def of(cls, network: Network, source: Graph) -> _Parts:
        pool = dict(network.provenance).get("average_pool", "own")
        prepared, _ = prepare(source, pool=pool)
        shapes = prepared.shapes()
        nodes = {node.inputs[0]: node.name for node in prepared.nodes if is_spiking(node)}
        nodes[coded_input(prepared.input.name)] = prepared.input.name
        for layer in network.hidden:
            if layer.name not in nodes or shapes[nodes[layer.name]] != layer.shape:
                raise DataError(
                    f"model: has no layer {layer.name!r} of shape {list(layer.shape)}; give the "
                    "network that the file was made from"
                )
        return cls(network, prepared, nodes)

    def exact(self, x: NDArray[Any]) -> Values:
        """Every node's value."""
        values: Values = {}
        self.prepared.evaluate(x, lambda node, value: values.update({node.name: value}))
        return values

    def decoded(self, layer: Spiking, codes: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What recorded codes uint8[N, *code.shape(shape)] are worth, float32[N, *shape]."""
        worth = np.concatenate([[0.0], levels(layer)])[codes]
        total = worth.reshape(len(codes), -1, *layer.shape).sum(axis=1)
        return self._shifted(layer, total * _unit(layer)).astype(np.float32)

    def coded(self, layer: Spiking, value: NDArray[Any]) -> NDArray[np.float32]:
        """Exact values as the layer's code alone would carry them, same shape."""
        unit = _unit(layer)
        apart = value - self._shifted(layer, np.zeros(value.shape))
        found = coding.decoded(apart / unit, levels(layer), thresholds(layer), layer.max_spikes)
        return self._shifted(layer, found * unit).astype(np.float32)

    def _shifted(self, layer: Spiking, values: Floats) -> Floats:
        """One spike for an input value codes its distance from the range's low end."""
        if self.nodes[layer.name] != self.prepared.input.name:
            return values
        low = self.network.input.low
        return values + low.reshape(-1, *[1] * (values.ndim - 2))

    def result(self, values: Values, changed: Values, last: str) -> NDArray[Any]:
        """Logits [N, outputs] where nodes up to `last` have other values, exact behind it.

        values : exact value of every node, of which those before `last` are taken
        """
        names = [node.name for node in self.prepared.nodes]
        before = names[: names.index(last)]
        known = {name: values[name] for name in before} | changed
        found = run(self.prepared.nodes, self.prepared.output, known)
        return found.reshape(len(found), -1)


def levels(layer: Spiking) -> Floats:
    """What a spike of each phase is worth in units of the constant, float64[T]."""
    if layer.growth is None:
        return layer.payload / 2.0**layer.payload_bits
    return coding.levels(len(layer.payload), layer.base)


def thresholds(layer: Spiking) -> Floats:
    """Threshold of each phase at full wait in units of the constant, float64[T]."""
    unit = 2.0**layer.payload_bits
    if layer.growth is None:
        return layer.threshold_table / (2 * unit)
    return layer.threshold_table[-1] / (unit * layer.growth.base**layer.growth.steps)


def _unit(layer: Spiking) -> Floats:
    return layer.constant.reshape(-1, *[1] * (len(layer.shape) - 1))


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
    parts: _Parts, x: NDArray[Any], wait: int | None, progress: Progress
) -> tuple[tuple[LayerLoss, ...], float]:
    """Every hidden layer's loss, and the squared logit error of the whole."""
    network, error = parts.network, 0.0
    sums = {layer.name: _Sums() for layer in network.hidden}
    outputs, places = prod(network.readout.shape), _places(network)
    for start in range(0, len(x), BLOCK):
        block = x[start : start + BLOCK]
        spikes = network.compute(Samples(network.input, block), wait=wait, record=True)
        values = parts.exact(block)
        exact = values[parts.prepared.output].reshape(len(block), -1)
        error += float(np.sum((spikes.scores * network.output_scale - exact) ** 2))
        entry = decode(network.input, encode(network.input, block).integers)
        so_far: Values = {parts.prepared.input.name: entry.astype(np.float32)}
        for layer in network.hidden:
            node, found = parts.nodes[layer.name], sums[layer.name]
            so_far[node] = parts.decoded(layer, spikes.codes[layer.name])
            alone = parts.coded(layer, values[node])
            largest = _unit(layer) * levels(layer)[: layer.max_spikes].sum()
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
