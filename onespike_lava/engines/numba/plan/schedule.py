"""When a layer's neurons decide: which arrivals they add up before which phases (Sec. V-C2)."""

from __future__ import annotations

from typing import NamedTuple

from onespike_lava.layers import Readout, Spiking
from onespike_lava.model import Model


class Step(NamedTuple):
    """Add what arrives in phases `after < phase <= until`, then decide some output phases.

    first, last : output phases that are decided, `first <= phase < last`, counted from 0
    grows       : the potential grows before (membrane weighting)
    """

    after: int
    until: int
    first: int
    last: int
    grows: bool = False


def steps(network: Model, layer: Spiking | Readout, wait: int) -> list[Step]:
    """The steps of a layer for a wait `T_w`; a single one where all arrives before phase 1 ends."""
    sending, phases = network.code(layer.sources[0]).steps, network.phases
    if layer.growth is not None:
        return [_membrane(step, sending, phases, wait) for step in range(1, sending + 1)]
    if isinstance(layer, Readout):
        return [Step(0, sending, 0, 0)]
    if wait >= sending - 1:
        return [Step(0, sending, 0, phases)]
    early = [Step(wait + k if k else 0, wait + k + 1, k, k + 1) for k in range(sending - wait)]
    return [*early[:-1], early[-1]._replace(last=phases)]


def _membrane(step: int, sending: int, phases: int, wait: int) -> Step:
    first = max(0, step - wait - 1)
    last = phases if step == sending else max(first, step - wait)
    return Step(step - 1, step, first, last, grows=True)


def keeps_codes(network: Model, wait: int, record: bool) -> bool:
    """Whether the arena must hold codes, not payloads.

    Codes are needed where layers decide before all has arrived, and where they are recorded
    and two phases share a payload.
    """
    for layer in network.layers:
        if isinstance(layer, (Spiking, Readout)) and len(steps(network, layer, wait)) > 1:
            return True
        if isinstance(layer, Spiking) and record and len(set(layer.payload)) < len(layer.payload):
            return True
    return network.weighting == "membrane"


def serves(network: Model) -> bool:
    """Whether the kernels can run a network: no graph, and what one spike sends fits a byte."""
    if network.is_graph:
        return False
    growths = [layer.growth for layer in network.layers]
    return all(growth is None or growth.fraction_bits < 8 for growth in growths)


def sent_values(network: Model, source: int, fraction_bits: int | None) -> list[int]:
    """What a spike of each phase adds per unit of weight: payloads, or the shifted 1."""
    code = network.code(source)
    if fraction_bits is not None:
        return [1 << fraction_bits] * code.steps
    return [int(value) for value in code.payloads]
