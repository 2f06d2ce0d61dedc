"""Lava in a process that has used threads of other libraries, or set things for them."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests import ROOT

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")

pytestmark = pytest.mark.lava


TORCH = """
import torch
torch.set_num_threads(2)
one = torch.ones(600, 600)
assert (one @ one).sum() > 0 and torch.nn.functional.conv2d(
    torch.ones(8, 8, 64, 64), torch.ones(8, 8, 3, 3)).sum() > 0
"""

PARALLEL_REGION = """
import numba, numpy
numba.set_num_threads(2)
@numba.njit(parallel=True)
def total(values):
    found = 0.0
    for index in numba.prange(len(values)):
        found += values[index]
    return found
assert total(numpy.ones(10**6)) == 10**6
"""

FAST_ENGINE = """
from tests.lava.architectures import build, integers
from onespike_lava.engines.numba import engine as numba
numba.run(build("conv"), integers(build("conv"), 64), 12, False)
"""

THREADS = """
import threading
for _ in range(3):
    threading.Thread(target=threading.Event().wait, daemon=True).start()
"""

BLAS = """
import numpy
assert (numpy.ones((900, 900)) @ numpy.ones((900, 900))).sum() == 900**3
"""


SCRIPT = """
from onespike_lava.engines import numpy
from onespike_lava.processes import engine as lava
from tests.lava.architectures import build, integers
network = build("conv")
data = integers(network, 2)
expected = numpy.run(network, data, 12, False)
for model in lava.MODELS:
    found = lava.run_model(network, data, 12, False, model)
    assert (found.scores == expected.scores).all() and list(found.spikes) == list(expected.spikes)
print("the same")
"""


@pytest.mark.parametrize(
    "before",
    [TORCH, PARALLEL_REGION, FAST_ENGINE, THREADS, BLAS],
    ids=["torch", "parallel_region", "fast_engine", "threads", "blas"],
)
def test_lava_after(before):
    if before is TORCH:
        pytest.importorskip("torch", reason="torch is not installed")
    command = [sys.executable, "-c", before + SCRIPT]
    threads = {name: value for name, value in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        command, cwd=ROOT, env=threads, capture_output=True, text=True, timeout=50
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == "the same\n"
