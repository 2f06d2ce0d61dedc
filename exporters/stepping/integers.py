"""From a prepared network that steps to integers: a plain function of floats."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from exporters.calibration.moments import Moments
from exporters.form import Form
from exporters.graph import Node, Stepping, arithmetic
from exporters.quantization.sources import Linear, Source, linear_part
from exporters.stepping.layers import Floats, Layer, fitted, is_exact
from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import (
    Firing,
    Input,
    Integration,
    MaxPool,
    Reset,
    Sum,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.layers import Layer as AnyLayer
from onespike_lava.limits import PAYLOAD_MAX, STATE_LIMIT, SUM_LIMIT
from onespike_lava.model import Model
from onespike_lava.network import Network
from onespike_lava.rules.recurrence import largest_input, largest_state


@dataclass(frozen=True)
class Constants:
    """What integers are made with beside the network itself.

    preset  : `exact` or `lava`
    moments : conv or linear node -> those of its inputs, for the rounding of its weights
    counts  : neuron that counts -> spikes of one step that it may send
    coarser : layer -> what its scale is at least multiplied with
    notes   : provenance
    """

    preset: str = "exact"
    moments: Mapping[str, Moments] = field(default_factory=dict)
    counts: Mapping[str, int] = field(default_factory=dict)
    coarser: Mapping[str, float] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)


def quantize(prepared: Stepping, layer: Input, constants: Constants) -> Network:
    """The integer network of one in the form of `passes.stepping`.

    layer : how samples enter: the input layer of the network, `constant` or `events`

    Weights become int8 with a scale per output channel; thresholds, resets and drives stand on
    its grid; every layer is proven to stay within 24 bits. Provenance tells of layers whose
    resolution that lowered, and of those whose leak is rounded. Raises `UnsupportedError` for
    what integers cannot hold, by name.
    """
    builder = _Builder(prepared, layer, constants)
    graph = prepared.graph
    for node in graph.nodes[1:]:
        if node.op == "maxpool":
            builder.pool(node)
        elif node.op == "total":
            builder.total(node)
        elif node.op == "neuron" and not (prepared.potential and node.name == graph.output):
            builder.neurons(node)
    builder.readout(graph.node(graph.output))
    told = {"resolution_lowered": builder.lowered, "leak_rounded": builder.rounded}
    notes = {**constants.notes, **{key: ", ".join(each) for key, each in told.items() if each}}
    return Network(tuple(builder.layers), prepared.steps, 0, "graded", tuple(sorted(notes.items())))


class _Builder:
    """The layers made so far, and what later ones need to know of them."""

    def __init__(self, prepared: Stepping, layer: Input, constants: Constants) -> None:
        self.network, self.constants, self.graph = prepared, constants, prepared.graph
        self.shapes = self.graph.shapes()
        self.layers: list[AnyLayer] = [layer]
        every = np.ones(layer.shape[0])
        self.sources = {self.graph.input.name: self._source(0, every * layer.step)}
        low = layer.low * every
        first = replace(self.sources[self.graph.input.name], low=low)
        self.sources[self.graph.input.name] = first
        self.lowered: list[str] = []
        self.rounded: list[str] = []

    def _source(self, position: int, unit: Floats | None = None) -> Source:
        """A layer as synapses see it; one payload is worth 1 unless said."""
        shape = self.layers[position].shape
        unit = np.ones(shape[0]) if unit is None else unit
        quiet = np.zeros(shape[0])
        return Source(position, shape, unit, quiet, 0, 1.0, self.network.steps, False, 1.0)

    def _add(self, name: str, layer: AnyLayer) -> None:
        self.layers.append(layer)
        self.sources[name] = self._source(len(self.layers) - 1)

    def pool(self, node: Node) -> None:
        """A max pool passes the largest payload of each window and step."""
        source, (rows, columns) = self.sources[node.inputs[0]], node.attrs["kernel"]
        if source.position == 0 and self.network.input == "constant":
            raise UnsupportedError(f"{node.name}: pools the input; pool the data before")
        place, window = source.position, arithmetic.window(node)
        shape = self.shapes[node.name]
        self._add(node.name, MaxPool(node.name, shape, place, (rows, columns), window))

    def total(self, node: Node) -> None:
        """Payloads added."""
        places = tuple(self.sources[name].position for name in node.inputs)
        self._add(node.name, Sum(node.name, self.shapes[node.name], places))

    def neurons(self, node: Node) -> None:
        """A layer of timed neurons, called as the source's neurons are."""
        form = Form.of(node.params, node.attrs)
        most = form.most or self.constants.counts.get(node.name, 1)
        maps, constant = self._linear(self.graph.node(node.inputs[0]), form)
        made = self._fitted(node.name, maps, constant, form, most=min(most, PAYLOAD_MAX))
        self._add(node.name, self._candidate(node.name, maps, constant, made, ""))

    def readout(self, node: Node) -> None:
        """Output neurons: those of the source, or sums of the last maps' currents."""
        network = self.network
        if network.potential:
            form, take = Form.of(node.params, node.attrs), network.take
            current = self.graph.node(node.inputs[0])
        else:
            summing = network.take == "sum"
            form = Form(np.ones(()), keep_v=np.asarray(float(summing)), fire="none", reset="keep")
            current, take = node, "last" if summing else network.take
        maps, constant = self._linear(current, form)
        most = form.most or self.constants.counts.get(node.name, 1)
        made = self._fitted(node.name, maps, constant, form, one_scale=True, take=take, most=most)
        scale = float(made.unit[0]) * network.factor
        self.layers.append(self._candidate(node.name, maps, constant, made, take, scale))

    def _linear(self, node: Node, form: Form) -> tuple[list[Linear], Floats]:
        """The maps of a layer's current, and its constant part."""
        shape = self.shapes[node.name]
        maps, constant = linear_part(self.graph, node, self.sources, shape, self.constants.moments)
        if form.filters and constant.any():
            maps = [*maps, self._steady(node.name, maps[0], constant)]
            constant = np.zeros(shape)
        return maps, constant

    def _steady(self, name: str, first: Linear, constant: Floats) -> Linear:
        """A map that brings a constant current, from neurons that fire in every step.

        A filter of currents sees the constant too, so that it is no drive of the potential.
        """
        flat = constant.reshape(len(constant), -1)
        if (flat != flat[:, :1]).any():
            raise UnsupportedError(
                f"{name}: its input is below or above 0 where zeros pad it, and its current has a "
                "filter; use an input range that begins at 0"
            )
        kernel, one = first.weight[:1], np.ones(1, np.int32)
        synapse = Synapse(first.source.position, np.zeros(kernel.shape, np.int8), first.window)
        if kernel.ndim == 4:
            size = (1, first.source.shape[0], *kernel.shape[2:])
            synapse = replace(synapse, weight=np.zeros(size, np.int8))
        shape = (1, *constant.shape[1:])
        parts = Integration(np.zeros(1, np.int32), keep_v=np.zeros(1, np.int32), drive=one)
        payload = int(np.ceil(np.abs(flat).max() / max(np.abs(first.scaled()).max(), 1e-300)))
        payload = min(max(payload, 1), PAYLOAD_MAX)
        firing = Firing(np.array([payload], np.int32))
        ends = (parts, Threshold(one), Reset("zero"), firing, np.ones(1))
        self._add(f"{name}.steady", Timed(f"{name}.steady", shape, (synapse,), *ends))
        source = replace(self.sources[f"{name}.steady"], unit=np.full(1, 1 / payload))
        weight = flat[:, :1] if constant.ndim == 1 else flat[:, :1, None, None]
        return Linear(source, weight, fixed=True)

    def _fitted(
        self,
        name: str,
        maps: list[Linear],
        constant: Floats,
        form: Form,
        take: str = "",
        **options: Any,
    ) -> Layer:
        def fits(made: Layer) -> bool:
            layer = self._candidate(name, maps, constant, made, take)
            model = Model((*self.layers, layer), self.network.steps, 0)
            if largest_input(model, layer) >= SUM_LIMIT:
                return False
            bases = [] if made.threshold is None else [made.threshold.base, made.reset.base]
            largest = max((int(each.max()) for each in bases if each is not None), default=0)
            return max(largest, largest_state(model, layer)) < STATE_LIMIT

        preset, coarser = self.constants.preset, self.constants.coarser.get(name, 1.0)
        options |= {"preset": preset, "coarser": coarser}
        made = fitted(name, maps, constant, form, fits, **options)
        self.lowered += [name] if made.lowered or coarser > 1 else []
        exact = is_exact(self._candidate(name, maps, constant, made, take))
        self.rounded += [] if exact else [name]
        return made

    def _candidate(
        self,
        name: str,
        maps: list[Linear],
        constant: Floats,
        made: Layer,
        take: str,
        scale: float = 1.0,
    ) -> Timed | TimedReadout:
        synapses = self._synapses(maps, made)
        if take:
            fires = () if made.threshold is None else (made.threshold, made.reset, made.firing)
            ends = (made.integration, scale, take, 1, *fires)
            return TimedReadout(name, constant.shape, synapses, *ends)
        assert made.threshold is not None
        parts = (made.integration, made.threshold, made.reset, made.firing, made.unit)
        return Timed(name, constant.shape, synapses, *parts)

    def _synapses(self, maps: list[Linear], made: Layer) -> tuple[Synapse, ...]:
        return tuple(
            Synapse(part.source.position, weight, part.window, part.groups)
            for part, weight in zip(maps, made.weights, strict=True)
        )
