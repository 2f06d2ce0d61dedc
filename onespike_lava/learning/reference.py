"""The rule once more, synapse by synapse in plain loops: the yardstick of every other form.

It shares nothing with them but the table of a layer's settings. Slow: a second a sample.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.learning.plastic import Plastic
from onespike_lava.learning.rule import Rule

Place = tuple[int, int, int]


def learn(plastic: Plastic, samples: NDArray[np.uint8], rule: Rule) -> tuple[list[Any], list[Any]]:
    """Weights and live marks, nested lists [O][I][rows][columns], after samples [N, I, H, W]."""
    weight, live = plastic.weight.tolist(), plastic.live.tolist()
    for number, times in enumerate(samples.tolist(), plastic.samples):
        shift = max(rule.fastest, rule.slowest - number // rule.doubling)
        spiked = _spiked(weight, times, plastic.window.padding, rule.threshold)
        for place, step, _ in _winners(spiked, rule.winners, rule.radius):
            _update(weight, live, times, plastic.window.padding, place, step, shift, rule.prune)
    return weight, live


def _input(times: Any, padding: Any, channel: int, row: int, column: int) -> int:
    """The step in which the input spiked at a place that may lie in the padding, 0 for never."""
    top, left, _, _ = padding
    inside = 0 <= row - top < len(times[0]) and 0 <= column - left < len(times[0][0])
    return times[channel][row - top][column - left] if inside else 0


def _spiked(weight: Any, times: Any, padding: Any, threshold: int) -> dict[Place, tuple[int, int]]:
    """Of each neuron that spikes the first step with `V >= threshold`, and that `V`."""
    top, left, bottom, right = padding
    kernel_rows, kernel_columns = len(weight[0][0]), len(weight[0][0][0])
    rows = len(times[0]) + top + bottom - kernel_rows + 1
    columns = len(times[0][0]) + left + right - kernel_columns + 1
    last = max(each for plane in times for line in plane for each in line)
    found = {}
    for channel in range(len(weight)):
        for row in range(rows):
            for column in range(columns):
                potential = 0
                for step in range(1, last + 1):
                    for source in range(len(times)):
                        for r in range(kernel_rows):
                            for c in range(kernel_columns):
                                if _input(times, padding, source, row + r, column + c) == step:
                                    potential += weight[channel][source][r][c]
                    if potential >= threshold:
                        found[channel, row, column] = (step, potential)
                        break
    return found


def _winners(spiked: dict[Place, tuple[int, int]], most: int, radius: int) -> list[Any]:
    """Earliest, then highest potential, then lowest index; see `rule.select`."""
    left = [(place, step, potential) for place, (step, potential) in spiked.items()]
    left.sort(key=lambda each: (each[1], -each[2], each[0]))
    seen, best = set(), []
    for each in left:  # of each place the best channel alone
        if each[0][1:] not in seen:
            seen.add(each[0][1:])
            best.append(each)
    won: list[Any] = []
    for each in best:
        channel, row, column = each[0]
        free = all(
            other[0] != channel
            and (abs(other[1] - row) > radius or abs(other[2] - column) > radius)
            for other, _, _ in won
        )
        if free and len(won) < most:
            won.append(each)
    return won


def _update(
    weight: Any,
    live: Any,
    times: Any,
    padding: Any,
    place: Place,
    step: int,
    shift: int,
    prune: int,
) -> None:
    """Move the weights of one winner, and prune."""
    channel, row, column = place
    for source, kernel in enumerate(weight[channel]):
        for r, line in enumerate(kernel):
            for c, w in enumerate(line):
                if not live[channel][source][r][c]:
                    continue
                came = _input(times, padding, source, row + r, column + c)
                if 0 < came <= step:
                    line[c] = min(126, w + _up(w * (127 - w), 2**shift))
                    continue
                line[c] = max(1, w - _up(3 * w * (127 - w), 4 * 2**shift))
                if line[c] < prune:
                    line[c], live[channel][source][r][c] = 0, False


def _up(value: int, unit: int) -> int:
    """The quotient rounded up."""
    return (value + unit - 1) // unit
