"""Engine `numba` among threads and processes, without its compiler, without a cache."""

import multiprocessing
import os
import subprocess
import sys
import threading

import pytest

from onespike_lava.engines.numba import walk, workers
from tests.base import numba_twins
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
    assert workers.BUDGET.used == 0


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

    def fail(parts):
        for _ in parts:
            raise ValueError("planted")

    with pytest.raises(ValueError, match="planted"):
        workers.share(fail, 100, 2, 9)
    assert workers.BUDGET.used == 0


def test_number_of_threads(monkeypatch):
    for name in ("OMP_NUM_THREADS", "NUMBA_NUM_THREADS"):
        monkeypatch.delenv(name, raising=False)
    here = workers.limit()
    assert 1 <= here <= (os.cpu_count() or 1)
    monkeypatch.setenv("OMP_NUM_THREADS", "1,2")
    assert workers.limit() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "9999")
    assert workers.limit() == here


def test_every_sample_is_handed_out_once(monkeypatch):
    monkeypatch.setattr(workers, "limit", lambda: 4)
    seen = []
    workers.share(lambda parts: seen.extend(i for part in parts for i in part), 37, 5, 9)
    assert sorted(seen) == list(range(37))


@pytest.mark.parametrize("kind", ["vnni", "portable"])
def test_twin_of_the_kernel(kind, monkeypatch):
    monkeypatch.setattr(walk, "connect", numba_twins.connect)
    assert numba_twins.twin_difference(kind) == 0


def in_process(code, **environment):
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.split()


def test_without_the_compiler():
    code = """
from tests.base import numba_twins
from onespike_lava.engines.numba import operations, walk
from tests.networks import random_network, random_samples
walk.connect, operations.count_64 = numba_twins.connect, numba_twins.count_64
print(numba_twins.twin_difference("vnni"), numba_twins.twin_difference("portable"))
network = random_network(1)
x = random_samples(network, 2)
print(network.run(x).engine, (network.run(x, "numba").scores == network.run(x).scores).all())
"""
    assert in_process(code, NUMBA_DISABLE_JIT="1") == ["0", "0", "numpy", "True"]


RUN = """
from tests.networks import random_network, random_samples
from onespike_lava.engines import numba as engine
network = random_network(1)
print(len(network.run(random_samples(network, 2)).scores))
print(sum(engine.walker(engine.kind()).stats.cache_hits.values()))
"""


def test_compiled_once_per_machine():
    in_process(RUN)
    assert in_process(RUN) == ["2", "1"]


def test_no_folder_can_be_written_to():
    code = "from numba.core import caching; caching.CacheImpl._locator_classes = []\n"
    patch = code + "caching.CompileResultCacheImpl._locator_classes = []\n"
    assert in_process(patch + RUN) == ["2", "0"]


def test_importing_the_library_does_not_import_numba():
    code = "import onespike_lava, onespike_lava.cli, sys; print('numba' in sys.modules)"
    assert in_process(code) == ["False"]
