"""Engine `stock`: Lava's own processes alone, in their fixed-point simulation."""

from __future__ import annotations

from math import prod

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.result import Codes, Data, Result, in_blocks
from onespike_lava.loihi.price import price
from onespike_lava.model import Model
from onespike_lava.network import Network
from onespike_lava.processes.stock.run import run as run_all
from onespike_lava.system.progress import Count, uncounted

BLOCK_VALUES = 2**20
"""Neurons times steps that one Lava run may hold: what is recorded is read value by value."""


def run(network: Model, data: Data, wait: int, record: bool, progress: Count = uncounted) -> Result:
    """Run every sample; see `onespike_lava.engines`.

    Raises `UnsupportedError` for what cannot be composed exactly, `MissingPartError` without Lava,
    `LavaRunError` if the run fails or takes too long.
    """
    assert isinstance(network, Network)
    price(network, wait)  # refuses, samples or none
    neurons = sum(prod(layer.shape) for layer in network.layers)
    size = max(1, BLOCK_VALUES // (2 * network.phases * neurons))
    return in_blocks(_run_block, network, data, wait, record, size, progress)


def _run_block(
    network: Model, data: NDArray[np.uint8], wait: int
) -> tuple[NDArray[np.int64], Codes]:
    assert isinstance(network, Network)
    found = run_all(network, data, wait, record=True)
    assert found.codes is not None
    return found.scores, list(found.codes)
