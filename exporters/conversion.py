"""From source network to integer network and file, with what there is to know of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from exporters.calibration.codes import Code, chosen
from exporters.calibration.coding import InputCoding, coded_input
from exporters.calibration.grid import check_calibration, input_grid
from exporters.calibration.samples import as_samples, enough, on_grid, warn_of_samples
from exporters.calibration.walk import calibrate
from exporters.fidelity.baseline import macs
from exporters.fidelity.correlation import Correlations, compare
from exporters.fidelity.selfcheck import SelfCheck, Trial
from exporters.frontends.read import model_files, read
from exporters.graph import Graph, Node, is_spiking
from exporters.passes.doubling import HALF
from exporters.passes.pipeline import prepare
from exporters.quantization.network import quantize
from exporters.recipe import Keywords, Recipe, recipe_of, with_options
from exporters.recipe.provenance import provenance, recalled
from exporters.stepping.conversion import StepConversion, convert_spiking
from exporters.stepping.source import is_stepping
from onespike_lava.errors import OptionError, warn
from onespike_lava.network import Network
from onespike_lava.netx import save
from onespike_lava.system.files import keep_inputs
from onespike_lava.system.progress import Progress, silent
from onespike_lava.system.tables import Table, shown
from onespike_lava.system.threads import steady_sums

if TYPE_CHECKING:
    from typing_extensions import Unpack


@dataclass(frozen=True, repr=False)
class Conversion:
    """A converted network beside its source.

    network  : the integer network
    source   : the source network as read, for the baseline (`source.evaluate`)
    prepared : the source in spiking form, batch norms folded, corrected where the recipe says
    codes    : spiking node of `prepared` -> its code, with the constants that the integers realise
    coding   : how samples enter
    account  : what became of each node of the source
    check    : what some calibration samples showed of source and integers
    """

    network: Network
    source: Graph
    prepared: Graph
    codes: Mapping[str, Code]
    coding: InputCoding
    recipe: Recipe
    account: Mapping[str, str]
    check: SelfCheck

    def __repr__(self) -> str:
        """One line: the network, and how the integers follow the source."""
        return f"Conversion({self.network!r}; self-check: {self.check})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the line of `repr` and the account of the source's nodes."""
        return shown(self, Table(list(self.account.items()), ("node", "account")))

    def simulate(self, x: ArrayLike) -> NDArray[np.float32]:
        """Logits float32[N, outputs] of the one-spike network in real arithmetic, `T_w = T`.

        Real weights and levels (Eq. 4 of Hwang and Kung 2024, arXiv:2403.08786), with the file's
        input grid.
        """

        def code(node: Node, value: NDArray[Any]) -> NDArray[Any] | None:
            if node.op == "input":
                return self.coding.apply(value)
            return self.codes[node.name].apply(value) if is_spiking(node) else None

        return self.prepared.evaluate(x, code)

    def compare(
        self, x: ArrayLike, wait: int | None = None, progress: Progress = silent
    ) -> Correlations:
        """What each layer's spikes stand for beside the source's values, on samples [N, *shape].

        wait : `T_w`; None takes the network's

        A table at a prompt and in a notebook; `plot()` draws it. Raises `DataError`,
        `OptionError`.
        """
        return compare(self.network, self.source, x, wait, progress)


@with_options()
def export(
    model: Any,
    calibration: Any,
    path: str | os.PathLike[str] | None = None,
    *,
    output: str | None = None,
    progress: Progress = silent,
    steps: int | None = None,
    preset: str | None = None,
    readout: str | None = None,
    labels: Any = None,
    **options: Unpack[Keywords],
) -> Network:
    """Convert a trained network to integers and write its `.net` file.

    A ReLU network becomes one of one-spike neurons; a network whose torch modules spike keeps its
    own neurons and steps (`exporters.frontends.spiking`).

    model       : torch Module (not changed), `torch.export` program, path of an ONNX file,
                  `exporters.graph.Graph` or `exporters.graph.Stepping`
    calibration : float[N, C, H, W] or float[N, F], samples as the model takes them, or a torch
                  Dataset or DataLoader of them, of which at most 1,000 count; of events for a
                  network that steps [N, T, C, H, W] or [N, T, F]
    path        : of the file to write, None for none
    output      : which of several outputs of the model: its name, or the key or number that a
                  module returns it under; also an inner module, function or tensor by name
    progress    : told how far calibration, correction and quantisation are
    steps, preset, readout : of networks that spike alone, see `exporters.recipe.stepping`
    labels      : of the samples, for the accuracies that such a network's file tells
    options     : see `exporters.recipe.Recipe`; of networks that spike `rounding`, `input_bits`
                  and `input_range`

    Returns the network: int8 weights, and thresholds of the single-spike phase code, shifted to the
    middle of neighbouring levels (Eq. 3 to 5 and Sec. III-B1 of Hwang and Kung 2024,
    arXiv:2403.08786).

    Warns (`OneSpikeWarning`) of calibration data that tell too little or do not fit together.
    Raises `UnsupportedError` for what has no one-spike counterpart, `DataError`,
    `OptionError`, and `MissingPartError` where the model's library is absent;
    `SelfCheckError` where the conversion changed the network's function, a fault of this library.
    Warns where the one-spike network follows its source poorly (`exporters.fidelity.selfcheck`).
    """
    if path is not None:
        keep_inputs({"path": (path, ".net")}, model_files(model))
    found: Conversion | StepConversion
    named = {"steps": steps, "preset": preset, "readout": readout}
    own: dict[str, Any] = {name: value for name, value in named.items() if value is not None}
    told: dict[str, Any] = {"output": output, "progress": progress, **options}
    if is_stepping(model):
        found = convert_spiking(model, calibration, labels=labels, **own, **told)
    elif own or labels is not None:
        names = ", ".join(own) or "labels"
        raise OptionError(f"{names}: only of networks that spike; leave it out")
    else:
        found = convert(model, calibration, **told)
    if path is not None:
        save(found.network, path)
    found.check.warn()
    return found.network


@with_options()
@steady_sums
def convert(
    model: Any,
    calibration: Any,
    *,
    output: str | None = None,
    progress: Progress = silent,
    **options: Unpack[Keywords],
) -> Conversion:
    """The conversion of a trained ReLU network, with all that led to it.

    Parameters and errors are those of `export`. What `export` warns of stands in `check`. For a
    network that spikes itself take `exporters.convert_spiking`. BLAS has one thread meanwhile, so
    that the integers do not depend on their number; conversions of a process wait for each other.
    """
    recipe = recipe_of(options)
    samples = as_samples(calibration)
    source = read(model, samples.shape[1:], output)
    samples = check_calibration(samples, source)
    warn_of_samples(samples)
    prepared, account = prepare(source, recipe.pool, recipe.double)
    trial = Trial.of(source, prepared, samples, recipe, progress)
    count = {"calibration_samples": str(len(samples))}
    if source.squashed:
        count["sigmoid_left_out"] = source.squashed
    notes = provenance(recipe, source.digest(), samples, **count)
    seen = prepared.input
    prepared, samples = prepared.inside(samples)
    grid = input_grid(samples, recipe.bits, recipe.input_range, _first_maps(prepared))
    coding = InputCoding.of(source.input.name, samples.shape[1:], grid, recipe)
    samples = enough(on_grid(coding.layer, samples), macs(prepared))
    if len(samples) < int(notes["calibration_samples"]):
        notes["calibration_used"] = str(len(samples))
    layers = layers_of(prepared, recipe)
    found = calibrate(
        prepared,
        samples,
        coding,
        recipe,
        lambda node, found: chosen(found, layers[node.name], recipe, node.attrs.get(HALF)),
        progress,
    )
    _warn_of_silence(found.maxima, source, prepared)
    prepared, codes = found.graph, found.codes
    network = quantize(
        prepared, codes, coding.of_view(seen), recipe, notes, found.moments, progress
    )
    check = trial.against(network, recipe)
    realised = _realised(network, prepared, codes)
    network = check.noted(network)
    prepared = prepared.seen_as(seen)
    return Conversion(network, source, prepared, realised, coding, recipe, account, check)


def _first_maps(prepared: Graph) -> list[NDArray[np.float64]]:
    """Weights float64[O, F] of the linear maps that read a vector input."""
    readers = prepared.consumers()[prepared.input.name]
    return [node.params["weight"].astype(float) for node in readers if node.op == "linear"]


def _warn_of_silence(
    found: Mapping[str, NDArray[np.float64]], source: Graph, prepared: Graph
) -> None:
    """Warn of layers of the source without an activation above 0 on the calibration data."""
    known = {node.name for node in source.nodes}
    dead = [name for name, each in found.items() if name in known and not each.any()]
    layers = ", ".join(prepared.node(name).inputs[0] for name in dead)
    if dead:
        warn(
            f"calibration: no neuron of {layers} is ever active; give samples as the network was "
            "trained on, or check its weights"
        )


def options_of(network: Network) -> dict[str, Any]:
    """Options of the conversion that made a one-spike network: what it shows, and what it tells.

    What a provenance leaves out is left out; one of which nothing is `missing` tells all.
    """
    known, entry = dict(network.provenance), network.input.name
    known_as = {coded_input(entry): entry}  # what options of the input are given under
    layers = {known_as.get(layer.name, layer.name): layer for layer in network.hidden}
    bits = {layer.payload_bits for layer in layers.values()}  # none without layers that spike
    return {
        "phases": network.phases,
        "wait": network.wait,
        "weighting": network.weighting,
        "bases": {name: layer.base for name, layer in layers.items()},
        "spikes": {name: layer.max_spikes for name, layer in layers.items()},
        **({"payload_bits": bits.pop()} if bits else {}),
        "input_bits": network.input.bits,
        **recalled(known),
    }


def layers_of(prepared: Graph, recipe: Recipe) -> dict[str, str]:
    """The layer of each spiking node; refuses options of layers that are not there."""
    layers = {node.name: node.inputs[0] for node in prepared.nodes if is_spiking(node)}
    recipe.check_layers(layers.values(), prepared.input.name)
    return layers


def _realised(network: Network, prepared: Graph, codes: Mapping[str, Code]) -> dict[str, Code]:
    """The codes with the constants that the integers stand for.

    A threshold base cannot be below 1; that of a clipped ReLU then is worth its constant still.
    """
    layers = {layer.name: layer for layer in network.hidden}

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
