"""From source network to integer network and file, with what there is to know of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporters.calibration.codes import Code, choose
from exporters.calibration.coding import InputCoding
from exporters.calibration.correction import correct
from exporters.calibration.grid import check_calibration, input_grid
from exporters.calibration.histograms import histograms
from exporters.calibration.moments import Gathering
from exporters.frontends.read import read
from exporters.graph import Graph, Node, is_spiking
from exporters.passes.pipeline import prepare
from exporters.quantization.network import quantize
from exporters.recipe import Recipe
from exporters.recipe.provenance import provenance
from onespike_lava.layers import Spiking
from onespike_lava.network import Network
from onespike_lava.netx import save
from onespike_lava.system.progress import Progress, silent


@dataclass(frozen=True)
class Conversion:
    """A converted network beside its source.

    network  : the integer network
    source   : the source network as read, for the baseline (`source.evaluate`)
    prepared : the source in spiking form, batch norms folded, corrected where the recipe says
    codes    : spiking node of `prepared` -> its code, with the constants that the integers realise
    coding   : how samples enter
    account  : what became of each node of the source
    """

    network: Network
    source: Graph
    prepared: Graph
    codes: Mapping[str, Code]
    coding: InputCoding
    recipe: Recipe
    account: Mapping[str, str]

    def simulate(self, x: ArrayLike) -> NDArray[np.float32]:
        """Logits float32[N, outputs] of the one-spike network in real arithmetic, `T_w = T`.

        Real weights and levels (Eq. 4), with the file's input grid.
        """

        def code(node: Node, value: NDArray[Any]) -> NDArray[Any] | None:
            if node.op == "input":
                return self.coding.apply(value)
            return self.codes[node.name].apply(value) if is_spiking(node) else None

        return self.prepared.evaluate(x, code)


def export(
    model: Any,
    calibration: ArrayLike,
    path: str | os.PathLike[str] | None = None,
    *,
    output: str | None = None,
    progress: Progress = silent,
    **options: Any,
) -> Network:
    """Convert a trained ReLU network to a one-spike network and write its `.net` file.

    model       : torch Module (not changed), path of an ONNX file, or `exporters.graph.Graph`
    calibration : float[N, C, H, W] or float[N, F], samples as the model takes them
    path        : of the file to write, None for none
    output      : which of several outputs of the model: its name, or the key or number that a
                  module returns it under
    progress    : told how far calibration, correction and quantisation are
    options     : see `exporters.recipe.Recipe`

    Raises `UnsupportedError` for what has no one-spike counterpart, `DataError`,
    `OptionError`, and `MissingPartError` where the model's library is absent.
    """
    network = convert(model, calibration, output=output, progress=progress, **options).network
    if path is not None:
        save(network, path)
    return network


def convert(
    model: Any,
    calibration: ArrayLike,
    *,
    output: str | None = None,
    progress: Progress = silent,
    **options: Any,
) -> Conversion:
    """Convert a trained ReLU network; parameters and errors as in `export`."""
    recipe = Recipe(**options)
    samples = np.asarray(calibration)
    source = read(model, samples.shape[1:], output)
    samples = check_calibration(samples, source)
    prepared, account = prepare(source, pool=recipe.pool)
    grid = input_grid(samples, recipe.bits, recipe.input_range)
    coding = InputCoding.of(source.input.name, samples.shape[1:], grid, recipe)
    gathering = Gathering(prepared) if recipe.rounding == "least" else None
    found = histograms(
        prepared,
        samples,
        by_channel=recipe.scale == "channel",
        counted=recipe.counts,
        watch=gathering,
        progress=progress,
    )
    codes = choose(found, _layers(prepared, recipe), recipe)
    if recipe.correct != "none":
        prepared = correct(prepared, codes, coding, samples, recipe.correct, progress)
    moments = gathering.moments() if gathering else {}
    count = {"calibration_samples": str(len(samples))}
    notes = provenance(recipe, source.digest(), samples, **count)
    network = quantize(prepared, codes, coding, recipe, notes, moments, progress)
    realised = _realised(network, prepared, codes)
    return Conversion(network, source, prepared, realised, coding, recipe, account)


def _layers(prepared: Graph, recipe: Recipe) -> dict[str, str]:
    """The layer of each spiking node; refuses options of layers that are not there."""
    layers = {node.name: node.inputs[0] for node in prepared.nodes if is_spiking(node)}
    recipe.check_layers(layers.values(), prepared.input.name)
    return layers


def _realised(network: Network, prepared: Graph, codes: Mapping[str, Code]) -> dict[str, Code]:
    """The codes with the constants that the integers stand for.

    A threshold base cannot be below 1; that of a clipped ReLU then is worth its constant still.
    """
    layers = {layer.name: layer for layer in network.layers if isinstance(layer, Spiking)}

    def constant(node: Node, wanted: NDArray[np.float64]) -> NDArray[np.float64]:
        layer = layers[node.inputs[0]]
        if "clip" not in node.attrs:
            return layer.constant
        passed = (layer.threshold_base == 1) & (wanted > 0) & (wanted < layer.constant)
        return np.where(passed, wanted, layer.constant)

    return {
        name: replace(code, constant=constant(prepared.node(name), code.constant))
        for name, code in codes.items()
    }
