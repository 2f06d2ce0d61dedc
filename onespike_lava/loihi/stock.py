"""The network as stock Lava processes would compute it: times, clock, refusals.

Every neuron becomes three of Lava's own (docs/loihi.md explains why):

- a ProdNeuron that multiplies by a gate of 1 what arrives and its own last value, which comes
  back over a synapse: it adds up to 24 bits, and a gate of 0 empties it for the next sample;
- a LIFReset that forgets each step and spikes while that sum reaches the threshold;
- a ProdNeuron that multiplies the first of these spikes by the phase's payload.

A graded clock, one source of a few channels per layer, gates, lowers thresholds from phase
to phase and hands out payloads. A sample takes `2T` steps. This module plans; the processes
are in `onespike_lava.processes.stock`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import (
    LAYERS,
    Input,
    Integers,
    Layer,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Timed,
    TimedReadout,
    per_neuron,
)
from onespike_lava.limits import STATE_LIMIT, WEIGHT_MAX
from onespike_lava.loihi import sizes
from onespike_lava.loihi.fit import check_options
from onespike_lava.network import Network
from onespike_lava.rules import largest_potential

ALIGNMENT = 6
"""Bits by which a LIF shifts its input up; the synapse before it shifts as many down."""

LIMB_BITS = 7
"""Bits of a threshold base or bias that one int8 weight of the clock holds."""


@dataclass(frozen=True)
class Times:
    """Steps of one layer, for the first sample; the next ones follow every `2T` steps.

    start  : local step `t` is at step `start + t`
    level  : the comparison of phase `k` is at step `level + k`
    fire   : the spike of phase `k` is at step `fire + k`
    delays : for each source, steps from its spike to its arrival, 1 for the synapse alone
    """

    start: int
    level: int
    fire: int
    delays: tuple[int, ...]


TIMES: Registry[Callable[[Sequence[Times], int], Times]] = Registry("stock composition", LAYERS)
"""From the times of what a layer reads, and the phases, to its own."""

TIMES.refuse(Timed, Sum, TimedReadout)


def times(network: Network) -> tuple[Times, ...]:
    """When each layer adds up, compares and spikes."""
    found: list[Times] = []
    for layer in network.layers:
        read = [found[source] for source in layer.sources]
        found.append(TIMES.of(layer)(read, network.phases))
    return tuple(found)


@TIMES.add(Input)
def _from_outside(read: Sequence[Times], phases: int) -> Times:
    return Times(0, 0, 0, ())


@TIMES.add(MaxPool)
def _pool_times(read: Sequence[Times], phases: int) -> Times:
    level = read[0].level + 1
    return Times(level, level, level + 1, (1,))


@TIMES.add(Spiking, Readout)
def _neuron_times(read: Sequence[Times], phases: int) -> Times:
    sent = [times.fire for times in read]
    start = max(sent) + 1
    level = start + phases
    return Times(start, level, level + 1, tuple(start - at for at in sent))


def total_steps(network: Network, samples: int) -> int:
    """Steps until the last sample's scores are complete."""
    return times(network)[-1].level + 2 * network.phases * (samples - 1)


def limbs(values: Integers) -> NDArray[np.int8]:
    """Digits of base 128, lowest first and signed as the value, int8[n, digits] from int32[n].

    A value is the sum of its digits times `128**i`, which is how a clock of as many channels
    brings numbers beyond 8 bits to neurons over 8-bit weights.
    """
    magnitude = np.abs(values.astype(np.int64))
    count = -(-int(magnitude.max(initial=0)).bit_length() // LIMB_BITS)
    digits = [(magnitude >> (LIMB_BITS * i)) & (2**LIMB_BITS - 1) for i in range(count)]
    found = np.stack(digits, axis=1) if digits else np.zeros((len(values), 0), np.int64)
    return (found * np.sign(values)[:, None]).astype(np.int8)


@dataclass(frozen=True)
class Clock:
    """One layer's clock: what each channel sends when, and the weights to the neurons.

    events  : (local step of arrival, channel, payload)
    to_sum  : int8[neurons, channels], thresholds and bias
    gate    : channel that opens the sum, -1 for none
    payload : channel that hands out payloads, -1 for none
    """

    events: tuple[tuple[int, int, int], ...]
    to_sum: NDArray[np.int8]
    gate: int
    payload: int

    def stream(self, start: int, phases: int, samples: int, steps: int) -> NDArray[np.int32]:
        """Payloads int32[channels, steps] that a source sends, one step before they arrive."""
        sent = np.zeros((self.to_sum.shape[1], steps + 1), np.int32)
        for sample in range(samples):
            for step, channel, payload in self.events:
                column = start + 2 * phases * sample + step - 2
                if column < steps:
                    sent[channel, column] += payload
        return sent[:, :steps]


CLOCKS: Registry[Callable[[Network, Any, int], Clock]] = Registry(
    "clocks of the stock composition", LAYERS
)

CLOCKS.refuse(Timed, Sum, TimedReadout)


@CLOCKS.add(Input)
def _no_clock(network: Network, layer: Input, position: int) -> Clock:
    """The input has none: its spikes come from outside."""
    return Clock((), np.zeros((prod(layer.shape), 0), np.int8), -1, -1)


def clock(network: Network, position: int) -> Clock:
    """The clock of a spiking layer, a max pool or the readout."""
    layer = network.layers[position]
    return CLOCKS.of(layer)(network, layer, position)


@CLOCKS.add(MaxPool)
def _pool_clock(network: Network, layer: MaxPool, position: int) -> Clock:
    payloads = network.code(position).payloads.tolist()
    events = [(k + 1, 0, payload) for k, payload in enumerate(payloads, start=1)]
    return Clock(tuple(events), np.zeros((prod(layer.shape), 1), np.int8), -1, 0)


def _sum_clock(
    network: Network, layer: Spiking | Readout
) -> tuple[list[tuple[int, int, int]], list[NDArray[np.int8]]]:
    """Events and columns of the gate and the bias."""
    phases = network.phases
    bias = limbs(per_neuron(layer.bias, layer.shape).reshape(-1))
    events = [(step, 0, 1) for step in range(1, 2 * phases)]
    events += [(phases, 1 + i, 1 << (LIMB_BITS * i)) for i in range(bias.shape[1])]
    return events, [np.zeros((len(bias), 1), np.int8), bias]


@CLOCKS.add(Readout)
def _readout_clock(network: Network, layer: Readout, position: int) -> Clock:
    events, columns = _sum_clock(network, layer)
    return Clock(tuple(events), np.concatenate(columns, axis=1), 0, -1)


@CLOCKS.add(Spiking)
def _spiking_clock(network: Network, layer: Spiking, position: int) -> Clock:
    (events, columns), phases = _sum_clock(network, layer), network.phases
    channels = 1 + columns[1].shape[1]
    base = limbs(per_neuron(layer.threshold_base, layer.shape).reshape(-1))
    steps = np.diff(layer.threshold_table.astype(np.int64), prepend=0)
    for k, step in enumerate(steps.tolist(), start=1):
        for i in range(base.shape[1]):
            events.append((phases - 1 + k, channels + i, -step << (LIMB_BITS * i)))
    channels += base.shape[1]
    rest = largest_potential(network, layer)  # keeps the sum below 0 until it is complete
    events += [(1, channels, -rest), (phases, channels, rest + (1 << ALIGNMENT))]
    ones = np.ones((len(base), 1), np.int8)
    columns += [base, ones, np.zeros_like(ones)]
    events += [
        (phases + 1 + k, channels + 1, int(layer.payload[k - 1])) for k in range(1, phases + 1)
    ]
    return Clock(tuple(events), np.concatenate(columns, axis=1), 0, channels + 1)


def refuse(network: Network, wait: int | None = None) -> int:
    """The wait, or `UnsupportedError` with everything that cannot be composed exactly."""
    wait = check_options(network, wait, 1)
    found = list(_refusals(network, wait))
    if found:
        raise UnsupportedError("stock composition: " + "; ".join(found))
    return wait


def _refusals(network: Network, wait: int) -> Iterator[str]:
    if network.weighting != "graded":
        yield "membrane weighting multiplies potentials; export with --weighting graded"
        return
    for layer in network.layers:
        if not layer.synapses:
            continue
        if layer.role == "hidden":
            most = cast(Spiking, layer).max_spikes
            if most > 1:
                yield f"{layer.name} sends up to {most} spikes; export with one"
            needed = max(network.code(source).steps for source in layer.sources) - 1
            if wait < needed:
                yield (
                    f"{layer.name} would decide before all input is there (late spikes), wait "
                    f"{wait} is below {needed}; use a longer wait"
                )
        high = max(sizes.extremes(synapse)[1] for synapse in layer.synapses)
        if high > WEIGHT_MAX:
            yield f"{layer.name} holds a weight of {high}, the limit is {WEIGHT_MAX}; export again"
        needed = _largest_sum(network, layer)
        if needed >= STATE_LIMIT:
            yield (
                f"{layer.name} needs sums up to {needed}, the state limit is {STATE_LIMIT}; "
                "export with fewer payload bits"
            )


def _largest_sum(network: Network, layer: Layer) -> int:
    """Largest magnitude of a sum with rest, bias and threshold in it."""
    largest = largest_potential(network, layer)
    if layer.threshold_range is None:
        return largest
    return largest + max(largest, layer.threshold_range[1]) + (1 << ALIGNMENT)
