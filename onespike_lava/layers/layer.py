"""What every layer answers for itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from onespike_lava.layers.base import Frozen, Integers, Shape
from onespike_lava.layers.codes import Code
from onespike_lava.layers.growth import Growth
from onespike_lava.layers.synapses import Connection


class Layer(Frozen):
    """A layer of the integer network.

    name     : unique in the network
    shape    : of one sample, (C, H, W) or (F,)
    synapses : what its neurons sum; none of an input or a max pool
    growth   : of its neurons' potentials, None in graded weighting and without neurons
    added    : positions of the layers whose spikes it adds; none but of a sum
    bias     : int32, potential of its neurons at the start of a sample; only where it has synapses
    role     : its place in a network, `input` first, `output` last, `hidden` between
    stepping : whether only networks that step have it, only those of phase code, or, None, both
    recurs   : whether it may read itself
    """

    role: ClassVar[str] = "hidden"
    stepping: ClassVar[bool | None] = None
    recurs: ClassVar[bool] = False

    name: str
    shape: Shape
    synapses: tuple[Connection, ...] = ()
    growth: Growth | None = None
    added: tuple[int, ...] = ()
    bias: Integers

    @property
    def sources(self) -> tuple[int, ...]:
        """Positions of the layers that it reads, one per synapse."""
        return tuple(synapse.source for synapse in self.synapses)

    @property
    def weights(self) -> int:
        """Weights that the file stores; a kernel counts once, what was pruned does not."""
        return sum(synapse.count for synapse in self.synapses)

    @property
    def pruned(self) -> int:
        """Weights that were pruned."""
        return sum(synapse.weight.size - synapse.count for synapse in self.synapses)

    @property
    def maps(self) -> tuple[Connection, ...]:
        """What it reads as connections, for places that know no maximum: of a pool sums."""
        return self.synapses

    @property
    def kind(self) -> str:
        """Its type in the file, with synapses that of the first one."""
        return self.synapses[0].kind

    @property
    def threshold_range(self) -> tuple[int, int] | None:
        """Smallest and largest threshold of any neuron, None where nothing fires."""
        return None

    @property
    def needs_no_wait(self) -> bool:
        """Whether its neurons can only run with a wait `T_w` of 0."""
        return False

    @property
    def passes(self) -> tuple[int, ...]:
        """Positions of the sources whose spikes it passes on; none of a layer of neurons."""
        return ()

    def code(self, passed: Sequence[Code], weighting: str, phases: int) -> Code | None:
        """What it sends in `phases` steps, None for nothing.

        passed : codes of what it `passes` on
        """
        raise NotImplementedError

    def state_bits(self, wait: int) -> int:
        """Bits of state that a neuron needs on a chip, for a wait `T_w`.

        Constants (bias, threshold base, tables) are not counted.
        """
        raise NotImplementedError
