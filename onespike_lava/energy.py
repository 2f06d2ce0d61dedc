"""Synaptic operations of a network, layer by layer, and their price (Eq. 6, Tables IV and VI).

Two counts stand side by side: the paper's estimate, spikes per neuron times the source
network's multiply-accumulates, and the exact one, every synapse that every spike passes. Integers
that an input holds are no spikes: what they bring are multiply-accumulates, counted apart.
docs/energy.md has the formulas and what they leave out. Equations, sections and tables are those of
Hwang and Kung (2024), arXiv:2403.08786, "the paper".
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.connectivity import connections, fan_out, macs, neurons_per_value
from onespike_lava.layers import (
    CODES,
    BinaryCode,
    HeldCode,
    LatencyCode,
    Layer,
    PhaseCode,
    Registry,
    SeveralCode,
    StepCode,
)
from onespike_lava.network import Network

Counts = NDArray[np.int64]

PICOJOULES = {
    "fp32": {"multiply": 3.7, "add": 0.9, "mac": 4.6},
    "int8": {"multiply": 0.2, "add": 0.03, "mac": 0.23},
}
"""Energy of an operation in 45 nm at 0.9 V: M. Horowitz, "Computing's energy problem (and what
we can do about it)", ISSCC 2014, Fig. 1.1.9, reference 31 of the paper. A MAC is one of each."""

OPERATIONS = {"graded": ("multiply", "add"), "membrane": ("add",)}
"""What one spike of phase code costs at one synapse: a graded spike multiplies weight and payload
and adds, a unary one (membrane weighting) adds the weight (Sec. II-B). In networks that step each
spike's own payload decides: 1 is an addition."""


@dataclass(frozen=True)
class LayerEnergy:
    """Operations of one layer per sample; picojoules as in `PICOJOULES`.

    spikes_per_neuron : that its neurons send, None for the readout; the input's are bits
    macs      : multiply-accumulates that the source network has here; 0 for pools and skips
    estimated : additions by Eq. 6, spikes per neuron of the layer's source times `macs`
    exact     : synaptic operations: spikes that arrive, each counted once for every synapse that
                it passes
    multiplied : of `exact`, those that multiply by a payload before they add
    input_macs : multiply-accumulates of integers that the input holds, each that is not 0 counted
                once for every synapse, however many steps bring it; in none of the other counts
    """

    name: str
    type: str
    neurons: int
    spikes_per_neuron: float | None
    macs: int
    estimated: float
    exact: float
    multiplied: float
    input_macs: float


@dataclass(frozen=True)
class Energy:
    """Operations per sample, layer by layer, and what they cost.

    layers : in the network's order, input first; all totals are sums of these
    """

    layers: tuple[LayerEnergy, ...]

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

    @property
    def multiplied(self) -> float:
        """Of these, those that multiply by a payload."""
        return sum(layer.multiplied for layer in self.layers)

    @property
    def input_macs(self) -> float:
        """Multiply-accumulates of a held input."""
        return sum(layer.input_macs for layer in self.layers)

    def picojoules(self, part: LayerEnergy | Energy) -> dict[str, dict[str, float]]:
        """Energy per sample of one layer, or of all where `part` is the whole.

        For each arithmetic: `ann` the source network, `paper` estimated additions (the
        denominator of Eq. 6), `snn` counted operations, each an addition, with a payload to be
        multiplied a multiplication too. A held input's multiply-accumulates are in both.
        """
        found = {}
        for arithmetic, cost in PICOJOULES.items():
            entry, both = part.input_macs * cost["mac"], cost["multiply"] + cost["add"]
            counted = (part.exact - part.multiplied) * cost["add"] + part.multiplied * both
            found[arithmetic] = {
                "ann": part.macs * cost["mac"],
                "paper": part.estimated * cost["add"] + entry,
                "snn": counted + entry,
            }
        return found

    @property
    def ratios(self) -> dict[str, float]:
        """Energy of the source network over that of the spiking network; 0 where none spikes.

        `fp32`, `int8`: Eq. 6, estimated additions. `..._exact`: counted, each an addition.
        `..._snn`: counted, each what its payload needs. All add a held input's
        multiply-accumulates.
        """
        found = {}
        for arithmetic, spent in self.picojoules(self).items():
            cost = PICOJOULES[arithmetic]
            adds = self.exact * cost["add"] + self.input_macs * cost["mac"]
            found[arithmetic] = _ratio(spent["ann"], spent["paper"])
            found[f"{arithmetic}_exact"] = _ratio(spent["ann"], adds)
            found[f"{arithmetic}_snn"] = _ratio(spent["ann"], spent["snn"])
        return found

    def rows(self) -> list[dict[str, Any]]:
        """Layer by layer as JSON-ready values, `picojoules` among them."""
        return [asdict(layer) | {"picojoules": self.picojoules(layer)} for layer in self.layers]


def energy(
    network: Network,
    spikes: Mapping[str, Counts],
    samples: int,
    graded: Mapping[str, Counts] | None = None,
) -> Energy:
    """Operations from `spikes`: layer -> int64[*shape], over all samples; none of the readout.

    graded : of these, those whose payload is above 1; of networks that step. What is left out
             costs what the weighting says (`OPERATIONS`)
    """
    sent = {}
    for position, layer in enumerate(network.layers[:-1]):
        code, above = network.code(position), (graded or {}).get(layer.name)
        sent[position] = SENT.of(code)(code, network.weighting, spikes[layer.name], above)
    rows = []
    for layer in network.layers:
        neurons, rate = int(np.prod(layer.shape)), None
        if layer.name in spikes:
            rate = float(spikes[layer.name].sum()) / max(samples, 1) / neurons
        counts = _operations(network, layer, sent, max(samples, 1))
        rows.append(LayerEnergy(layer.name, layer.kind, neurons, rate, *counts))
    return Energy(tuple(rows))


@dataclass(frozen=True)
class Sent:
    """What the neurons of a layer send over all samples, int64[*shape] each.

    spikes : each is an operation at every synapse that it passes
    graded : of these, those whose payload is multiplied there
    held   : integers that are not 0 and are multiplied once at every synapse
    """

    spikes: Counts
    graded: Counts
    held: Counts


SENT: Registry[Callable[[Any, str, Counts, Counts | None], Sent]] = Registry("energy", CODES)
"""From a code, the weighting, spikes of each neuron and, of these, those above 1 where counted."""


@SENT.add(BinaryCode, PhaseCode, SeveralCode, StepCode, LatencyCode)
def _spikes(code: Any, weighting: str, spikes: Counts, graded: Counts | None) -> Sent:
    none = np.zeros_like(spikes)
    if graded is None:
        graded = spikes if "multiply" in OPERATIONS[weighting] else none
    return Sent(spikes, graded, none)


@SENT.add(HeldCode)
def _held(code: HeldCode, weighting: str, spikes: Counts, graded: Counts | None) -> Sent:
    """Every step brings the same, so that a synapse multiplies once."""
    none = np.zeros_like(spikes)
    return Sent(none, none, spikes // code.length)


def _operations(
    network: Network, layer: Layer, sent: Mapping[int, Sent], samples: int
) -> tuple[int, float, float, float, float]:
    """The counts of a `LayerEnergy`, `macs` and those behind it."""
    total, estimated, exact, multiplied, held = 0, 0.0, 0, 0, 0
    for synapse, trained in connections(network, layer):
        source, found = network.layers[synapse.source], sent[synapse.source]
        operations = macs(synapse, layer.shape, trained)
        values = found.spikes.size // neurons_per_value(synapse)
        total += operations
        estimated += operations * float(found.spikes.sum()) / samples / values
        passed = fan_out(synapse, source.shape, layer.shape, trained)
        exact += int((found.spikes * passed).sum())
        multiplied += int((found.graded * passed).sum())
        held += int((found.held * passed).sum())
    return total, estimated, exact / samples, multiplied / samples, held / samples


def _ratio(one: float, two: float) -> float:
    return one / two if two else 0.0
