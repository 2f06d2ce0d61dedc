"""Networks of which some connections are pruned."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from onespike_lava.layers import Synapse


def pruned(network, share=0.3, seed=0):
    """The network with about this share of each kernel and matrix left, for every other at least.

    Every fifth of the weights that live is 0, as one that was rounded would be.
    """
    rng = np.random.default_rng(seed)
    layers = []
    for layer in network.layers:
        if any(isinstance(each, Synapse) for each in layer.synapses):
            synapses = tuple(_pruned(each, share, rng) for each in layer.synapses)
            layer = replace(layer, synapses=synapses)
        layers.append(layer)
    return replace(network, layers=tuple(layers))


def _pruned(synapse, share, rng):
    if not isinstance(synapse, Synapse):
        return synapse
    live = rng.random(synapse.weight.shape) < share
    live.flat[0] = False
    keep = live & (rng.random(live.shape) < 0.8)
    return replace(synapse, weight=synapse.weight * keep, live=live)


def silenced(network, position):
    """The network with all synapses of a layer pruned."""
    layers, synapses = list(network.layers), []
    for each in layers[position].synapses:
        weight = np.zeros_like(each.weight)
        synapses.append(replace(each, weight=weight, live=weight != 0))
    layers[position] = replace(layers[position], synapses=tuple(synapses))
    return replace(network, layers=tuple(layers))
