"""How time and memory of engine `numba` grow, what waits cost, and what a cold process costs.

Run as `python tests/benchmarks/bench_scaling.py`. Each line of memory comes from a process of
its own that runs noise through ResNet-20 and reports the most it held beside the samples.
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.networks import Maker  # noqa: E402


def network(size: int = 16, channels: int = 32, phases: int = 16, weighting: str = "graded"):
    """Two convolutions and a readout on images of `size` by `size` pixels."""
    from onespike_lava.layers import Window

    make = Maker(np.random.default_rng(0), phases, 1.3 if phases <= 16 else 1.15, weighting)
    same = Window((1, 1), (1, 1, 1, 1))
    at = make.conv(make.input((3, size, size)), channels, window=same)
    at = make.pool(make.conv(at, channels, window=same), (size, size), Window((size, size)))
    make.readout(at)
    return make.network()


def seconds(net, samples: int) -> float:
    """Least time of seven runs."""
    x = np.random.default_rng(1).integers(0, 256, (samples, *net.input.shape)) / 255
    x = x.astype(np.float32)
    net.run(x, "numba")
    times = []
    for _ in range(7):
        start = time.perf_counter()
        net.run(x, "numba")
        times.append(time.perf_counter() - start)
    return min(times)


def slope(name: str, values: list[int], times: list[float]) -> None:
    """Print the slope of time against a quantity, both as logarithms."""
    found = np.polyfit(np.log(values), np.log(times), 1)[0]
    line = ", ".join(f"{v}: {t * 1e3:.2f} ms" for v, t in zip(values, times, strict=True))
    print(f"slope against {name:22s} {found:5.2f}   ({line})", flush=True)


def times_as_long(name: str, one, two) -> None:
    """Print how many times as long `one()` takes as `two()`: median of 15 rounds, in turn."""
    ratios = []
    for count in range(16):
        took = []
        for run in (one, two):
            start = time.perf_counter()
            run()
            took.append(time.perf_counter() - start)
        if count:  # the first round compiles
            ratios.append(took[0] / took[1])
    low, middle, high = statistics.quantiles(ratios, n=4)
    print(f"{name}: {middle:.2f} times as long ({low:.2f} .. {high:.2f})", flush=True)


def waits(samples: int = 64) -> None:
    """What late and false spikes cost, and what membrane weighting costs."""
    net, x = resnet20(samples)
    for wait in (4, 10, 15):
        name = f"ResNet-20, {samples} samples, T_w = {wait} against T_w = T = 16"
        times_as_long(name, lambda w=wait: net.run(x, "numba", w), lambda: net.run(x, "numba"))
    both = network(), network(weighting="membrane")
    x = np.random.default_rng(1).integers(0, 256, (samples, *both[0].input.shape)) / 255
    one, two = (lambda net=net: net.run(x, "numba") for net in both[::-1])
    times_as_long("membrane against graded weighting, T = 16", one, two)


def resnet20(samples: int):
    """The ResNet-20 of this repository, and samples on its input grid as float32."""
    from onespike_lava.data.encoding import decode
    from onespike_lava.netx import load

    net = load(ROOT / "netx_models" / "resnet20-cifar10" / "resnet20.net")
    x = np.empty((samples, *net.input.shape), np.float32)
    rng = np.random.default_rng(1)
    for image in x:
        image[:] = decode(net.input, rng.integers(0, 256, image.shape).astype(np.uint8))
    return net, x


def held(samples: int) -> float:
    """Most memory that this process held, MB, without the samples themselves."""
    size = 4 * samples * 3 * 32 * 32 / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - size


def peak(samples: int) -> None:
    """In a process of its own: ResNet-20 on samples, 500 a call; prints the most memory held."""
    net, x = resnet20(500)
    for _ in range(0, samples, 500):
        net.run(x, "numba")
    print(held(500))


def whole(samples: int) -> None:
    """The same with all samples in one call."""
    net, x = resnet20(samples)
    net.run(x, "numba")
    print(held(samples))


def in_process(part: str, samples: int) -> float:
    """Run one of the functions above in a fresh process."""
    command = [sys.executable, __file__, part, str(samples)]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


def main() -> None:
    """Print slopes, memory and the time of a cold process."""
    counts = [64, 128, 256, 512, 1024]
    net = network()
    slope("samples", counts, [seconds(net, n) for n in counts])
    sizes = [8, 16, 32, 64]
    slope("pixels", [s * s for s in sizes], [seconds(network(s), 32) for s in sizes])
    widths = [32, 64, 128, 256]
    slope(
        "products of channels",
        [w * w for w in widths],
        [seconds(network(8, w), 64) for w in widths],
    )
    lengths = [8, 16, 24, 32]
    slope("phases", lengths, [seconds(network(phases=t), 64) for t in lengths])
    waits()
    for part, text in (("peak", "500 samples a call"), ("whole", "one call")):
        few, many = in_process(part, 1000), in_process(part, 10000)
        print(f"memory, {text}: 1,000 samples {few:.0f} MB, 10,000 {many:.0f} MB, {many / few:.3f}")
    start = time.perf_counter()
    in_process("peak", 1)
    print(f"cold process, warm cache, to its end: {time.perf_counter() - start:.2f} s")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        {"peak": peak, "whole": whole}[sys.argv[1]](int(sys.argv[2]))
    else:
        main()
