"""A network ready to run: rows, constants, and memory for the threads that run it."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.plan.packing import aligned

SLACK = 256
"""Bytes behind the last buffer that a kernel may read in vain."""

Memory = tuple[NDArray[np.uint8], NDArray[np.int32]]


@dataclass(frozen=True)
class Program:
    """A network ready to run.

    kind      : of kernels, a key of `tile.TILES`
    rows      : int64[operations, parameters]
    constants : uint8, weights and tables; `numbers` is their int32 view
    grid      : float64[2, runs], low and step of the input for equal runs of its values
    arena     : bytes that a thread needs
    group     : most images of one call
    recorded  : bytes of recorded codes per image
    work      : products of an image, about
    inputs, outputs, layers : values of an image and of its scores; layers but the readout
    steps, span : of networks that step those of a sample, and how many all layers go through
                before the next ones; else 1
    over      : whether there are scores after each step
    memories  : arenas that no thread uses now, with their int32 views; to take one is atomic
    """

    kind: str
    rows: NDArray[np.int64]
    constants: NDArray[np.uint8]
    numbers: NDArray[np.int32]
    grid: NDArray[np.float64]
    arena: int
    group: int
    recorded: int
    work: int
    inputs: int
    outputs: int
    layers: int
    steps: int = 1
    span: int = 1
    over: bool = False
    memories: list[Memory] = field(default_factory=list)

    def same(self, other: Program | None) -> bool:
        """Whether another program of the network does the same."""
        if other is None or self.rows.shape != other.rows.shape:
            return False
        same = (self.rows == other.rows).all() and self.constants.size == other.constants.size
        return bool(same) and bool((self.constants == other.constants).all())

    def take(self) -> Memory:
        """Memory of one thread; what it holds does not matter."""
        try:
            return self.memories.pop()
        except IndexError:
            arena = aligned(self.arena + SLACK)
            return arena, arena.view(np.int32)
