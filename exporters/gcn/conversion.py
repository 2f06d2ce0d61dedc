"""Graph convolutional networks (Kipf and Welling 2017) as one-spike networks (Sec. IV-D).

The whole graph is one sample: the network takes the features of all nodes and gives the
classes of all nodes; the adjacency stands in the file.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from exporters.calibration.codes import Code, choose
from exporters.calibration.grid import input_grid
from exporters.calibration.histograms import BINS, Histogram
from exporters.calibration.samples import on_grid
from exporters.fidelity.correlation import Correlations, Found, gathered
from exporters.fidelity.parts import worth
from exporters.fidelity.selfcheck import SelfCheck, Trial
from exporters.gcn.quantize import quantize
from exporters.gcn.source import Floats, GraphLayer, GraphNetwork, as_adjacency, as_features
from exporters.recipe import Keywords, Recipe, recipe_of, with_options
from exporters.recipe.provenance import provenance
from onespike_lava.data.encoding import Samples, decode, encode
from onespike_lava.errors import DataError, OptionError, UnsupportedError
from onespike_lava.layers import Input
from onespike_lava.network import Network
from onespike_lava.netx import save
from onespike_lava.system.tables import Table, shown
from onespike_lava.system.threads import steady_sums

if TYPE_CHECKING:
    from typing_extensions import Unpack

DEFAULTS: Mapping[str, Any] = {
    "normalisation": "max",
    "scale": "layer",
    "levels": "base",
    "correct": "none",
    "rounding": "nearest",
}
"""The paper's own options, a constant for each layer, and weights rounded one by one."""

TOLD = ("normalisation", "scale", "levels", "shift")
"""Options that the provenance tells; of the others graphs have but one value."""


@dataclass(frozen=True, eq=False, repr=False)
class GraphConversion:
    """A converted graph network beside its source.

    network  : the integer network
    source   : the source as data, for the baseline (`source.evaluate(features)`)
    features : float64[nodes, inputs], what the network takes; for identity features the rows
               of the first layer's weights
    codes    : name of a map or hidden layer -> its code, with the constants of the integers
    account  : what became of each part of the source
    check    : how the integers follow the source on its own graph
    """

    network: Network
    source: GraphNetwork
    features: Floats
    codes: Mapping[str, Code]
    recipe: Recipe
    account: Mapping[str, str]
    check: SelfCheck

    def __repr__(self) -> str:
        """One line: the network, and how the integers follow the source."""
        return f"GraphConversion({self.network!r}; self-check: {self.check})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the line of `repr` and the account of the source's parts."""
        return shown(self, Table(list(self.account.items()), ("part", "account")))

    def simulate(self) -> Floats:
        """Scores float64[nodes, classes] of the one-spike network in real arithmetic, `T_w = T`.

        Real weights and levels (Eq. 4), with the file's input grid.
        """

        def code(name: str, values: Floats) -> Floats:
            found = self.codes[name]
            return found.apply(np.maximum(values, 0)) - found.apply(np.maximum(-values, 0))

        entry = self.network.input
        decoded = decode(entry, encode(entry, self.features).integers)
        return self.source.evaluate(decoded[0, :, :, 0].T, code)

    def compare(self, wait: int | None = None) -> Correlations:
        """What each layer's spikes stand for beside the source's values, on its own graph.

        wait : `T_w`; None takes the network's
        """
        return gathered(self._values(wait), 1)

    def _values(self, wait: int | None) -> Iterator[Found]:
        known: dict[str, Floats] = {}
        logits = self.source.evaluate(
            self.features, lambda name, values: known.setdefault(name, values)
        )
        run = self.network.compute(Samples(self.network.input, self.features), "auto", wait, True)
        for layer in self.network.hidden:
            values = known[layer.name].T
            found = worth(layer, run.codes[layer.name]).reshape(-1, *values.shape)
            if len(found) > 1:  # a map's values have a sign, and two neurons each
                pairs = found.reshape(len(values), 2, -1)
                found = pairs[:, 0] - pairs[:, 1]
            yield layer.name, values, found, run.spikes[layer.name], None
        scores = run.scores * self.network.output_scale
        yield self.network.readout.name, logits.T.reshape(scores.shape), scores, None, None


@with_options(DEFAULTS)
def export(
    model: Any,
    features: Any = None,
    path: str | os.PathLike[str] | None = None,
    *,
    adjacency: Any,
    **options: Unpack[Keywords],
) -> Network:
    """Convert a trained graph convolutional network and write its `.net` file.

    model     : torch Module called as `model(features, adjacency)`; or a `GraphNetwork`
    features  : [nodes, inputs], an array or SciPy sparse; None for the identity, one feature
                per node: the network then takes the first layer's weights, a row for each node
    path      : of the file to write, None for none
    adjacency : [nodes, nodes], SciPy sparse, as the model takes it; of PyTorch Geometric's
                `GCNConv` the weights without its normalisation, `[target, source]`
    options   : see `exporters.recipe.Recipe`; the defaults are the paper's

    Raises `UnsupportedError` for what has no one-spike counterpart, `DataError`,
    `OptionError`, and `MissingPartError` where SciPy is absent. Warns where the one-spike
    network follows its source poorly (`exporters.fidelity.selfcheck`).
    """
    found = convert(model, features, adjacency=adjacency, **options)
    if path is not None:
        save(found.network, path)
    found.check.warn()
    return found.network


@with_options(DEFAULTS)
@steady_sums
def convert(
    model: Any, features: Any = None, *, adjacency: Any, **options: Unpack[Keywords]
) -> GraphConversion:
    """Convert; parameters and errors as in `export`."""
    recipe = recipe_of({**DEFAULTS, **options})
    _check_options(recipe)
    matrix = as_adjacency(adjacency)
    source = read(model, matrix)
    source, x = _with_features(source, features)
    low, step = input_grid(x.T[None, :, :, None], recipe.bits, recipe.input_range)
    entry = Input("input", (x.shape[1], len(x), 1), recipe.bits, low, step)
    notes = provenance(recipe, source.digest(), x, TOLD, graph_nodes=str(source.nodes))
    held = on_grid(entry, x.T[None, :, :, None])[0, :, :, 0].T
    codes = choose(_histograms(source, held, recipe), _layers(source, recipe), recipe)
    network, codes = quantize(source, codes, entry, recipe, notes)
    account = {**source.notes, **{layer.name: "converted" for layer in source.layers}}
    check = Trial(x, source.evaluate(x).T[None]).against(network, recipe)
    network = check.noted(network)
    return GraphConversion(network, source, x, codes, recipe, account, check)


def read(model: Any, adjacency: Any) -> GraphNetwork:
    """The graph network of a torch module, or the one given."""
    if isinstance(model, GraphNetwork):
        return model
    torch = sys.modules.get("torch.nn")
    if torch is None or not isinstance(model, torch.Module):
        raise UnsupportedError(
            f"model: {type(model).__name__} is not a torch Module, the only graph networks that "
            "are read; give one that is called with features and adjacency"
        )
    from exporters.gcn.tracing import from_torch

    return from_torch(model, adjacency)


def _check_options(recipe: Recipe) -> None:
    for name, only in (
        ("weighting", "graded"),
        ("scale", "layer"),
        ("correct", "none"),
        ("rounding", "nearest"),
        ("input_coding", "binary"),
        ("double", "none"),
    ):
        if getattr(recipe, name) != only:
            raise OptionError(
                f"{name}: {getattr(recipe, name)!r} is not supported for graphs; use {only!r}"
            )


def _with_features(source: GraphNetwork, features: Any) -> tuple[GraphNetwork, Floats]:
    """The network and what it takes; identity features become the first map's weights."""
    first = source.layers[0]
    if features is not None:
        x = as_features(features, source.nodes)
        if first.weight is not None and first.weight.shape[1] != x.shape[1]:
            raise DataError(
                f"features: {x.shape[1]} per node do not fit {first.name}, which reads "
                f"{first.weight.shape[1]}; give those of this model"
            )
        return source, x
    if first.weight is None or first.weight.shape[1] != source.nodes:
        inputs = "any number of" if first.weight is None else first.weight.shape[1]
        raise DataError(
            f"features: none for {first.name}, which reads {inputs} features, not one for each "
            f"of the {source.nodes} nodes; give the features"
        )
    looked_up = GraphLayer(first.name, None, first.inner, first.outer, first.adjacency)
    return GraphNetwork((looked_up, *source.layers[1:]), source.notes), first.weight.T.copy()


def _histograms(source: GraphNetwork, x: Floats, recipe: Recipe) -> dict[str, Histogram]:
    """The magnitudes of each map's and hidden layer's values, one group for the whole layer."""
    found: dict[str, Histogram] = {}

    def observe(name: str, values: Floats) -> Floats:
        magnitude = np.abs(values)
        largest = float(magnitude.max(initial=0.0))
        counts = np.zeros((1, BINS))
        if recipe.counts and largest > 0:
            counts[0] = np.histogram(magnitude[magnitude > 0], BINS, (0, largest))[0]
        maxima = np.array([largest])
        found[name] = Histogram(maxima, counts, magnitude.size, values.shape[1])
        return values

    source.evaluate(x, observe)
    return found


def _layers(source: GraphNetwork, recipe: Recipe) -> dict[str, str]:
    """The names of all spiking layers; refuses options of layers that are not there."""
    names: list[str] = []
    for layer in source.layers:
        names += [layer.map_name] if layer.adjacency is not None else []
        names += [layer.name] if layer is not source.layers[-1] else []
    recipe.check_layers(names)
    return {name: name for name in names}
