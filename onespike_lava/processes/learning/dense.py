"""A dense layer learns in Lava's own learning connection, on Loihi's rule; see `loihi_rule`.

The connection sums, keeps the traces and moves the weights; `Winners` tells it in the same step
which neuron won. Between samples the host does what the rule does not say: it clears the traces and
prunes. A sample takes two steps for each of its own, since a winner is known a step after the
inputs that made it spike.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.dense.process import LearningDense
from lava.proc.io.source import RingBuffer as Source
from numpy.typing import NDArray

from onespike_lava.errors import OptionError
from onespike_lava.learning.engine import checked
from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import Rule, Times
from onespike_lava.processes.learning.loihi_rule import ARGUMENTS, loihi_rule
from onespike_lava.processes.learning.winners.process import Winners
from onespike_lava.processes.runner.session import Session

SECONDS_PER_SAMPLE = 2.0
"""That the time limit of a run allows for beyond what every run has."""

APART = 2
"""Steps from one step of a sample to the next."""


def learn(plastic: Plastic, times: Times, rule: Rule, steps: int, samples: int) -> Plastic:
    """The layer after so many samples more; a kernel as large as its input is a dense layer.

    times : [N, I, H, W], steps of the input's spikes; sample `n` of the layer is `times[n % N]`
    steps : of a sample, 1 .. 127

    Weights and live marks are Lava's; counts and history are not kept there. How far they are from
    those of `engine.learn` stands in docs/loihi.md. Raises `OptionError` for a layer of more than
    one place, or a rate that Loihi's engine lacks; others as `run.learn`.
    """
    given = checked(plastic, times)
    if plastic.output_shape(given.shape[1:])[1:] != (1, 1):
        raise OptionError(
            f"plastic: its kernel {plastic.weight.shape[2:]} is not as large as the input "
            f"{given.shape[2:]}; give a dense layer, or use run.learn"
        )
    if not 1 <= steps <= 255 // APART:
        raise OptionError(f"steps: {steps} is outside 1..{255 // APART}; give one of them")
    if given.max() > steps:
        raise OptionError(
            f"steps: {steps} is below {given.max()}, a step of the samples; give that many"
        )
    end = plastic.samples + samples
    while plastic.samples < end:
        shift, first = rule.shift(plastic.samples), plastic.samples
        same = next((n for n in range(first, end) if rule.shift(n) != shift), end)
        plastic = _at_one_rate(plastic, given[np.arange(first, same) % len(given)], rule, steps)
    return plastic


def _at_one_rate(plastic: Plastic, times: Times, rule: Rule, steps: int) -> Plastic:
    """The layer after samples of one rate: Lava's rule holds it as a constant."""
    outputs, period = len(plastic.weight), APART * steps
    weight = plastic.weight.reshape(outputs, -1).astype(np.int64)
    source = Source(data=_spikes(times, steps))
    dense = LearningDense(
        weights=weight, learning_rule=loihi_rule(rule.shift(plastic.samples)), **ARGUMENTS
    )
    winners = Winners(shape=(outputs, 1, 1), rule=rule, steps=period, start=1)
    source.s_out.connect(dense.s_in)
    dense.a_out.reshape((outputs, 1, 1)).connect(winners.a_in)
    winners.first.connect(dense.s_in_bap)
    with Session(dense, Loihi2SimCfg(select_tag="fixed_pt")) as run:
        for each in _samples(run, period, len(times)):
            run.set(dense.x1, np.zeros(weight.shape[1]))
            found = run.get(dense.weights).astype(np.int64)
            weight, changed = pruned_by_host(weight, found, rule.prune)
            if changed and each + 1 < len(times):
                run.set(dense.weights, weight)
    whole = weight.astype(np.int8).reshape(plastic.weight.shape)
    return replace(plastic, weight=whole, live=whole > 0, samples=plastic.samples + len(times))


def _spikes(times: Times, steps: int) -> NDArray[np.int64]:
    """Spikes [inputs, steps of all samples], one step of a sample after the other with a gap."""
    flat = times.reshape(len(times), -1)
    sent = np.zeros((len(times), APART * steps, flat.shape[1]), np.int64)
    sample, place = np.nonzero(flat)
    sent[sample, APART * (flat[sample, place].astype(np.int64) - 1), place] = 1
    return sent.reshape(-1, flat.shape[1]).T


def _samples(run: Session, period: int, count: int) -> Iterator[int]:
    """Run sample after sample."""
    for number in range(count):
        run.run(period, extra_seconds=SECONDS_PER_SAMPLE)
        yield number


def pruned_by_host(before: Any, after: Any, limit: int) -> tuple[NDArray[np.int64], bool]:
    """Weights after pruning those that fell in a sample, to below the limit; whether any were."""
    gone = (after < before) & (after < limit)
    return np.where(gone, 0, after), bool(gone.any())
