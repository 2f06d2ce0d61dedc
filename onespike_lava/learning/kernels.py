"""The rule compiled, driven by events: what a spike brings goes to live synapses alone.

A table `[I, rows, columns, O]` holds the weights, so that one spike adds a row of it to the
potentials of a place. Where three of four synapses of a row are pruned, a list of the others takes
its place. A place whose best channel has spiked has no part in the sample any more, and once all
winners are known nothing has: so learning ends a sample early, with the same winners.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any

from numba import njit
from numpy import empty, int32, int64, uint8, zeros

from onespike_lava.learning import rule
from onespike_lava.limits import WEIGHT_MAX

LOW, HIGH = rule.LOWEST, rule.HIGHEST

pruned = njit(rule.pruned)


@cache
def kernels() -> tuple[Callable[..., Any], Callable[..., Any]]:
    """`learn` and `spikes` compiled, from the cache on disk where there is one.

    The cache goes by the text of this file and by what its functions close over: a number made of
    this text and of the rule's.
    """
    text = b"".join(Path(each).read_bytes() for each in (__file__, rule.__file__))
    return _made(int.from_bytes(sha256(text).digest()[:7], "big"))


def _made(version: int) -> tuple[Callable[..., Any], Callable[..., Any]]:
    def learn(table, live, times, padding, settings, shifts):  # type: ignore[no-untyped-def]
        assert version
        return _learn(table, live, times, padding, settings, shifts)

    def spikes(table, live, times, padding, threshold, found):  # type: ignore[no-untyped-def]
        assert version
        return _spikes(table, live, times, padding, threshold, found)

    try:
        return njit(nogil=True, cache=True)(learn), njit(nogil=True, cache=True)(spikes)
    except RuntimeError:  # no folder can be written to
        return njit(nogil=True)(learn), njit(nogil=True)(spikes)


@njit
def _learn(table, live, times, padding, settings, shifts):  # type: ignore[no-untyped-def]
    """Change table and live marks; integrations, updates.

    settings : threshold, winners, radius, prune
    """
    threshold, winners, radius, prune = settings
    potentials = zeros(_places(table, times, padding), int32)
    best = empty(potentials.shape[:2], int64)
    high = empty(potentials.shape[:2], int64)
    over = empty(potentials.shape[:2], uint8)
    fresh = empty(potentials.shape[:2], uint8)
    taken = empty(table.shape[3], uint8)
    chosen = empty((winners, 4), int64)
    lists, counts = _lists(live)
    order, starts = empty(times[0].size, int32), zeros(257, int64)
    integrations, updates = 0, 0
    for sample in range(len(times)):
        last = _events(times[sample], order, starts)
        potentials[:] = 0
        over[:] = 0
        fresh[:] = 0
        taken[:] = 0
        won = 0
        for step in range(1, last + 1):
            spiked, adds = order[starts[step] : starts[step + 1]], won < winners
            integrations += _integrate(
                spiked, times.shape, padding, table, lists, counts, potentials, over, fresh, adds
            )
            if adds:
                _look(potentials, threshold, over, fresh, best, high)
                won = _choose(best, high, over, taken, chosen, won, radius, step)
        for number in range(won):
            updates += _move(
                table, live, lists, counts, times[sample], padding, chosen[number], shifts[sample],
                prune,
            )  # fmt: skip
    return integrations, updates


@njit
def _spikes(table, live, times, padding, threshold, found):  # type: ignore[no-untyped-def]
    """Steps of the layer's spikes into found [N, H, W, O]; integrations."""
    potentials = zeros(found.shape[1:], int32)
    lists, counts = _lists(live)
    order, starts = empty(times[0].size, int32), zeros(257, int64)
    over, fresh = zeros(found.shape[1:3], uint8), zeros(found.shape[1:3], uint8)
    integrations = 0
    for sample in range(len(times)):
        last = _events(times[sample], order, starts)
        potentials[:] = 0
        for step in range(1, last + 1):
            spiked = order[starts[step] : starts[step + 1]]
            integrations += _integrate(
                spiked, times.shape, padding, table, lists, counts, potentials, over, fresh, True
            )
            _note(potentials, threshold, fresh, found[sample], step)
    return integrations


@njit
def _note(potentials, threshold, fresh, found, step):  # type: ignore[no-untyped-def]
    """The step into `found` of neurons that reach the threshold for the first time."""
    rows, columns, channels = potentials.shape
    for row in range(rows):
        for column in range(columns):
            if not fresh[row, column]:
                continue
            fresh[row, column] = 0
            for channel in range(channels):  # without a branch, so that it is vectorised
                new = potentials[row, column, channel] >= threshold
                new &= found[row, column, channel] == 0
                found[row, column, channel] |= uint8(new * step)


@njit
def _places(table, times, padding):  # type: ignore[no-untyped-def]
    """Rows, columns and channels of the layer."""
    rows = times.shape[2] + padding[0] + padding[2] - table.shape[1] + 1
    columns = times.shape[3] + padding[1] + padding[3] - table.shape[2] + 1
    return rows, columns, table.shape[3]


@njit
def _lists(live):  # type: ignore[no-untyped-def]
    """Of each row of synapses the live ones, and how many they are."""
    lists, counts = empty(live.shape, int32), zeros(live.shape[:3], int64)
    for source in range(live.shape[0]):
        for r in range(live.shape[1]):
            for c in range(live.shape[2]):
                counts[source, r, c] = _listed(live[source, r, c], lists[source, r, c])
    return lists, counts


@njit
def _listed(live, into):  # type: ignore[no-untyped-def]
    """The live ones of a row, first in `into`; how many they are."""
    count = 0
    for channel in range(len(live)):
        if live[channel]:
            into[count] = channel
            count += 1
    return count


@njit
def _events(times, order, starts):  # type: ignore[no-untyped-def]
    """Neurons by the step of their spike, `order[starts[s]:starts[s + 1]]`; the last step."""
    flat = times.reshape(-1)
    starts[:] = 0
    last = uint8(0)
    for neuron in range(len(flat)):
        if flat[neuron]:
            starts[flat[neuron] + 1] += 1
            if flat[neuron] > last:
                last = flat[neuron]
    for step in range(1, 257):
        starts[step] += starts[step - 1]
    places = starts.copy()
    for neuron in range(len(flat)):
        step = flat[neuron]
        if step:
            order[places[step]] = neuron
            places[step] += 1
    return last


@njit
def _integrate(spiked, shape, padding, table, lists, counts, potentials, over, fresh, adds):  # type: ignore[no-untyped-def]
    """Bring the spikes of a step to the places that are not over; live synapses passed in all.

    fresh : becomes 1 of places whose potentials change
    """
    rows, columns, channels = potentials.shape
    height, width = shape[2:]
    passed = 0
    for neuron in spiked:
        source, place = neuron // (height * width), neuron % (height * width)
        y, x = place // width + padding[0], place % width + padding[1]
        for r in range(max(0, y - rows + 1), min(table.shape[1], y + 1)):
            for c in range(max(0, x - columns + 1), min(table.shape[2], x + 1)):
                count = counts[source, r, c]
                passed += count
                if not adds or not count or over[y - r, x - c]:
                    continue
                fresh[y - r, x - c] = 1
                row, column = y - r, x - c
                if 4 * count > channels:
                    for channel in range(channels):
                        potentials[row, column, channel] += table[source, r, c, channel]
                else:
                    for number in range(count):
                        channel = lists[source, r, c, number]
                        potentials[row, column, channel] += table[source, r, c, channel]
    return passed


@njit
def _look(potentials, threshold, over, fresh, best, high):  # type: ignore[no-untyped-def]
    """The best channel of each place that spikes in this step, -1 for none; its place is over."""
    rows, columns, channels = potentials.shape
    for row in range(rows):
        for column in range(columns):
            best[row, column] = -1
            if over[row, column] or not fresh[row, column]:
                continue
            fresh[row, column] = 0
            most = threshold - 1
            for channel in range(channels):
                if potentials[row, column, channel] > most:
                    most = int64(potentials[row, column, channel])
                    best[row, column] = channel
            if most >= threshold:
                over[row, column] = 1
                high[row, column] = most


@njit
def _choose(best, high, over, taken, chosen, won, radius, step):  # type: ignore[no-untyped-def]
    """Winners of this step into chosen; how many there are now."""
    rows, columns = best.shape
    while won < len(chosen):
        most, winner, at_row, at_column = -1, -1, -1, -1
        for row in range(rows):
            for column in range(columns):
                channel = best[row, column]
                if channel < 0 or taken[channel]:
                    continue
                potential = high[row, column]
                if potential > most or (potential == most and channel < winner):
                    most, winner, at_row, at_column = potential, channel, row, column
        if winner < 0:
            break
        chosen[won, 0], chosen[won, 1] = winner, at_row
        chosen[won, 2], chosen[won, 3] = at_column, step
        won += 1
        taken[winner] = 1
        for row in range(max(at_row - radius, 0), min(at_row + radius + 1, rows)):
            for column in range(max(at_column - radius, 0), min(at_column + radius + 1, columns)):
                over[row, column] = 1
                best[row, column] = -1
    return won


@njit
def _move(table, live, lists, counts, times, padding, chosen, shift, prune):  # type: ignore[no-untyped-def]
    """Move the weights of a winner, and prune; how many were moved."""
    winner, row, column, step = chosen
    _, height, width = times.shape
    updates = 0
    for source in range(table.shape[0]):
        for r in range(table.shape[1]):
            for c in range(table.shape[2]):
                if not live[source, r, c, winner]:
                    continue
                updates += 1
                y, x = row + r - padding[0], column + c - padding[1]
                inside = 0 <= y < height and 0 <= x < width
                came = int64(times[source, y, x]) if inside else 0
                up = 0 < came <= step
                weight = _moved(int64(table[source, r, c, winner]), up, shift)
                if pruned(weight, up, prune):
                    weight = 0
                    live[source, r, c, winner] = False
                    counts[source, r, c] = _listed(live[source, r, c], lists[source, r, c])
                table[source, r, c, winner] = weight
    return updates


@njit
def _moved(weight, up, shift):  # type: ignore[no-untyped-def]
    """`rule.moved` of one weight."""
    product = weight * (WEIGHT_MAX - weight)
    if up:
        return min(HIGH, weight - (-product >> shift))
    return max(LOW, weight + (-3 * product >> shift + 2))
