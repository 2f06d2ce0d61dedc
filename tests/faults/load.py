"""Memory under load: many images in one call, many calls in one process.

    python tests/faults/load.py [NET.net]

Most memory of 1,000 and of 10,000 images in a call, beside the images; and what a call leaves,
once the first calls are over. Each line comes from a process of its own. Exits with 1
where memory grows. Needs Linux.
"""

from __future__ import annotations

import gc
import resource
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from onespike_lava import load
from onespike_lava.netx import from_bytes, to_bytes
from onespike_lava.summary import summary

DIGITS = Path(__file__).parents[2] / "netx_models" / "digits"
CALLS, WARM = 1000, 200
FLAT = 1.0
"""KiB that a call may leave: a sample's scores kept would be more over the calls."""

RATIO = 1.5
"""How much more memory ten times the images may take."""

PAGE = resource.getpagesize()


def resident() -> int:
    """Bytes in memory now."""
    gc.collect()
    return PAGE * int(Path("/proc/self/statm").read_text().split()[1])


def images(net: str, count: int) -> np.ndarray:
    """Images on the grid of the input."""
    shape = load(net).input.shape
    random = np.random.default_rng(0)
    return (random.integers(0, 17, (count, *shape)) / 16).astype(np.float32)


def peak(net: str, engine: str, count: int) -> float:
    """MiB that a call with so many images takes at most, beside them and their scores."""
    x = images(net, count)
    network = load(net)
    network.run(x[:10], engine)
    before = resident()
    Path("/proc/self/clear_refs").write_text("5")
    found = network.run(x, engine)
    status = Path("/proc/self/status").read_text()
    most = 1024 * int(status.partition("VmHWM:")[2].split()[0])
    return (most - before - found.scores.nbytes) / 2**20


def slope(call: Callable[[], object], calls: int = CALLS) -> float:
    """KiB that a call leaves in memory, by least squares over all calls but the first ones."""
    for _ in range(WARM):
        call()
    at = np.arange(0, calls, max(1, calls // 20))
    held = []
    for number in range(calls):
        call()
        if number in at:
            held.append(resident())
    return float(np.polyfit(at, held, 1)[0]) / 1024


def calls(net: str, what: str) -> float:
    """KiB that a call of a kind leaves."""
    x, network = images(net, 4), load(net)
    kinds: dict[str, Callable[[], object]] = {
        "numba": lambda: network.run(x, "numba", record=True),
        "numpy": lambda: network.run(x, "numpy", record=True),
        "load, run, forget": lambda: load(net).run(x, "numba"),
        "load, inspect, convert": lambda: summary(from_bytes(to_bytes(load(net)))),
    }
    return slope(kinds[what])


def measured(*words: str) -> float:
    """A line's figure, from a process of its own."""
    done = subprocess.run(
        [sys.executable, __file__, *words], stdout=subprocess.PIPE, text=True, check=True
    )
    return float(done.stdout)


def main() -> int:
    """Print all lines."""
    words = sys.argv[1:]
    if len(words) > 1:
        kind, net, what, *count = words
        print(peak(net, what, int(count[0])) if kind == "peak" else calls(net, what))
        return 0
    net, grows = words[0] if words else str(DIGITS / "digits.net"), False
    for engine in ("numba", "numpy"):
        few, many = (measured("peak", net, engine, str(n)) for n in (1000, 10_000))
        print(f"{engine}: 1,000 images {few:.1f} MiB, 10,000 images {many:.1f} MiB")
        grows |= many > RATIO * few + 1
    for what in ("numba", "numpy", "load, run, forget", "load, inspect, convert"):
        left = measured("calls", net, what)
        print(f"{what}: a call leaves {left:.3f} KiB, over {CALLS} calls")
        grows |= left > FLAT
    return int(grows)


if __name__ == "__main__":
    sys.exit(main())
