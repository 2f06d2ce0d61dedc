"""How closely each layer's spikes follow the source: a figure for each layer, and pictures."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporters.fidelity.parts import Parts
from exporters.fidelity.picture import Picture
from exporters.graph import Graph
from onespike_lava.data.encoding import Samples
from onespike_lava.data.samples import check_samples
from onespike_lava.errors import DataError, OptionError
from onespike_lava.network import Network
from onespike_lava.report import drawing
from onespike_lava.system.progress import Progress, silent
from onespike_lava.system.tables import Table, shown

BLOCK = 16
"""Samples that are held at a time with the values of every layer."""

PAIRS = 400
"""Values of a layer that its picture shows at most, spread evenly over those of the first block."""

Pairs = NDArray[np.float32]


@dataclass(frozen=True, repr=False)
class Correlation:
    """One layer of a network beside the source.

    layer       : its name; the readout's has the scores, as logits
    correlation : Pearson's, over all neurons and samples, of the source's values and what the
                  spikes stand for; None where either are all equal
    error       : their difference, root mean square, as a share of the source's values
    rate        : spikes of a neuron in a sample, None of the readout
    equal       : share of neurons and steps that send what the source's send, of networks that
                  step; None of others
    pairs       : float32[2, n], some values of the source and what the spikes stand for
    """

    layer: str
    correlation: float | None
    error: float
    rate: float | None
    equal: float | None
    pairs: Pairs = field(repr=False)

    def __repr__(self) -> str:
        """One line, without the pairs."""
        return f"Correlation({self.layer!r}: {_written(self.correlation)}, error {self.error:.1%})"


@dataclass(frozen=True, repr=False)
class Correlations:
    """Every layer of a network beside the source, in order; `print` shows a table.

    samples : how many were run
    layers  : one for each layer whose spikes stand for values of the source, the readout last
    """

    samples: int
    layers: tuple[Correlation, ...]

    def __getitem__(self, layer: str) -> Correlation:
        """The figures of the layer of that name; `OptionError` where there is none."""
        for each in self.layers:
            if each.layer == layer:
                return each
        known = ", ".join(each.layer for each in self.layers)
        raise OptionError(f"layer: {layer!r} was not compared; name one of {known}")

    def __repr__(self) -> str:
        """One line: how many layers and samples, the least correlation."""
        known = [each for each in self.layers if each.correlation is not None]
        least = min(known, key=lambda each: each.correlation or 0.0, default=None)
        size = f"{len(self.layers)} layers, {self.samples} samples"
        if least is None:
            return f"Correlations({size})"
        return f"Correlations({size}; least {_written(least.correlation)} in {least.layer})"

    def __str__(self) -> str:
        """The table as text."""
        return str(self.table())

    def _repr_html_(self) -> str:
        """What a notebook shows: the line of `repr` and the table."""
        return shown(self, self.table())

    def table(self) -> Table:
        """The figures, one layer a row."""
        step = any(each.equal is not None for each in self.layers)
        head = ("layer", "correlation", "error", "spikes a neuron", *(["equal"] if step else []))
        rows = [
            (
                each.layer,
                _written(each.correlation),
                f"{each.error:.1%}",
                "" if each.rate is None else f"{each.rate:.3f}",
                *([_percent(each.equal)] if step else []),
            )
            for each in self.layers
        ]
        return Table(rows, head)

    def plot(self, layer: str | None = None, axis: Any = None) -> Picture:
        """A picture: the correlation of every layer, or the values of one.

        layer : of this one what its spikes stand for over the source's values; None for all
        axis  : matplotlib axes to draw into; a figure of its own unless given

        Raises `MissingPartError` without matplotlib, `OptionError` for an unknown layer.
        """
        one = None if layer is None else self[layer]
        with drawing.style("plot"):
            if axis is None:
                height = 3.2 if one else 1.2 + 0.2 * len(self.layers)
                figure, axis = drawing.axes(3.6 if one else drawing.WIDTH, height)
                _draw(self.layers, one, axis)
                drawing.finished(figure)
            else:
                _draw(self.layers, one, axis)
            return Picture(axis.figure)


def compare(
    network: Network,
    source: Graph,
    x: ArrayLike,
    wait: int | None = None,
    progress: Progress = silent,
) -> Correlations:
    """A one-spike network beside the source that it was made of, on samples [N, *shape].

    Both see the same samples; the errors of all layers before it are in the figures of each.
    Raises `DataError` for samples that do not fit, `OptionError` for the wait.
    """
    samples = checked(network, x)
    parts = Parts.of(network, source)
    return gathered(_values(parts, samples, wait, progress), len(samples))


def checked(network: Network, x: ArrayLike) -> NDArray[Any]:
    """Samples as the network takes them; `DataError` where they do not fit, or there are none."""
    samples = check_samples(x, network.sample_shape)
    if not len(samples):
        raise DataError("x: no samples; give at least one, better some hundred")
    return samples


Found = tuple[str, NDArray[Any], NDArray[Any], int | None, float | None]
"""A layer, values of the source and of the spikes, how many spikes these are, the share of equal
payloads."""


def gathered(found: Iterable[Found], samples: int) -> Correlations:
    """The figures of values that come block by block, layer by layer in every block."""
    sums: dict[str, _Sums] = {}
    for name, known, spiking, spikes, equal in found:
        sums.setdefault(name, _Sums()).add(known, spiking, spikes, equal)
    return Correlations(samples, tuple(each.figures(name) for name, each in sums.items()))


def _values(parts: Parts, x: NDArray[Any], wait: int | None, progress: Progress) -> Iterator[Found]:
    network = parts.network
    for start in range(0, len(x), BLOCK):
        block = x[start : start + BLOCK]
        run = network.compute(Samples(network.input, block), wait=wait, record=True)
        exact = parts.exact(block)
        for layer in network.hidden:
            known = exact[parts.nodes[layer.name]]
            spikes = parts.decoded(layer, run.codes[layer.name])
            yield layer.name, known, spikes, run.spikes[layer.name], None
        scores = run.scores * network.output_scale
        yield network.readout.name, parts.logits(exact), scores, None, None
        progress("comparison", min(start + BLOCK, len(x)), len(x))


class _Sums:
    """Running sums of one layer: of values x of the source and y of the spikes."""

    def __init__(self) -> None:
        self.count, self.x, self.y = 0, 0.0, 0.0
        self.xx = self.yy = self.xy = self.apart = 0.0
        self.spikes: int | None = None
        self.equal: float | None = None
        self.pairs: Pairs | None = None

    def add(
        self, known: NDArray[Any], found: NDArray[Any], spikes: int | None, equal: float | None
    ) -> None:
        """Add a block."""
        x, y = (np.asarray(each, np.float64).reshape(-1) for each in (known, found))
        self.apart += float(np.sum((x - y) ** 2))
        self.x, self.y = self.x + float(x.sum()), self.y + float(y.sum())
        self.xx, self.yy = self.xx + float(x @ x), self.yy + float(y @ y)
        self.xy += float(x @ y)
        if spikes is not None:
            self.spikes = (self.spikes or 0) + spikes
        if equal is not None:
            before = 0.0 if self.equal is None else self.equal
            self.equal = (before * self.count + equal * x.size) / max(self.count + x.size, 1)
        self.count += x.size
        if self.pairs is None:
            chosen = np.linspace(0, x.size - 1, min(x.size, PAIRS)).astype(np.int64)
            self.pairs = np.stack([x[chosen], y[chosen]]).astype(np.float32)

    def figures(self, name: str) -> Correlation:
        """What the sums come to."""
        count = max(self.count, 1)
        spread = (self.xx - self.x**2 / count, self.yy - self.y**2 / count)
        least = 1e-12 * max(self.xx, self.yy)
        correlation = None
        if min(spread) > least:
            shared = self.xy - self.x * self.y / count
            correlation = float(shared / np.sqrt(spread[0] * spread[1]))
        assert self.pairs is not None
        return Correlation(
            layer=name,
            correlation=correlation,
            error=float(np.sqrt(self.apart / self.xx)) if self.xx else 0.0,
            rate=None if self.spikes is None else self.spikes / count,
            equal=self.equal,
            pairs=self.pairs,
        )


def _draw(layers: tuple[Correlation, ...], one: Correlation | None, axis: Any) -> None:
    if one is not None:
        known, found = one.pairs
        ends = [float(min(known.min(), found.min())), float(max(known.max(), found.max()))]
        axis.plot(ends, ends, lw=0.8, color=drawing.GREY)
        axis.plot(known, found, ".", ms=3, color=drawing.BLUE, alpha=0.5)
        axis.set(xlabel="source", ylabel="what the spikes stand for")
        axis.set_title(f"{drawing.short(one.layer)}: {_written(one.correlation)}", fontsize=9)
        return
    rows = [each for each in layers if each.correlation is not None]
    places = range(len(rows))
    axis.plot([each.correlation for each in rows], places, "o", ms=4, color=drawing.BLUE)
    axis.set_yticks(places, [drawing.short(each.layer) for each in rows])
    axis.invert_yaxis()
    axis.set_xlim(right=1.0)
    axis.grid(axis="x", lw=0.4, alpha=0.4)
    axis.set_xlabel("correlation with the source")


def _written(value: float | None) -> str:
    return "" if value is None else f"{value:.4f}"


def _percent(value: float | None) -> str:
    return "" if value is None else f"{value:.2%}"
