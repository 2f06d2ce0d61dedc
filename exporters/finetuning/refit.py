"""Thresholds, levels and scales fitted anew to what the potentials have become.

All is a change of units but for the code itself: a neuron's weights, bias and threshold times `f`
leave its spikes as they are, and a threshold moved by `r` lets its readers' weights follow by `r`.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from exporters.calibration.codes import Code, choose
from exporters.calibration.histograms import BINS, Histogram, grouped, in_bins, thinned
from exporters.finetuning.pruning import few_of, keep_largest, tell
from exporters.finetuning.sums import MOST, Sums, Weights
from exporters.finetuning.twin import Neurons, OneSpike
from exporters.recipe import Recipe
from exporters.training.measures import evaluated
from onespike_lava import coding
from onespike_lava.limits import WEIGHT_MAX

Floats = NDArray[np.float64]

ROOM = 0.8
"""Share of 24 bits that a layer may take where training starts; weights grow from there."""

BATCH = 100
CLIPPED = np.arange(100, 301, 5) / 100.0
"""Of few bits, weights are made so much larger that the largest ones are cut off, if that brings
the others closer."""


def settle(twin: OneSpike, fan_in: int | None, x: Tensor) -> None:
    """Bring a conversion onto the grid of its weight bits and within its fan-in, with room.

    x : samples as integers of the input grid, by which what stays makes up for what is pruned
    """
    if fan_in is not None:
        most = {}
        with evaluated(twin):
            seen = [few_of(twin.network, x).float()]
            for layer, part in zip(twin.network.layers[1:], twin.parts[1:], strict=True):
                if hasattr(part, "sums"):
                    most[layer.name] = keep_largest(part.sums, fan_in, seen)
                seen.append(part(seen)[1])
        tell({name: count for name, count in most.items() if count > fan_in}, fan_in)
    _follow(twin, {}, full=False)


def refit(twin: OneSpike, x: Tensor, recipe: Recipe) -> None:
    """New codes for the potentials on calibration samples, as integers of the input grid."""
    hidden = _hidden(twin)
    found = _histograms(twin, x, recipe)
    _follow(twin, choose(found, {name: name for name in hidden}, recipe), True, recipe.shift)


def _hidden(twin: OneSpike) -> dict[str, Neurons]:
    pairs = zip(twin.network.layers, twin.parts, strict=True)
    return {layer.name: part for layer, part in pairs if hasattr(part, "levels")}


def _histograms(twin: OneSpike, x: Tensor, recipe: Recipe) -> dict[str, Histogram]:
    """Positive potentials of each hidden layer, in the source network's values."""
    layers = twin.network.layers
    maxima: dict[str, Floats] = {}
    counts: dict[str, Floats] = {}
    totals: dict[str, int] = {}

    def values(position: int, potential: Tensor) -> Floats:
        groups = len(twin.parts[position].scale)
        by_channel = recipe.scale == "channel" and potential.dim() == 4
        scaled = potential.double().clamp(min=0).numpy() * _wide(
            twin.parts[position].scale, potential
        )
        return grouped(scaled, groups if by_channel else 1)

    def largest(position: int, potential: Tensor) -> None:
        if hasattr(twin.parts[position], "levels"):
            name = layers[position].name
            most = values(position, potential).max(axis=(0, 2))
            maxima[name] = np.maximum(maxima.get(name, 0.0), most)

    def count(position: int, potential: Tensor) -> None:
        if hasattr(twin.parts[position], "levels"):
            name = layers[position].name
            part = values(position, thinned(potential))
            before = counts.get(name, np.zeros((len(maxima[name]), BINS)))
            counts[name] = before + in_bins(part, maxima[name])
            totals[name] = totals.get(name, 0) + part.shape[0] * part.shape[2]

    with evaluated(twin):
        for look in (largest, count):
            for batch in x.split(BATCH):
                twin.scores(batch, look)
    return {
        name: Histogram(maxima[name], counts[name], totals[name], len(part.base))
        for name, part in _hidden(twin).items()
    }


def _wide(scale: Tensor, like: Tensor) -> Floats:
    found: Floats = scale.numpy().reshape(-1, *[1] * (like.dim() - 2))
    return found


def _follow(twin: OneSpike, codes: Mapping[str, Code], full: bool, shift: bool = True) -> None:
    """Each layer in order: its sources' new units, its own scale, its new code.

    full : make all weights as large as they may be; else only smaller where they must
    """
    ratios: list[Tensor | None] = []
    with torch.no_grad():
        for layer, part in zip(twin.network.layers, twin.parts, strict=True):
            if not hasattr(part, "sums"):
                passed = [ratios[each] for each in layer.passes]
                ratios.append(passed[0] if passed else None)
                continue
            for each in part.sums.parts:
                ratio = ratios[each.synapse.source]
                if ratio is not None:
                    each.scaled_sources(ratio)
            code = codes.get(layer.name)
            ratios.append(_moved(part, code, full, shift) if hasattr(part, "levels") else None)
            if not hasattr(part, "levels"):
                factor = factor_of(part.sums, full, None).min().expand(len(part.sums.bias))
                rescale(part.sums, factor)
                part.scale.div_(factor[0].double())


def _moved(part: Neurons, code: Code | None, full: bool, shift: bool) -> Tensor:
    """Rescale a layer and take a code; the ratio of its new `lambda` to the old, float32[C]."""
    old = part.base.double() * part.scale
    wanted = part.base.double()
    table, payload = part.table.numpy().copy(), part.payload.numpy().copy()
    if code is not None:
        payloads = code.payloads(part.bits)
        table, payload = coding.threshold_table(payloads, shift=shift), payloads[:-1]
        constant = torch.from_numpy(code.constant) / part.scale / 2.0 ** (part.bits + 1)
        wanted = torch.where(constant > 0, constant, wanted)
    factor = factor_of(part.sums, full, wanted * float(table.max())).double()
    part.code(table.astype(np.int32), payload.astype(np.int32))
    part.base.copy_((wanted * factor).round().clamp(min=1.0))
    part.scale.div_(factor)
    rescale(part.sums, factor.float())
    part.regrained()
    return (part.base.double() * part.scale / old).float()


def factor_of(sums: Sums, full: bool, thresholds: Tensor | None) -> Tensor:
    """By how much each channel's weights, bias and threshold become larger, float32[C]."""
    parts = [(part, part.real()) for part in sums.parts]
    ends = torch.stack([part.limit / each.abs().flatten(1).amax(1) for part, each in parts])
    most = ends.amin(0)
    factor = torch.where(most.isfinite(), most, torch.ones_like(most))
    if not full:
        factor = factor.clamp(max=1.0)
    few = [(part, each) for part, each in parts if part.limit < WEIGHT_MAX]
    if few:
        held = [ends[at] for at, (part, _) in enumerate(parts) if part.limit == WEIGHT_MAX]
        factor = _least_error(few, factor, torch.stack(held).amin(0) if held else None)
    reals = [(each * _column(factor, each)).clamp(-part.limit, part.limit) for part, each in parts]
    bias = sums.whole()[1] * _column(factor, sums.whole()[1])
    reached = sums.reached(reals, bias)
    if thresholds is not None:
        reached = torch.maximum(reached, (thresholds * factor).float())
    return factor * (ROOM * MOST / reached).clamp(max=1.0)


def _least_error(parts: list[tuple[Weights, Tensor]], start: Tensor, most: Tensor | None) -> Tensor:
    """Factors of least squared error of weights of few bits, from `start` up to `most`."""
    best, least = start, torch.full_like(start, torch.inf)
    for share in CLIPPED:
        factor = start * float(share)
        if most is not None:
            factor = torch.minimum(factor, most)
        errors = torch.zeros_like(start)
        for part, each in parts:
            wide = _column(factor, each)
            errors += (part.whole(each * wide) / wide - each).square().flatten(1).sum(1)
        best = torch.where(errors < least, factor, best)
        least = torch.minimum(errors, least)
    return best


def rescale(sums: Sums, factor: Tensor) -> None:
    """Weights and biases times a factor of each channel, float32[C]."""
    for part in sums.parts:
        part.set(part.real() * _column(factor, part.share))
    sums.rest.mul_(_column(factor, sums.rest))
    sums.bias.mul_(factor)


def _column(values: Tensor, like: Tensor) -> Tensor:
    return values.view(-1, *[1] * (like.dim() - 1))
