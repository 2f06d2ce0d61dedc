"""Weights of pruned connections: the live ones alone, and a bit for each place of the whole."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import FormatError
from onespike_lava.model import Model

AGAIN = "write the file again with a sound exporter"

MOST = 2**28
"""Most weights of a network with those that were pruned, as many as a file has bytes; a bit of the
file becomes a byte in memory."""


def packed(weight: NDArray[np.int8], live: NDArray[np.bool_]) -> dict[str, Any]:
    """The values of section `pruned` by key."""
    bits = np.packbits(live.reshape(-1), bitorder="little").view(np.int8)
    return {"weight": weight[live], "weight_shape": weight.shape, "weight_live": bits}


def refuse_many(network: Model) -> None:
    """Raise `FormatError` for more weights of pruned connections than a reader takes."""
    parts = [each for layer in network.layers for each in layer.synapses]
    found = sum(each.weight.size for each in parts if getattr(each, "live", None) is not None)
    if found > MOST:
        raise FormatError(
            f"network: {found} weights of pruned connections exceed {MOST}, the most that are "
            "read; use a smaller network"
        )


def whole(
    path: str, fields: Mapping[str, NDArray[Any]], room: int
) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
    """Weights with zeros in the place of what was pruned, and which live; both read-only.

    path   : of the connection, for messages
    fields : what section `pruned` holds, of its types
    room   : weights that there may be at most, memory is taken for no more

    Raises `FormatError` where the keys contradict each other.
    """
    shape = tuple(int(each) for each in fields["weight_shape"])
    values, bits = fields["weight"], fields["weight_live"]
    if len(shape) not in (2, 4) or min(shape) < 1:
        raise FormatError(
            f"{path}/weight_shape: {list(shape)} is not [O, I] or [O, I, kH, kW]; {AGAIN}"
        )
    size = prod(shape)
    if size > room:
        raise FormatError(
            f"{path}/weight_shape: {size} weights exceed {room}, what is left of {MOST} of a "
            "network; use fewer"
        )
    if len(bits) != -(-size // 8):
        raise FormatError(
            f"{path}/weight_live: {len(bits)} bytes are not {-(-size // 8)}, a bit for each of "
            f"{size} weights; {AGAIN}"
        )
    flat = np.unpackbits(bits.view(np.uint8), bitorder="little").view(np.bool_)
    if flat[size:].any():
        raise FormatError(f"{path}/weight_live: bits behind the last weight are not 0; {AGAIN}")
    live = flat[:size].reshape(shape)
    count = int(np.count_nonzero(live))
    if count == size:
        raise FormatError(f"{path}/weight_live: nothing was pruned; leave both keys out")
    if len(values) != count:
        raise FormatError(
            f"{path}/weight: {len(values)} weights are not {count}, as many as live; {AGAIN}"
        )
    weight = np.zeros(shape, np.int8)
    weight[live] = values
    weight.flags.writeable = False
    return weight, live
