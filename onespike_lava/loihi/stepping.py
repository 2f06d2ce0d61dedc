"""Networks that step as stock Lava processes compute them: when each layer works and rests.

Neurons that reset to zero are LIFReset, which forgets a sample as the next begins; those that
subtract their threshold, without leak, are ATRLIF: half the threshold at either side, `v(0) =
bias - threshold / 2`, `theta_0 = threshold / 2`, and a refractory state that grows by twice that.
Lava holds one threshold and one leak a Process, so that a layer takes one for each. States that do
not begin at 0, of LIF and ATRLIF, are set by the host, which pauses as a sample begins. A max pool
of spikes is a LIF that forgets each step; a sum is as many synapses more. Payloads other than 1
are multiplied to the spikes by a ProdNeuron, one step later.

Samples follow each other every `period` steps: `T`, and as many as axons and recurrent synapses
hold a spike back. What comes behind a sample's last step finds resting neurons; those whose own
spikes would come late again are held down until the next sample.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

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
from onespike_lava.loihi.populations import ALIGNMENT, Neurons, populated
from onespike_lava.network import Network
from onespike_lava.rules.recurrence import largest_input, largest_state
from onespike_lava.schedule import held_back, period


@dataclass(frozen=True)
class Times:
    """Steps of one layer, for the first sample; the next ones follow every `period` steps.

    start : its own step `t` is at step `start + t`
    sends : what it sends in its step `t` leaves at step `sends + t`, later by the step that
            multiplying with a payload takes
    """

    start: int
    sends: int


def senders(network: Network, position: int) -> list[int]:
    """Positions of the layers with neurons that a layer stands for: of a sum what it adds."""
    layer = network.layers[position]
    if not layer.added:
        return [position]
    return [each for source in layer.added for each in senders(network, source)]


def times(network: Network) -> list[Times]:
    """When each layer works; before the first sample stands as much rest as behind every one."""
    found: list[Times] = []
    for position, layer in enumerate(network.layers):
        read = [found[each] for each in layer.sources if each < position]
        start = TIMES.of(layer)(read) if read else rest(network)
        late = payloads(network, position) is not None
        found.append(Times(start, start + late))
    return found


TIMES: Registry[Callable[[Sequence[Times]], int]] = Registry(
    "times of the stock composition", LAYERS
)
"""From the times of the layers that it reads to a layer's `start`."""

TIMES.refuse(Spiking, Readout)


@TIMES.add(Input, Sum)
def _together(read: Sequence[Times]) -> int:
    """No synapse; what a sum adds goes to its readers at the time of each."""
    return max(each.sends for each in read)


@TIMES.add(MaxPool)
def _compared(read: Sequence[Times]) -> int:
    """It reads spikes as they are, before any payload."""
    return read[0].start + 1


@TIMES.add(Timed, TimedReadout)
def _integrated(read: Sequence[Times]) -> int:
    return max(each.sends for each in read) + 1


def delays(
    found: Sequence[Times], position: int, synapse: Connection, sender: int
) -> NDArray[np.int64]:
    """Steps from a spike of each neuron of a sender, or of all, to its arrival, the synapse's too.

    Below 1 where a recurrent synapse would bring what is still multiplied with its payload.
    """
    recurs = synapse.source == position
    path = found[position].start + recurs - found[sender].sends
    axon = np.zeros(1, np.int64) if synapse.delay is None else synapse.delay.astype(np.int64)
    return axon.reshape(-1) + path


def rest(network: Network) -> int:
    """Steps between the last step of a sample and the first of the next."""
    return period(network) - network.phases


def total_steps(network: Network, samples: int) -> int:
    """Steps until the last sample's scores are complete."""
    first = times(network)[-1].start + network.phases
    return first + (samples - 1) * period(network)


Payloads = NDArray[np.int64]

PAYLOADS: Registry[Callable[[Network, Any], Payloads | None]] = Registry(
    "payloads of the stock composition", LAYERS
)
"""What a spike of a layer carries in each step, int64[T], None where that is sent as it comes."""

PAYLOADS.refuse(Spiking, Readout)


def payloads(network: Network, position: int) -> Payloads | None:
    """What is multiplied to the spikes of a layer in each step, None for nothing."""
    layer = network.layers[position]
    return PAYLOADS.of(layer)(network, layer)


@PAYLOADS.add(Input, Sum, TimedReadout)
def _as_they_are(network: Network, layer: Input | Sum | TimedReadout) -> None:
    """Ring buffers send any payload; sums are synapses; readouts send nothing."""


@PAYLOADS.add(Timed)
def _table(network: Network, layer: Timed) -> Payloads | None:
    table = layer.firing.payload
    return None if (table == 1).all() else np.broadcast_to(table, network.phases).astype(np.int64)


@PAYLOADS.add(MaxPool)
def _passed(network: Network, layer: MaxPool) -> Payloads | None:
    """Those of its source: in a step they are the same for all neurons."""
    return payloads(network, layer.source)


def late_senders(network: Network) -> set[int]:
    """Layers whose spikes between two samples would reach the next one: to be held down.

    Payloads are multiplied on by a clock, which is silent then.
    """
    found = set()
    for position, layer in enumerate(network.layers):
        for synapse in layer.synapses:
            if held_back(synapse, position):
                found.update(senders(network, synapse.source))
    return {each for each in found if each and payloads(network, each) is None}


HOLDS: Registry[Callable[[Network, Any], int]] = Registry(
    "what holds a layer down between samples", LAYERS
)
"""What the clock takes off the neurons of a layer in each step of rest, so that none fires."""

HOLDS.refuse(Input, Spiking, Readout, Sum, TimedReadout)


def hold(network: Network, position: int) -> int:
    """What is taken off in a step of rest, in a synapse's units."""
    layer = network.layers[position]
    return HOLDS.of(layer)(network, layer)


@HOLDS.add(MaxPool)
def _all_of_a_window(network: Network, layer: MaxPool) -> int:
    """As many as a window has places."""
    rows, columns = layer.kernel
    return rows * columns


@HOLDS.add(Timed)
def _all_that_may_be(network: Network, layer: Timed) -> int:
    """Twice the largest state, which what is kept of both states cannot exceed, and a step more."""
    least = 2 * largest_state(network, layer) + moved(network, layer)
    return -(-least * populated(layer).unit >> ALIGNMENT)


def moved(network: Network, layer: Neurons) -> int:
    """The most that a step adds to a state of the layer, in the file's units."""
    parts = layer.integration
    drive = 0 if parts.drive is None else int(np.abs(parts.drive).max())
    return (largest_input(network, layer) << parts.fraction_bits) + drive
