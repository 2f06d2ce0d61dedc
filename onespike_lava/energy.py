"""Synaptic operations of a network, layer by layer, and their price (Eq. 6, Tables IV and VI).

Two counts stand side by side: the paper's estimate, spikes per neuron times the source
network's multiply-accumulates, and the exact one, every synapse that every spike passes.
docs/energy.md has the formulas and what they leave out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.connectivity import connections, fan_out, macs, neurons_per_value
from onespike_lava.layers import HeldCode, Layer
from onespike_lava.network import Network

PICOJOULES = {
    "fp32": {"multiply": 3.7, "add": 0.9, "mac": 4.6},
    "int8": {"multiply": 0.2, "add": 0.03, "mac": 0.23},
}
"""Energy of an operation in 45 nm at 0.9 V: M. Horowitz, "Computing's energy problem (and what
we can do about it)", ISSCC 2014, Fig. 1.1.9, reference 31 of the paper. A MAC is one of each."""

OPERATIONS = {"graded": ("multiply", "add"), "membrane": ("add",)}
"""What one spike costs at one synapse: a graded spike multiplies weight and payload and adds, a
unary one (membrane weighting) adds the weight (Sec. II-B)."""


@dataclass(frozen=True)
class LayerEnergy:
    """Operations of one layer per sample; picojoules as in `PICOJOULES`.

    spikes_per_neuron : that its neurons send, None for the readout; the input's are bits
    macs      : multiply-accumulates that the source network has here; 0 for pools and skips
    estimated : additions by Eq. 6, spikes per neuron of the layer's source times `macs`
    exact     : spikes that arrive, each counted once for every synapse that it passes
    """

    name: str
    type: str
    neurons: int
    spikes_per_neuron: float | None
    macs: int
    estimated: float
    exact: float


@dataclass(frozen=True)
class Energy:
    """Operations per sample, layer by layer, and what they cost.

    layers    : in the network's order, input first; all totals are sums of these
    weighting : decides what an operation is (`OPERATIONS`)
    """

    layers: tuple[LayerEnergy, ...]
    weighting: str

    @property
    def macs(self) -> int:
        """Multiply-accumulates of the source network."""
        return sum(layer.macs for layer in self.layers)

    @property
    def estimated(self) -> float:
        """Additions as the paper estimates them."""
        return sum(layer.estimated for layer in self.layers)

    @property
    def exact(self) -> float:
        """Synaptic operations counted."""
        return sum(layer.exact for layer in self.layers)

    def picojoules(self, part: LayerEnergy | Energy) -> dict[str, dict[str, float]]:
        """Energy per sample of one layer, or of all where `part` is the whole.

        For each arithmetic: `ann` the source network, `paper` estimated additions (the
        denominator of Eq. 6), `snn` counted operations of this network's weighting.
        """
        return {
            arithmetic: {
                "ann": part.macs * cost["mac"],
                "paper": part.estimated * cost["add"],
                "snn": part.exact * sum(cost[each] for each in OPERATIONS[self.weighting]),
            }
            for arithmetic, cost in PICOJOULES.items()
        }

    @property
    def ratios(self) -> dict[str, float]:
        """Energy of the source network over that of the one-spike network; 0 where none spikes.

        `fp32`, `int8`: Eq. 6, estimated additions. `..._exact`: counted, each an addition.
        `..._snn`: counted, each what this network's weighting needs.
        """
        found = {}
        for arithmetic, spent in self.picojoules(self).items():
            adds = self.exact * PICOJOULES[arithmetic]["add"]
            found[arithmetic] = _ratio(spent["ann"], spent["paper"])
            found[f"{arithmetic}_exact"] = _ratio(spent["ann"], adds)
            found[f"{arithmetic}_snn"] = _ratio(spent["ann"], spent["snn"])
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Layer by layer as JSON-ready values, `picojoules` among them."""
        return [asdict(layer) | {"picojoules": self.picojoules(layer)} for layer in self.layers]


def energy(network: Network, spikes: Mapping[str, NDArray[np.int64]], samples: int) -> Energy:
    """Operations from `spikes`: layer -> int64[*shape], over all samples; none of the readout."""
    rows = [_layer(network, layer, spikes, max(samples, 1)) for layer in network.layers]
    return Energy(tuple(rows), network.weighting)


def _layer(
    network: Network, layer: Layer, spikes: Mapping[str, NDArray[np.int64]], samples: int
) -> LayerEnergy:
    neurons, total, estimated, exact = int(np.prod(layer.shape)), 0, 0.0, 0
    for synapse, trained in connections(network, layer):
        source = network.layers[synapse.source]
        sent = spikes[source.name] // _repeats(network, synapse.source)
        operations = macs(synapse, layer.shape, trained)
        values = sent.size // neurons_per_value(synapse)
        total += operations
        estimated += operations * float(sent.sum()) / samples / values
        exact += int((sent * fan_out(synapse, source.shape, layer.shape, trained)).sum())
    rate = None
    if layer.name in spikes:
        rate = float(spikes[layer.name].sum()) / samples / neurons
    return LayerEnergy(layer.name, layer.kind, neurons, rate, total, estimated, exact / samples)


def _repeats(network: Network, source: int) -> int:
    """Steps that bring the same: what a constant input brings is summed once."""
    code = network.code(source)
    return code.length if isinstance(code, HeldCode) else 1


def _ratio(one: float, two: float) -> float:
    return one / two if two else 0.0
