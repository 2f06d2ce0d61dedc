"""How long the runner waits for Lava: generous limits, since only a hang should reach them."""

from __future__ import annotations

import math
import os

from onespike_lava.errors import OptionError

TIMEOUT_VARIABLE = "ONESPIKE_LAVA_TIMEOUT"
"""Environment variable with the seconds that each call to Lava may take."""

STARTUP_SECONDS = 60.0
"""Part of every limit: a busy machine may start children slowly."""

SECONDS_PER_CHILD = 1.0
"""Start of a child; about 0.02 s on an idle machine."""

SECONDS_PER_CHILD_AND_STEP = 0.05
"""One step of a child; about 0.0005 s for small layers."""

SECONDS_PER_STOCK_STEP = 0.01
"""One step of one of Lava's own Processes, beside that: its Conv and DelaySparse are slow."""

SECONDS_PER_VALUE = 1e-3
"""One value of a Var; about 15 us."""

POLL_SECONDS = 0.002
"""Pause between two looks at the children while they start or stop."""

LOOK_SECONDS = 0.05
"""Longest pause between two looks at the children during a run, whose end wakes the host."""

GRACE_SECONDS = 1.0
"""How long a failing child may take to send its traceback once others have ended."""


def timeout_from_environment() -> float | None:
    """Seconds in `ONESPIKE_LAVA_TIMEOUT`, None if not set; `OptionError` unless positive."""
    text = os.environ.get(TIMEOUT_VARIABLE)
    if not text:
        return None
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if not seconds > 0:
        raise OptionError(
            f"{TIMEOUT_VARIABLE}: {text!r} is not a positive number of seconds; give such a one"
        )
    return seconds
