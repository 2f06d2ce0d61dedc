"""What NIR does not say and a network needs: asked for, or assumed and told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

import numpy as np

from exporters.choices import NIR_GAINS as GAINS
from exporters.choices import NIR_RESETS as RESETS
from exporters.nir.units import check_dt, check_gain
from onespike_lava.errors import OptionError
from onespike_lava.layers import TAKES
from onespike_lava.limits import INPUT_BITS_MAX, PAYLOAD_MAX, STEPS_MAX

SPIKES = {"one": 1, "many": PAYLOAD_MAX}
"""Most spikes of a step: one above the threshold, or as many as the threshold goes into `v`."""

INTEGRATORS = {"IF", "I"}
LEAKY = {"LIF", "LI", "CubaLIF", "CubaLI"}
FIRING = {"IF", "LIF", "CubaLIF"}


@dataclass(frozen=True)
class Assumptions:
    """What a NIR file of another tool is read with; None where it is not given.

    steps  : of a sample, 1..4096
    dt     : seconds of a step
    reset  : one of `NIR_RESETS`
    spikes : one of `SPIKES`, or a number of 2..255, at most so many; `one` if not given
    floor  : the potentials' lowest value, in the file's units; none if not given
    if_r   : what `r` of an IF or I is its gain in, a `second` or a `step`
    take   : what of a last I or LI is the score: `last`, `sum` or `maximum`; `last` if not given
    input_bits : binary digits of the largest payload of the input, 1 if not given

    Raises `OptionError` for a value outside these.
    """

    steps: int | None = None
    dt: float | None = None
    reset: str | None = None
    spikes: str | int | None = None
    floor: float | None = None
    if_r: str | None = None
    take: str | None = None
    input_bits: int | None = None

    def __post_init__(self) -> None:
        """Check what is given."""
        if self.dt is not None:
            check_dt(self.dt)
        if self.if_r is not None:
            check_gain(self.if_r)
        for name, choices in (("reset", RESETS), ("take", TAKES)):
            value = getattr(self, name)
            if value is not None and value not in choices:
                raise OptionError(f"{name}: {value!r} is not {' or '.join(choices)}; choose one")
        whole = type(self.spikes) is int and 2 <= self.spikes <= PAYLOAD_MAX
        if self.spikes is not None and self.spikes not in SPIKES and not whole:
            raise OptionError(
                f"spikes: {self.spikes!r} is not {', '.join(SPIKES)} or 2..{PAYLOAD_MAX}; choose "
                "one"
            )
        for name, most in (("steps", STEPS_MAX), ("input_bits", INPUT_BITS_MAX)):
            value = getattr(self, name)
            index = hasattr(value, "__index__") and not isinstance(value, bool)
            if value is not None and not (index and 1 <= value <= most):
                raise OptionError(
                    f"{_flag(name)}: {value!r} is outside 1..{most}; give one of them"
                )
        if self.floor is not None and not _is_number(self.floor):
            raise OptionError(f"floor: {self.floor!r} is not a finite number; give one")

    @property
    def given(self) -> list[str]:
        """Names of what is given, as the command line has them."""
        names = (each.name for each in fields(self))
        return [_flag(name) for name in names if getattr(self, name) is not None]

    @property
    def most(self) -> int:
        """Most spikes of a neuron in a step."""
        return self.spikes if isinstance(self.spikes, int) else SPIKES[self.spikes or "one"]

    @property
    def bits(self) -> int:
        """Binary digits of the largest payload of the input."""
        return self.input_bits or 1

    def gain(self) -> float:
        """What an `r` of 1 adds of a current of 1 in a step."""
        if self.if_r == "step" or self.dt is None:
            return 1.0
        return float(self.dt)

    def require(self, kinds: Iterable[str]) -> None:
        """Refuse, by name, what nodes of these kinds leave open and is not given."""
        missing = list(_missing(self, set(kinds)))
        if missing:
            raise OptionError(f"NIR does not say all of it; give {', '.join(missing)}")

    def told(self, kinds: Iterable[str]) -> Iterator[str]:
        """What is assumed for nodes of these kinds, one line each."""
        kinds = set(kinds)
        yield f"steps: a sample has {self.steps}"
        if self.dt is not None:
            yield f"dt: a step is {self.dt:g} seconds, a decay 1 - dt / tau"
        if kinds & INTEGRATORS and self.dt != 1:
            yield f"if-r: r of an IF or I is its gain in a {self.if_r}"
        if kinds & FIRING:
            zero = self.reset == "zero"
            yield f"reset: {'to v_reset' if zero else 'the threshold is taken off'}"
            if self.most > 1:
                yield f"spikes: v / threshold rounded down, {self.most} a step at most"
            else:
                yield "spikes: one a step, above the threshold"
            yield f"floor: {'none' if self.floor is None else f'{self.floor:g}'}"
        yield f"input: given for every step, 0..{2**self.bits - 1}"
        yield "start: potentials begin at v_reset or 0, currents at 0"


def _missing(given: Assumptions, kinds: set[str]) -> Iterator[str]:
    if given.steps is None:
        yield "--steps T"
    timed = bool(kinds & (LEAKY | {"Delay"}))
    if given.dt is None and (timed or (kinds & INTEGRATORS and given.if_r == "second")):
        yield "--dt SECONDS"
    if given.if_r is None and kinds & INTEGRATORS and given.dt != 1:
        yield f"--if-r {'|'.join(GAINS)}"
    if given.reset is None and kinds & FIRING:
        yield f"--reset {'|'.join(RESETS)}"


def _flag(name: str) -> str:
    return name.replace("_", "-")


def _is_number(value: Any) -> bool:
    return (
        isinstance(value, (int, float, np.number))
        and not isinstance(value, bool)
        and isfinite(value)
    )
