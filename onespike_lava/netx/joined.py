"""Many alike connections of a layer, such as of a concatenation, as one in the file."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import FormatError
from onespike_lava.layers import Connection, Shape, Synapse
from onespike_lava.netx import schema
from onespike_lava.netx.pruned import AGAIN


def are_joined(synapses: Sequence[Connection]) -> bool:
    """Whether connections are many, and alike but for their sources and weights."""
    found = [each for each in synapses if isinstance(each, Synapse)]
    plain = [each for each in found if each.delay is None and each.live is None]
    alike = {(each.weight.shape[2:], each.window, each.groups) for each in plain}
    whole = len(plain) == len(synapses) >= schema.JOINED_FROM
    return whole and len(alike) == 1 and plain[0].groups == 1


def split(
    path: str, kind: str, sources: Sequence[int], weight: NDArray[Any], shapes: Sequence[Shape]
) -> list[NDArray[Any]]:
    """The weights of each connection: each reads its part of the inputs.

    path   : of the layer, for messages
    shapes : of the layers so far

    Raises `FormatError` for few sources, sources that are no earlier layers, or another size.
    """
    if len(sources) < schema.JOINED_FROM:
        raise FormatError(f"{path}/sources: {len(sources)} are written one by one; {AGAIN}")
    if not all(0 <= source < len(shapes) for source in sources):
        raise FormatError(f"{path}/sources: {sources} are not earlier layers; {AGAIN}")
    read = [shapes[source] for source in sources]
    sizes = [prod(shape) if kind == "dense" else shape[0] for shape in read]
    if sum(sizes) != weight.shape[1]:
        raise FormatError(
            f"{path}/weight: {list(weight.shape)} does not read {sum(sizes)} inputs of all its "
            f"sources; {AGAIN}"
        )
    return np.split(weight, np.cumsum(sizes)[:-1], axis=1)
