"""Networks that step in stock Lava processes: each layer's composition, and what has none.

What no stock neuron does is said in words; what its registers do not hold are rules, numbers
beyond a limit, which `check` tells where the stock composition is asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
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
from onespike_lava.loihi import stepping
from onespike_lava.loihi.fit import check_options
from onespike_lava.loihi.limits import LOIHI2
from onespike_lava.loihi.populations import (
    ALIGNMENT,
    HIGHEST,
    Composition,
    Neurons,
    amounts,
    exponents,
    limits_of,
    populated,
    rounds,
    shift_of,
)
from onespike_lava.loihi.rules import Case, Violation, over, signed_bits
from onespike_lava.loihi.sizes import Limits
from onespike_lava.network import Network
from onespike_lava.rules import largest_potential

STATE_MAX = HIGHEST << ALIGNMENT
"""Above every threshold of Lava, in its units; also what 24 bits hold."""


class StockCase(Case):
    """A network that steps in stock processes, under limits."""

    @cached_property
    def times(self) -> list[stepping.Times]:
        """When each layer works."""
        return stepping.times(self.network)

    @cached_property
    def late(self) -> set[int]:
        """Layers that are held down between samples."""
        return stepping.late_senders(self.network)


def compose(network: Network, wait: int | None = None) -> list[Composition | None]:
    """Each layer's composition, None without neurons of its own and of pools.

    Raises `UnsupportedError` with everything that cannot be composed exactly, by layer.
    """
    check_options(network, wait, 1)
    found = [f"{name} {text}" for name, text in refusals(network)]
    if found:
        raise UnsupportedError("stock composition: " + "; ".join(found))
    return [populated(cast(Neurons, layer)) if layer.synapses else None for layer in network.layers]


def refusals(network: Network, limits: Limits = LOIHI2) -> Iterator[tuple[str, str]]:
    """Name of a layer and why it cannot be composed."""
    case = StockCase(network, 0, 1, limits)
    for position, layer in enumerate(network.layers):
        for text in REFUSALS.of(layer)(case, layer, position):
            yield layer.name, text


REFUSALS: Registry[Callable[[StockCase, Any, int], Iterator[str]]] = Registry(
    "stock composition of networks that step", LAYERS
)
"""From a layer and its position to why it cannot be composed."""

REFUSALS.refuse(Spiking, Readout)


@REFUSALS.add(Input, Sum)
def _anything(case: StockCase, layer: Input | Sum, position: int) -> Iterator[str]:
    """Ring buffers send any payload; sums are synapses."""
    yield from ()


@REFUSALS.add(MaxPool)
def _pool(case: StockCase, layer: MaxPool, position: int) -> Iterator[str]:
    network = case.network
    source, code = network.layers[layer.source], network.code(layer.source)
    mixed = bool(source.added) or source.role == "input"
    if mixed and int(code.payloads.max()) > 1:
        yield (
            f"pools payloads above 1 of {source.name}, which differ within a step; a LIF only "
            "tells whether any spikes; pool before they are added, or use average pools"
        )
    elif code.first and network.phases > 1:
        yield "passes first spikes; a LIF has no memory of them; let its source fire in any step"


@REFUSALS.add(Timed, TimedReadout)
def _neurons(case: StockCase, layer: Neurons, position: int) -> Iterator[str]:
    found = list(_structure(case, layer, position))
    yield from found
    if not found:
        yield from _numbers(case, layer, position)


def _structure(case: StockCase, layer: Neurons, position: int) -> Iterator[str]:
    """What no stock neuron does."""
    parts = layer.integration
    if parts.growth is not None:
        yield "grows its potential; use graded weighting"
    if ((parts.keep_u != 0) & (parts.keep_v == 0)).any():
        yield "keeps a current, but no potential; a LIF forgets both or none: keep some"
    if layer.firing.floor is not None:
        yield "has a floor; leave it out"
    if layer.role == "output" and layer.threshold is not None:
        yield "is a readout that fires: its potential is read after the reset; use no threshold"
    elif layer.threshold is not None:
        yield from _firing(case.network, layer, layer.threshold)
    yield from _recurrence(case, layer, position)


def _firing(network: Network, layer: Neurons, threshold: Threshold) -> Iterator[str]:
    parts, firing, reset = layer.integration, layer.firing, layer.reset
    if firing.max_count > 1:
        yield f"sends up to {firing.max_count} spikes a step; use one"
    if layer.spikes_limit(network.phases) < network.phases:
        yield f"fires in at most {firing.max_spikes} steps; a LIF does in any: leave the limit out"
    if len(np.unique(threshold.table)) > 1:
        yield "has thresholds that change from step to step; use one"
    if reset.table is not None and len(np.unique(reset.table)) > 1:
        yield "takes off what changes from step to step; use one amount"
    leaks = parts.keep_u.any() or (parts.keep_v != ONE).any()
    if reset.kind not in ("zero", "subtract"):
        yield f"resets by {reset.kind!r}; use zero or subtract"
    elif reset.kind == "subtract" and leaks:
        yield "leaks and subtracts: ATRLIF rounds the two apart; use one of both"


def _recurrence(case: StockCase, layer: Neurons, position: int) -> Iterator[str]:
    """Synapses that would be there before the spike, which its payload delays by a step."""
    loops = [synapse for synapse in layer.synapses if synapse.source == position]
    if any(stepping.delays(case.times, position, each, position).min() < 1 for each in loops):
        yield (
            "recurs at once with payloads other than 1, whose multiplication takes a step; "
            "send 1, or delay the axons by a step"
        )


def _numbers(case: StockCase, layer: Neurons, position: int) -> Iterator[str]:
    """What does not fit into Lava's numbers."""
    parts = layer.integration
    if rounds(layer) and (parts.rounding != "zero" or parts.fraction_bits < ALIGNMENT):
        yield (
            f"leaks with {parts.fraction_bits} fraction bits, rounded by {parts.rounding!r}; Lava "
            f"has {ALIGNMENT}, rounded towards zero: use these"
        )
        return
    if shift_of(layer) is None:
        yield "compares with a threshold between two of Lava's, multiples of 64, plus 1; use these"
        return
    found = _largest(case, layer, position)
    if found > STATE_MAX:
        yield (
            f"needs states up to {found}, the limit is {STATE_MAX}; use fewer fraction bits or a "
            "smaller scale"
        )
    for each in overflows(case, position):
        what = each.rule.replace("_", " ")
        bits = " bits" if each.unit.startswith("bits") else ""
        most = f"{each.limit:,} {each.unit}"
        yield f"needs a {what} of {each.found:,}{bits}, the limit is {most}; {each.fix}"


def _largest(case: StockCase, layer: Neurons, position: int) -> int:
    """Largest magnitude of a state in Lava; ATRLIF keeps all that came and all that was taken."""
    network, made = case.network, populated(layer)
    moved, most = stepping.moved(network, layer), largest_potential(network, layer)
    if made.subtracts:
        taken = int(amounts(layer).max())
        begins = int(np.abs(layer.bias).max()) + int(limits_of(layer).max()) + taken
        most = network.phases * max(moved, taken) + begins
    if position not in case.late:
        return made.unit * most
    return made.unit * max(most, _held_current(network, layer, position, made.unit))


def _held_current(network: Network, layer: Neurons, position: int, unit: int) -> int:
    """Largest magnitude of a current that is held down in every step between samples."""
    keep = int(layer.integration.keep_u.max())
    held = -(-(stepping.hold(network, position) << ALIGNMENT) // unit)
    each = held + stepping.moved(network, layer)
    if not keep:
        return each
    steps = stepping.rest(network)
    if keep < ONE:
        steps = min(steps, -(-ONE // (ONE - keep)))  # all that is kept of the steps before
    return largest_potential(network, layer) + steps * each


def overflows(case: StockCase, position: int) -> Iterator[Violation]:
    """Numbers of a layer beyond those of a stock LIF, where it is one but for them."""
    network = case.network
    layer = cast(Neurons, network.layers[position])
    if not network.steps or not layer.synapses:
        return
    if list(_structure(case, layer, position)) or shift_of(layer) is None:
        return
    for rule in (_threshold, _mantissa, _current):
        yield from rule(case, layer, position)


def _threshold(case: StockCase, layer: Neurons, position: int) -> Iterator[Violation]:
    """One number a Process, in units of 64; that of a readout is never reached."""
    if layer.threshold is not None:
        bits = max(each.threshold for each in populated(layer).populations).bit_length()
        fix = "use fewer fraction bits or a smaller scale"
        yield from over(case, layer.name, "threshold", bits, "lif_threshold_bits", fix)


def _mantissa(case: StockCase, layer: Neurons, position: int) -> Iterator[Violation]:
    """What is added each step: a mantissa times a power of two."""
    made = populated(layer)
    found = np.unique(made.drive >> exponents(made.drive, int(case.limits["bias_exponent"].number)))
    bits = max(signed_bits(min(each, 0), max(each, 0)) for each in found.tolist())
    fix = "round the drive to fewer bits, or use a smaller scale"
    yield from over(case, layer.name, "bias_mantissa", bits, "bias_mantissa_bits", fix)


def _current(case: StockCase, layer: Neurons, position: int) -> Iterator[Violation]:
    """A current that keeps all of itself."""
    keep = int(layer.integration.keep_u.max())
    fix = "let it decay a little"
    yield from over(case, layer.name, "current_keep", keep, "current_keep", fix)
