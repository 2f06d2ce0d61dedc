"""Fixed linear connections from an earlier layer."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.base import Frozen, Integers, Shape
from onespike_lava.layers.window import PLAIN, Window


@dataclass(frozen=True, eq=False, repr=False)
class Synapse(Frozen):
    """A dense connection or a convolution.

    source : position of the source layer in the network
    weight : int8[O, I] dense, or int8[O, I / groups, rows, columns] convolution
    window : stride, padding and dilation of a convolution
    groups : groups of a convolution's channels
    delay  : steps of the source's axons beyond the synapse, int32[1] or int32[*source shape];
             None for none
    live   : bool[*weight shape], which synapses were not pruned; the weights of those that were
             are 0. None where nothing was pruned
    """

    source: int
    weight: NDArray[np.int8]
    window: Window = PLAIN
    groups: int = 1
    delay: Integers | None = None
    live: NDArray[np.bool_] | None = None

    @property
    def count(self) -> int:
        """Weights that live."""
        return self.weight.size if self.live is None else int(np.count_nonzero(self.live))

    @property
    def kind(self) -> str:
        """`conv` or `dense`."""
        return "conv" if self.weight.ndim == 4 else "dense"

    def output_shape(self, source: Shape) -> Shape:
        """Shape of the layer that this synapse makes from a source of the given shape."""
        if self.kind == "dense":
            return (self.weight.shape[0],)
        size = self.window.output_size(source[1:], self.weight.shape[2:])
        return (self.weight.shape[0], *size)


@dataclass(frozen=True, eq=False, repr=False)
class Sparse(Frozen):
    """A sparse connection between places, the same for all channels: one matrix of a graph.

    The layer's shape is `(C, places, 1)`, the source has `B * C` channels. Place `i` of channel
    `c` receives, summed over its row's entries `e` and `b = 0 .. B - 1`, `signs[b] * weight[e]`
    times what place `indices[e]` of channel `c * B + b` sends. Signs 1 and -1 read values of
    either sign from pairs of neurons (`A (X W)` of a graph convolution, Sec. IV-D).

    source  : position of the source layer in the network
    weight  : int8[n], the entries row by row
    indices : int32[n], place of the source, its rows and columns in one count, rising in a row
    indptr  : int32[places + 1], row `i` has the entries `indptr[i] <= e < indptr[i + 1]`
    signs   : int8[B], 1 or -1
    delay   : as in `Synapse`
    """

    source: int
    weight: NDArray[np.int8]
    indices: Integers
    indptr: Integers
    signs: NDArray[np.int8]
    delay: Integers | None = None

    @property
    def count(self) -> int:
        """Weights: the entries of the matrix."""
        return self.weight.size

    @property
    def kind(self) -> str:
        """`sparse`."""
        return "sparse"

    def output_shape(self, source: Shape) -> Shape:
        """Shape of the layer that this synapse makes from a source of the given shape."""
        return (source[0] // len(self.signs), len(self.indptr) - 1, 1)


Connection = Synapse | Sparse

CONNECTIONS: tuple[type[Connection], ...] = (Synapse, Sparse)
"""Every class of connections."""
