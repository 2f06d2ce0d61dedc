"""Codes of networks that step: payloads of every step, integers held, one spike at a time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.layers.base import Shape
from onespike_lava.layers.codes.code import Code, Codes

ALIKE = ("steps", 0, 0.0)
"""The unit of all codes here: weights say what a payload is worth."""


@dataclass(frozen=True)
class StepCode(Code):
    """Any payload in any step. Codes are trains: uint8[N, T, *layer], the payload of each step.

    levels : the most that a neuron sends in each step
    single : a neuron sends in one step of a sample at most, so that a max pool passes the first
    """

    levels: tuple[int, ...]
    single: bool = False

    @property
    def steps(self) -> int:
        """`T`."""
        return len(self.levels)

    @property
    def payloads(self) -> NDArray[np.int64]:
        """The levels."""
        return np.array(self.levels, np.int64)

    @property
    def most(self) -> int:
        """All levels, of a single spike the largest."""
        return max(self.levels) if self.single else sum(self.levels)

    @property
    def unit(self) -> tuple[str, int, float]:
        """That of all codes of steps."""
        return ALIKE

    @property
    def first(self) -> bool:
        """Whether it sends in one step at most."""
        return self.single

    @property
    def trains(self) -> bool:
        """They are."""
        return True

    @property
    def kept(self) -> int:
        """All steps."""
        return self.steps

    def shape(self, layer: Shape) -> Shape:
        """(T, *layer)."""
        return (self.steps, *layer)

    def sent(self, codes: Codes, after: int, until: int, dtype: Any = np.int64) -> NDArray[Any]:
        """The sum over the steps."""
        sums: NDArray[Any] = codes[:, max(after, 0) : max(until, 0)].sum(axis=1, dtype=dtype)
        return sums

    def train(self, codes: Codes, after: int, until: int) -> NDArray[np.uint8]:
        """The steps themselves, with silence around the sample."""
        inside = codes[:, max(after, 0) : max(until, 0)]
        before = min(max(-after, 0), max(until - after, 0))
        behind = until - after - before - inside.shape[1]
        if not before and not behind:
            return inside
        around = [(0, 0), (before, behind)] + [(0, 0)] * (codes.ndim - 2)
        return np.pad(inside, around)

    def counts(self, codes: Codes) -> NDArray[np.int64]:
        """Steps in which a neuron sends, whatever the payload: each is one message."""
        return np.count_nonzero(codes, axis=1)

    def graded(self, codes: Codes) -> NDArray[np.int64]:
        """Steps in which it sends more than 1."""
        return np.count_nonzero(codes > 1, axis=1)

    def in_step(self, codes: Codes, step: int) -> NDArray[np.bool_]:
        """Whether a neuron sends in the step."""
        found: NDArray[np.bool_] = codes[:, step - 1] != 0
        return found


@dataclass(frozen=True)
class HeldCode(Code):
    """The whole integer in each of the first steps: of all, `constant`; of the first, `once`.

    Codes are the integers, 0..2**bits - 1.
    """

    bits: int
    length: int

    @property
    def steps(self) -> int:
        """Those in which it sends."""
        return self.length

    @property
    def payloads(self) -> NDArray[np.int64]:
        """The largest integer."""
        return np.full(self.length, (1 << self.bits) - 1, np.int64)

    @property
    def most(self) -> int:
        """The largest integer in all steps."""
        return self.length * ((1 << self.bits) - 1)

    @property
    def unit(self) -> tuple[str, int, float]:
        """That of all codes of steps."""
        return ALIKE

    @property
    def kept(self) -> int:
        """The first step has the integers."""
        return 1

    def from_notes(self, notes: NDArray[np.integer[Any]]) -> Codes:
        """What is sent in the first step."""
        return notes[:, 0].astype(np.uint8)

    def _table(self, after: int, until: int) -> NDArray[np.int64]:
        steps = max(0, min(until, self.length) - max(after, 0))
        return np.arange(256, dtype=np.int64) * steps

    def counts(self, codes: Codes) -> NDArray[np.int64]:
        """All steps of integers that are not 0."""
        return (codes != 0).astype(np.int64) * self.length

    def graded(self, codes: Codes) -> NDArray[np.int64]:
        """All steps of integers above 1."""
        return (codes > 1).astype(np.int64) * self.length

    def total(self, codes: Codes) -> int:
        """All steps of integers that are not 0."""
        return int(np.count_nonzero(codes)) * self.length

    def in_step(self, codes: Codes, step: int) -> NDArray[np.bool_]:
        """Whether the integer is not 0, in the steps that send it."""
        found: NDArray[np.bool_] = (codes != 0) & (step <= self.length)
        return found


@dataclass(frozen=True)
class LatencyCode(Code):
    """One spike of payload 1 in step `n` of the integer `n`; 0 and what lies behind `T` is silent.

    Codes are the integers.
    """

    length: int

    @property
    def steps(self) -> int:
        """`T`, as far as integers reach."""
        return self.length

    @property
    def payloads(self) -> NDArray[np.int64]:
        """Ones."""
        return np.ones(self.length, np.int64)

    @property
    def most(self) -> int:
        """One spike."""
        return 1

    @property
    def unit(self) -> tuple[str, int, float]:
        """That of all codes of steps."""
        return ALIKE

    @property
    def first(self) -> bool:
        """One spike at most."""
        return True

    def _table(self, after: int, until: int) -> NDArray[np.int64]:
        step = np.arange(256)
        return ((step > max(after, 0)) & (step <= min(until, self.length))).astype(np.int64)

    def counts(self, codes: Codes) -> NDArray[np.uint8]:
        """1 where a neuron is not silent."""
        return ((codes != 0) & (codes <= self.length)).astype(np.uint8)

    def total(self, codes: Codes) -> int:
        """Neurons that are not silent."""
        return int(self.counts(codes).sum(dtype=np.int64))

    def in_step(self, codes: Codes, step: int) -> NDArray[np.bool_]:
        """Whether the step is the integer."""
        found: NDArray[np.bool_] = codes == step
        return found
