"""How many threads a process may use, and how several processes divide them."""

from __future__ import annotations

import os

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
        if text.isdigit() and int(text) > 0:
            found = min(found, int(text))
    return found


def restrict(threads: int) -> None:
    """Bound the threads of this process; libraries loaded later heed it too."""
    os.environ.update(dict.fromkeys(ALL_SETTINGS, str(threads)))
