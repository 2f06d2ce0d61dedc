"""From a prepared graph and the codes of its layers to an integer network.

Weights become int8 with one scale per output channel, thresholds an integer per channel
times a table per phase, the input's constant part initial potentials per neuron.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.codes import Code
from exporters.calibration.coding import InputCoding, coded_input
from exporters.calibration.moments import Moments
from exporters.graph import Graph, Node, arithmetic, is_spiking
from exporters.quantization.fit import Fit, Floats, fit, growth_of
from exporters.quantization.sources import Linear, Source, linear_part, one_to_one
from exporters.recipe import Recipe
from onespike_lava import coding, connectivity
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import Layer, MaxPool, Readout, Spiking, Synapse
from onespike_lava.network import Network
from onespike_lava.system.progress import Progress, each, silent


def quantize(
    graph: Graph,
    codes: Mapping[str, Code],
    coding: InputCoding,
    recipe: Recipe,
    provenance: Mapping[str, str],
    moments: Mapping[str, Moments],
    progress: Progress = silent,
) -> Network:
    """The integer network of a prepared graph.

    codes   : spiking node -> its code
    coding  : how samples enter
    moments : conv or linear node -> those of its inputs, for the rounding of its weights

    Raises `UnsupportedError` for what the integer network cannot hold.
    """
    builder = _Builder(graph, codes, recipe, moments)
    for node in each(graph.nodes, "quantisation", progress):
        if node.op == "input":
            builder.input(node, coding)
        elif node.op == "maxpool":
            builder.pool(node)
        elif is_spiking(node):
            builder.spiking(node)
    builder.readout(graph.node(graph.output))
    notes = {
        "resolution_lowered": builder.lowered,
        "channels_left_out": builder.left_out,
        connectivity.TRAINED: builder.trained,
    }
    provenance = {**provenance, **{key: ", ".join(names) for key, names in notes.items() if names}}
    return Network(
        tuple(builder.layers),
        recipe.phases,
        recipe.waiting,
        recipe.weighting,
        tuple(sorted(provenance.items())),
    )


class _Builder:
    """The layers made so far, and what later ones need to know of them."""

    def __init__(
        self,
        graph: Graph,
        codes: Mapping[str, Code],
        recipe: Recipe,
        moments: Mapping[str, Moments],
    ) -> None:
        self.graph, self.codes, self.recipe, self.moments = graph, codes, recipe, moments
        self.shapes = graph.shapes()
        self.layers: list[Layer] = []
        self.sources: dict[str, Source] = {}
        self.lowered: list[str] = []  # layers whose weights lost resolution to the 24-bit bound
        self.left_out: list[str] = []  # layers of which channels are silenced
        self.trained: list[str] = []  # connections that only look like a skip or a pool

    def input(self, node: Node, coding: InputCoding) -> None:
        layer = coding.layer
        source = Source.of_input(layer)
        self.layers.append(layer)
        self.sources[node.name] = source
        if coding.code is not None:
            once = [one_to_one(replace(source, low=np.zeros(layer.shape[0])))]
            name = coded_input(node.name)
            self._neurons(node.name, name, once, np.zeros(layer.shape), coding.code)
            self.sources[node.name] = replace(self.sources[node.name], low=source.low)

    def pool(self, node: Node) -> None:
        source = self.sources[node.inputs[0]]
        if source.binary:
            raise UnsupportedError(
                f"{node.name}: a max pool of the network's input is not supported; pool the data "
                "before, or put the pool after the first convolution"
            )
        shape, position = self.shapes[node.name], len(self.layers)
        rows, columns = node.attrs["kernel"]
        layer = MaxPool(node.name, shape, source.position, (rows, columns), arithmetic.window(node))
        self.layers.append(layer)
        self.sources[node.name] = replace(source, position=position, shape=shape)

    def spiking(self, node: Node) -> None:
        potential = self.graph.node(node.inputs[0])
        maps, constant = self._linear(potential)
        clipped = "clip" in node.attrs
        self._neurons(node.name, potential.name, maps, constant, self.codes[node.name], clipped)

    def _neurons(
        self,
        key: str,
        name: str,
        maps: list[Linear],
        constant: Floats,
        code: Code,
        clipped: bool = False,
    ) -> None:
        """Add a layer called `name` that later nodes know as `key`."""
        recipe, shape = self.recipe, constant.shape
        payloads = code.payloads(recipe.payload_bits)
        table, unit = self._table(code, maps[0].source)
        wanted = code.constant / unit
        largest = wanted * self._largest_factor(table, maps[0].source)
        if code.max_spikes > 1:
            largest = np.maximum(largest, wanted * 2.0 * payloads[0])
        found = fit(maps, constant, largest, weighting=recipe.weighting)
        base, value = _bases(wanted, found, clipped)
        loud = (wanted == 0) & (value > value[wanted > 0].max(initial=0.0))
        if loud.any() and not loud.all():
            # never active on the calibration data, yet with a weight or bias that would take the
            # resolution from what the next layer reads of the others
            self.left_out.append(f"{name} ({np.count_nonzero(loud)})")
            kept = np.where(loud, 0.0, 1.0)
            maps = [replace(part, weight=_times(part.weight, kept)) for part in maps]
            found = fit(maps, _times(constant, kept), largest, weighting=recipe.weighting)
            base, value = _bases(wanted, found, clipped)
        self.lowered += [name] if found.lowered else []
        unary = np.ones(recipe.phases, np.int32)
        self.sources[key] = Source.of_neurons(len(self.layers), shape, value * unit, code, recipe)
        self.layers.append(
            Spiking(
                name=name,
                shape=shape,
                synapses=self._synapses(maps, found),
                bias=found.bias,
                threshold_base=base.astype(np.int32),
                threshold_table=table,
                payload=unary if found.growth else payloads[:-1],
                payload_bits=recipe.payload_bits,
                base=code.base,
                scale=found.unit,
                growth=found.growth,
                max_spikes=code.max_spikes,
            )
        )

    def readout(self, node: Node) -> None:
        shape = self.shapes[node.name]
        maps, constant = self._linear(node)
        none = np.zeros(shape[0])
        found = fit(maps, constant, none, weighting=self.recipe.weighting, one_scale=True)
        self.lowered += [node.name] if found.lowered else []
        synapses, scale = self._synapses(maps, found), float(found.unit[0])
        blocks = self.graph.blocks
        self.layers.append(
            Readout(node.name, shape, synapses, found.bias, scale, found.growth, blocks)
        )

    def _synapses(self, maps: list[Linear], found: Fit) -> tuple[Synapse, ...]:
        """The connections into the layer that is added next."""
        synapses = []
        for number, (part, weight) in enumerate(zip(maps, found.weights, strict=True)):
            synapses.append(Synapse(part.source.position, weight, part.window, part.groups))
            if not part.fixed and connectivity.is_fixed(synapses[-1]):
                self.trained.append(connectivity.path(len(self.layers), number))
        return tuple(synapses)

    def _linear(self, node: Node) -> tuple[list[Linear], Floats]:
        return linear_part(self.graph, node, self.sources, self.shapes[node.name], self.moments)

    def _table(self, code: Code, source: Source) -> tuple[NDArray[np.int32], float]:
        """Per-phase factors of the threshold, and the factor that stands for `lambda`.

        Graded: `P[k] + P[k+1]`, twice the threshold. Membrane: row `m - 1` holds
        `theta * Q_in**m * Q_out**-k` (Sec. III-B2), the threshold after `m` steps of growth.
        """
        recipe = self.recipe
        unit = 2.0**recipe.payload_bits
        if recipe.weighting == "graded":
            if code.limits is not None:
                return np.maximum(1, np.rint(2 * unit * code.limits)).astype(np.int32), 2 * unit
            payloads = code.payloads(recipe.payload_bits)
            return coding.threshold_table(payloads, shift=recipe.shift), 2 * unit
        grown = growth_of(source, 0).base ** np.arange(1, source.steps + 1)
        table = np.rint(unit * grown[:, None] * code.thresholds)
        return np.maximum(1, table).astype(np.int32), unit

    def _largest_factor(self, table: NDArray[np.int32], source: Source) -> float:
        """Largest factor of the table, before growth."""
        if self.recipe.weighting == "graded":
            return float(table.max())
        return float(table.max()) / growth_of(source, 0).base ** source.steps


def _bases(wanted: Floats, found: Fit, clipped: bool) -> tuple[Floats, Floats]:
    """Threshold bases float64[C], and what they are worth in the network's values.

    A base cannot be below 1; of a clipped ReLU it then is worth its constant, not to pass the clip.
    """
    exact = wanted * found.gain / found.scale
    base = np.maximum(1, np.rint(exact))
    worth = np.where((exact > 0) & (exact < 1), exact, base) if clipped else base
    return base, worth * found.scale / found.gain


def _times(values: NDArray[Any], channels: Floats) -> NDArray[Any]:
    """Values with each channel times a number, in their own precision."""
    factors = channels.astype(values.dtype)
    return values * factors.reshape(-1, *[1] * (values.ndim - 1))
