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

    @property
    def decides(self) -> bool:
        """Whether any output phase is decided."""
        return self.first < self.last


def steps(network: Model, layer: Spiking | Readout, wait: int) -> list[Step]:
    """The steps of a layer for a wait `T_w`; a single one where all arrives before phase 1 ends."""
    sending, phases = network.code(layer.sources[0]).steps, network.phases
    if layer.growth is not None:
        return [_membrane(step, sending, phases, wait) for step in range(1, sending + 1)]
    if wait >= sending - 1:
        return [Step(0, sending, 0, phases)]
    early = [Step(wait + k if k else 0, wait + k + 1, k, k + 1) for k in range(sending - wait)]
    return [*early[:-1], early[-1]._replace(last=phases)]


def _membrane(step: int, sending: int, phases: int, wait: int) -> Step:
    first = max(0, step - wait - 1)
    last = phases if step == sending else max(first, step - wait)
    return Step(step - 1, step, first, last, grows=True)
