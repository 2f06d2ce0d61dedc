"""From a spiking network to integers and file, with what there is to know of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from exporters.calibration.grid import input_grid
from exporters.calibration.moments import Gathering
from exporters.calibration.samples import as_samples, check_some, on_grid, warn_of_samples
from exporters.fidelity.correlation import Correlations
from exporters.form import Form
from exporters.graph import Node, Stepping
from exporters.passes.stepping import prepare_steps
from exporters.recipe import StepKeywords, with_options
from exporters.recipe.provenance import provenance
from exporters.recipe.stepping import STEP_OPTIONS, StepRecipe, step_recipe_of
from exporters.stepping.agreement import Agreement, compare, correlations
from exporters.stepping.blocks import are_blocks, convert_blocks
from exporters.stepping.execution import run
from exporters.stepping.integers import Constants, quantize
from exporters.stepping.source import are_events, check_reading, event_bits, read_module
from onespike_lava.data.samples import by_place, check_labels, check_samples
from onespike_lava.errors import OptionError, UnsupportedError, warn
from onespike_lava.evaluation.labels import classes_of
from onespike_lava.layers import Input
from onespike_lava.limits import INPUT_BITS_MAX, PAYLOAD_MAX
from onespike_lava.loihi.composition import compose, refusals
from onespike_lava.network import Network
from onespike_lava.system.progress import Progress, each, silent
from onespike_lava.system.tables import Table, shown
from onespike_lava.system.threads import steady_sums

if TYPE_CHECKING:
    from typing_extensions import Unpack

FRAMES = 256
"""Samples times steps that run together."""

COARSER = 24
"""How often scales are raised for stock neurons, by 30 %."""

SMALLER = "a smaller scale"
"""How the composition ends what a coarser scale mends."""


@dataclass(frozen=True, repr=False)
class StepConversion:
    """A converted network that steps, beside its source.

    network  : the integer network
    source   : the source in its normal form, None of one that was integers before
    prepared : the same with norms and pools folded, which the integers stand for
    account  : what became of each node of the source
    check    : what samples showed of source and integers
    notes    : neuron -> how it was read
    """

    network: Network
    source: Stepping | None
    prepared: Stepping | None
    recipe: StepRecipe
    account: Mapping[str, str]
    check: Agreement
    notes: Mapping[str, str]

    def __repr__(self) -> str:
        """One line: the network, and how the integers follow the source."""
        return f"StepConversion({self.network!r}; self-check: {self.check})"

    def _repr_html_(self) -> str:
        """What a notebook shows: the line of `repr`, the neurons, the account of the nodes."""
        return shown(self, self.neurons(), Table(list(self.account.items()), ("node", "account")))

    def neurons(self) -> Table:
        """Each layer of neurons: how it was read, and what integers cost (`check.flips`)."""
        rows = [
            (
                each.layer,
                self.notes.get(each.layer, ""),
                f"{each.rate:.3f}",
                f"{each.alone:.3f}",
                f"{each.whole:.3f}",
                f"{each.leak:.3f}",
            )
            for each in self.check.flips
        ]
        return Table(rows, ("neurons", "as read", "rate", "alone %", "whole %", "leak %"))

    def compare(self, x: Any, progress: Progress = silent) -> Correlations:
        """Each layer's spikes in integers beside the source's in float64, on samples.

        x : [N, *shape], of events [N, T, *shape]

        Correlations are of what a neuron sends in a sample, `equal` counts each step. A table at a
        prompt and in a notebook; `plot()` draws it. Raises `DataError`, and `UnsupportedError` for
        blocks of SLAYER, whose numbers are these integers themselves.
        """
        if self.prepared is None:
            raise UnsupportedError(
                "compare: SLAYER's blocks are integers already, the network's own; compare engines "
                "with `onespike verify`"
            )
        return correlations(self.network, self.prepared, x, progress)


@with_options(options=STEP_OPTIONS, types=StepKeywords)
@steady_sums
def convert_spiking(
    model: Any,
    calibration: Any,
    *,
    output: str | None = None,
    labels: Any = None,
    progress: Progress = silent,
    **options: Unpack[StepKeywords],
) -> StepConversion:
    """The conversion of a network that spikes, with all that led to it.

    model       : torch Module with spiking modules (not changed), or `exporters.graph.Stepping`
    calibration : [N, C, H, W] or [N, F], the same in every step; events [N, T, C, H, W] or
                  [N, T, F], whole numbers; or a torch Dataset or DataLoader of such samples
    output      : which of several outputs of a module, its key or number
    labels      : int[N] of the samples, of dense outputs one for each place, for the accuracies in
                  `check`
    progress    : told how far calibration is
    options     : see `exporters.recipe.stepping.StepRecipe`

    Raises `UnsupportedError` for what has no counterpart, with every module that cannot be read,
    `DataError`, `OptionError`.
    """
    recipe = step_recipe_of(options)
    samples = as_samples(calibration, (2, 3, 4, 5))
    check_some(samples)
    if isinstance(model, Stepping):
        for name in ("steps", "readout"):
            if getattr(recipe, name) is not None:
                raise OptionError(f"{name}: the network tells its own; leave it out")
        return convert_steps(model, samples, recipe, labels=labels, progress=progress)
    if are_blocks(model):
        found, notes, seen = convert_blocks(model, samples, recipe, output, labels)
        if recipe.preset == "lava":
            compose(found)
        account = dict.fromkeys(notes, "integers as they are")
        return StepConversion(seen.noted(found), None, None, recipe, account, seen, notes)
    source = read_module(model, samples, recipe, output)
    check_reading(source, samples)
    return convert_steps(source.stepping, samples, recipe, labels=labels, progress=progress)


def convert_steps(
    source: Stepping,
    samples: NDArray[Any],
    recipe: StepRecipe,
    *,
    labels: Any = None,
    progress: Progress = silent,
) -> StepConversion:
    """The integers of a network that steps.

    source  : as a front end has read it
    samples : for calibration, [N, *shape], of events [N, T, *shape]
    labels  : int[N] of the samples, of dense outputs one for each place, for the accuracies of
              source and integers

    Raises `UnsupportedError` for what has no counterpart, `DataError`, `OptionError`.
    """
    prepared, account = prepare_steps(source)
    shape = prepared.graph.shapes()[prepared.graph.input.name]
    if source.input == "events":
        shape = (source.steps, *shape)
    samples = check_samples(samples, shape, "calibration")
    check_some(samples)
    known = None if labels is None else _checked_labels(prepared, labels, len(samples))
    warn_of_samples(samples.reshape(-1, *samples.shape[2:]) if are_events(samples) else samples)
    layer = _input_layer(prepared, samples, recipe)
    if source.input == "constant":
        samples = on_grid(layer, samples)
    moments, counts = _watched(prepared, samples, recipe, progress)
    notes = provenance(recipe, source.graph.digest(), samples)
    constants = Constants(recipe.preset, moments, counts, notes=notes)
    network = (_stock if recipe.preset == "lava" else quantize)(prepared, layer, constants)
    check = compare(network, prepared, samples, known)
    _warn_of_silence(check)
    parts = (check.noted(network), source, prepared, recipe, account, check, source.notes)
    return StepConversion(*parts)


def _checked_labels(prepared: Stepping, labels: Any, samples: int) -> NDArray[np.int64]:
    """Labels [N, places]; `DataError` where they do not fit. Of one output there is no class."""
    shape = prepared.graph.shapes()[prepared.graph.output]
    found = by_place("labels", labels, samples, shape[1:])
    if prod(shape) > 1:
        check_labels(found, classes_of(shape), "labels")
    return found.astype(np.int64)


def _stock(prepared: Stepping, layer: Input, constants: Constants) -> Network:
    """Integers that stock neurons compute; coarser scales where numbers alone are too large.

    Raises `UnsupportedError` with all that stock neurons do not do.
    """
    coarser: dict[str, float] = {}
    for _ in range(COARSER):
        network = quantize(prepared, layer, replace(constants, coarser=coarser))
        found = dict(refusals(network))
        if not found or not all(text.endswith(SMALLER) for text in found.values()):
            break
        coarser = coarser | {name: 1.3 * coarser.get(name, 1.0) for name in found}
    compose(network)
    return network


def _warn_of_silence(check: Agreement) -> None:
    """Warn of layers of the source without a spike on the calibration data."""
    silent = ", ".join(each.layer for each in check.flips if not each.rate)
    if silent:
        warn(
            f"calibration: no neuron of {silent} ever fires; give samples as the network was "
            "trained on, or check its weights"
        )


def _input_layer(prepared: Stepping, samples: NDArray[Any], recipe: StepRecipe) -> Input:
    """How samples enter."""
    node, shape = prepared.graph.input, prepared.graph.shapes()[prepared.graph.input.name]
    if prepared.input == "events":
        bits = event_bits(samples, recipe.input_bits)
        if recipe.input_range is not None:
            raise OptionError("input_range: events are whole numbers from 0; leave it out")
        return Input(node.name, shape, bits, np.zeros(1), np.ones(1), "events")
    readers = prepared.graph.consumers()[node.name]
    maps = [each.params["weight"].astype(float) for each in readers if each.op == "linear"]
    bits = recipe.input_bits or INPUT_BITS_MAX
    low, step = input_grid(samples, bits, recipe.input_range, maps)
    return Input(node.name, shape, bits, low, step, "constant")


def _watched(
    prepared: Stepping, samples: NDArray[Any], recipe: StepRecipe, progress: Progress
) -> tuple[Mapping[str, Any], dict[str, int]]:
    """Moments of what maps read, and the most spikes of one step of neurons that count."""
    gathering = Gathering(prepared.graph)
    counting = {
        node.name: 0
        for node in prepared.graph.nodes
        if node.op == "neuron" and Form.of(node.params, node.attrs).fire == "count"
    }

    def observe(node: Node, value: NDArray[Any]) -> None:
        if recipe.rounding == "least":
            gathering(node, value)
        if node.name in counting:
            counting[node.name] = max(counting[node.name], int(value.max()))

    if recipe.rounding == "least" or counting:
        for part in each(list(_parts(prepared, samples)), "calibration", progress):
            run(prepared, part, observe=observe)
    moments = gathering.moments() if recipe.rounding == "least" else {}
    room = {
        name: min(PAYLOAD_MAX, 2 ** (2 * most + 1).bit_length() - 1)
        for name, most in counting.items()
    }
    return moments, room


def _parts(prepared: Stepping, samples: NDArray[Any]) -> Iterator[NDArray[Any]]:
    size = max(1, FRAMES // prepared.steps)
    for start in range(0, len(samples), size):
        yield samples[start : start + size]
