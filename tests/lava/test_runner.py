"""The guarded runner: an error with its traceback, soon, and nothing left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from lava.magma.core.run_configs import Loihi2SimCfg
from lava.proc.io.sink import RingBuffer as Sink

from onespike_lava.errors import LavaRunError, OptionError
from onespike_lava.processes.runner import patience, teardown
from onespike_lava.processes.runner.session import Session
from tests import ROOT
from tests.interrupts import heard
from tests.lava.conftest import children, wait_for
from tests.lava.faulty.process import Faulty
from tests.lava.runs import DATA, run, session

pytestmark = pytest.mark.lava


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("build", "ValueError: fails while building"),
        ("before", "ValueError: fails before sending"),
        ("after", "ValueError: fails after sending"),
        ("wrong_shape", "AssertionError: data.shape=(1,) self._shape=(2,) Mismatch"),
    ],
)
def test_exception_arrives_with_traceback_and_next_run_works(mode, text, capfd):
    began = time.monotonic()
    with pytest.raises(LavaRunError) as caught:
        run(mode)
    assert time.monotonic() - began < 5
    message = str(caught.value)
    assert message.startswith(f"lava {'start' if mode == 'build' else 'run'}: ")
    assert "Traceback" in message
    assert "models.py" in message
    assert message.endswith(text)
    assert capfd.readouterr().out == ""
    np.testing.assert_array_equal(run("none"), DATA)


@pytest.mark.parametrize("mode", ["killed", "killed_building"])
def test_killed_child_is_named(mode):
    began = time.monotonic()
    with pytest.raises(LavaRunError, match=r"faulty \(Faulty\): died with exit code -9"):
        run(mode)
    assert time.monotonic() - began < 5
    np.testing.assert_array_equal(run("none"), DATA)


def test_child_that_ends_without_an_error_is_named():
    with pytest.raises(LavaRunError, match=r"faulty \(Faulty\): died with exit code 0$"):
        run("ended")
    np.testing.assert_array_equal(run("none"), DATA)


def test_time_limit():
    with pytest.raises(LavaRunError, match=r"^lava run: no answer within 0\.5 s; allow more with "):
        run("endless", timeout=0.5)
    np.testing.assert_array_equal(run("none"), DATA)


def test_child_killed_before_a_var_is_read():
    guarded, faulty, _ = session("none")
    with guarded:
        guarded.run(4)
        pid = int(guarded.get(faulty.pid)[0])
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(LavaRunError, match=r"reading of Var pid: faulty .* exit code -9"):
            guarded.get(faulty.pid)
        with pytest.raises(LavaRunError, match="the session is closed"):
            guarded.run(1)


def test_killed_memory_manager_leaves_nothing():
    guarded, _, _ = session("none")
    with guarded:
        guarded.run(4)
        manager = guarded._runtime._messaging_infrastructure.smm._manager
        os.kill(manager._process.pid, signal.SIGKILL)


def test_exception_of_the_caller_closes():
    guarded, _, _ = session("none")
    with pytest.raises(ZeroDivisionError), guarded:
        guarded.run(1 // 0)


def test_runs_in_another_thread():
    found = []
    worker = threading.Thread(target=lambda: found.append(run("none")))
    worker.start()
    worker.join(20)
    np.testing.assert_array_equal(found, [DATA])


def test_time_limit_of_the_environment(monkeypatch):
    monkeypatch.setenv("ONESPIKE_LAVA_TIMEOUT", "0.7")
    with pytest.raises(LavaRunError, match=r"no answer within 0\.7 s"):
        run("endless")


def test_no_thread_is_left():
    run("none")
    before = threading.active_count()
    with pytest.raises(LavaRunError):
        run("before")
    assert wait_for(lambda: threading.active_count() <= before)


def test_unknown_model_is_a_run_error():
    guarded = Session(Faulty(mode="none"), Loihi2SimCfg(select_tag="floating_pt"))
    with pytest.raises(LavaRunError, match=r"lava start: AssertionError: .*floating_pt"), guarded:
        pass


@pytest.mark.parametrize("text", ["soon", "-1", "nan"])
def test_timeout_variable_must_be_positive(text, monkeypatch):
    monkeypatch.setenv("ONESPIKE_LAVA_TIMEOUT", text)
    with pytest.raises(OptionError, match=f"ONESPIKE_LAVA_TIMEOUT: '{text}' is not a positive"):
        patience.timeout_from_environment()


def test_changed_internals_are_reported(monkeypatch):
    monkeypatch.setattr(teardown, "INTERNALS", ((Sink, ("_soul",)),))
    with pytest.raises(LavaRunError, match=r"lava: RingBuffer has no _soul, this is not lava-nc"):
        run("none")


SCRIPT = """
import sys
{before}
from tests.lava.runs import session
guarded, faulty, sink = session("endless")
with guarded:
    blocks = guarded._runtime._messaging_infrastructure.smm._shared_memory_handles
    print(*[block.name for block in blocks], flush=True)
    {work}
{after}
"""


def start(work: str, before: str = "", after: str = "") -> subprocess.Popen:
    script = SCRIPT.format(work=work, before=before, after=after)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([sys.executable, "-c", script], cwd=ROOT, preexec_fn=heard, **pipes)


def gone(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    try:
        return status.read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return True


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_parent_ended_by_signal_leaves_nothing(number):
    with start("guarded.run(10)") as parent:
        blocks = parent.stdout.readline().split()
        time.sleep(0.3)
        pids = children(parent.pid)
        assert len(blocks) > 5
        assert len(pids) == 5  # three Processes, the runtime service, the memory manager
        parent.send_signal(number)
        _, errors = parent.communicate(timeout=20)
    assert wait_for(lambda: all(map(gone, pids)))
    assert wait_for(lambda: not [b for b in blocks if (Path("/dev/shm") / b).exists()])
    if number == signal.SIGINT:
        assert errors.rstrip().endswith("KeyboardInterrupt")
        assert errors.count("Traceback") == 1  # the children stay silent


@pytest.mark.parametrize("method", ["spawn", "forkserver", "fork"])
def test_start_method_of_the_caller_is_kept(method):
    before = f"import multiprocessing as mp; mp.set_start_method({method!r})\n"
    before += "import onespike_lava.processes  # before any import of lava"
    after = "print(mp.get_start_method())"
    with start("guarded.run(4); print(guarded.get(sink.data)[0, :4])", before, after) as parent:
        output, errors = parent.communicate(timeout=30)
    assert output.splitlines()[1:] == ["[0. 1. 2. 3.]", method], errors
