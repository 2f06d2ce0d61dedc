"""Layers learn and spike at the speed of compiled code; exactly as `rule.step` has it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import DataError
from onespike_lava.learning.plastic import Look, Plastic
from onespike_lava.learning.rule import Rule, Times, convergence
from onespike_lava.system.parts import need

Seen = Callable[[Plastic], None]
"""Called after every look with the layer as it is then; what it raises ends the learning."""

CHANNELS_LAST = (1, 2, 3, 0)
FIRST = (3, 0, 1, 2)


def unseen(plastic: Plastic) -> None:
    """Look at nothing."""


def learn(plastic: Plastic, times: Times, rule: Rule, seen: Seen = unseen) -> Plastic:
    """Go on learning until the rule says that it is enough; see `is_done`.

    times : [N, I, H, W], steps of the input's spikes; sample `n` of the layer is `times[n % N]`

    What is learnt depends on the rule, the samples and where the layer stands, on nothing else: a
    layer that was kept and goes on later ends with the same weights. Raises `DataError` for
    samples that do not fit.
    """
    times = checked(plastic, times)
    while not is_done(plastic, rule):
        until = min((plastic.samples // rule.look + 1) * rule.look, rule.samples)
        plastic = advance(plastic, times, rule, until)
        seen(plastic)
    return plastic


def is_done(plastic: Plastic, rule: Rule) -> bool:
    """Whether it converged at its last look, or had all its samples."""
    converged = bool(plastic.history) and plastic.history[-1].convergence < rule.stop
    return converged or plastic.samples >= rule.samples


def advance(plastic: Plastic, times: Times, rule: Rule, until: int) -> Plastic:
    """Learn up to sample `until`, and look."""
    times = checked(plastic, times)
    numbers = np.arange(plastic.samples, until)
    table, live = _tables(plastic)
    shifts = np.array([rule.shift(int(number)) for number in numbers], np.int64)
    compiled, _ = _kernels()
    settings = (rule.threshold, rule.winners, rule.radius, rule.prune)
    given = np.ascontiguousarray(times[numbers % len(times)])
    passed, updates = compiled(table, live, given, plastic.window.padding, settings, shifts)
    weight = table.astype(np.int8).transpose(FIRST)
    share = float(live.mean())
    return replace(
        plastic,
        weight=weight,
        live=live.transpose(FIRST),
        samples=until,
        integrations=plastic.integrations + int(passed),
        updates=plastic.updates + int(updates),
        history=(*plastic.history, Look(until, convergence(weight), share)),
    )


def spikes(plastic: Plastic, times: Times, threshold: int) -> tuple[Times, int]:
    """Steps of the layer's spikes [N, O, H, W], all neurons free to spike, and integrations."""
    times = checked(plastic, times)
    table, live = _tables(plastic)
    channels, rows, columns = plastic.output_shape(times.shape[1:])
    found = np.zeros((len(times), rows, columns, channels), np.uint8)
    _, compiled = _kernels()
    padding = plastic.window.padding
    passed = compiled(table, live, np.ascontiguousarray(times), padding, threshold, found)
    return np.ascontiguousarray(found.transpose(0, 3, 1, 2)), int(passed)


def checked(plastic: Plastic, times: Any) -> Times:
    """Samples as uint8 [N, I, H, W]; `DataError` where they do not fit the layer."""
    values = np.asarray(times)
    channels = plastic.weight.shape[1]
    if values.dtype != np.uint8 or values.ndim != 4 or values.shape[1] != channels:
        found = f"{values.dtype}{list(values.shape)}"
        raise DataError(f"times: {found} is not uint8[N, {channels}, H, W]; give steps of spikes")
    if not len(values):
        raise DataError("times: there are no samples; give at least one")
    if min(plastic.output_shape(values.shape[1:])) < 1:
        raise DataError(
            f"times: planes of {values.shape[2:]} are smaller than the kernel "
            f"{plastic.weight.shape[2:]}; give larger ones, or a smaller kernel"
        )
    return values


def _tables(plastic: Plastic) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    weight = plastic.weight.transpose(CHANNELS_LAST).astype(np.int32, order="C")
    return weight, plastic.live.transpose(CHANNELS_LAST).copy(order="C")


def _kernels() -> Any:
    need("numba.core", "learning", way="install it with `pip install numba`")
    from onespike_lava.learning.kernels import kernels

    return kernels()
