"""Thresholds and constraints of layers whose turn has come.

A threshold becomes `a / T`, with `a` the 99.9th percentile of what the layer's ReLUs give on some
samples: an exact change of units but for rounding, which what reads the layer follows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from exporters.finetuning.counting.twin import Counting, Neurons, entered
from exporters.finetuning.pruning import few_of, keep_largest, tell
from exporters.finetuning.refit import BATCH, factor_of, rescale
from exporters.training.measures import evaluated

BEYOND = 0.001
"""Share of a layer's activations that may lie above the largest count."""

COARSE = 8
"""Thresholds of fewer units are rounded; weights of others are made smaller by a little, so that
thresholds are whole."""


def take_turn(twin: Counting, positions: Sequence[int], x: Tensor, fan_in: int | None) -> None:
    """Bring layers into the form in which they will spike, and what is behind into their units.

    positions : in order; no layer from the first of them on spikes when this is called
    x         : samples as integers of the input grid
    fan_in    : most synapses of a neuron from now on, None for any
    """
    if not positions:
        return
    first = positions[0]
    hidden = [at for at in positions if isinstance(twin.parts[at], Neurons)]
    reach, twin.reach = twin.reach, first - 1
    if fan_in is not None:
        _prune(twin, positions, fan_in, x)
    ratios = ratios_of(twin, hidden, x)
    twin.reach = reach
    follow(twin, ratios, first)


def _prune(twin: Counting, positions: Sequence[int], fan_in: int, x: Tensor) -> None:
    layers, most = twin.network.layers, {}
    with evaluated(twin):
        known = {0: entered(few_of(twin.network, x))}
        sent = twin.sent(known, positions[0] - 1)
        for at in positions:
            if hasattr(twin.parts[at], "sums"):
                counts = [each.counts for each in sent]
                most[layers[at].name] = keep_largest(twin.parts[at].sums, fan_in, counts)
            sent.append(twin.parts[at](sent, twin.spikes(at))[1])
    new = {name: n for name, n in most.items() if n > fan_in and name not in twin.told}
    twin.told |= new.keys()
    tell(new, fan_in)


def ratios_of(twin: Counting, positions: Sequence[int], x: Tensor) -> dict[int, float]:
    """Position of layers of neurons -> their new threshold in units of the old."""
    kept: dict[int, Tensor] = {}
    seen = dict.fromkeys(positions, 0)

    def observe(position: int, counts: Tensor) -> None:
        if position in seen:
            size = counts[0].numel()
            seen[position] += counts.numel()
            most = int(BEYOND * size * len(x)) + 1  # the next one is the percentile
            found = torch.cat([kept.get(position, torch.empty(0)), counts.flatten()])
            kept[position] = found.topk(min(most, len(found))).values

    if positions:
        with evaluated(twin):
            for part in x.split(BATCH):
                twin.sent({0: entered(part)}, max(positions), observe=observe)
    return {at: float(kept[at][-1]) / twin.network.phases for at in positions}


def follow(twin: Counting, ratios: Mapping[int, float], first: int) -> None:
    """New thresholds, and all of a layer's whole numbers as large as they may be.

    ratios : as `ratios_of` gives them; a layer without one, or with 0, keeps its own
    first  : layers before stay as they are
    """
    with torch.no_grad():
        moved: dict[int, float] = {}
        for at, (layer, part) in enumerate(zip(twin.network.layers, twin.parts, strict=True)):
            if layer.passes:
                moved[at] = moved.get(layer.passes[0], 1.0)
            if at < first or not hasattr(part, "sums"):
                continue
            for each in part.sums.parts:
                ratio = moved.get(each.synapse.source, 1.0)
                if ratio != 1.0:
                    each.set(each.real() * ratio)
            if isinstance(part, Neurons):
                moved[at] = _moved(part, ratios.get(at, 1.0) or 1.0)
            else:
                factor = factor_of(part.sums, True, None).min().expand(len(part.sums.bias))
                rescale(part.sums, factor)
                part.scale.div_(factor[0].double())


def _moved(part: Neurons, ratio: float) -> float:
    """Take a threshold and the whole numbers that go with it; the ratio that it came to."""
    old = part.base.double()
    factor = factor_of(part.sums, True, part.base * ratio).double()
    wanted = old * ratio * factor
    whole = wanted.floor().clamp(min=1.0)
    factor = torch.where(whole >= COARSE, factor * whole / wanted, factor)
    whole = torch.where(whole >= COARSE, whole, wanted.round().clamp(min=1.0))
    part.base.copy_(whole.float())
    part.scale.div_(factor)
    rescale(part.sums, factor.float())
    part.regrained()
    return ratio
