"""How a session ends, several at once, several in a row: nothing is left, nothing grows."""

from __future__ import annotations

import gc
import multiprocessing
import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from onespike_lava.errors import LavaRunError
from onespike_lava.processes.runner import session as runner
from onespike_lava.processes.runner import teardown
from tests.lava.conftest import children, wait_for
from tests.lava.runs import DATA, run, session

pytestmark = pytest.mark.lava


def test_children_are_asked_to_stop(tmp_path):
    note = tmp_path / "note"
    guarded, _, _ = session("none", note=str(note))
    with guarded:
        guarded.run(4)
    assert note.read_text() == "stopped"


def test_child_deaf_to_the_request_is_killed():
    guarded, _, sink = session("stubborn")
    with guarded:
        guarded.run(10)
        np.testing.assert_array_equal(guarded.get(sink.data), DATA)
        began = time.monotonic()
    assert teardown.STOP_SECONDS < time.monotonic() - began < 5


def test_run_after_close_is_refused():
    guarded, _, sink = session("none")
    with guarded:
        guarded.run(4)
    with pytest.raises(LavaRunError, match=r"^lava: the session is closed; open another one$"):
        guarded.run(1)
    with pytest.raises(LavaRunError, match=r"^lava: the session is closed; open another one$"):
        guarded.get(sink.data)
    guarded.close()


def test_two_networks_in_turn():
    """Both open; one fails, the other goes on."""
    first, _, sink = session("none")
    second, _, _ = session("before")
    third, _, other = session("none")
    with first, third:
        first.run(4)
        third.run(10)
        with pytest.raises(LavaRunError), second:
            second.run(10)
        first.run(6)
        np.testing.assert_array_equal(first.get(sink.data), DATA)
        np.testing.assert_array_equal(third.get(other.data), DATA)


@pytest.fixture
def spawning():
    """The caller's own start method, which Lava cannot use."""
    before = multiprocessing.get_start_method(allow_none=True)
    multiprocessing.set_start_method("spawn", force=True)
    yield
    multiprocessing.set_start_method(before, force=True)


def test_networks_in_threads(spawning, monkeypatch):
    """Three start at the same time; each needs the start method set to its own liking."""
    compiled = runner.Compiler.compile
    delays = iter([0.0, 0.3, 0.6])

    def slowly(*given):
        time.sleep(next(delays))
        return compiled(*given)

    monkeypatch.setattr(runner.Compiler, "compile", slowly)
    with ThreadPoolExecutor(3) as pool:
        for values in pool.map(run, ["none"] * 3):
            np.testing.assert_array_equal(values, DATA)
    assert multiprocessing.get_start_method() == "spawn"


def held() -> tuple[int, int, int]:
    """Threads, open files and children of this process."""
    gc.collect()
    files = len(list(Path("/proc/self/fd").iterdir()))
    return threading.active_count(), files, len(children(os.getpid()))


@pytest.mark.parametrize("mode", ["none", "before"])
def test_runs_in_a_row_leave_no_trace(mode):
    """Threads, open files and children stay as they are after the first run."""
    seen = []
    for _ in range(4):
        if mode == "none":
            run(mode)
        else:
            with pytest.raises(LavaRunError):
                run(mode)
        seen.append(held())
    assert wait_for(lambda: held() == seen[0]), seen
