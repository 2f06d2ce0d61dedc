"""The integer network as data: frozen layers in order, valid by construction."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import prod
from numbers import Integral
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import OptionError
from onespike_lava.layers import (
    Code,
    Frozen,
    Input,
    Layer,
    Readout,
    Shape,
    Sparse,
    Spiking,
    TimedReadout,
    times,
)


@dataclass(frozen=True, eq=False, repr=False)
class Model(Frozen):
    """What an integer network is; `network.Network` can also run.

    layers     : input first, readout last, each after its sources
    phases     : `T`, phases of a sample
    wait       : default `T_w`, phases between the first input and the first output of a layer
    weighting  : `graded` (synapse-based) or `membrane` (neuron-based, the paper's own)
    provenance : sorted pairs of text that say where the network comes from
    proven     : whether its states are proven to stay within 24 bits; where they are not, of
                 networks that step whose integers were given, every run checks them
    """

    layers: tuple[Layer, ...]
    phases: int
    wait: int
    weighting: str = "graded"
    provenance: tuple[tuple[str, str], ...] = ()
    proven: bool = True

    def __repr__(self) -> str:
        """One line: its ends, its size, its clock."""
        if not self.layers:
            return f"{type(self).__name__}()"
        ends = " -> ".join(times(self.layers[at].shape) for at in (0, -1))
        neurons, weights = sum(self.neurons.values()), self.weights
        clock = f"{self.phases} steps" if self.steps else f"T = {self.phases}, T_w = {self.wait}"
        how = self.input.coding if self.steps else self.weighting
        size = f"{len(self.layers)} layers, {neurons:,} neurons, {weights:,} weights"
        return f"{type(self).__name__}({ends}: {size}; {clock}, {how})"

    @property
    def weights(self) -> int:
        """Weights that the file stores; a kernel counts once, what was pruned does not."""
        return sum(layer.weights for layer in self.layers)

    @property
    def pruned(self) -> int:
        """Weights that were pruned."""
        return sum(layer.pruned for layer in self.layers)

    @property
    def input(self) -> Input:
        """The first layer."""
        return cast(Input, self.layers[0])  # by the rules of structure

    @property
    def readout(self) -> Readout | TimedReadout:
        """The last layer."""
        return cast("Readout | TimedReadout", self.layers[-1])  # by the rules of structure

    @property
    def steps(self) -> bool:
        """Whether it is a network that steps, of timed neurons, not one of phase code."""
        return bool(self.layers[-1].stepping)

    @property
    def sample_shape(self) -> Shape:
        """Shape of one sample from outside; of events with its steps, (T, *shape)."""
        return self.input.sample_shape(self.phases)

    @property
    def is_graph(self) -> bool:
        """Whether it is a network of one graph: places are summed along its edges.

        Each then has scores. Where a sample has one class, a sparse connection is but a connection.
        """
        sparse = any(isinstance(each, Sparse) for layer in self.layers for each in layer.synapses)
        return sparse and prod(self.readout.shape[1:]) > 1

    @property
    def dense_outputs(self) -> bool:
        """Whether each place of a plane has scores of its own, as in a segmentation; no graph."""
        return prod(self.readout.result[1:]) > 1 and not self.is_graph

    @property
    def output_scale(self) -> float | NDArray[np.float64]:
        """`logit = score * output_scale`: one number, or float64[outputs] with one per place."""
        scale = self.readout.scale
        if isinstance(scale, float):
            return scale
        return np.broadcast_to(scale, self.readout.result).reshape(-1)

    @property
    def neurons(self) -> dict[str, int]:
        """Name -> neurons of each hidden layer that has some: `Spiking` or `Timed`."""
        return {each.name: prod(each.shape) for each in self._neurons}

    @property
    def hidden(self) -> tuple[Spiking, ...]:
        """The layers of phase-coding neurons, whose codes have a base."""
        return () if self.steps else cast("tuple[Spiking, ...]", self._neurons)

    @property
    def _neurons(self) -> tuple[Layer, ...]:
        return tuple(each for each in self.layers if each.synapses and each.role == "hidden")

    @cached_property
    def senders(self) -> tuple[str, ...]:
        """Names of the layers that send: all but the readout, in order."""
        return tuple(layer.name for layer in self.layers[:-1])

    @cached_property
    def longest_wait(self) -> int:
        """The longest wait `T_w` that the neurons can have, 0 or `phases`."""
        layers = enumerate(self.layers)
        alone = any(each.needs_no_wait or at in each.sources for at, each in layers)
        return 0 if alone else self.phases

    def code(self, position: int) -> Code:
        """What the layer at `position`, not the readout, sends; a max pool sends its source's."""
        known: dict[int, Code] = self.__dict__.setdefault("_codes", {})
        wanted = [] if position in known else [position]
        while wanted:  # a walk, not a recursion: pools may follow each other a thousand times
            layer = self.layers[wanted[-1]]
            missing = [source for source in layer.passes if source not in known]
            if not missing:
                passed = [known[source] for source in layer.passes]
                code = layer.code(passed, self.weighting, self.phases)
                assert code is not None
                known[wanted.pop()] = code
            wanted += missing
        return known[position]


def checked_wait(wait: Any, phases: int, whose: str = "network") -> int:
    """A wait `T_w` in 0..phases; `OptionError` for any other, `whose` phases they are in it."""
    if not isinstance(wait, (int, Integral)) or not 0 <= int(wait) <= phases:
        raise OptionError(
            f"wait: {wait!r} is outside 0..{phases}, the {whose}'s phases; give a whole number of "
            "them"
        )
    return int(wait)


def wait_of(network: Model, wait: Any = None) -> int:
    """The wait of a run, for None the network's; `OptionError` for one that it cannot have."""
    wait = checked_wait(network.wait if wait is None else wait, network.phases)
    if wait > network.longest_wait:
        raise OptionError(
            f"wait: {wait} is above 0, the only one of a network whose neurons leak, filter, "
            "reset, count, recur or are driven or delayed; leave it out"
        )
    return wait
