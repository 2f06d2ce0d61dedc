"""Threads over kernels that hold no lock: how many, and how they are kept.

Numba's own threads do not survive a fork and may abort on concurrent calls, so the process keeps
plain threads of its own, which sleep between runs. All runs have them together, so that
concurrent runs do not use more threads than the machine has.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from queue import SimpleQueue

from onespike_lava.system.threads import limit


class Task:
    """Work that its caller does together with those helpers that come in time."""

    def __init__(self, work: Callable[[], None]):
        self.work, self.lock, self.gone = work, threading.Lock(), threading.Lock()
        self.running, self.open = 0, True
        self.errors: list[BaseException] = []

    def help(self) -> None:
        """Do the work too, unless its caller has finished it already."""
        with self.lock:
            if not self.open:
                return
            self.running += 1
        try:
            self.work()
        except BaseException as error:
            self.errors.append(error)
        with self.lock:
            self.running -= 1
            if not self.open and self.running == 0:
                self.gone.release()

    def close(self) -> None:
        """Let no more helpers in, and wait for those that are at work."""
        with self.lock:
            self.open, busy = False, self.running > 0
            if busy:
                self.gone.acquire()
        if busy:
            self.gone.acquire()


class Helper(threading.Thread):
    """A thread that sleeps until it is given a task."""

    def __init__(self) -> None:
        super().__init__(name="onespike", daemon=True)
        self.tasks: SimpleQueue[Task] = SimpleQueue()

    def run(self) -> None:
        """Do one task after the other."""
        while True:
            self.tasks.get().help()


class Pool:
    """The helpers of the process, asleep or lent to a run."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """No thread is there: at the start, and in a child after a fork."""
        self.lock, self.idle, self.lent = threading.Lock(), list[Helper](), 0

    def take(self, wanted: int) -> list[Helper]:
        """Take at most `wanted` helpers, fewer where the system starts no more threads."""
        with self.lock:
            number = max(0, min(wanted, limit() - 1 - self.lent))
            self.lent += number
            taken = [self.idle.pop() for _ in range(min(number, len(self.idle)))]
        try:
            while len(taken) < number:
                helper = Helper()
                helper.start()
                taken.append(helper)
        except RuntimeError:
            with self.lock:
                self.lent -= number - len(taken)
        return taken

    def give(self, helpers: list[Helper]) -> None:
        """Give helpers back; one that still sleeps finds its old task closed."""
        with self.lock:
            self.lent -= len(helpers)
            self.idle.extend(helpers)


POOL = Pool()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=POOL.reset)


def share(work: Callable[[], None], most: int) -> None:
    """Call `work` on at most `most` threads, this one among them; raises what one raised.

    `work` must do what is left of a common job, and nothing where none is left.
    """
    helpers = POOL.take(most - 1) if most > 1 else []
    if not helpers:
        work()
        return
    task = Task(work)
    try:
        for helper in helpers:
            helper.tasks.put(task)
        work()
    finally:
        task.close()
        POOL.give(helpers)
    if task.errors:
        raise task.errors[0]
