"""What a network does and the nodes of its NIR file do not say, one line a feature in use."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from exporters.nir.units import Units
from onespike_lava.layers import (
    LAYERS,
    Input,
    Layer,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.layers.timed import ONE
from onespike_lava.network import Network

PHASES = {
    "thresholds": "fall from phase to phase in {}; an IF has one, here that of the first phase",
    "one spike": "neurons of {} are silent after it; an IF fires again",
    "soft reset": "neurons of {} subtract at a spike; an IF resets to 0",
    "payload": "a spike is worth more the earlier it comes; elsewhere each counts 1",
    "bias": "initial potential in each sample in {}; an IF begins at 0",
    "growth": "potentials grow each step in {}; an IF's do not",
    "max pool": "{}, first spike of a window, is a sum pool and an IF",
}
"""Features of one-spike networks, in the order in which they are told."""

STEPS = {
    "thresholds": "change from step to step in {}; a NIR neuron has one, here that of step 1",
    "no reset": "neurons of {} keep their potential at a spike; NIR's reset to 0",
    "soft reset": "neurons of {} subtract at a spike; NIR's reset to 0",
    "limit": "neurons of {} fire in so many steps of a sample at most; NIR's have no limit",
    "counts": "neurons of {} send several spikes in a step; NIR's send one",
    "floor": "potentials of {} have a lowest value; NIR's have none",
    "payload": "a spike of {} carries more than 1; elsewhere each counts 1",
    "bias": "initial potential in each sample in {}; NIR's begin at 0",
    "growth": "potentials grow each step in {}; NIR's do not",
    "integers": "what is kept of a state is rounded in each step in {}; NIR's are real numbers",
    "scores": "of {}: sums or maxima over the steps, or of groups; NIR has no scores",
    "max pool": "{}, the largest payload of a window, is a sum pool and an IF",
}
"""Those of networks that step."""

CODINGS = {
    "constant": "the whole number in every step",
    "once": "the whole number in step 1",
    "latency": "one spike, in the step that is the number",
    "events": "payloads up to {} in every step; elsewhere a spike counts 1",
}
"""What an input sends of its numbers; binary codes are told by their phases."""

FEATURES: Registry[Callable[[Any], Iterator[str]]] = Registry("NIR remarks", LAYERS)
"""From a layer to the features, keys of `PHASES` or `STEPS`, that it uses."""


def remarks(network: Network, units: Units | None = None) -> list[str]:
    """What the network does and plain NIR cannot say, one line a feature in use.

    units : of a network that steps; None for the usual ones
    """
    return list(_remarks(network, units or Units()))


def _remarks(network: Network, units: Units) -> Iterator[str]:
    found = Counter(each for layer in network.layers for each in set(FEATURES.of(layer)(layer)))
    if network.phases == 1:
        del found["thresholds"]
    yield from _input(network.input)
    for feature, text in (STEPS if network.steps else PHASES).items():
        if feature == "bias" and network.wait:
            yield (
                f"wait: neurons integrate for {network.wait} phases before they fire; an IF does "
                "not"
            )
        if found[feature]:
            layers = f"{found[feature]} layer{'' if found[feature] == 1 else 's'}"
            yield f"{feature}: {text.format(layers)}"
    if network.steps:
        yield (
            f"dt: {units.dt:g} seconds a step, r of an integrator is its gain in a {units.if_r}; "
            "NIR says neither"
        )
    states = "states" if network.steps else "potentials"
    yield f"samples: every {network.phases} steps {states} start again; NIR has no samples"


def _input(layer: Input) -> Iterator[str]:
    if layer.coding == "binary":
        yield f"input: binary code of {layer.bits} phases per sample, not one number"
    elif layer.coding != "events" or layer.bits > 1:
        yield f"input: {CODINGS[layer.coding].format(2**layer.bits - 1)}"


@FEATURES.add(Input, Sum)
def _none(layer: Layer) -> Iterator[str]:
    yield from ()


@FEATURES.add(MaxPool)
def _pool(layer: MaxPool) -> Iterator[str]:
    yield "max pool"


@FEATURES.add(Readout)
def _readout(layer: Layer) -> Iterator[str]:
    if layer.growth:
        yield "growth"
    if layer.bias.any():
        yield "bias"


@FEATURES.add(Spiking)
def _spiking(layer: Spiking) -> Iterator[str]:
    yield "thresholds"
    yield "one spike" if layer.max_spikes == 1 else "soft reset"
    if layer.payload.max() > 1:
        yield "payload"
    yield from _readout(layer)


@FEATURES.add(TimedReadout)
def _scores(layer: TimedReadout) -> Iterator[str]:
    if layer.take != "last" or layer.group > 1:
        yield "scores"
    yield from _timed(layer)


@FEATURES.add(Timed)
def _timed(layer: Timed | TimedReadout) -> Iterator[str]:
    parts, threshold, reset, firing = layer.integration, layer.threshold, layer.reset, layer.firing
    yield from _readout(layer)
    if any(not np.isin(keep, (0, ONE)).all() for keep in (parts.keep_u, parts.keep_v)):
        yield "integers"
    if firing.floor is not None:
        yield "floor"
    if threshold is None:
        return
    if (np.diff(threshold.table, axis=-1) != 0).any() or threshold.table.ndim > 1:
        yield "thresholds"
    if reset.kind != "zero":
        yield "no reset" if reset.kind == "keep" else "soft reset"
    if firing.max_spikes:
        yield "limit"
    if firing.max_count > 1:
        yield "counts"
    if firing.payload.max() > 1:
        yield "payload"
