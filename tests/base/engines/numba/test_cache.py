"""Engine `numba` without its compiler, without a cache; what is said of compiling."""

import os
import subprocess
import sys

import numpy as np
import pytest

from onespike_lava.netx import save
from tests import ROOT
from tests.base.engines.numba.process import in_process
from tests.networks import random_network, random_samples

pytestmark = pytest.mark.usefixtures("many_threads")


def test_without_the_compiler():
    """The kernels' twins run whole networks; the engine leaves them to NumPy."""
    code = """
from tests.base.engines.numba import twins
from tests.networks import random_network, random_samples
twins.take_over()
for kind in ("vnni", "portable"):
    print(twins.twin_difference(kind), twins.stepping_difference(kind))
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
    parts = [
        "engines/test_engines",
        "layers/codes/test_several_spikes",
        "test_coding",
        "test_energy",
    ]
    paths = [str(ROOT / "tests" / "base" / f"{part}.py") for part in parts]
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
    said = "onespike: compiling kernels for this processor, some seconds; later runs reuse them"
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
