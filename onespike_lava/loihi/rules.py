"""Rules of Loihi 2, one small function each: what a network breaks, and the way out.

A rule takes the case, and a rule of layers also the position of one, and yields violations.
`LAYER_RULES` and `NETWORK_RULES` list them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from math import ceil
from typing import Any

from onespike_lava.layers import Layer
from onespike_lava.loihi import sizes
from onespike_lava.loihi.sizes import Limits
from onespike_lava.network import Network
from onespike_lava.rules import largest_potential
from onespike_lava.schedule import Slot, schedule

FEWER_BITS = "export with fewer payload bits"


@dataclass(frozen=True)
class Violation:
    """A rule that a layer breaks.

    layer : its name, or `network`
    rule  : name of the rule
    found, limit : numbers in `unit`
    fix   : the way out
    secondary : whether the limit comes from a secondary source
    """

    layer: str
    rule: str
    found: float
    limit: float
    unit: str
    fix: str
    secondary: bool

    def __str__(self) -> str:
        """One line: layer, rule, found, limit, way out."""
        mark = " (secondary source)" if self.secondary else ""
        return (
            f"{self.layer}: {self.rule}: {self.found:,} exceeds {self.limit:,} {self.unit}{mark}; "
            f"{self.fix}"
        )


@dataclass(frozen=True)
class Case:
    """What is checked: a network with a wait on some chips, under limits."""

    network: Network
    wait: int
    chips: int
    limits: Limits

    @cached_property
    def slots(self) -> tuple[Slot, ...]:
        """The schedule."""
        return schedule(self.network, self.wait)

    @cached_property
    def sizes(self) -> list[sizes.Size]:
        """What each layer takes, with relays and in the forms of the chip."""
        given = (self.wait, self.limits)
        return [
            sizes.size(self.network, self.slots, position, *given)
            for position in range(len(self.network.layers))
        ]


def over(
    case: Case, layer: str, rule: str, found: float, limit: str, fix: str, factor: int = 1
) -> Iterator[Violation]:
    """The violation of a limit, `factor` times it, or none."""
    of = case.limits[limit]
    most = of.number * factor
    if found > most:
        yield Violation(layer, rule, found, most, of.unit, fix, of.secondary)


def signed_bits(low: int, high: int) -> int:
    """Bits of a signed integer that holds both values."""
    return max(high.bit_length(), (-low - 1).bit_length() if low < 0 else 0) + 1


def weight_bits(case: Case, position: int) -> Iterator[Violation]:
    """Weights with their sign."""
    layer = case.network.layers[position]
    for synapse in layer.synapses:
        bits = signed_bits(*sizes.extremes(synapse))
        fix = "export with smaller weights"
        yield from over(case, layer.name, "weight_bits", bits, "weight_bits", fix)


def state_bits(case: Case, position: int) -> Iterator[Violation]:
    """Largest potential at any step for any input."""
    layer = case.network.layers[position]
    if layer.synapses:
        largest = largest_potential(case.network, layer)
        bits = signed_bits(-largest, largest)
        yield from over(case, layer.name, "state_bits", bits, "state_bits", FEWER_BITS)


def threshold_bits(case: Case, position: int) -> Iterator[Violation]:
    """Largest threshold of any neuron and phase."""
    layer = case.network.layers[position]
    if layer.threshold_range:
        bits = signed_bits(0, layer.threshold_range[1])
        yield from over(case, layer.name, "threshold_bits", bits, "threshold_bits", FEWER_BITS)


def payload_bits(case: Case, position: int) -> Iterator[Violation]:
    """Largest payload of a graded spike."""
    bits = signed_bits(0, largest_payload(case.network, position))
    name = case.network.layers[position].name
    yield from over(case, name, "payload_bits", bits, "payload_bits", FEWER_BITS)


def message_bits(case: Case, position: int) -> Iterator[Violation]:
    """Input spikes, packed four to a 32-bit message on their way to the chip."""
    if position == 0:
        bits = largest_payload(case.network, position).bit_length()
        fix = "export with fewer input bits"
        yield from over(case, case.network.input.name, "message_bits", bits, "packed_bits", fix)


def neurons(case: Case) -> Iterator[Violation]:
    """Neurons of all layers but the input, which is sent from outside, and relays."""
    found = sum(each.neurons for each in case.sizes[1:])
    yield from _on_chips(case, "neurons", found, "chip_neurons", 1)
    yield from _on_chips(case, "neurons", found, "core_neurons", _cores(case))


def synapses(case: Case) -> Iterator[Violation]:
    """Weights, each stored once in synaptic memory: the least that any mapping takes."""
    found = sum(each.weights for each in case.sizes)
    yield from _on_chips(case, "synapses", found, "chip_synapses", 1)
    yield from _on_chips(case, "synapses", found, "core_synapse_bytes", _cores(case))


def _on_chips(case: Case, rule: str, found: int, limit: str, per_chip: int) -> Iterator[Violation]:
    of = case.limits[limit]
    needed = ceil(found / (of.number * per_chip))
    fix = f"use a narrower network or at least {needed} chips"
    for each in over(case, "network", rule, found, limit, fix, per_chip * case.chips):
        what = of.unit.partition(" per ")[0]
        place = "per chip" if case.chips == 1 else f"on {case.chips} chips"
        yield replace(each, unit=f"{what} {place}")


def _cores(case: Case) -> int:
    return int(case.limits["cores"].number)


def convolutions(layer: Layer) -> list[Any]:
    """The layer's synapses that are convolutions."""
    return [synapse for synapse in layer.synapses if synapse.kind == "conv"]


def largest_payload(network: Network, position: int) -> int:
    """Largest payload that a spike of the layer carries; a readout sends none: 0."""
    if position == len(network.layers) - 1:
        return 0
    return int(network.code(position).payloads.max())


LAYER_RULES: tuple[Callable[[Case, int], Iterator[Violation]], ...] = (
    weight_bits,
    state_bits,
    threshold_bits,
    payload_bits,
    message_bits,
)

NETWORK_RULES: tuple[Callable[[Case], Iterator[Violation]], ...] = (neurons, synapses)
