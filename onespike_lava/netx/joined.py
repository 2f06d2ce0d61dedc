"""Many alike connections of a layer as one in the file, each with its part of the inputs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import prod
from typing import Any

import numpy as np

from onespike_lava.errors import FormatError
from onespike_lava.layers import PLAIN, Connection, Shape, Synapse, Window
from onespike_lava.netx.pruned import AGAIN
from onespike_lava.netx.schema import JOINED_FROM


def are_joined(synapses: Sequence[Connection]) -> bool:
    """Whether connections are many, and alike but for their sources and weights."""
    found = [each for each in synapses if isinstance(each, Synapse)]
    plain = [each for each in found if each.delay is None and each.live is None]
    alike = {(each.weight.shape[2:], each.window, each.groups) for each in plain}
    whole = len(plain) == len(synapses) >= JOINED_FROM
    return whole and len(alike) == 1 and plain[0].groups == 1


def apart(
    path: str, kind: str, fields: Mapping[str, Any], shapes: Sequence[Shape], window: Window = PLAIN
) -> list[Connection]:
    """The connections of a layer, from what section `joined conv` or `joined dense` holds.

    path   : of the layer, for messages
    shapes : of the layers up to it, as the file says them; nothing has been checked of these

    Raises `FormatError` where the sources are few, no earlier layers, or not what the weight reads.
    """
    sources, weight = fields["sources"].tolist(), fields["weight"]
    if len(sources) < JOINED_FROM:
        raise FormatError(f"{path}/sources: {len(sources)} are written one by one; {AGAIN}")
    if not all(0 <= source < len(shapes) for source in sources):
        raise FormatError(f"{path}/sources: {tuple(sources)} are not earlier layers; {AGAIN}")
    read = [shapes[source] if kind == "dense" else shapes[source][:1] for source in sources]
    sizes = [prod(shape) for shape in read]
    if min(sizes) < 1:
        raise FormatError(
            f"{path}/sources: layer {sources[sizes.index(min(sizes))]} is not of positive sizes; "
            f"{AGAIN}"
        )
    if sum(sizes) != weight.shape[1]:
        raise FormatError(
            f"{path}/weight: {list(weight.shape)} does not read {sum(sizes)} inputs of all its "
            f"sources; {AGAIN}"
        )
    parts = np.split(weight, np.cumsum(sizes)[:-1], axis=1)
    return [Synapse(*each, window) for each in zip(sources, parts, strict=True)]
