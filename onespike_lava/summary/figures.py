"""Figures of a network and its layers, as JSON-ready values."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.model import Model
from onespike_lava.rules import largest_potential

FIGURES: Registry[Callable[[Model, Any], dict[str, Any]]] = Registry("inspect", LAYERS)


def summary(network: Model) -> dict[str, Any]:
    """Figures of the network and of each layer, as JSON-ready values.

    Per layer: name, type, shape, sources; neurons with synapses also weights, of pruned ones those
    that live and how many do not (`pruned`), the share of the 24-bit state that a potential can
    reach, and for spiking ones base, payloads, thresholds. Of networks that step the fields of a
    timed neuron (`layers.timed.parts`): numbers are one, or the least and the largest of a layer;
    `current_decay` and `voltage_decay` are the share that a step takes off, `(4096 - keep) / 4096`,
    1 for a current without filter, 0 for no leak.
    """
    layers = [_layer(network, layer) for layer in network.layers]
    bases = sorted({layer.base for layer in network.hidden})
    base = {"base": bases[0] if len(bases) == 1 else bases}
    kind = {"coding": network.input.coding, "proven": network.proven} if network.steps else base
    return {
        "phases": network.phases,
        **kind,
        "wait": network.wait,
        "weighting": network.weighting,
        "input_bits": network.input.bits,
        "output_scale": _extent(network.readout.scale),
        "neurons": sum(network.neurons.values()),
        "weights": network.weights,
        **({"pruned": network.pruned} if network.pruned else {}),
        "layers": layers,
        "provenance": dict(network.provenance),
    }


def _layer(network: Model, layer: Layer) -> dict[str, Any]:
    found: dict[str, Any] = {"name": layer.name, "type": layer.kind, "shape": list(layer.shape)}
    if layer.sources:
        found["source"] = [network.layers[source].name for source in layer.sources]
    return found | FIGURES.of(layer)(network, layer)


@FIGURES.add(Input)
def _input(network: Model, layer: Input) -> dict[str, Any]:
    found = {"bits": layer.bits, "low": layer.low.tolist(), "step": layer.step.tolist()}
    return found | ({"coding": layer.coding} if network.steps else {})


@FIGURES.add(MaxPool)
def _pool(network: Model, layer: MaxPool) -> dict[str, Any]:
    return {"kernel": list(layer.kernel), "stride": list(layer.window.stride)}


@FIGURES.add(Readout)
def _neurons(network: Model, layer: Layer) -> dict[str, Any]:
    pruned = {"pruned": layer.pruned} if layer.pruned else {}
    return {
        "weights": layer.weights,
        **pruned,
        "potential": f"{largest_potential(network, layer) / STATE_LIMIT:.1%}",
    }


@FIGURES.add(Spiking)
def _spiking(network: Model, layer: Spiking) -> dict[str, Any]:
    return _neurons(network, layer) | {
        "threshold": "{}..{}".format(*layer.threshold_range),
        "base": layer.base,
        "max_spikes": layer.max_spikes,
        "payload": layer.payload.tolist(),
    }


@FIGURES.add(Sum)
def _sum(network: Model, layer: Sum) -> dict[str, Any]:
    return {}


@FIGURES.add(Timed)
def _timed(network: Model, layer: Timed) -> dict[str, Any]:
    return _states(network, layer) | _fires(network, layer)


@FIGURES.add(TimedReadout)
def _timed_readout(network: Model, layer: TimedReadout) -> dict[str, Any]:
    fires = {} if layer.threshold is None else _fires(network, layer)
    return _states(network, layer) | fires | {"take": layer.take, "group": layer.group}


def _states(network: Model, layer: Timed | TimedReadout) -> dict[str, Any]:
    parts = layer.integration
    own = next(at for at, each in enumerate(network.layers) if each is layer)
    delays = [each.delay for each in layer.synapses if each.delay is not None]
    late = np.concatenate([each.reshape(-1) for each in delays]) if delays else np.zeros(1, int)
    if len(delays) < len(layer.synapses):
        late = np.append(late, 0)
    return _neurons(network, layer) | {
        "keep_u": _span(parts.keep_u),
        "keep_v": _span(parts.keep_v),
        "current_decay": _span((ONE - parts.keep_u) / ONE),
        "voltage_decay": _span((ONE - parts.keep_v) / ONE),
        "fraction_bits": parts.fraction_bits,
        "rounding": parts.rounding,
        "bias": _span(parts.bias),
        "drive": 0 if parts.drive is None else _span(parts.drive),
        "growth": None if parts.growth is None else parts.growth.base,
        "delay": _span(late),
        "recurrent": own in layer.sources,
    }


def _fires(network: Model, layer: Timed | TimedReadout) -> dict[str, Any]:
    firing = layer.firing
    assert layer.threshold_range is not None
    return {
        "threshold": _span(np.array(layer.threshold_range)),
        "reset": layer.reset.kind,
        "reset_amount": _amount(layer) if layer.reset.kind == "subtract" else None,
        "max_spikes": layer.spikes_limit(network.phases),
        "max_count": firing.max_count,
        "payload": sorted(set(firing.payload.tolist())),
        "floor": None if firing.floor is None else _span(firing.floor),
    }


def _amount(layer: Timed | TimedReadout) -> Any:
    """What one spike takes off, where nothing else is given as much as its threshold."""
    reset, threshold = layer.reset, layer.threshold
    assert threshold is not None
    base = threshold.base if reset.base is None else reset.base
    table = threshold.table if reset.table is None else reset.table
    low, high = (int(find(base)) * int(find(table)) for find in (np.min, np.max))
    return _span(np.array([low, high]))


def _span(values: NDArray[Any]) -> Any:
    """The number itself; least and largest of several."""
    low, high = values.min().item(), values.max().item()
    return low if low == high else [low, high]


def _extent(scale: float | NDArray[np.float64]) -> float | list[float]:
    """The number itself; least and largest of several."""
    return scale if isinstance(scale, float) else [float(scale.min()), float(scale.max())]
