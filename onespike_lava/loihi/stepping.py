"""Networks that step as stock Lava processes compute them: populations, times, refusals.

Neurons that reset to zero are LIFReset, which forgets a sample as the next begins; those that
subtract their threshold, without leak, are ATRLIF: half the threshold at either side, `v(0) =
bias - threshold / 2`, `theta_0 = threshold / 2`, and a refractory state that grows by twice that.
Lava holds one threshold and one leak a Process, so that a layer takes one for each. States that do
not begin at 0, of LIF and ATRLIF, are set by the host, which pauses as a sample begins. A max pool
of spikes is a LIF that forgets each step; a sum is as many synapses more. Samples follow each
other every `T` steps.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import numpy as np

from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import (
    LAYERS,
    Input,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.layers.timed import ONE
from onespike_lava.loihi.fit import check_options
from onespike_lava.loihi.populations import (
    ALIGNMENT,
    HIGHEST,
    MANTISSA,
    Composition,
    Neurons,
    amounts,
    limits,
    populated,
    rounds,
    shift_of,
)
from onespike_lava.network import Network
from onespike_lava.rules import largest_potential
from onespike_lava.rules.recurrence import largest_input


def senders(network: Network, position: int) -> list[int]:
    """Positions of the layers with neurons that a layer stands for: of a sum what it adds."""
    layer = network.layers[position]
    if not layer.added:
        return [position]
    return [each for source in layer.added for each in senders(network, source)]


def starts(network: Network) -> list[int]:
    """The step before each layer's first step; what it sends leaves in its own steps."""
    found = [0]
    for layer in network.layers[1:]:
        read = [found[each] for source in layer.sources for each in senders(network, source)]
        found.append(max(read, default=0) + 1)
    return found


def total_steps(network: Network, samples: int) -> int:
    """Steps until the last sample's scores are complete."""
    return starts(network)[-1] + samples * network.phases


def compose(network: Network, wait: int | None = None) -> list[Composition | None]:
    """Each layer's composition, None without neurons of its own and of pools.

    Raises `UnsupportedError` with everything that cannot be composed exactly, by layer.
    """
    check_options(network, wait, 1)
    found = [each for at in range(len(network.layers)) for each in _refusals(network, at)]
    if found:
        raise UnsupportedError("stock composition: " + "; ".join(found))
    return [populated(cast(Neurons, layer)) if layer.synapses else None for layer in network.layers]


REFUSALS: Registry[Callable[[Network, Any, int], Iterator[str]]] = Registry(
    "stock composition of networks that step", LAYERS
)
"""From a layer and its position to why it cannot be composed."""

REFUSALS.refuse(Spiking, Readout)


def _refusals(network: Network, position: int) -> Iterator[str]:
    layer = network.layers[position]
    for text in REFUSALS.of(layer)(network, layer, position):
        yield f"{layer.name} {text}"


@REFUSALS.add(Input, Sum)
def _anything(network: Network, layer: Input | Sum, position: int) -> Iterator[str]:
    """Ring buffers send any payload; sums are synapses."""
    yield from ()


@REFUSALS.add(MaxPool)
def _pool(network: Network, layer: MaxPool, position: int) -> Iterator[str]:
    source = network.layers[layer.source]
    code = network.code(layer.source)
    if source.added or int(code.payloads.max()) > 1:
        yield f"pools payloads above 1 of {source.name}; a LIF only tells whether any spikes"
    elif code.first and network.phases > 1:
        yield "passes first spikes; a LIF has no memory of them"


@REFUSALS.add(Timed, TimedReadout)
def _neurons(network: Network, layer: Neurons, position: int) -> Iterator[str]:
    found = list(_structure(network, layer, position))
    yield from found
    if not found:
        yield from _numbers(network, layer)


def _structure(network: Network, layer: Neurons, position: int) -> Iterator[str]:
    """What no stock neuron does."""
    parts = layer.integration
    if position in layer.sources:
        yield "recurs: its last spikes would reach the next sample"
    if any(each.delay is not None for each in layer.synapses):
        yield "has axons with delays: its last spikes would reach the next sample"
    if parts.growth is not None:
        yield "grows its potential; use graded weighting"
    if (parts.keep_u == ONE).any():
        yield "keeps its current whole; a LIF keeps at most 4095 / 4096"
    if ((parts.keep_u != 0) & (parts.keep_v == 0)).any():
        yield "keeps a current, but no potential; a LIF forgets both or none"
    if layer.firing.floor is not None:
        yield "has a floor; leave it out"
    if layer.role == "output" and layer.threshold is not None:
        yield "is a readout that fires: its potential is read behind the reset"
    elif layer.threshold is not None:
        yield from _firing(network, layer, layer.threshold)


def _firing(network: Network, layer: Neurons, threshold: Threshold) -> Iterator[str]:
    parts, firing, reset = layer.integration, layer.firing, layer.reset
    if firing.max_count > 1:
        yield f"sends up to {firing.max_count} spikes a step; use one"
    if layer.spikes_limit(network.phases) < network.phases:
        yield f"fires in at most {firing.max_spikes} steps; a LIF does in any"
    if (firing.payload != 1).any():
        yield f"sends payloads up to {firing.payload.max()}; a LIF sends 1"
    if len(np.unique(threshold.table)) > 1:
        yield "has thresholds that change from step to step; use one"
    if reset.table is not None and len(np.unique(reset.table)) > 1:
        yield "takes off what changes from step to step; use one amount"
    leaks = parts.keep_u.any() or (parts.keep_v != ONE).any()
    if reset.kind not in ("zero", "subtract"):
        yield f"resets by {reset.kind!r}; use zero or subtract"
    elif reset.kind == "subtract" and leaks:
        yield "leaks and subtracts: ATRLIF rounds the two apart; use one of both"


def _numbers(network: Network, layer: Neurons) -> Iterator[str]:
    """What does not fit into Lava's numbers."""
    parts = layer.integration
    if rounds(layer) and (parts.rounding != "zero" or parts.fraction_bits < ALIGNMENT):
        yield (
            f"leaks with {parts.fraction_bits} fraction bits, rounded by {parts.rounding!r}; Lava "
            f"has {ALIGNMENT}, rounded towards zero"
        )
        return
    if shift_of(layer) is None:
        yield "compares with a threshold between two of Lava's, which are multiples of 64, plus 1"
        return
    made = populated(layer)
    bound = _largest(network, layer, made)
    if bound > HIGHEST << ALIGNMENT:
        yield (
            f"needs states up to {bound}, the limit is {HIGHEST << ALIGNMENT}; use fewer fraction "
            "bits or a smaller scale"
        )
    highest = max(each.threshold for each in made.populations)
    if highest > HIGHEST:
        yield f"needs a threshold of {highest}, the limit is {HIGHEST} (17 bits)"
    odd = made.drive >> made.exponents << made.exponents != made.drive
    if (np.abs(made.drive) > MANTISSA << 7).any() or odd.any():
        yield f"has a drive of {_first_odd(made)}, which 13 bits and an exponent do not hold"


def _first_odd(made: Composition) -> int:
    odd = made.drive >> made.exponents << made.exponents != made.drive
    odd |= np.abs(made.drive) > MANTISSA << 7
    return int(made.drive[odd][0])


def _largest(network: Network, layer: Neurons, made: Composition) -> int:
    """Largest magnitude of a state in Lava; ATRLIF keeps all that came and all that was taken."""
    if not made.subtracts:
        return made.unit * largest_potential(network, layer)
    parts = layer.integration
    drive = 0 if parts.drive is None else int(np.abs(parts.drive).max())
    moved = (largest_input(network, layer) << parts.fraction_bits) + drive
    taken = int(amounts(layer).max())
    begins = int(np.abs(layer.bias).max()) + int(limits(layer).max()) + taken
    return made.unit * (network.phases * max(moved, taken) + begins)
