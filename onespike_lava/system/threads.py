"""How many threads a process may use, and how several processes divide them."""

from __future__ import annotations

import os

from onespike_lava.errors import OptionError

SETTINGS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
"""Environment variables that bound the threads of a run."""

ALL_SETTINGS = (*SETTINGS, "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def limit() -> int:
    """Threads that a run may use: the least of the usual settings and the processors at hand."""
    if hasattr(os, "sched_getaffinity"):
        found = len(os.sched_getaffinity(0))
    else:
        found = os.cpu_count() or 1
    for name in SETTINGS:
        text = os.environ.get(name, "").split(",")[0].strip()
        if text.isdecimal() and int(text) > 0:
            found = min(found, int(text))
    return found


def check() -> None:
    """`OptionError` where Numba would not load for the number that it is given."""
    try:
        number = int(os.environ.get("NUMBA_NUM_THREADS", ""))
    except ValueError:  # Numba takes its own number then
        return
    if number < 1:
        raise OptionError(f"NUMBA_NUM_THREADS: {number} is below 1; set 1 or more, or unset it")


def restrict(threads: int) -> None:
    """Bound the threads of this process; libraries loaded later heed it too."""
    os.environ.update(dict.fromkeys(ALL_SETTINGS, str(threads)))
