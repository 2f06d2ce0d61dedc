"""Engine `numba` among threads and processes."""

import multiprocessing
import os
import threading

import pytest

from onespike_lava import running
from onespike_lava.engines.numba.run import workers
from onespike_lava.errors import OptionError
from tests.networks import random_network, random_samples

pytestmark = pytest.mark.usefixtures("many_threads")


def test_concurrent_calls(kind):
    network = random_network(3, phases=8)
    x = [random_samples(network, 20, seed) for seed in range(6)]
    expected = [network.run(part, "numpy").scores for part in x]
    found = [None] * len(x)

    def call(index):
        for _ in range(5):
            found[index] = network.run(x[index], "numba").scores

    threads = [threading.Thread(target=call, args=(i,)) for i in range(len(x))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all((one == two).all() for one, two in zip(found, expected, strict=True))
    assert workers.POOL.lent == 0


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_after_fork(kind):
    network = random_network(3, phases=8)
    x = random_samples(network, 20)
    expected = network.run(x, "numba").scores
    with multiprocessing.get_context("fork").Pool(2) as pool:
        for found in pool.map(scores, [(network, x)] * 4):
            assert (found == expected).all()


def scores(task):
    network, x = task
    return network.run(x, "numba").scores


def test_a_thread_that_fails(monkeypatch):
    monkeypatch.setattr(workers, "limit", lambda: 3)
    here = threading.current_thread()
    started = threading.Event()

    def fail_elsewhere():
        if threading.current_thread() is not here:
            started.set()
            raise ValueError("planted")
        started.wait(10)

    with pytest.raises(ValueError, match="planted"):
        workers.share(fail_elsewhere, 9)
    assert workers.POOL.lent == 0


def test_the_caller_waits_for_threads_at_work_and_not_for_those_that_come_late(monkeypatch):
    monkeypatch.setattr(workers, "limit", lambda: 2)
    here, done = threading.current_thread(), []
    started, go_on = threading.Event(), threading.Event()

    def slow_elsewhere():
        if threading.current_thread() is here:
            started.wait(10)
            threading.Timer(0.1, go_on.set).start()
        else:
            started.set()
            go_on.wait(10)
            done.append(True)

    workers.share(slow_elsewhere, 2)
    assert done == [True]
    task = workers.Task(lambda: done.append(False))
    task.close()
    task.help()
    assert done == [True]


def test_threads_are_kept(monkeypatch):
    monkeypatch.setattr(workers, "limit", lambda: 2)
    network = random_network(3, phases=8)
    x = random_samples(network, 20)
    network.run(x, "numba")
    before = threading.active_count()
    for _ in range(5):
        network.run(x, "numba")
    assert threading.active_count() == before


def test_number_of_threads(monkeypatch):
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    here = workers.limit()
    assert 1 <= here <= (os.cpu_count() or 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1,2")
    assert workers.limit() == 1
    for other in ("9999", "²", "x", "-1"):
        monkeypatch.setenv("OMP_NUM_THREADS", other)
        assert workers.limit() == here


@pytest.mark.parametrize("number", ["0", "-3"])
def test_a_number_of_threads_that_numba_does_not_take_is_named(monkeypatch, number):
    monkeypatch.setenv("NUMBA_NUM_THREADS", number)
    running._engine.cache_clear()
    network = random_network(0)
    message = f"NUMBA_NUM_THREADS: {number} is below 1; set 1 or more, or unset it"
    with pytest.raises(OptionError, match=message):
        network.run(random_samples(network, 1))
