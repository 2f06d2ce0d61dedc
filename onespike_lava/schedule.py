"""When each layer integrates and fires if every synapse adds one step, as in Lava.

Input phase `j` of sample `n` is at step `n * T + j`; a layer's clock starts one step after
its latest source (Sec. V-C2); samples follow each other every `T` steps.
"""

from __future__ import annotations

from dataclasses import dataclass

from onespike_lava.layers import Input, MaxPool, Readout
from onespike_lava.model import Model


@dataclass(frozen=True)
class Slot:
    """Steps of one layer, for the first sample.

    integrate : local integration step `t` is at step `integrate + t`
    fire      : output phase `k` is at step `fire + k`
    delays    : for each source, steps from its spike to its arrival, at least 1 (the
                synapse), 0 for a max pool
    """

    integrate: int
    fire: int
    delays: tuple[int, ...]


def schedule(network: Model, wait: int) -> tuple[Slot, ...]:
    """One slot per layer; `wait` is `T_w`."""
    slots: list[Slot] = []
    for layer in network.layers:
        if isinstance(layer, Input):
            slots.append(Slot(0, 0, ()))
            continue
        sent = [slots[source].fire for source in layer.sources]
        if isinstance(layer, MaxPool):
            slots.append(Slot(sent[0], sent[0], (0,)))
            continue
        start = max(sent) + 1
        fire = start if isinstance(layer, Readout) else start + wait
        slots.append(Slot(start, fire, tuple(start - at for at in sent)))
    return tuple(slots)


def total_steps(network: Model, wait: int, samples: int) -> int:
    """Steps until the last sample's scores are complete."""
    return schedule(network, wait)[-1].integrate + samples * network.phases
