"""One walk through the network, layer by layer: its codes, its corrections, its moments.

The source network and its one-spike form run side by side on the calibration data. A layer's exact
activations give its code; each of its linear maps, in order, is then moved so that from *coded*
inputs it gives what the source gives from exact ones. Values that later layers read lie in files
of a temporary folder, so memory does not grow with the number of samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.codes import Code
from exporters.calibration.coding import InputCoding
from exporters.calibration.histograms import Counting, Histogram
from exporters.calibration.layers import Layers, by_source
from exporters.calibration.moments import (
    PLACES,
    Moments,
    Places,
    Reading,
    draw,
    drawn,
    is_enough,
    is_free,
)
from exporters.calibration.regression import Regression, outputs, places_of
from exporters.calibration.stored import Ranks, Stored, parts
from exporters.graph import Graph, Node, is_spiking
from exporters.graph.execution import step
from exporters.recipe import Recipe
from onespike_lava.system.files import scratch
from onespike_lava.system.progress import Progress, each, silent

Values = NDArray[np.float32]
Choose = Callable[[Node, Histogram], Code]


@dataclass(frozen=True)
class Findings:
    """What the calibration data told.

    graph   : the prepared graph with corrected linear maps
    codes   : spiking node -> its code
    maxima  : spiking node -> its largest activation of each channel, or of all
    moments : linear node -> those of what it reads, where enough was seen
    """

    graph: Graph
    codes: dict[str, Code] = field(default_factory=dict)
    maxima: dict[str, NDArray[np.float64]] = field(default_factory=dict)
    moments: dict[str, Moments] = field(default_factory=dict)


def calibrate(
    graph: Graph,
    samples: NDArray[Any],
    coding: InputCoding,
    recipe: Recipe,
    choose: Choose,
    progress: Progress = silent,
) -> Findings:
    """Walk a prepared graph on samples float[N, *shape].

    coding : how the coded network sees its input
    choose : the code of a spiking node, from its activations

    Linear maps of an exact (binary-coded) input are not corrected; nor are maps of fixed weights
    (average pools, skip connections), whose error a later map of the same sum takes over.
    """
    with scratch() as folder:
        walk = _Walk(graph, samples, coding, recipe, choose, folder)
        try:
            return walk.findings(progress)
        finally:
            for name in walk.shapes:
                walk.drop(name)


class _Walk:
    """Values of the layers in use, exact and coded, on all samples."""

    def __init__(
        self,
        graph: Graph,
        samples: NDArray[Any],
        coding: InputCoding,
        recipe: Recipe,
        choose: Choose,
        folder: Path,
    ) -> None:
        self.graph, self.samples, self.coding, self.recipe = graph, samples, coding, recipe
        self.choose, self.folder = choose, folder
        self.shapes = graph.shapes()
        self.parts = parts(len(samples), list(self.shapes.values()))
        self.draws = self._draws() if recipe.rounding == "least" else {}
        self.exact: dict[str, Stored] = {}
        self.coded: dict[str, Stored] = {}
        self.nodes = {node.name: node for node in graph.nodes}
        self.layers = Layers(graph)
        self.found = Findings(graph)

    def findings(self, progress: Progress) -> Findings:
        """Walk once."""
        ends = self.layers.ends
        last = {name: end.name for end in ends for name in self.layers.sources(end)}
        for end in each(ends, "calibration", progress):
            self._end(end)
            for node in self.layers.maps(end) if end.op not in ("input", "maxpool") else ():
                node.release()
                self.nodes[node.name].release()
            for name in {end.name, *self.layers.sources(end)}:
                if last.get(name, end.name) == end.name:
                    self.drop(name)
        nodes = tuple(self.nodes[node.name] for node in self.graph.nodes)
        return replace(self.found, graph=replace(self.graph, nodes=nodes))

    def _end(self, end: Node) -> None:
        if end.op == "input":
            self._enter(end)
        elif end.op == "maxpool":
            self._pool(end)
        else:
            self._layer(end)

    def _enter(self, entry: Node) -> None:
        exact = self._store(self.exact, "exact", entry)
        coded = self._store(self.coded, "coded", entry) if self._corrects else None
        for part in self.parts:
            exact.append(self.samples[part])
            if coded is not None:
                coded.append(self.coding.apply(self.samples[part]))

    def _pool(self, pool: Node) -> None:
        source = pool.inputs[0]
        exact = self._store(self.exact, "exact", pool)
        for part in self.parts:
            exact.append(step(pool, [self.exact[source][part]]))
        read = self.coded.get(source)
        if read is None:
            return
        code = read.code if isinstance(read, Ranks) else None
        coded = self._store(self.coded, "coded", pool, code)
        for part in self.parts:
            values = read.ranks(part) if isinstance(read, Ranks) else read[part]
            coded.append(step(pool, [values]))

    def _layer(self, end: Node) -> None:
        """A layer's activations, its code, its corrected maps, its coded values."""
        maps = self.layers.maps(end)
        self._run(end, maps)
        if not self._corrects:
            return
        self._correct(maps)
        if not is_spiking(end):
            return
        code = self.found.codes[end.name]
        coded = self._store(self.coded, "coded", end, code)
        for part in self.parts:
            value = self._value(end, [self.nodes[node.name] for node in maps], self.coded, part)
            coded.append(code.ranks(value) if code.is_ranked else code.apply(value))

    @property
    def _corrects(self) -> bool:
        return self.recipe.correct != "none"

    def _is_coded(self, node: Node) -> bool:
        return self.coding.code is not None or node.inputs[0] != self.graph.input.name

    def _run(self, end: Node, maps: Sequence[Node]) -> None:
        """The exact activations, and what is to be known of them and of what the maps read."""
        spikes = is_spiking(end)
        readings = {node.name: Reading(node) for node in maps if node.name in self.draws}
        exact = self._store(self.exact, "exact", end) if spikes else None
        counting = Counting(end, self.shapes[end.name], self.recipe.scale == "channel")
        for number, part in enumerate(self.parts):
            value = self._value(end, maps, self.exact, part, readings, number)
            if exact is not None:
                exact.append(value)
                counting.largest(value)
        if exact is not None:
            for part in self.parts if self.recipe.counts else ():
                counting.add(exact[part])
            found = counting.histogram()
            self.found.maxima[end.name] = found.maxima
            self.found.codes[end.name] = self.choose(end, found)
        moments = {name: reading.moments for name, reading in readings.items()}
        self.found.moments.update({name: one for name, one in moments.items() if one is not None})

    def _value(
        self,
        end: Node,
        maps: Sequence[Node],
        values: Mapping[str, Stored],
        part: slice,
        readings: Mapping[str, Reading] = {},
        number: int = 0,
    ) -> Values:
        """Values of a layer's end on a part of the samples, from those of its sources.

        readings : take in what the maps read, of the part of that number
        """
        known = {}
        for name, reading in by_source(maps).items():
            read = values[name][part]
            for node in reading:
                known[node.name] = step(node, [read])
                if node.name in readings:
                    readings[node.name].add(read, self.draws[node.name][number])
        potential = self.layers.potential(end)
        if potential.op == "add":
            value = step(potential, [known[name] for name in potential.inputs])
        else:
            value = known[potential.name]
        return step(end, [value]) if is_spiking(end) else value

    def _correct(self, maps: Sequence[Node]) -> None:
        """Move the weights or biases of maps, to make up for what their inputs lost."""
        free = [node for node in maps if is_free(node) and self._is_coded(node)]
        if not free:
            return
        size, random = self.shapes[free[0].name][1:], np.random.default_rng(0)
        places = max(places_of(node, len(self.samples)) for node in free)
        counts = [part.stop - part.start for part in self.parts]
        at = [draw(free[0], count, size, places, random) for count in counts]
        lacks = [self._lacking(maps, *each) for each in zip(self.parts, at, strict=True)]
        for node in free:
            rows = drawn(node, size, places) * len(self.samples)
            found, coded = Regression(node, rows, self.recipe.correct), self.coded[node.inputs[0]]
            for part, drawing, lack in zip(self.parts, at, lacks, strict=True):
                found.add(coded[part], drawing, lack)
            moved = self.nodes[node.name] = found.solution()
            if node is not free[-1]:
                bias = node.single.params.get("bias", np.zeros(1)) - moved.single.params["bias"]
                for part, drawing, lack in zip(self.parts, at, lacks, strict=True):
                    read = coded[part]
                    lack += outputs(node, read, drawing) - outputs(moved, read, drawing) + bias

    def _lacking(self, maps: Sequence[Node], part: slice, at: Places) -> Values:
        """Exact less coded values float32[N', O] of drawn outputs of a sum of maps."""
        total = np.zeros(1, np.float32)
        for name, reading in by_source(maps).items():
            lost = self.exact[name][part] - self.coded[name][part]
            for node in reading:
                total = total + outputs(node, lost, at)
        return total

    def _draws(self) -> dict[str, list[Places]]:
        """Outputs whose inputs enter the moments, of each map that has enough, part by part."""
        random = np.random.default_rng(0)
        free = [node for node in self.graph.nodes if is_free(node)]
        found: dict[str, list[Places]] = {node.name: [] for node in free}
        for part in self.parts:
            for node in free:
                size, count = self.shapes[node.name][1:], part.stop - part.start
                found[node.name].append(_short(draw(node, count, size, PLACES, random)))
        rows = {n.name: drawn(n, self.shapes[n.name][1:], PLACES) * len(self.samples) for n in free}
        return {n.name: found[n.name] for n in free if is_enough(n, rows[n.name])}

    def _store(
        self, values: dict[str, Stored], kind: str, node: Node, code: Code | None = None
    ) -> Stored:
        path, shape = (
            self.folder / f"{kind}-{self.layers.places[node.name]}",
            self.shapes[node.name],
        )
        if code is None or not code.is_ranked:
            values[node.name] = Stored(path, shape)
        else:
            values[node.name] = Ranks(path, shape, code)
        return values[node.name]

    def drop(self, name: str) -> None:
        """Let the values of a node go."""
        for values in (self.exact, self.coded):
            stored = values.pop(name, None)
            if stored is not None:
                stored.remove()


def _short(at: Places) -> Places:
    """The same in a quarter of the memory."""
    return None if at is None else tuple(each.astype(np.int16) for each in at)  # type: ignore[return-value]
