"""Hard time limits and a check for left-overs around every Lava test."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path

import pytest

LIMIT_SECONDS = 60


@pytest.fixture(autouse=True)
def hard_limit(monkeypatch):
    """End a test that hangs, and give each call to Lava half a minute."""
    monkeypatch.setenv("ONESPIKE_LAVA_TIMEOUT", "30")

    def stop(*_):
        raise TimeoutError(f"the test took more than {LIMIT_SECONDS} s")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(LIMIT_SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.fixture(autouse=True)
def nothing_left(monkeypatch):
    """After a test no child runs and no block of shared memory that it made exists."""
    blocks: list[str] = []
    try:
        from lava.magma.runtime.message_infrastructure import shared_memory_manager
    except ImportError:
        yield
        return
    manager = shared_memory_manager.SharedMemoryManager
    create = manager.create_shared_memory

    def noted(self, size):
        block = create(self, size)
        blocks.append(block.name)
        return block

    monkeypatch.setattr(manager, "create_shared_memory", noted)
    yield
    assert wait_for(lambda: not children(os.getpid())), children(os.getpid())
    assert not [name for name in blocks if (Path("/dev/shm") / name).exists()]


def children(pid: int) -> list[int]:
    """Children of a process but the tracker of shared memory, which lives as long as it."""
    found = []
    for thread in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in thread.read_text().split():
            try:
                command = Path(f"/proc/{child}/cmdline").read_text()
            except OSError:
                continue
            if "resource_tracker" not in command:
                found.append(int(child))
    return found


def wait_for(condition, seconds: float = 5.0) -> bool:
    """Whether the condition holds within some seconds."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True
