"""Engine `numba` among threads and processes, without its compiler, without a cache."""

import multiprocessing
import os
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest

from onespike_lava import running
from onespike_lava.engines.numba.run import workers
from onespike_lava.errors import OptionError
from onespike_lava.netx import save
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
    """The kernels' twins run whole networks; the engine leaves them to NumPy."""
    code = """
from tests.base import numba_twins
from tests.networks import random_network, random_samples
numba_twins.take_over()
for kind in ("vnni", "portable"):
    print(numba_twins.twin_difference(kind), numba_twins.stepping_difference(kind))
network = random_network(1)
x = random_samples(network, 2)
print(network.run(x).engine, (network.run(x, "numba").scores == network.run(x).scores).all())
"""
    assert in_process(code, NUMBA_DISABLE_JIT="1") == [*"0000", "numpy", "True"]


def test_kernels_keep_to_the_features_that_numba_compiles_for():
    """LLVM ends the process where a kernel names an instruction that is not among them."""
    code = "import onespike_lava.engines.numba.engine as engine; print(*engine.kinds())"
    assert in_process(code, NUMBA_CPU_FEATURES="+sse4.2,+avx2") == ["portable"]


def test_the_core_of_the_suite_without_the_compiler():
    """Engine `numba` leaves its networks to NumPy, `auto` is NumPy, and nothing else changes."""
    parts = ["test_coding.py", "test_engines.py", "test_several.py", "test_energy.py"]
    paths = [str(Path(__file__).parent / part) for part in parts]
    chosen = "not numpy_equals_reference or 3-graded or 3-membrane"
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-k", chosen, *paths],
        capture_output=True,
        text=True,
        env={**os.environ, "NUMBA_DISABLE_JIT": "1"},
        check=False,
    )
    assert done.returncode == 0, done.stdout
    passed = int(done.stdout.split(" passed")[0].split()[-1])
    assert passed > 50


RUN = """
from tests.networks import random_network, random_samples
from onespike_lava.engines.numba.engine import kind
from onespike_lava.engines.numba.kernels.walk import walker
network = random_network(1)
print(len(network.run(random_samples(network, 2)).scores))
print(sum(walker(kind()).stats.cache_hits.values()))
"""


def test_compiled_once_per_machine():
    in_process(RUN)
    assert in_process(RUN) == ["2", "1"]


NO_FOLDER = """
from numba.core import caching
caching.CacheImpl._locator_classes = []
caching.CompileResultCacheImpl._locator_classes = []
"""

FULL_DISK = """
from numba.core import caching
def save(*_):
    raise OSError(28, "No space left on device")
caching.IndexDataCacheFile.save = save
caching.IndexDataCacheFile.load = lambda *_: None
"""


def test_where_the_disk_is_full():
    assert in_process(FULL_DISK + RUN, NUMBA_OPT="0") == ["2", "0"]


@pytest.fixture(scope="module")
def net_and_data(tmp_path_factory):
    folder = tmp_path_factory.mktemp("notice")
    network = random_network(1)
    save(network, folder / "x.net")
    np.save(folder / "x.npy", random_samples(network, 2).astype(np.float32))
    return folder


def notices(folder, before="", **environment):
    """What `onespike run` says of compiling, on stderr."""
    names = [str(folder / name) for name in ("x.net", "x.npy", "out.npz")]
    arguments = ["run", names[0], "--input", names[1], "-o", names[2]]
    code = f"{before}\nfrom onespike_lava.cli import main\nmain({arguments})"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=True,
    )
    assert "compiling" not in done.stdout
    return [line for line in done.stderr.splitlines() if "compiling" in line]


def test_the_command_line_says_once_that_it_compiles(net_and_data, tmp_path):
    said = "onespike: compiling kernels for this processor, some seconds; the result is kept"
    settings = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert notices(net_and_data, **settings) == [said]
    assert notices(net_and_data, **settings) == []


def test_the_command_line_says_where_nothing_can_be_kept(net_and_data):
    (said,) = notices(net_and_data, NO_FOLDER, NUMBA_OPT="0")
    assert said.endswith("no cache folder is writable, so every process does (NUMBA_CACHE_DIR)")


def test_importing_the_library_does_not_import_numba():
    code = "import onespike_lava, onespike_lava.cli, sys; print('numba' in sys.modules)"
    assert in_process(code) == ["False"]


def test_the_command_line_answers_without_numpy():
    code = "import onespike_lava.cli, sys; print('numpy' in sys.modules)"
    assert in_process(code) == ["False"]
