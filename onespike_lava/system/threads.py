"""How many threads a process may use, and how several processes divide them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, cast

from onespike_lava.errors import OptionError, warn

SETTINGS = ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS")
"""Environment variables that bound the threads of a run."""

Work = TypeVar("Work", bound=Callable[..., Any])

_summing = threading.RLock()
"""One holds it at a time: the number of threads of BLAS is one for the whole process."""

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


def steady_sums(work: Work) -> Work:
    """A function that runs with one thread of BLAS, one such call at a time.

    With more threads BLAS sums in another order, and where a rounding is a tie the result differs.
    Warns where something else in the process holds the number, so that it cannot be set.
    """

    @wraps(work)
    def steady(*given: Any, **options: Any) -> Any:
        from threadpoolctl import threadpool_info, threadpool_limits

        with _summing, threadpool_limits(limits=1, user_api="blas"):
            blas = [each for each in threadpool_info() if each["user_api"] == "blas"]
            number = max((each["num_threads"] for each in blas), default=1)
            if number > 1:
                warn(
                    f"BLAS: has {number} threads, held by something else in this process, so "
                    "that ties of rounding may fall otherwise; release that limit, or set "
                    "OPENBLAS_NUM_THREADS=1"
                )
            return work(*given, **options)

    return cast("Work", steady)
