"""Whether stock LIF neurons are what a layer of timed neurons is, and their constants.

Stock neurons shift what arrives by 6. A layer of another shift whose states forget nothing, or
everything, is the same in other units, as long as 24 bits hold it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import UnsupportedError
from onespike_lava.layers import (
    LAYERS,
    Input,
    Integers,
    MaxPool,
    Readout,
    Registry,
    Spiking,
    Sum,
    Synapse,
    Timed,
    TimedReadout,
)
from onespike_lava.layers.timed import ONE
from onespike_lava.limits import STATE_LIMIT
from onespike_lava.model import Model
from onespike_lava.netx.lavadl.neuron import HIGHEST, mantissa
from onespike_lava.netx.lavadl.weights import SHIFT, whole_weights
from onespike_lava.rules import largest_potential

MISFITS: Registry[Callable[[Model, Any], Iterator[str]]] = Registry("lava-dl file", LAYERS)
"""What a layer has that lava-dl's of its kind have not, in messages."""

MISFITS.refuse(MaxPool, Sum, Spiking, Readout)


@dataclass(frozen=True)
class Fit:
    """Constants of a layer in lava-dl's terms.

    threshold : mantissa, None of output neurons, which do not fire
    """

    weights: list[NDArray[np.float32]]
    bias: Integers
    keep_u: int
    keep_v: int
    threshold: int | None

    @property
    def adds(self) -> bool:
        """Whether its potential sums all that has arrived."""
        return (self.keep_u, self.keep_v) == (0, ONE)


def fit(network: Model, layer: Timed | TimedReadout) -> Fit:
    """The constants of a layer; `UnsupportedError` where stock neurons are not like that."""
    for text in MISFITS.of(layer)(network, layer):
        raise UnsupportedError(f"{layer.name}: {text}; keep the .net file")
    parts = layer.integration
    more = max(SHIFT - parts.fraction_bits, 0)
    weights = []
    for synapse in layer.synapses:
        assert isinstance(synapse, Synapse)
        weights.append(whole_weights(synapse.weight, parts.fraction_bits))
    bias = mantissa(None if parts.drive is None else parts.drive << more)
    threshold = None if layer.threshold is None else _threshold(layer, more)
    assert bias is not None
    if bias.ndim > 1:  # a value per place or neuron, of which all in a channel agree
        bias = np.broadcast_to(bias, layer.shape).reshape(layer.shape[0], -1)[:, 0]
    found = [each for each in weights if each is not None]
    return Fit(found, bias, int(parts.keep_u[0]), int(parts.keep_v[0]), threshold)


@MISFITS.add(Input)
def _input(network: Model, layer: Input) -> Iterator[str]:
    yield from ()


@MISFITS.add(Timed)
def _hidden(network: Model, layer: Timed) -> Iterator[str]:
    yield from _states(layer)
    yield from _firing(network, layer)
    yield from _numbers(network, layer)


@MISFITS.add(TimedReadout)
def _output(network: Model, layer: TimedReadout) -> Iterator[str]:
    yield from _states(layer)
    if layer.take != "last" or layer.group != 1 or layer.threshold is not None:
        yield "output neurons that take sums or maxima, add groups, or fire are not in the file"
    yield from _floor(layer)
    yield from _numbers(network, layer)
    more = max(SHIFT - layer.integration.fraction_bits, 0)
    if largest_potential(network, layer) << more > HIGHEST << SHIFT:
        yield "its potential can reach the highest threshold, above which stock neurons fire"


def _states(layer: Timed | TimedReadout) -> Iterator[str]:
    """What the states of stock LIF neurons do not; later messages rely on earlier ones."""
    parts = layer.integration
    if layer.bias.any() or parts.growth is not None:
        yield "its potential starts elsewhere than at 0, or grows, that of stock neurons does not"
    for keep in (parts.keep_u, parts.keep_v):
        if (keep != keep[0]).any():
            yield "its channels decay differently, those of a stock layer do not"
    free = {int(parts.keep_u[0]), int(parts.keep_v[0])} <= {0, ONE}
    if not free and parts.rounding != "zero":
        yield f"its states are rounded {parts.rounding!r}, those of stock neurons towards zero"
    if not free and parts.fraction_bits < SHIFT:
        yield f"its states have {parts.fraction_bits} fraction bits, those of stock neurons 6"


def _firing(network: Model, layer: Timed) -> Iterator[str]:
    firing = layer.firing
    if layer.reset.kind != "zero":
        yield f"its reset is {layer.reset.kind!r}, that of stock neurons 'zero'"
    elif firing.max_spikes not in (0, network.phases) or firing.max_count > 1:
        yield "its spikes are counted or limited, those of stock neurons are not"
    elif (firing.payload != 1).any() or (layer.threshold.table != 1).any():
        yield "its payload or threshold changes with the step, or is not 1, stock neurons' does not"
    yield from _floor(layer)


def _floor(layer: Timed | TimedReadout) -> Iterator[str]:
    if layer.firing.floor is not None:
        yield "its potential has a floor, that of stock neurons has none"


def _numbers(network: Model, layer: Timed | TimedReadout) -> Iterator[str]:
    """What lava-dl's numbers do not reach."""
    parts = layer.integration
    more = max(SHIFT - parts.fraction_bits, 0)
    if more and largest_potential(network, layer) << more >= STATE_LIMIT:
        yield f"its states times {1 << more}, stock neurons' fraction bits, leave 24 bits"
    if any(whole_weights(each.weight, parts.fraction_bits) is None for each in layer.synapses):
        yield f"its weights with {parts.fraction_bits} fraction bits exceed lava-dl's -256..254"
    bias = mantissa(None if parts.drive is None else parts.drive << more)
    if bias is None:
        yield "its drive is no multiple of 64 of 13 bits, the bias of stock neurons"
    elif bias.ndim > 1 and _varies(bias, layer.shape):
        yield "its drive differs within a channel, the bias of stock layers does not"
    if layer.threshold is not None:
        if (layer.threshold.base != layer.threshold.base.flat[0]).any():
            yield "its neurons have different thresholds, those of a stock layer one"
        if _threshold(layer, more) is None:
            yield "its threshold lies between two of stock neurons, multiples of 64 of 17 bits"


def _varies(values: Integers, shape: tuple[int, ...]) -> bool:
    rows = np.broadcast_to(values, shape).reshape(shape[0], -1)
    return bool((rows != rows[:, :1]).any())


def _threshold(layer: Timed | TimedReadout, more: int) -> int | None:
    """`m` so that `v > m << 6` where `v >= base`, in units that `more` bits divide; else None.

    Potentials that forget nothing are multiples of a power of two.
    """
    assert layer.threshold is not None
    parts = layer.integration
    unit = 1
    if {int(parts.keep_u[0]), int(parts.keep_v[0])} <= {0, ONE}:
        drives = np.zeros(1, np.int32) if parts.drive is None else parts.drive
        powers = (1 << bits for bits in range(parts.fraction_bits, -1, -1))
        unit = next(each for each in powers if not (drives % each).any()) << more
    base = int(layer.threshold.base.flat[0]) << more
    least = -(-base // unit) * unit  # the lowest potential that fires
    found = least - 1 >> SHIFT
    fits = found << SHIFT >= least - unit and 0 <= found <= HIGHEST
    return found if fits else None
