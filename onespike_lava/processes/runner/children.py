"""What Lava's child processes need from their parent: the fork start method, a quiet end.

Lava runs every Process in an operating-system process of its own. Its models are handed over
by forking, so the start method must be `fork` while a runtime is built. A child ends with
the parent, and leaves Ctrl-C and SIGTERM to it.
"""

from __future__ import annotations

import ctypes
import multiprocessing
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from onespike_lava.errors import MissingPartError

PR_SET_PDEATHSIG = 1
"""Linux `prctl` option: the signal that a process gets when its parent ends."""

_parent = 0


@contextmanager
def fork_method() -> Iterator[None]:
    """Multiprocessing's start method set to `fork` inside, then as the caller had it.

    Raises `MissingPartError` where the system cannot fork (Windows).
    """
    if "fork" not in multiprocessing.get_all_start_methods():
        raise MissingPartError("lava: needs a system that can fork (Linux, macOS); use WSL")
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method("fork", force=True)
    try:
        yield
    finally:
        multiprocessing.set_start_method(before, force=True)


@contextmanager
def lava_import() -> Iterator[None]:
    """No start method set inside: Lava sets `fork` as it is imported and fails on any other.

    A method that the caller had set stands again afterwards.
    """
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method(None, force=True)
    try:
        yield
    finally:
        if before is not None:
            multiprocessing.set_start_method(before, force=True)


@contextmanager
def bound_children() -> Iterator[None]:
    """Children forked inside end when the parent ends (Linux), and ignore Ctrl-C and SIGTERM.

    The system ties a child to the thread that forked it, which must outlive the run.
    """
    global _parent
    _parent = os.getpid()
    try:
        yield
    finally:
        _parent = 0


def _after_fork() -> None:
    if not _parent:
        return
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != _parent:  # it ended before the request
            os._exit(1)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_after_fork)
