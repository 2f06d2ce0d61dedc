"""What a run returns, and how engines that work in blocks put it together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers import code_shape
from onespike_lava.progress import Count, uncounted

if TYPE_CHECKING:
    from onespike_lava.network import Network


class Data(Protocol):
    """The input layer's integers, an array uint8[N, *shape] or whatever gives such slices."""

    def __len__(self) -> int: ...

    def __getitem__(self, block: slice, /) -> NDArray[np.uint8]: ...


Codes = list[NDArray[np.uint8]]
RunBlock = Callable[["Network", NDArray[np.uint8], int], tuple[NDArray[np.int64], Codes]]


@dataclass(frozen=True)
class Result:
    """Integers that an engine computed.

    scores : int64[N, outputs]
    spikes : spikes of each layer but the readout, in the network's order
    codes  : uint8[N, *code_shape] for each layer but the readout, or None if not recorded
    """

    scores: NDArray[np.int64]
    spikes: Sequence[int]
    codes: Sequence[NDArray[np.uint8]] | None


@dataclass(frozen=True)
class Run:
    """The outcome of `Network.run`.

    scores   : int64[N, outputs], potentials of the readout after the last phase
    spikes   : layer -> spikes over all samples, input included, readout not
    codes    : layer -> uint8[N, *shape], phase of the spike, 0 = silent (input: its integer;
               of several spikes uint8[N, max_spikes, *shape], their phases in order); empty
               unless recorded
    engine, wait : what computed it
    clipped  : input values outside the input range
    rounding : largest distance of an input value from the grid, in steps
    places   : rows times columns of the readout: 1, or of a graph its nodes
    levels   : steps of the input grid that the values span, None where they lie on it
    """

    scores: NDArray[np.int64]
    spikes: Mapping[str, int]
    codes: Mapping[str, NDArray[np.uint8]]
    engine: str
    wait: int
    clipped: int
    rounding: float
    places: int = 1
    levels: int | None = None

    @property
    def predictions(self) -> NDArray[np.int64]:
        """Class of each sample, int64[N]: the output of highest score, the first at a tie.

        Of a readout with several places int64[N, places]: a graph's nodes have a class each.
        """
        samples, outputs = self.scores.shape
        by_place = self.scores.reshape(samples, outputs // self.places, self.places)
        classes: NDArray[np.int64] = by_place.argmax(axis=1)
        return classes[:, 0] if self.places == 1 else classes


def spike_count(codes: NDArray[np.uint8], binary: bool) -> int:
    """Spikes that codes stand for: one per neuron, or one per bit of the binary input code."""
    if binary:
        return int(np.unpackbits(codes.reshape(-1)).sum(dtype=np.int64))
    return int(np.count_nonzero(codes))


def in_blocks(
    run_block: RunBlock,
    network: Network,
    data: Data,
    wait: int,
    record: bool,
    size: int,
    progress: Count = uncounted,
) -> Result:
    """Run `size` samples at a time and join the blocks, so that memory stays bounded."""
    layers = network.layers[:-1]
    outputs = int(np.prod(network.readout.shape))
    scores = np.zeros((len(data), outputs), np.int64)
    codes = None
    if record:
        codes = [np.empty((len(data), *code_shape(layer)), np.uint8) for layer in layers]
    spikes = [0] * len(layers)
    progress(0, len(data))
    for start in range(0, len(data), size):
        block = slice(start, start + size)
        last, found = run_block(network, data[block], wait)
        scores[block] = last.reshape(-1, outputs)
        for index, part in enumerate(found):
            spikes[index] += spike_count(part, binary=index == 0)
            if codes is not None:
                codes[index][block] = part
        progress(min(start + size, len(data)), len(data))
    return Result(scores, spikes, codes)
