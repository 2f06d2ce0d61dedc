"""One conversion from source network to integer network, with what there is to know of it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporters.calibrate import activation_maxima, check_calibration, input_grid
from exporters.graph import Graph, Node
from exporters.passes import prepare
from exporters.quantize import quantize
from exporters.recipe import Recipe
from exporters.source import read
from onespike_lava import coding
from onespike_lava.data import decode, encode
from onespike_lava.layers import Spiking
from onespike_lava.network import Network
from onespike_lava.version import __version__


@dataclass(frozen=True)
class Conversion:
    """A converted network beside its source.

    network  : the integer network
    source   : the source network as read, for the baseline (`source.evaluate`)
    prepared : the source in spiking form, batch norms folded
    account  : what became of each node of the source
    """

    network: Network
    source: Graph
    prepared: Graph
    recipe: Recipe
    account: Mapping[str, str]

    def simulate(self, x: ArrayLike) -> NDArray[np.float32]:
        """Logits float32[N, outputs] of the one-spike network in real arithmetic, `T_w = T`.

        Real weights and levels (Eq. 4), with the file's input grid and constants `lambda`.
        """
        constants = self._constants()

        def code(node: Node, value: NDArray[Any]) -> NDArray[Any] | None:
            if node.op == "input":
                return decode(self.network.input, encode(self.network.input, value).integers)
            if node.op != "relu":
                return None
            unit = constants[node.name].reshape(-1, *[1] * (value.ndim - 2))
            recipe = self.recipe
            return unit * coding.encode(value / unit, recipe.phases, recipe.q, shift=recipe.shift)

        return self.prepared.evaluate(x, code)

    def _constants(self) -> dict[str, NDArray[np.float64]]:
        """`lambda` of each relu node as the integer thresholds realise it, float64[C]."""
        layers = {layer.name: layer for layer in self.network.layers if isinstance(layer, Spiking)}
        relus = [node for node in self.prepared.nodes if node.op == "relu"]
        return {node.name: layers[node.inputs[0]].constant for node in relus}


def convert(model: Any, calibration: ArrayLike, **options: Any) -> Conversion:
    """Convert a trained ReLU network; parameters and errors as in `exporters.export`."""
    recipe = Recipe(**options)
    samples = np.asarray(calibration)
    source = read(model, samples.shape[1:])
    samples = check_calibration(samples, source)
    prepared, account = prepare(source, pool=recipe.pool)
    grid = input_grid(samples, recipe.bits, recipe.input_range)
    maxima = activation_maxima(prepared, samples)
    provenance = _provenance(source, samples, recipe)
    network = quantize(prepared, maxima, grid, recipe, provenance)
    return Conversion(network, source, prepared, recipe, account)


def _provenance(source: Graph, samples: NDArray[Any], recipe: Recipe) -> dict[str, str]:
    content = np.ascontiguousarray(samples, "<f4")
    return {
        "source_sha256": source.digest(),
        "calibration_sha256": hashlib.sha256(content.tobytes()).hexdigest(),
        "calibration_samples": str(len(samples)),
        "normalisation": f"{recipe.normalisation}, {recipe.scale}",
        "threshold_shift": "on" if recipe.shift else "off",
        "average_pool": recipe.pool,
        "onespike_lava": __version__,
        "numpy": np.__version__,
    }
