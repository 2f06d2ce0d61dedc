"""When each layer integrates and fires if every synapse adds one step, as in Lava.

Input phase `j` of sample `n` is at step `n * T + j`; a layer's clock starts one step after
its latest source (Sec. V-C2); samples follow each other every `period(network)` steps, mostly `T`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from onespike_lava.layers import (
    LAYERS,
    Connection,
    Input,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Timed,
    TimedReadout,
)
from onespike_lava.model import Model


@dataclass(frozen=True)
class Slot:
    """Steps of one layer, for the first sample.

    integrate : local integration step `t` is at step `integrate + t`
    fire      : output phase `k` is at step `fire + k`
    delays    : for each source, steps from its spike to its arrival, at least 1 (the
                synapse), 0 for layers without neurons that read one; delays of axons come
                on top. A recurrent synapse brings a spike one step later: 1
    """

    integrate: int
    fire: int
    delays: tuple[int, ...]


SLOTS: Registry[Callable[[Sequence[int], int], Slot]] = Registry("schedule", LAYERS)
"""From `Slot.fire` of the layers that a layer reads, and the wait, to its slot."""


def schedule(network: Model, wait: int) -> tuple[Slot, ...]:
    """One slot per layer; `wait` is `T_w`."""
    slots: list[Slot] = []
    for layer in network.layers:
        own = len(slots)
        sent = [slots[source].fire for source in layer.sources if source != own]
        slot = SLOTS.of(layer)(sent, wait)
        if own in layer.sources:
            late = iter(slot.delays)
            delays = tuple(1 if source == own else next(late) for source in layer.sources)
            slot = replace(slot, delays=delays)
        slots.append(slot)
    return tuple(slots)


@SLOTS.add(Input)
def _from_outside(sent: Sequence[int], wait: int) -> Slot:
    """The clock of the network is the input's."""
    return Slot(0, 0, ())


@SLOTS.add(MaxPool)
def _at_once(sent: Sequence[int], wait: int) -> Slot:
    """No synapse, no step."""
    return Slot(sent[0], sent[0], (0,))


@SLOTS.add(Sum)
def _together(sent: Sequence[int], wait: int) -> Slot:
    """No synapse; what is added must come in one step, so that earlier sources wait."""
    start = max(sent)
    return Slot(start, start, tuple(start - at for at in sent))


@SLOTS.add(Spiking, Timed)
def _waiting(sent: Sequence[int], wait: int) -> Slot:
    """Integration begins when the latest source arrives, firing `T_w` steps later."""
    start = max(sent) + 1
    return Slot(start, start + wait, tuple(start - at for at in sent))


@SLOTS.add(Readout, TimedReadout)
def _read(sent: Sequence[int], wait: int) -> Slot:
    """Nothing fires."""
    return _waiting(sent, 0)


def period(network: Model) -> int:
    """Steps from one sample to the next.

    `T`, and as many more as axons and recurrent synapses hold a spike back at most: what arrives
    behind a sample's last step falls between it and the next.
    """
    late = [0]
    for position, layer in enumerate(network.layers):
        late += [held_back(synapse, position) for synapse in layer.synapses]
    return network.phases + max(late)


def held_back(synapse: Connection, position: int) -> int:
    """Most steps that a synapse into the layer at a position holds a spike back beyond its own.

    The axons of its source delay it, and a recurrent one brings what was sent a step before.
    """
    axon = 0 if synapse.delay is None else int(synapse.delay.max())
    return axon + (synapse.source == position)


def total_steps(network: Model, wait: int, samples: int) -> int:
    """Steps until the last sample's scores are complete."""
    first = schedule(network, wait)[-1].integrate + network.phases
    return first + (samples - 1) * period(network)
