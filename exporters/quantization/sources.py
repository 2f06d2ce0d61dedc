"""The linear part of a layer: which sources its neurons sum, with which real weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.codes import Code
from exporters.calibration.moments import Moments
from exporters.graph import Graph, Node, arithmetic
from exporters.passes.algebra import is_fixed
from exporters.recipe import Recipe
from onespike_lava.layers import PLAIN, Input, Shape, Window

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Source:
    """What a layer's synapses need to know of a source.

    position : in the network
    shape    : of the layer
    unit     : float64[C], the value of payload `2**bits`, `lambda` of each channel
    low      : float64[C], the value of silence (an input grid need not begin at 0)
    bits     : binary digits of the payload's unit
    base     : `Q` of its code
    steps    : phases in which it can send
    binary   : several spikes a sample, one per bit
    payload  : the largest sum of payloads that one neuron sends in a sample
    """

    position: int
    shape: Shape
    unit: Floats
    low: Floats
    bits: int
    base: float
    steps: int
    binary: bool
    payload: float

    @classmethod
    def of_input(cls, layer: Input) -> Source:
        """The network's input, its first layer: a spike for each bit."""
        every = np.ones(layer.shape[0])
        return cls(
            position=0,
            shape=layer.shape,
            unit=layer.step * every * 2**layer.bits,
            low=layer.low * every,
            bits=layer.bits,
            base=2.0,
            steps=layer.bits,
            binary=True,
            payload=2.0**layer.bits - 1,
        )

    @classmethod
    def of_neurons(
        cls, position: int, shape: Shape, unit: Floats, code: Code, recipe: Recipe
    ) -> Source:
        """A layer of neurons at a position; `unit` as above, `code` is what they send."""
        payloads = code.payloads(recipe.payload_bits)
        return cls(
            position=position,
            shape=shape,
            unit=unit,
            low=np.zeros(shape[0]),
            bits=recipe.payload_bits,
            base=code.base,
            steps=recipe.phases,
            binary=False,
            payload=float(payloads[: code.max_spikes].sum()),
        )


@dataclass(frozen=True)
class Linear:
    """One linear map of one source.

    weight  : [O, I] or [O, I / groups, rows, columns], in the source network's values, float64 or
              its own float32
    moments : of its inputs, None where not known
    fixed   : whether it stands for no trained layer, but for a skip, a pool or the like
    """

    source: Source
    weight: NDArray[np.floating[Any]]
    window: Window = PLAIN
    groups: int = 1
    moments: Moments | None = None
    fixed: bool = False

    def per_weight(self, channels: Floats) -> Floats:
        """Values of the source's channels as the weights of a group read them, [groups, K]."""
        places = self.weight[0].size * self.groups // len(channels)
        return np.repeat(channels.reshape(self.groups, -1), places, axis=1)

    def scaled(self) -> Floats:
        """Weights times the unit of the source channel that each reads, float64[O, K]."""
        rows = self.weight.reshape(self.groups, -1, self.weight[0].size)
        scaled: Floats = rows * self.per_weight(self.source.unit)[:, None]
        return scaled.reshape(len(self.weight), -1)

    def offset(self, shape: Shape) -> Floats:
        """What a silent source adds, float64[*shape]: zero padding makes borders differ."""
        low = self.source.low
        if not low.any():
            return np.zeros(shape)
        silent = np.zeros(self.source.shape) + low.reshape(-1, *[1] * (len(self.source.shape) - 1))
        if self.weight.ndim == 2:
            return self.weight @ silent.reshape(-1)
        attrs = {**vars(self.window), "groups": self.groups}
        node = Node("offset", "conv", (), {"weight": self.weight}, attrs, exact=True)
        return arithmetic.conv(node, [silent[None]])[0]


def linear_part(
    graph: Graph,
    node: Node,
    sources: Mapping[str, Source],
    shape: Shape,
    moments: Mapping[str, Moments],
) -> tuple[list[Linear], Floats]:
    """The linear maps whose sum is `node`'s value, and their constant part float64[*shape]."""
    maps, constant = [], np.zeros(shape)
    for summand in map(graph.node, node.inputs) if node.op == "add" else (node,):
        part = _map(summand, sources[summand.inputs[0]], moments.get(summand.name))
        bias = summand.params.get("bias", np.zeros(shape[0]))
        constant += bias.reshape(-1, *[1] * (len(shape) - 1))
        constant += part.offset(shape)
        maps.append(part)
    return maps, constant


def _map(node: Node, source: Source, moments: Moments | None) -> Linear:
    weight, fixed = node.params["weight"], is_fixed(node)
    if node.op == "linear":
        return Linear(source, weight, moments=moments, fixed=fixed)
    return Linear(
        source, weight, arithmetic.window(node), arithmetic.groups_of(node), moments, fixed
    )


def one_to_one(source: Source) -> Linear:
    """Each neuron to the neuron of its place."""
    size = source.shape[0]
    if len(source.shape) == 1:
        return Linear(source, np.eye(size), fixed=True)
    return Linear(source, np.ones((size, 1, 1, 1)), groups=size, fixed=True)
