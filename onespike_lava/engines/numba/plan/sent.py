"""What a layer's buffers hold, a byte for each neuron, and what of it is sent in a step."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from onespike_lava.engines.numba.kernels.operations import Bits, Operation, Phases
from onespike_lava.engines.numba.plan.buffers import Buffer
from onespike_lava.engines.numba.plan.packing import Constants
from onespike_lava.engines.numba.plan.schedule import Step
from onespike_lava.layers import Input, Spiking


class Sent(Protocol):
    """The code of a sender."""

    def whole(self, step: Step) -> bool:
        """Whether what is held is just what is sent in a first step."""

    def part(
        self, source: Buffer, target: Buffer, step: Step, fraction: int | None, constants: Constants
    ) -> Operation:
        """Put what is sent in a step into a buffer like the source.

        fraction : in membrane weighting, where a spike adds 1 shifted left by so many bits
        """

    def code_of(self) -> NDArray[np.uint8]:
        """The code that each byte stands for, uint8[256]."""


class SentBits:
    """The input's binary code: integers as they are, whose bits are sent one by one."""

    def __init__(self, layer: Input, phases: int, codes: bool):
        self.bits = layer.bits

    def whole(self, step: Step) -> bool:
        """See `Sent`."""
        return step.until >= self.bits

    def part(
        self, source: Buffer, target: Buffer, step: Step, fraction: int | None, constants: Constants
    ) -> Operation:
        """See `Sent`."""
        unit = 0 if fraction is None else 1 << fraction
        mask = mask_of(self.bits, step.after, step.until)
        return Bits(source.start, target.start, source.image, mask, unit)

    def code_of(self) -> NDArray[np.uint8]:
        """See `Sent`."""
        return np.arange(256).astype(np.uint8)


class SentPhases:
    """Single spikes: their payloads or, where something must tell phases apart, their phases.

    held : int32[T], the byte of each phase
    """

    def __init__(self, layer: Spiking, phases: int, codes: bool):
        self.payload, self.codes = layer.payload, codes
        self.phases = np.arange(1, phases + 1, dtype=np.int32)
        self.held: NDArray[np.int32] = self.phases if codes else layer.payload

    def whole(self, step: Step) -> bool:
        """See `Sent`: codes must become payloads first."""
        return not self.codes

    def part(
        self, source: Buffer, target: Buffer, step: Step, fraction: int | None, constants: Constants
    ) -> Operation:
        """See `Sent`."""
        values = self.payload if fraction is None else np.full(len(self.phases), 1 << fraction)
        table = constants.add(values, np.uint8)
        return Phases(source.start, target.start, source.image, step.after, step.until, table)

    def code_of(self) -> NDArray[np.uint8]:
        """See `Sent`."""
        table = np.zeros(256, np.uint8)
        table[self.held] = self.phases
        return table


SENT: dict[type, Callable[[Any, int, bool], Sent]] = {Input: SentBits, Spiking: SentPhases}
"""Class of a sender -> what its buffers hold, given phases and whether codes are needed."""


def sent_by(sender: Input | Spiking, phases: int, codes: bool) -> Sent:
    """What the buffers of a sender hold."""
    return SENT[type(sender)](sender, phases, codes)


def mask_of(bits: int, after: int, until: int) -> int:
    """Bits of an input integer that phases `after < phase <= until` send, the highest first."""
    return sum(1 << place for place in range(max(bits - until, 0), max(bits - after, 0)))
