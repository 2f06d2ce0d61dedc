"""What engine numba gains where few synapses live: `python tests/benchmarks/bench_pruned.py`.

Each network is run twice in turn, with the plan that leaves out inputs that no neuron of a block
reads, and with one that multiplies zeros; results are compared, times are ratios of one round,
their median over rounds, on one thread. Weights are drawn. Pruned at random, or so that two fifths
of the inputs of each dense layer have no synapse left, as the border of MNIST's images has none.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from onespike_lava.engines.numba.plan import connections  # noqa: E402
from onespike_lava.layers import (  # noqa: E402
    Firing,
    Input,
    Integration,
    Reset,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
    Window,
)
from onespike_lava.network import Network  # noqa: E402
from tests.networks import Maker  # noqa: E402

SHARES = (1.0, 0.5, 0.3, 0.2, 0.1, 0.05, 0.03, 0.02, 0.01, 0.007)
SILENT = 0.4
"""Share of inputs without a synapse, of those pruned by inputs."""


def weights(shape: tuple[int, ...], share: float, by_inputs: bool) -> np.ndarray:
    """Drawn weights int8 of which a share is not 0."""
    rng = np.random.default_rng(0)
    weight = rng.integers(1, 40, shape) * rng.choice([-1, 1], shape)
    read = np.ones(shape[1], bool)
    if by_inputs and share < 1:
        read[rng.permutation(shape[1])[: int(SILENT * shape[1])]] = False
    kept = rng.random(shape) < share / read.mean()
    kept &= read.reshape(1, -1, *[1] * (len(shape) - 2))
    return (weight * kept).astype(np.int8)


def one_spike(share: float, by_inputs: bool) -> Network:
    """784-800-800-10 one-spike neurons, T = 8."""
    make = Maker(np.random.default_rng(0), 8, 1.4, "graded")
    make.weight = lambda shape, sparse=0.0: weights(shape, share, by_inputs)  # type: ignore[method-assign]
    make.input((784,))
    make.dense(0, 800)
    make.dense(1, 800)
    make.readout(2)
    return make.network()


def lif(share: float, by_inputs: bool) -> Network:
    """784-800-10 LIF neurons over eight steps, the image a constant current (`rewiring.py`)."""
    entry = Input("image", (784,), 5, np.zeros(1), np.full(1, 1 / 31), "constant")
    half, reset = np.full(1, 2048, np.int32), Reset("zero")
    layers: list[object] = [entry]
    for source, size in ((784, 800), (800, 10)):
        synapse = Synapse(len(layers) - 1, weights((size, source), share, by_inputs))
        parts = Integration(np.zeros(size, np.int32), keep_v=half)
        if size == 800:
            limit = Threshold(np.full(size, 500, np.int32))
            own = ("hidden", (size,), (synapse,), parts, limit, reset, Firing(), np.ones(size))
            layers.append(Timed(*own))
        else:
            layers.append(TimedReadout("scores", (size,), (synapse,), parts, 1.0))
    return Network(tuple(layers), 8, 0)  # type: ignore[arg-type]


def conv(share: float, by_inputs: bool) -> Network:
    """Two 3x3 convolutions of 64 channels on 16x16, one-spike neurons, T = 8."""
    make = Maker(np.random.default_rng(0), 8, 1.4, "graded")
    make.weight = lambda shape, sparse=0.0: weights(shape, share, by_inputs)  # type: ignore[method-assign]
    around = Window(padding=(1, 1, 1, 1))
    make.input((16, 16, 16))
    make.conv(0, 64, window=around)
    make.conv(1, 64, window=around)
    make.readout(2)
    return make.network()


NETWORKS = {"784-800-800-10, one spike": one_spike, "784-800-10, LIF": lif, "two conv 64": conv}


@contextmanager
def multiplying_zeros() -> Iterator[None]:
    """Plans as if no weight were 0."""
    before = connections.live_runs, connections.FEW_LIVE
    connections.live_runs, connections.FEW_LIVE = (lambda taps, weight: (taps, weight)), 0.0
    try:
        yield
    finally:
        connections.live_runs, connections.FEW_LIVE = before


def timed(network: Network, x: np.ndarray) -> float:
    """Seconds of the processor."""
    start = time.thread_time()
    network.run(x, "numba")
    return time.thread_time() - start


def ratio(make: object, share: float, by_inputs: bool, samples: int, rounds: int) -> list[float]:
    """Time of the plan over that of zeros, of each round."""
    few, dense = (make(share, by_inputs) for _ in range(2))  # type: ignore[operator]
    x = np.random.default_rng(1).random((samples, *few.input.shape)).astype(np.float32)
    with multiplying_zeros():
        expected = dense.run(x, "numba", record=True).scores
        dense.run(x, "numba")
    assert np.array_equal(few.run(x, "numba").scores, expected)
    return [timed(few, x) / timed(dense, x) for _ in range(rounds)]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--samples", type=int, default=512)
    parser.add_argument("--only", default="", metavar="TEXT", help="networks whose name holds it")
    given = parser.parse_args()
    print("| network | pruned | " + " | ".join(f"{100 * each:g} %" for each in SHARES) + " |")
    print("| --- " * (2 + len(SHARES)) + "|")
    for name, make in NETWORKS.items():
        if given.only not in name:
            continue
        for by_inputs in (False, True):
            row = [
                statistics.median(ratio(make, each, by_inputs, given.samples, given.rounds))
                for each in SHARES
            ]
            cells = " | ".join(f"{each:.2f}" for each in row)
            print(f"| {name} | {'inputs' if by_inputs else 'random'} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
