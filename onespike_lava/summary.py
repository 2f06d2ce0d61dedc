"""A network in figures: what `onespike inspect` shows."""

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
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.network import Network
from onespike_lava.rules import largest_potential

FIGURES: Registry[Callable[[Network, Any], dict[str, Any]]] = Registry("inspect", LAYERS)


def summary(network: Network) -> dict[str, Any]:
    """Figures of the network and of each layer, as JSON-ready values.

    Per layer: name, type, shape, sources; neurons with synapses also weights, the share of the
    24-bit state that a potential can reach, and for spiking ones base, payloads, thresholds.
    """
    layers = [_layer(network, layer) for layer in network.layers]
    bases = sorted({layer.base for layer in network.hidden})
    base = {} if network.steps else {"base": bases[0] if len(bases) == 1 else bases}
    return {
        "phases": network.phases,
        **base,
        "wait": network.wait,
        "weighting": network.weighting,
        "input_bits": network.input.bits,
        "output_scale": _extent(network.readout.scale),
        "neurons": sum(network.neurons.values()),
        "weights": sum(layer.get("weights", 0) for layer in layers),
        "layers": layers,
        "provenance": dict(network.provenance),
    }


def _layer(network: Network, layer: Layer) -> dict[str, Any]:
    found: dict[str, Any] = {"name": layer.name, "type": layer.kind, "shape": list(layer.shape)}
    if layer.sources:
        found["source"] = [network.layers[source].name for source in layer.sources]
    return found | FIGURES.of(layer)(network, layer)


@FIGURES.add(Input)
def _input(network: Network, layer: Input) -> dict[str, Any]:
    found = {"bits": layer.bits, "low": layer.low.tolist(), "step": layer.step.tolist()}
    return found | ({"coding": layer.coding} if network.steps else {})


@FIGURES.add(MaxPool)
def _pool(network: Network, layer: MaxPool) -> dict[str, Any]:
    return {"kernel": list(layer.kernel), "stride": list(layer.window.stride)}


@FIGURES.add(Readout)
def _neurons(network: Network, layer: Layer) -> dict[str, Any]:
    return {
        "weights": sum(synapse.weight.size for synapse in layer.synapses),
        "potential": f"{largest_potential(network, layer) / STATE_LIMIT:.1%}",
    }


@FIGURES.add(Spiking)
def _spiking(network: Network, layer: Spiking) -> dict[str, Any]:
    return _neurons(network, layer) | {
        "threshold": "{}..{}".format(*layer.threshold_range),
        "base": layer.base,
        "max_spikes": layer.max_spikes,
        "payload": layer.payload.tolist(),
    }


@FIGURES.add(Sum)
def _sum(network: Network, layer: Sum) -> dict[str, Any]:
    return {}


@FIGURES.add(Timed)
def _timed(network: Network, layer: Timed) -> dict[str, Any]:
    firing = layer.firing
    return _states(network, layer) | {
        "threshold": "{}..{}".format(*layer.threshold_range or (0, 0)),
        "reset": layer.reset.kind,
        "max_spikes": layer.spikes_limit(network.phases),
        "max_count": firing.max_count,
        "payload": sorted(set(firing.payload.tolist())),
    }


@FIGURES.add(TimedReadout)
def _timed_readout(network: Network, layer: TimedReadout) -> dict[str, Any]:
    return _states(network, layer) | {"take": layer.take, "group": layer.group}


def _states(network: Network, layer: Timed | TimedReadout) -> dict[str, Any]:
    parts = layer.integration
    return _neurons(network, layer) | {
        "keep_u": _span(parts.keep_u),
        "keep_v": _span(parts.keep_v),
        "fraction_bits": parts.fraction_bits,
        "rounding": parts.rounding,
    }


def _span(values: NDArray[np.int32]) -> int | list[int]:
    """The number itself; least and largest of several."""
    low, high = int(values.min()), int(values.max())
    return low if low == high else [low, high]


def _extent(scale: float | NDArray[np.float64]) -> float | list[float]:
    """The number itself; least and largest of several."""
    return scale if isinstance(scale, float) else [float(scale.min()), float(scale.max())]
