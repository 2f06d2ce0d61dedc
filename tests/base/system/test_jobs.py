"""Crews of workers: they are checked, share threads, and none outlives its owner."""

import multiprocessing
import os
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import wait
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from onespike_lava.errors import OptionError, WorkerError
from onespike_lava.system import jobs, threads


def test_crews_are_checked():
    for words, message in (
        ((0,), "workers: 0 is below 1"),
        ((jobs.MOST + 1,), f"workers: {jobs.MOST + 1} exceeds {jobs.MOST}; give one for each"),
        ((2, "tcp://a:1"), "either --workers"),
    ):
        with pytest.raises(OptionError, match=message), jobs.crew(*words):
            pass


@pytest.mark.parametrize(
    "address", ["ucx://x:1", "inproc://a", "tcp://a", "tcp://a:99999", "tcp://[::", "", "::::"]
)
def test_addresses_are_checked_before_a_client_takes_them_up(address):
    pytest.importorskip("distributed")
    message = rf"scheduler: {re.escape(repr(address))} is no address; give one as tcp://HOST:PORT"
    with pytest.raises(OptionError, match=message), jobs.crew(1, address):
        pass


def test_a_cluster_with_certificates_needs_them():
    pytest.importorskip("distributed")
    message = "tls://127.0.0.1:1 needs certificates; name them in Dask's settings"
    with pytest.raises(OptionError, match=message), jobs.crew(1, "tls://127.0.0.1:1"):
        pass


def test_workers_share_the_threads_and_ignore_interrupts():
    with jobs.crew(2) as crew:
        assert crew.submit(threads.limit).result() == max(1, threads.limit() // 2)
        assert crew.submit(signal.getsignal, signal.SIGINT).result() == signal.SIG_IGN


@pytest.mark.filterwarnings("error::pytest.PytestUnhandledThreadExceptionWarning")
def test_workers_that_die_while_much_is_sent_to_them_are_no_hang_either(monkeypatch):
    def close(connection):
        time.sleep(0.1)  # two threads that close one pipe meet
        os.close(connection._handle)

    monkeypatch.setattr(Connection, "_close", close)
    much = bytes(2**24)
    tasks = iter([(0, os._exit, (1,)), *((place, len, (much,)) for place in range(1, 9))])
    with pytest.raises(WorkerError), jobs.crew(4) as crew:
        list(jobs.finished(crew, lambda: next(tasks, None)))


def test_a_worker_that_dies_is_an_error_not_a_hang():
    tasks = iter([(0, os._exit, (1,))])
    with (
        jobs.crew(2) as crew,
        pytest.raises(WorkerError, match="workers: a process ended by itself"),
    ):
        list(jobs.finished(crew, lambda: next(tasks, None)))


def alive(process):
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def gone(processes, seconds=5.0):
    """Whether the processes end within that time."""
    end = time.monotonic() + seconds
    while any(map(alive, processes)) and time.monotonic() < end:
        time.sleep(0.02)
    return not any(map(alive, processes))


def test_no_worker_outlives_the_crew():
    others = multiprocessing.active_children()  # of tests before
    with jobs.crew(2) as crew:
        busy = [crew.submit(time.sleep, 60) for _ in range(2)]
        assert not wait(busy, 0.5).done
        children = [each for each in multiprocessing.active_children() if each not in others]
        found = [process.pid for process in children]
        assert len(found) == 2
    assert gone(found)
    assert all(future.done() for future in busy)


def children(process):
    """Processes begun by a process that still run."""
    path = Path(f"/proc/{process}/task/{process}/children")
    if not path.exists():
        pytest.skip("needs Linux's /proc")
    return [int(word) for word in path.read_text().split()]


OWNER = """
import os, sys, time
from onespike_lava.system import jobs

if __name__ == "__main__":
    with jobs.crew(2) as crew:
        print(crew.submit(os.getpid).result(), flush=True)
        busy = [crew.submit(time.sleep, 60) for _ in range(2)]
        time.sleep(60)
"""


def test_no_worker_outlives_a_killed_owner(tmp_path):
    (tmp_path / "owner.py").write_text(OWNER)
    words = [sys.executable, str(tmp_path / "owner.py")]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as owner:
        worker = int(owner.stdout.readline())
        found = {*children(owner.pid), worker}
        owner.send_signal(signal.SIGKILL)
    assert gone(found)
