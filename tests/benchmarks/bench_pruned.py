"""What engine `numba` gains where few weights live: `python tests/benchmarks/bench_pruned.py`.

Each network is run in turn by three plans in one process: as if no weight were 0, with outputs
that pick the inputs that they read everywhere, and as the engine chooses. Results are compared, a
ratio is of two runs of one round in processor time of one thread; the table has medians.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT)]

from onespike_lava import load  # noqa: E402
from onespike_lava.engines.numba import engine  # noqa: E402
from onespike_lava.engines.numba.plan.picking import choice  # noqa: E402
from onespike_lava.layers import (  # noqa: E402
    Firing,
    Input,
    Integration,
    Reset,
    Synapse,
    Threshold,
    Timed,
    TimedReadout,
)
from onespike_lava.network import Network  # noqa: E402
from onespike_lava.system.files import write_atomic  # noqa: E402
from tests.benchmarks.bench_engines import processor  # noqa: E402
from tests.networks import Maker  # noqa: E402

SHARES = (1.0, 0.5, 0.4, 0.3, 0.2, 0.1, 0.05, 0.02, 0.01)
PLANS = {"dense": np.inf, "picked": 0.0, "chosen": None}
"""What a plan takes for the time of a step of picking; None for the engine's own `PICK`."""

LEAST = 0.003
"""Seconds that are timed at once: as many runs as take so long."""

READING = """
Time of a network of which only so many weights live, by the time of the same network computed as if
none were 0: median ratio over the rounds, whole runs of `Network.run`, float32 samples in, scores
out, processor time of one thread, all in turn in one process. Weights are set to 0 at random.
`picked`: all sums go over live weights; `chosen`: as the engine plans it, synapse by synapse.
Results are compared, bit for bit. `crossing` is the share of live weights below which `picked` is
faster. `step` is the time of a step of picking by that of a step of the dot product where half of
the weights live, of a network without tiles: from it comes `PICK`, by which plans decide.
"""
"""What the page says of its columns."""


def one_spike() -> Network:
    """784-800-800-10 one-spike neurons, drawn."""
    make = Maker(np.random.default_rng(0), 16, 1.2, "graded")
    make.weight = drawn  # type: ignore[method-assign,assignment]
    make.readout(make.dense(make.dense(make.input((784,)), 800), 800), 10)
    return make.network()


def lif() -> Network:
    """784-800-10 LIF neurons over eight steps, the image a constant current, drawn."""
    entry = Input("image", (784,), 5, np.zeros(1), np.full(1, 1 / 31), "constant")
    half, reset = np.full(1, 2048, np.int32), Reset("zero")
    own = [Integration(np.zeros(size, np.int32), keep_v=half) for size in (800, 10)]
    first, last = Synapse(0, drawn((800, 784))), Synapse(1, drawn((10, 800)))
    fires = (Threshold(np.full(800, 500, np.int32)), reset, Firing(), np.ones(800))
    hidden = Timed("hidden", (800,), (first,), own[0], *fires)
    return Network((entry, hidden, TimedReadout("scores", (10,), (last,), own[1], 1.0)), 8, 0)


def drawn(shape: tuple[int, ...], sparse: float = 0.0) -> np.ndarray:
    """Weights int8 of which none is 0."""
    rng = np.random.default_rng(0)
    return (rng.integers(1, 40, shape) * rng.choice([-1, 1], shape)).astype(np.int8)


def shipped(name: str) -> Callable[[], Network]:
    """A network of `netx_models`."""
    return lambda: load(ROOT / "netx_models" / name)


NETWORKS = {
    "784-800-800-10, one spike": one_spike,
    "784-800-10, LIF, T = 8": lif,
    "VGG, one spike": shipped("vgg-cifar10/vgg.net"),
    "ResNet-20, one spike": shipped("resnet20-cifar10/resnet20.net"),
    "convolutions, IF, T = 4": shipped("cifar10-steps/jelly_cifar10.net"),
}


def pruned(network: Network, share: float) -> Network:
    """The network with a share of its weights, of those that are not 0 already."""
    rng, layers = np.random.default_rng(0), []
    for layer in network.layers:
        synapses = tuple(
            replace(each, weight=(each.weight * (rng.random(each.weight.shape) < share)))
            for each in layer.synapses
        )
        layers.append(replace(layer, synapses=synapses) if synapses else layer)
    return replace(network, layers=tuple(layers))


def samples(network: Network, number: int) -> np.ndarray:
    """float32 samples within the input's grid."""
    low, step = network.input.low.min(), network.input.step.max()
    top = low + step * (2**network.input.bits - 1)
    drawn = np.random.default_rng(1).uniform(low, top, (number, *network.sample_shape))
    return drawn.astype(np.float32)


def planned(network: Network, share: float, x: np.ndarray, kind: str) -> dict[str, Network]:
    """The network three times, each with a plan of its own; and without weights, all picked."""
    found, own, scores = {}, choice.PICK[kind], []
    for name, cost in [*PLANS.items(), ("none", 0.0)]:
        found[name] = pruned(network, 0.0 if name == "none" else share)
        choice.PICK[kind] = own if cost is None else cost
        try:
            scores.append(found[name].run(x, "numba").scores)
        finally:
            choice.PICK[kind] = own
    assert all((each == scores[0]).all() for each in scores[:-1])
    return found


def measured(made: dict[str, Network], x: np.ndarray, rounds: int) -> dict[str, list[float]]:
    """Seconds of the processor of each plan, round by round."""
    times: dict[str, list[float]] = {name: [] for name in made}
    names, repeats = list(made), 1
    while timed(made["dense"], x, repeats) * repeats < LEAST:
        repeats *= 2
    for turn in range(rounds):
        for name in names[turn % len(names) :] + names[: turn % len(names)]:
            times[name].append(timed(made[name], x, repeats))
    return times


def timed(network: Network, x: np.ndarray, repeats: int) -> float:
    """Seconds of the processor that a run takes, the first one of several left out."""
    network.run(x, "numba")
    start = time.thread_time()
    for _ in range(repeats):
        network.run(x, "numba")
    return (time.thread_time() - start) / repeats


def step(made: dict[str, Network], times: dict[str, list[float]], kind: str, few: bool) -> str:
    """Time of a step of picking by that of a step of the dot product."""
    works = [
        engine._program(made[name], made[name].wait, False, kind, few=few).work  # type: ignore[union-attr]
        for name in ("picked", "dense")
    ]
    rows = zip(times["picked"], times["dense"], times["none"], strict=True)
    cost = statistics.median((picked - none) / (dense - none) for picked, dense, none in rows)
    return f"{cost * works[1] / works[0]:.2f}"


def crossing(ratios: list[float]) -> str:
    """Share of live weights at which a ratio passes 1, between two that were measured."""
    for k, ratio in enumerate(ratios):
        if ratio < 1:
            if k == 0:
                return "always"
            part = (1 - ratio) / (ratios[k - 1] - ratio)
            return f"{100 * (SHARES[k] + part * (SHARES[k - 1] - SHARES[k])):.2g} %"
    return "never"


def rows(name: str, kind: str, batch: int, rounds: int) -> list[str]:
    """Two lines of the table."""
    network, found, cost = NETWORKS[name](), {"picked": [], "chosen": []}, ""
    x = samples(network, batch)
    few = batch < engine.FEW and not network.steps
    for share in SHARES:
        made = planned(network, share, x, kind)
        times = measured(made, x, rounds)
        for plan, ratios in found.items():
            pairs = zip(times[plan], times["dense"], strict=True)
            ratios.append(statistics.median(a / b for a, b in pairs))
        if share == 0.5 and NETWORKS[name] is one_spike:
            cost = step(made, times, kind, few)
    lines = []
    for plan, ratios in found.items():
        ends = [crossing(ratios), cost] if plan == "picked" else ["", ""]
        cells = [name, kind, str(batch), plan, *(f"{each:.2f}" for each in ratios), *ends]
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def opening(given: argparse.Namespace) -> list[str]:
    """What the page says before its table."""
    shares = [f"{100 * share:g} %" for share in SHARES]
    head = ["network", "kernels", "batch", "plan", *shares, "crossing", "step"]
    return [
        "# Benchmarks of pruned networks",
        "",
        f"Printed on {time.strftime('%Y-%m-%d')} by",
        "`python tests/benchmarks/bench_pruned.py --write docs/benchmarks_pruned.md`.",
        "",
        f"{processor()}, one thread, {given.rounds} rounds.",
        "",
        *textwrap.wrap(READING.strip(), 100),
        "",
        f"| {' | '.join(head)} |",
        "|" + "---|" * len(head),
    ]


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 128])
    parser.add_argument("--kinds", nargs="+", default=engine.kinds(), help="kernels")
    parser.add_argument("--only", default="", metavar="TEXT", help="networks whose name holds it")
    parser.add_argument("--write", type=Path, help="also write the table into this file")
    given = parser.parse_args()
    os.environ["OMP_NUM_THREADS"] = "1"
    lines = opening(given)
    print(*lines, sep="\n", flush=True)
    for name in (each for each in NETWORKS if given.only in each):
        for kind in given.kinds:
            engine.WANTED = kind
            for batch in given.batches:
                found = rows(name, kind, batch, given.rounds)
                print(*found, sep="\n", flush=True)
                lines += found
    if given.write:
        write_atomic(given.write, "\n".join([*lines, ""]).encode())


if __name__ == "__main__":
    main()
