"""What the numbers of a NIR file mean where NIR leaves it open: the step, an integrator's gain."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from math import isfinite
from typing import Any

import numpy as np

from exporters.choices import NIR_GAINS as GAINS
from exporters.nir.bounds import AGAIN
from onespike_lava.errors import FormatError, OptionError

SHORTEST, LONGEST = 1e-12, 1e12
"""Limits of a step, in seconds."""


@dataclass(frozen=True)
class Units:
    """How steps stand in a file.

    dt   : seconds of a step
    if_r : one of `NIR_GAINS`; NIR's equations say `second`, some tools write `step`

    Raises `OptionError` for other values.
    """

    dt: float = 1e-4
    if_r: str = "second"

    def __post_init__(self) -> None:
        """Check both."""
        check_dt(self.dt)
        check_gain(self.if_r)

    def gain(self) -> float:
        """`r` of an integrator that grows by its current in each step."""
        return 1.0 if self.if_r == "step" else 1.0 / self.dt

    @classmethod
    def of(cls, found: Any) -> Units:
        """Those of a file's metadata; `FormatError` where they are none."""
        names = {each.name for each in fields(cls)}
        if not isinstance(found, Mapping) or found.keys() != names:
            raise FormatError(f"metadata/step: not {' and '.join(sorted(names))}; {AGAIN}")
        try:
            return cls(float(found["dt"]), str(found["if_r"]))
        except (OptionError, TypeError, ValueError) as error:
            raise FormatError(f"metadata/step: {error}") from None


def check_dt(dt: Any) -> None:
    """Refuse a step that is no length of time."""
    number = isinstance(dt, (int, float, np.number)) and not isinstance(dt, bool)
    if not number or not isfinite(dt) or not SHORTEST <= dt <= LONGEST:
        raise OptionError(
            f"dt: {dt!r} is no length of a step, {SHORTEST:g}..{LONGEST:g} seconds; give one"
        )


def check_gain(if_r: Any) -> None:
    """Refuse what is not one of `NIR_GAINS`."""
    if if_r not in GAINS:
        raise OptionError(f"if-r: {if_r!r} is not {' or '.join(GAINS)}; choose one")
