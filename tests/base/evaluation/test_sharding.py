"""Data read part by part, and evaluation in parts: exactly what one process finds in arrays."""

import multiprocessing
import os
import pickle
import re
import signal
import subprocess
import sys
import time
from concurrent.futures import wait
from multiprocessing.connection import Connection
from pathlib import Path

import numpy as np
import pytest

from onespike_lava.data.rows import Rows, column
from onespike_lava.errors import DataError, OptionError, WorkerError
from onespike_lava.evaluation import sharding
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.system import jobs, threads
from tests.networks import random_network, random_samples

SAMPLES = 1300


@pytest.fixture(scope="module")
def network():
    return random_network(np.random.default_rng(3))


@pytest.fixture(scope="module")
def data(network):
    """Some of the samples lie off the grid and outside the range."""
    random = np.random.default_rng(4)
    x = random_samples(network, SAMPLES)
    x = (x + random.normal(0, 0.3, x.shape) * (random.random(x.shape) < 0.1)).astype(np.float32)
    return x, random.integers(0, network.readout.shape[0], SAMPLES)


@pytest.fixture(scope="module")
def file(data, tmp_path_factory):
    path = tmp_path_factory.mktemp("data") / "d.npz"
    np.savez_compressed(path, x=data[0], y=data[1])
    return path


def same(one, two):
    """Whether two evaluations agree in every number."""
    assert (one.predictions == two.predictions).all()
    names = ("correct", "spikes", "spikes_per_neuron", "energy", "clipped", "rounding", "wait")
    return all(getattr(one, name) == getattr(two, name) for name in names)


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("columns_first", [False, True])
def test_rows_are_those_of_the_array(tmp_path, save, columns_first):
    x = np.random.default_rng(0).normal(size=(50, 3, 4))
    save(tmp_path / "a.npz", x=np.asfortranarray(x) if columns_first else x, y=np.arange(50))
    rows = Rows.of(tmp_path / "a.npz", "x")
    assert (len(rows), rows.shape, rows.dtype) == (50, x.shape, x.dtype)
    assert (rows[7:19] == x[7:19]).all()
    assert (rows[0:50] == x).all()
    part = pickle.loads(pickle.dumps(rows.part(slice(10, 30)).part(slice(5, None))))
    assert len(part) == 15
    assert (part[3:99] == x[18:30]).all()
    assert (column(tmp_path / "a.npz", "y") == np.arange(50)).all()
    assert column(tmp_path / "a.npz", "mask") is None


def test_the_digest_is_that_of_the_content(tmp_path):
    x = np.random.default_rng(0).normal(size=(50, 3, 4))
    np.savez(tmp_path / "a.npz", x=x)
    np.savez_compressed(tmp_path / "b.npz", x=np.asfortranarray(x))
    np.savez(tmp_path / "c.npz", x=x + (np.arange(50) == 30)[:, None, None] * 1e-9)
    a, b, c = (Rows.of(tmp_path / f"{name}.npz").digest() for name in "abc")
    assert a == b != c


def test_another_file_under_the_same_path_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((5, 2)))
    rows = Rows.of(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", x=np.ones((5, 2)))
    with pytest.raises(DataError, match=r"a\.npz: x is another one than at the start; leave the"):
        rows[0:2]


def test_unsound_files_are_named(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((5, 2)))
    whole = (tmp_path / "a.npz").read_bytes()
    for content in (b"", whole[:100], whole.replace(b"(5, 2)", b"(9, 2)")):
        (tmp_path / "b.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"b\.npz: .*; save it with numpy\.savez"):
            Rows.of(tmp_path / "b.npz")[0:5]
    with pytest.raises(DataError, match=r"a\.npz: holds x, no array 'y'; save it under that name"):
        Rows.of(tmp_path / "a.npz", "y")


@pytest.mark.parametrize("options", [{}, {"workers": 2}, {"workers": 3, "limit": 700}])
def test_parts_add_up_to_the_whole(network, data, file, options):
    count = options.get("limit")
    for t_w in (None, network.phases // 2):
        expected = evaluate(network, data[0][:count], data[1][:count], wait=t_w)
        found = sharding.evaluate_file(network, file, "numpy", t_w, **options)
        assert same(found, expected)
    assert expected.clipped > 0


def test_a_part_left_out_is_noticed(network, data, file, monkeypatch):
    """The comparison above can fail."""
    whole = sharding.shards
    monkeypatch.setattr(sharding, "shards", lambda *words: list(whole(*words))[:-1])
    with pytest.raises(IndexError):
        sharding.evaluate_file(network, file, "numpy", workers=2)


@pytest.mark.parametrize(("samples", "workers"), [(1, 1), (256, 4), (10_000, 2), (300, 2)])
def test_shards_cover_every_sample_once(samples, workers):
    covered = [n for part in sharding.shards(samples, workers) for n in range(samples)[part]]
    assert covered == list(range(samples))


def test_labels_and_shapes_are_checked_before_any_work(network, tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((3, 1)), y=np.zeros(3, int))
    with pytest.raises(DataError, match=r"x: shape \(3, 1\) does not match"):
        sharding.evaluate_file(network, tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", x=np.zeros((3, *network.input.shape)), y=np.full(3, 99))
    with pytest.raises(DataError, match=r"y: labels 99\.\.99 are outside"):
        sharding.evaluate_file(network, tmp_path / "b.npz")
    with pytest.raises(OptionError, match="engine lava has processes of its own"):
        sharding.evaluate_file(network, tmp_path / "b.npz", "lava", workers=2)
    np.savez(tmp_path / "c.npz", x=np.zeros((3, *network.input.shape)), y=np.zeros(3, int))
    with pytest.raises(OptionError, match="workers: 0 is below 1"):
        sharding.evaluate_file(network, tmp_path / "c.npz", workers=0)


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
    with jobs.crew(2) as crew:
        busy = [crew.submit(time.sleep, 60) for _ in range(2)]
        assert not wait(busy, 0.5).done
        found = [process.pid for process in multiprocessing.active_children()]
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
