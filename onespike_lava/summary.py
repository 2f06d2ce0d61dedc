"""A network in figures: what `onespike inspect` shows."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import Input, Layer, MaxPool, Spiking
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.network import Network
from onespike_lava.rules import largest_potential


def summary(network: Network) -> dict[str, Any]:
    """Figures of the network and of each layer, as JSON-ready values.

    Per layer: name, type, shape, sources; neurons with synapses also weights, the share of the
    24-bit state that a potential can reach, and for spiking ones base, payloads, thresholds.
    """
    layers = [_layer(network, layer) for layer in network.layers]
    bases = sorted({layer.base for layer in network.layers if isinstance(layer, Spiking)})
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
    found: dict[str, Any] = {"name": layer.name, "type": kind(layer), "shape": list(layer.shape)}
    if isinstance(layer, Input):
        return found | {"bits": layer.bits, "low": layer.low.tolist(), "step": layer.step.tolist()}
    found["source"] = [network.layers[source].name for source in layer.sources]
    if isinstance(layer, MaxPool):
        return found | {"kernel": list(layer.kernel), "stride": list(layer.window.stride)}
    found["weights"] = sum(synapse.weight.size for synapse in layer.synapses)
    found["potential"] = f"{largest_potential(network, layer) / STATE_LIMIT:.1%}"
    if isinstance(layer, Spiking):
        found["threshold"] = "{}..{}".format(*layer.threshold_range)
        found["base"] = layer.base
        found["max_spikes"] = layer.max_spikes
        found["payload"] = layer.payload.tolist()
    return found


def _extent(scale: float | NDArray[np.float64]) -> float | list[float]:
    """The number itself; least and largest of several."""
    return scale if isinstance(scale, float) else [float(scale.min()), float(scale.max())]


def kind(layer: Layer) -> str:
    """`input`, `pool`, `conv`, `dense` or `sparse`, as in the file."""
    if isinstance(layer, Input):
        return "input"
    return "pool" if isinstance(layer, MaxPool) else layer.synapses[0].kind
