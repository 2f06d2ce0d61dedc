"""The rule of STDP in integers, as pure functions: one sample changes the weights of a layer.

Neurons add up, forget nothing within a sample and spike once. A neuron that wins moves each of
its weights by `w (127 - w) >> shift`, up where its input spiked no later than itself, down, by
three quarters of that, where later or never. The move is rounded away from 0: an arithmetic shift
of the negative product, so that small rates still move a weight by 1. Live weights stay within
1 .. 126, where the product is not 0; 0 is a synapse that was pruned.

The base is that of Kheradpisheh et al., "STDP-based spiking deep convolutional neural networks for
object recognition" (2018), and Mozafari et al., "SpykeTorch" (2019). Pruning while a network
learns is the idea of Nguyen, Veeravalli and Fong, "Connection pruning for deep spiking neural
networks with on-chip learning" (2021); the rule that prunes here is ours.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import OptionError
from onespike_lava.layers import Window
from onespike_lava.learning.plastic import Plastic
from onespike_lava.limits import WEIGHT_MAX

LOWEST, HIGHEST = 1, WEIGHT_MAX - 1
"""Ends of live weights: at 0 and 127 the product `w (127 - w)` would hold them for ever."""

Times = NDArray[np.uint8]
"""The step of each neuron's only spike in a sample, 1 .. 255; 0 where it is silent."""


@dataclass(frozen=True)
class Rule:
    """How a layer learns.

    threshold : potential that makes a neuron spike
    winners   : most neurons that learn from a sample, `k`; each of another channel
    radius    : places around a winner, in rows and columns, where no other may win
    slowest   : shift of the first samples; a shift of 15 is a rate of 127 / 2**15 = 0.004
    fastest   : shift at which the rate stays
    doubling  : samples until the rate doubles, which takes 1 off the shift
    prune     : a weight that falls below it is pruned, 0 for never; see `pruned`
    stop      : learning ends where `convergence` falls below it, 0 for never
    look      : samples from one look at the convergence to the next
    samples   : samples that a layer learns from at most

    Raises `OptionError` for values outside their range.
    """

    threshold: int
    winners: int = 5
    radius: int = 2
    slowest: int = 15
    fastest: int = 10
    doubling: int = 100
    prune: int = 38
    stop: float = 0.01
    look: int = 50
    samples: int = 4000

    def __post_init__(self) -> None:
        """Check each value."""
        ranges = {
            "threshold": (1, 2**23 - 1),
            "winners": (1, 2**16),
            "radius": (0, 2**16),
            "slowest": (self.fastest, 22),
            "fastest": (1, 22),
            "doubling": (1, 2**31),
            "prune": (0, HIGHEST),
            "stop": (0, 1),
            "look": (1, 2**31),
            "samples": (1, 2**31),
        }
        for name, (low, high) in ranges.items():
            value = getattr(self, name)
            if not low <= value <= high:
                raise OptionError(f"{name}: {value} is outside {low}..{high}; give one of them")

    def shift(self, sample: int) -> int:
        """The shift of sample 0, 1, ..: the rate doubles every `doubling` samples."""
        return max(self.fastest, self.slowest - sample // self.doubling)


class Winner(NamedTuple):
    """A neuron that learns, and the step in which it spiked."""

    channel: int
    row: int
    column: int
    step: int


def moved(weight: NDArray[Any], up: NDArray[np.bool_], shift: int) -> NDArray[np.int64]:
    """Weights after one update; up or down, by a shift instead of a product with the rate."""
    product = weight.astype(np.int64) * (WEIGHT_MAX - weight.astype(np.int64))
    rise = -(-product >> shift)
    fall = -(-3 * product >> shift + 2)
    return np.clip(np.where(up, weight + rise, weight - fall), LOWEST, HIGHEST)


def pruned(weight: Any, up: Any, limit: int) -> Any:
    """Whether a synapse is pruned for ever after an update: it fell, to below `limit`.

    This rule is ours. Another takes its place here alone: arrays and compiled code both call it.
    """
    return (weight < limit) & (up == 0)


def convergence(weight: NDArray[np.int8]) -> float:
    """Mean of `w (1 - w)` of the weights as shares of 127; 0 where each is at one of its ends."""
    whole = weight.astype(np.int64)
    return float((whole * (WEIGHT_MAX - whole)).mean()) / WEIGHT_MAX**2


def select(times: Times, potentials: NDArray[Any], winners: int, radius: int) -> list[Winner]:
    """The neurons that learn, best first: earliest, then highest potential, then lowest index.

    times      : [O, H, W], 0 for neurons that did not spike
    potentials : [O, H, W], of each in its step

    A place belongs to its best channel; a winner ends the chances of its channel everywhere, and
    of all channels within the radius.
    """
    index = np.arange(times.size).reshape(times.shape)
    # One number that orders them: step, then potential downwards, then index.
    order = (times.astype(np.int64) << 24) - np.where(times > 0, potentials, 0)
    order = np.where(times > 0, order * times.size + index, np.iinfo(np.int64).max)
    order = np.where(order == order.min(axis=0), order, np.iinfo(np.int64).max)
    found: list[Winner] = []
    while len(found) < winners and order.min() < np.iinfo(np.int64).max:
        channel, row, column = (int(each) for each in np.unravel_index(order.argmin(), order.shape))
        found.append(Winner(channel, row, column, int(times[channel, row, column])))
        order[channel] = np.iinfo(np.int64).max
        above, left = max(row - radius, 0), max(column - radius, 0)
        order[:, above : row + radius + 1, left : column + radius + 1] = np.iinfo(np.int64).max
    return found


def spikes(
    weight: NDArray[np.int8], times: Times, window: Window, threshold: int
) -> tuple[Times, NDArray[np.int64]]:
    """Step and potential of each neuron's spike, [O, H, W]; weights are not negative."""
    taps = window.view(times[None], weight.shape[2:])[0]
    shape = (len(weight), *taps.shape[1:3])
    sums, step = np.zeros(shape, np.int64), np.zeros(shape, np.uint8)
    potentials = np.zeros(shape, np.int64)
    for now in range(1, int(times.max(initial=0)) + 1):
        sums += np.einsum("ihwrc,oirc->ohw", (taps == now).astype(np.int64), weight, optimize=True)
        new = (step == 0) & (sums >= threshold)
        step[new], potentials[new] = now, sums[new]
    return step, potentials


def updated(plastic: Plastic, times: Times, winners: list[Winner], rule: Rule) -> Plastic:
    """The layer after a sample of input `times` [I, H, W] in which these neurons won."""
    weight, live = plastic.weight.copy(), plastic.live.copy()
    rows, columns = weight.shape[2:]
    shift, padded = rule.shift(plastic.samples), plastic.window.pad(times)
    for channel, row, column, step in winners:
        under = padded[:, row : row + rows, column : column + columns]
        up = (under > 0) & (under <= step)
        here = moved(weight[channel], up, shift)
        live[channel] &= ~pruned(here, up, rule.prune)
        weight[channel] = np.where(live[channel], here, 0)
    updates = sum(int(plastic.live[each.channel].sum()) for each in winners)
    return replace(
        plastic,
        weight=weight,
        live=live,
        samples=plastic.samples + 1,
        updates=plastic.updates + updates,
        integrations=plastic.integrations + delivered(plastic, times),
    )


def delivered(plastic: Plastic, times: Times) -> int:
    """Live synapses that the spikes of a sample pass: each is an addition to a potential."""
    taps = plastic.window.view((times > 0)[None], plastic.weight.shape[2:])[0]
    return int((taps.sum(axis=(1, 2)) * plastic.live.sum(axis=0)).sum())


def step(plastic: Plastic, times: Times, rule: Rule) -> Plastic:
    """The layer after one sample; `times` [I, H, W] are the steps of its input's spikes."""
    found = spikes(plastic.weight, times, plastic.window, rule.threshold)
    return updated(plastic, times, select(*found, rule.winners, rule.radius), rule)
