"""Threads over kernels that hold no lock: how many, and how they share the samples.

Numba's own threads do not survive a fork and may abort on concurrent calls, so each run starts
plain threads of its own. A budget for the whole process keeps concurrent runs from using more
threads than the machine has.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator


def limit() -> int:
    """Threads that a run may use: the least of the usual settings and the processors at hand."""
    if hasattr(os, "sched_getaffinity"):
        found = len(os.sched_getaffinity(0))
    else:
        found = os.cpu_count() or 1
    for name in ("NUMBA_NUM_THREADS", "OMP_NUM_THREADS"):
        text = os.environ.get(name, "").split(",")[0].strip()
        if text.isdigit() and int(text) > 0:
            found = min(found, int(text))
    return found


class Budget:
    """Helpers that all runs of the process have together."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nothing is in use: at the start, and in a child after a fork."""
        self.lock, self.used = threading.Lock(), 0

    def take(self, wanted: int) -> int:
        """Take at most `wanted` helpers; returns how many there are."""
        with self.lock:
            got = max(0, min(wanted, limit() - 1 - self.used))
            self.used += got
            return got

    def give(self, number: int) -> None:
        """Give helpers back."""
        with self.lock:
            self.used -= number


BUDGET = Budget()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=BUDGET.reset)


def share(work: Callable[[Iterator[range]], None], samples: int, group: int, most: int) -> None:
    """Call `work` on at most `most` threads, with one iterator over parts of the samples each.

    A part has at most `group` samples, fewer where threads would stand idle. What a thread
    raises is raised here.
    """
    wanted = min(most, samples) - 1
    helpers = BUDGET.take(min(wanted, limit() - 1)) if wanted > 0 else 0
    if not helpers:
        starts = range(0, samples, group)
        work(range(start, min(start + group, samples)) for start in starts)
        return
    try:
        size = max(1, min(group, -(-samples // (helpers + 1))))
        parts = _Parts(samples, size)
        errors: list[BaseException] = []
        threads = [
            threading.Thread(target=_guarded, args=(work, parts, errors), daemon=True)
            for _ in range(min(helpers, -(-samples // size) - 1))
        ]
        for thread in threads:
            thread.start()
        try:
            work(iter(parts))
        finally:
            parts.stop()
            for thread in threads:
                thread.join()
        if errors:
            raise errors[0]
    finally:
        BUDGET.give(helpers)


class _Parts:
    """Parts of the samples, handed out to whichever thread asks."""

    def __init__(self, samples: int, size: int):
        self.lock, self.next, self.samples, self.size = threading.Lock(), 0, samples, size

    def __iter__(self) -> Iterator[range]:
        while True:
            with self.lock:
                start, self.next = self.next, self.next + self.size
            if start >= self.samples:
                return
            yield range(start, min(start + self.size, self.samples))

    def stop(self) -> None:
        """Hand out nothing more."""
        with self.lock:
            self.next = max(self.next, self.samples)


def _guarded(
    work: Callable[[Iterator[range]], None], parts: _Parts, errors: list[BaseException]
) -> None:
    try:
        work(iter(parts))
    except BaseException as error:
        parts.stop()
        errors.append(error)
