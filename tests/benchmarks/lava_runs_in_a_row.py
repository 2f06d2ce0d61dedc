"""Fifty Lava runs in a row, a tenth of which fail: time and what this process holds.

    python tests/benchmarks/lava_runs_in_a_row.py [RUNS]

Prints a line every ten runs; exit 1 where threads, open files, children, shared memory or
registry entries grow, or memory by more than 5 MB from the first ten runs to the last.
"""

from __future__ import annotations

import gc
import resource
import sys
import threading
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from lava.magma.core.process.process import ProcessServer
from lava.magma.runtime.message_infrastructure.shared_memory_manager import SharedMemoryManager

from onespike_lava.engines import numpy
from onespike_lava.errors import LavaRunError
from onespike_lava.processes import engine as lava
from tests.lava.architectures import build, integers
from tests.lava.runs import run as run_faulty

PAGE = resource.getpagesize()

blocks: list[str] = []
"""Names of all blocks of shared memory that Lava makes here."""


def note_blocks() -> None:
    """Fill `blocks` from now on."""
    create = SharedMemoryManager.create_shared_memory

    def noted(self, size):
        block = create(self, size)
        blocks.append(block.name)
        return block

    SharedMemoryManager.create_shared_memory = noted


def held() -> dict[str, int]:
    """What this process holds now; memory in MB."""
    gc.collect()
    me = Path("/proc/self")
    children = sum(len(path.read_text().split()) for path in me.glob("task/*/children"))
    return {
        "threads": threading.active_count(),
        "files": len(list((me / "fd").iterdir())),
        "children": children,
        "shared": sum((Path("/dev/shm") / name).exists() for name in blocks),
        "processes": len(ProcessServer().processes),
        "memory": int((me / "statm").read_text().split()[1]) * PAGE >> 20,
    }


def main(runs: int) -> int:
    """Run and print; the exit status."""
    network = build("residual")
    data = integers(network, 2)
    expected = numpy.run(network, data, network.wait, True)
    note_blocks()
    seen = []
    for number in range(1, runs + 1):
        began = time.perf_counter()
        if number % 10 == 5:
            fail_once()
        else:
            found = lava.run(network, data, network.wait, True)
            assert all(map(np.array_equal, found.codes, expected.codes))
        if number % 10 == 0:
            seen.append(held())
            print(f"{number:4d} {time.perf_counter() - began:.2f} s", seen[-1], flush=True)
    growth = {name: seen[-1][name] - value for name, value in seen[0].items()}
    print("growth", growth, "blocks of shared memory made", len(blocks))
    return int(any(value > 5 * (name == "memory") for name, value in growth.items()))


def fail_once() -> None:
    """A run whose model raises; its Processes go from Lava's registry, as in the engine."""
    try:
        with lava.traceless():
            run_faulty("before")
    except LavaRunError:
        return
    raise AssertionError("a failing model did not raise")


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50))
