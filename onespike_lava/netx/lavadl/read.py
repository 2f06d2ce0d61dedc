"""A network that steps from a plain lava-dl file's tree `path -> array`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from numpy.typing import NDArray

from onespike_lava.errors import InvalidNetworkError, warn
from onespike_lava.layers import Layer
from onespike_lava.network import Network
from onespike_lava.netx.lavadl.builder import Builder
from onespike_lava.netx.lavadl.keys import Keys

STEPS = 32
"""Steps of a sample of a file that names none."""

STEPS_MAX = 2**31 - 1
"""The rules of a network say what it may be."""


def from_tree(tree: Mapping[str, NDArray[Any]], steps: int | None = None) -> Network:
    """The network that a plain lava-dl file holds.

    steps : of a sample; None takes the file's, or 32 with a warning where it names none

    Warns of layers whose states are not proven to stay within 24 bits; runs check them. Raises
    `FormatError` for what a network here cannot hold, `InvalidNetworkError` where it breaks a rule.
    """
    file = Keys("", dict(tree))
    named = _steps(file.below("simulation"))
    layers = file.below("layer") or Keys("layer", {})
    builder = Builder()
    numbers = list(_numbers(layers))
    for number in numbers:
        keys = layers.below(str(number))
        assert keys is not None
        builder.add(keys, f"_{number}", number == numbers[-1])
    layers.finish()
    file.finish()
    if steps is None and named is None:
        warn(f"simulation/tSample: missing; a sample gets {STEPS} steps; say how many it has")
    return _network(builder.layers, steps or named or STEPS)


def _numbers(layers: Keys) -> Iterator[int]:
    """Numbers of the layers, from 0 without a gap."""
    found = {name.split("/")[0] for name in layers.held}
    number = 0
    while str(number) in found:
        yield number
        number += 1


def _steps(keys: Keys | None) -> int | None:
    """Steps of a sample, as a simulation before the export had them."""
    if keys is None:
        return None
    keys.only("Ts", 1, "steps of the training")
    found = keys.number("tSample", 1, STEPS_MAX) if "tSample" in keys else None
    keys.finish()
    return found


def _network(layers: list[Layer], phases: int) -> Network:
    """The network of these layers; where 24 bits are not proven, one that warns of it."""
    parts = (tuple(layers), phases, 0, "graded", (("format", "lava-dl netx"),))
    try:
        return Network(*parts)
    except InvalidNetworkError:  # of another cause it comes again
        return Network(*parts, proven=False)
