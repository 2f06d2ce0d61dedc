"""Random valid networks over graphs: sparse synapses in every place, for parity tests."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from onespike_lava.layers import Readout, Sparse, Synapse
from onespike_lava.network import Network
from tests.networks import Maker


def random_sparse(rng, source, rows, places, signs=1, density=0.3) -> Sparse:
    """Entries of either sign, some rows empty; signs in turn."""
    held = (rng.random((rows, places)) < density) & (rng.random((rows, 1)) < 0.9)
    weight = rng.normal(0, 40, int(held.sum())).clip(-127, 127).astype(np.int8)
    indptr = np.concatenate([[0], np.cumsum(held.sum(1))]).astype(np.int32)
    signs = np.resize(np.array([1, -1], np.int8), signs)
    return Sparse(source, weight, np.nonzero(held)[1].astype(np.int32), indptr, signs)


def aggregated(make: Maker, source: int, rows: int, signs: int = 1, skip: bool = False) -> int:
    """A spiking layer behind a sparse synapse, its constants per place."""
    channels, *plane = make.layers[source].shape
    synapse = random_sparse(make.rng, source, rows, int(np.prod(plane)), signs)
    shape = synapse.output_shape(make.layers[source].shape)
    synapses = [synapse]
    if skip:
        weight = make.weight((shape[0], channels, 1, 1), 0.5)
        synapses.append(Synapse(source, weight))
    at = make.spiking([Synapse(source, np.zeros((shape[0], 20, 1, 1), np.int8))], shape)
    layer = make.layers[at]
    draw = make.rng.random((1, *shape[1:]))
    make.layers[at] = replace(
        layer,
        synapses=tuple(synapses),
        bias=(draw * 900).astype(np.int32),
        threshold_base=(layer.threshold_base[0] * (0.5 + draw)).astype(np.int32) + 1,
        scale=0.01 + draw,
    )
    return at


def random_graph_network(
    seed: int, weighting: str = "graded", phases: int | None = None, several: bool = False
) -> Network:
    """Maps of features and sums over neighbours in turn, pairs, a skip, and a sparse readout."""
    rng = np.random.default_rng(seed)
    phases = int(rng.choice([1, 4, 8, 16])) if phases is None else phases
    make = Maker(rng, phases, 1.3, weighting, several=several)
    nodes = int(rng.integers(5, 14))
    at = make.input((3, nodes, 1)) if seed % 2 else make.input((3, 2, nodes))
    places = int(np.prod(make.layers[at].shape[1:]))
    at = make.conv(at, 8, kernel=(1, 1))
    at = aggregated(make, at, places, signs=2)
    at = make.conv(at, 6, kernel=(1, 1))
    at = aggregated(make, at, places, skip=True)
    at = aggregated(make, at, nodes + 3, signs=3)
    at = make.conv(at, 6, kernel=(1, 1))
    synapse = random_sparse(rng, at, 4, nodes + 3, signs=2)
    shape = synapse.output_shape(make.layers[at].shape)
    bias = rng.integers(-99, 99, (1, *shape[1:])).astype(np.int32)
    scale = rng.uniform(0.1, 1, (1, *shape[1:]))
    growth = make.growth(at)
    make.layers.append(make.named(Readout, shape, (synapse,), bias, scale, growth))
    return make.network()
