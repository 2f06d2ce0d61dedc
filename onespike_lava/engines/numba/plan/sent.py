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
from onespike_lava.layers import (
    CODES,
    BinaryCode,
    HeldCode,
    LatencyCode,
    PhaseCode,
    Registry,
    SeveralCode,
    StepCode,
)


class Sent(Protocol):
    """A code as the buffers hold it."""

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


SENT: Registry[Callable[[Any, bool], Sent]] = Registry("buffers of engine numba", CODES)
"""Class of a code -> what buffers hold of it, given the code and whether phases are needed."""

SENT.refuse(StepCode, HeldCode, LatencyCode)


@SENT.add(BinaryCode)
class SentBits:
    """Integers as they are, whose bits are sent one by one."""

    def __init__(self, code: BinaryCode, codes: bool):
        self.code = code

    def whole(self, step: Step) -> bool:
        """See `Sent`."""
        return step.until >= self.code.steps

    def part(
        self, source: Buffer, target: Buffer, step: Step, fraction: int | None, constants: Constants
    ) -> Operation:
        """See `Sent`."""
        unit = 0 if fraction is None else 1 << fraction
        mask = self.code.mask(step.after, step.until)
        return Bits(source.start, target.start, source.image, mask, unit)

    def code_of(self) -> NDArray[np.uint8]:
        """See `Sent`."""
        return np.arange(256).astype(np.uint8)


@SENT.add(PhaseCode, SeveralCode)
class SentPhases:
    """Spikes, each in a buffer of its own, as `held`."""

    def __init__(self, code: PhaseCode, codes: bool):
        self.payloads, self.codes = code.payloads, codes

    def whole(self, step: Step) -> bool:
        """See `Sent`: phases must become payloads first."""
        return not self.codes

    def part(
        self, source: Buffer, target: Buffer, step: Step, fraction: int | None, constants: Constants
    ) -> Operation:
        """See `Sent`."""
        values: Any = self.payloads if fraction is None else [1 << fraction] * len(self.payloads)
        table = constants.add(values, np.uint8)
        return Phases(source.start, target.start, source.image, step.after, step.until, table)

    def code_of(self) -> NDArray[np.uint8]:
        """See `Sent`."""
        table = np.zeros(256, np.uint8)
        table[held(self.payloads, self.codes)] = np.arange(1, len(self.payloads) + 1)
        return table


def held(payloads: NDArray[Any], codes: bool) -> NDArray[np.int32]:
    """The byte of a spike of each phase, int32[T]: its payload, or its phase where `codes`."""
    phases = np.arange(1, len(payloads) + 1)
    return (phases if codes else payloads).astype(np.int32)
