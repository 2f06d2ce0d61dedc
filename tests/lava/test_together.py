"""All Processes in one child: the same run, the same errors, nothing left."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

from scipy.sparse import csr_matrix

from onespike_lava.engines import numpy
from onespike_lava.errors import LavaRunError
from onespike_lava.processes import engine as lava
from onespike_lava.processes.runner.together import Together, channel
from tests.lava.architectures import build, integers
from tests.lava.conftest import children
from tests.lava.parity import check_same
from tests.lava.runs import DATA, run, session

pytestmark = pytest.mark.lava


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("build", "ValueError: fails while building"),
        ("before", "ValueError: fails before sending"),
        ("after", "ValueError: fails after sending"),
        ("exit", "SystemExit: asks for the end"),
        ("wrong_shape", "AssertionError: data.shape=(1,) self._shape=(2,) Mismatch"),
    ],
)
def test_exception_names_its_process(mode, text, capfd):
    began = time.monotonic()
    with pytest.raises(LavaRunError) as caught:
        run(mode, together=True)
    assert time.monotonic() - began < 5
    message = str(caught.value)
    assert message.startswith(f"lava {'start' if mode == 'build' else 'run'}: all Processes: ")
    assert "faulty (Faulty): Traceback" in message
    assert message.endswith(text)
    assert capfd.readouterr().out == ""
    np.testing.assert_array_equal(run("none", together=True), DATA)


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("killed", "all Processes: died with exit code -9"),
        ("killed_building", "all Processes: died with exit code -9"),
        ("ended", "all Processes: died with exit code 0"),
        ("endless", "no answer within 0.5 s"),
    ],
)
def test_ends_without_an_error_are_told(mode, text):
    with pytest.raises(LavaRunError, match=text):
        run(mode, timeout=0.5 if mode == "endless" else None, together=True)
    np.testing.assert_array_equal(run("none", together=True), DATA)


def test_one_child_whose_vars_are_read_and_set():
    guarded, faulty, sink = session("none", together=True)
    with guarded:
        guarded.run(4)
        pid = int(guarded.get(faulty.pid)[0])
        assert pid in children(os.getpid())
        assert len(children(os.getpid())) == 2  # that of shared memory is the other
        guarded.set(faulty.pid, np.array([7]))
        assert guarded.get(faulty.pid) == 7
        guarded.run(6)
        np.testing.assert_array_equal(guarded.get(sink.data), DATA)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(LavaRunError, match="all Processes: died with exit code -9"):
            guarded.get(faulty.pid)


def test_a_model_that_is_deaf_to_stop_is_ended():
    guarded, _, _ = session("stubborn", together=True)
    began = time.monotonic()
    with guarded:
        guarded.run(1)
    assert time.monotonic() - began < 5


@pytest.mark.parametrize("together", [True, False])
def test_hierarchy_apart_and_together(together):
    network = build("residual")
    data = integers(network, 2)
    expected = numpy.run(network, data, 12, True)
    check_same(lava.run_model(network, data, 12, True, "hierarchy", together=together), expected)


def queue(size: int = 2, dtype: type = np.int32):
    return channel(Together([]), "out", "in", (2,), dtype, size)


def test_messages_are_copies_in_the_type_of_the_channel():
    made = queue()
    given = np.array([1.9, -3.0])
    made.src_port.send(given)
    given[:] = 0
    assert made.dst_port.probe()
    for look in (made.dst_port.peek, made.dst_port.peek, made.dst_port.recv):
        found = look()
        assert found.dtype == np.int32
        assert found.tolist() == [1, -3]
    assert not made.dst_port.probe()


def test_sparse_messages_are_their_values():
    made = channel(Together([]), "out", "in", (2, 2), np.int32, 2)
    made.src_port.send(csr_matrix([[1, 0], [0, 5]]))
    assert made.dst_port.recv().tolist() == [1, 5]


def test_a_full_channel_waits_for_room():
    made, sent = queue(), []
    sender = threading.Thread(
        target=lambda: [(made.src_port.send(np.full(2, n)), sent.append(n)) for n in range(4)]
    )
    sender.start()
    time.sleep(0.2)
    assert sent == [0, 1]
    assert not made.src_port.probe()
    assert [made.dst_port.recv()[0] for _ in range(4)] == [0, 1, 2, 3]
    sender.join(5)
    assert sent == [0, 1, 2, 3]
    assert made.src_port.probe()


def test_an_observer_hears_of_a_message():
    made, heard = queue(), []
    made.dst_port.observer = lambda: heard.append(made.dst_port.probe())
    made.src_port.send(np.zeros(2))
    assert heard == [True]


def test_host_channels_are_lavas_own():
    together = Together([])
    together.start()
    try:
        made = channel(together, "runtime_to_service_src", "runtime_to_service_dst", (1,), int, 2)
        assert type(made).__name__ == "PyPyChannel"
    finally:
        together.smm.shutdown()
