"""How samples enter the one-spike network: on a grid of integers, in one of two codes."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.codes import Code
from exporters.graph import Node
from exporters.recipe import Recipe
from onespike_lava.data.encoding import decode, encode
from onespike_lava.layers import Input, Shape

Floats = NDArray[np.float64]


def coded_input(name: str) -> str:
    """Name of the layer behind the input `name` that sends one spike for each of its values."""
    return f"{name}.once"


@dataclass(frozen=True)
class InputCoding:
    """The input layer, and the code of a layer right behind it where one spike is all it sends.

    Binary coding (the paper's choice) keeps every integer of the grid. Single-spike coding
    (Sec. V-B, Table VII) codes a value's distance from `low` as a hidden neuron would.
    """

    layer: Input
    code: Code | None

    @classmethod
    def of(
        cls, name: str, shape: Shape, grid: tuple[Floats, Floats], recipe: Recipe
    ) -> InputCoding:
        """Of the network's input `name`; `grid` is (low, step), float64[C] or float64[1]."""
        low, step = grid
        code = None
        if recipe.input_coding == "single":
            largest = step * np.ones(shape[0]) * (2**recipe.bits - 1)
            code = Code.of_base(largest, replace(recipe, max_spikes=1), name)
        return cls(Input(name, shape, recipe.bits, low, step), code)

    def of_view(self, entry: Node) -> InputCoding:
        """The same of samples from outside, where a graph's input node is a view of them."""
        attrs = entry.attrs
        if not attrs.get("sample"):
            return self
        sample, axes = tuple(attrs["sample"]), tuple(attrs["axes"])
        return replace(self, layer=replace(self.layer, sample=sample, axes=axes))

    def apply(self, samples: NDArray[Any]) -> Floats:
        """Samples [N, *shape] as the first layer of weights sees them, float64."""
        values = decode(self.layer, encode(self.layer, samples).integers)
        if self.code is None:
            return values
        low = self.layer.low.reshape(-1, *[1] * (values.ndim - 2))
        return low + self.code.apply(values - low)
