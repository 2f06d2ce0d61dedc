"""A network in figures: what `onespike inspect` shows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import LAYERS, Input, Layer, MaxPool, Readout, Registry, Spiking
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
    return {
        "phases": network.phases,
        "base": bases[0] if len(bases) == 1 else bases,
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
    return {"bits": layer.bits, "low": layer.low.tolist(), "step": layer.step.tolist()}


@FIGURES.add(MaxPool)
def _pool(network: Network, layer: MaxPool) -> dict[str, Any]:
    return {"kernel": list(layer.kernel), "stride": list(layer.window.stride)}


@FIGURES.add(Readout)
def _neurons(network: Network, layer: Spiking | Readout) -> dict[str, Any]:
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


def _extent(scale: float | NDArray[np.float64]) -> float | list[float]:
    """The number itself; least and largest of several."""
    return scale if isinstance(scale, float) else [float(scale.min()), float(scale.max())]
