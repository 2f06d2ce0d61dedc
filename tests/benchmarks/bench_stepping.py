"""Speed of networks that step: engine `numba` beside SpikingJelly and ONNX Runtime.

`python tests/benchmarks/bench_stepping.py` in a Python of its own (3.11 or later): `pip install -e
. torch spikingjelly onnx onnxruntime`. All run in turn in one process, with idle gaps, so that a
ratio is of two runs a moment apart; the table has the median of the rounds' ratios and their
quartiles. SpikingJelly runs its modules in multi-step mode, the faster of PyTorch's two memory
formats; ONNX Runtime runs the network of ReLUs in float32, and counts T times.
"""

from __future__ import annotations

import argparse
import io
import os
import statistics
import sys
import textwrap
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import torch

from onespike_lava.engines.numba import engine
from onespike_lava.system.files import write_atomic
from tests.benchmarks.contenders import versions
from tests.benchmarks.stepping import PLANS, Plan, jelly, network, plain

Run = Callable[[], object]
OURS = "numba"
HEAD = (
    "| network | T | rate | batch | numba ms | SpikingJelly ms | numba / SpikingJelly "
    "| T ONNX Runtime ms | numba / T ONNX Runtime |",
    "|---|---|---|---|---|---|---|---|---|",
)
READING = """
Shapes of VGG and ResNet-20 for 32 x 32 images with LIF neurons (half is kept, reset to zero) and
weights of int8 that are drawn, thresholds set so that about 15 % of all neuron-steps spike. The
image is the input of every step; each engine convolves it one time. `numba` is `Network.run` with
this package's engine; SpikingJelly runs its multi-step modules of the same network, to the same
scores, in the faster of PyTorch's memory formats; ONNX Runtime runs the network of ReLUs in
float32, whose time is taken T times. All run in turn in one process, with idle gaps: a ratio is of
runs a moment apart, median over the rounds and quartiles. Where other work loads the machine the
milliseconds are too high; compare the ratios then.
"""
"""What the page says of its columns."""


def main() -> None:
    """Measure and print a table, network by network."""
    given = arguments()
    torch.set_num_threads(given.threads)
    lines = [*opening(given), *HEAD]
    print(*lines, sep="\n", flush=True)
    for name in given.networks:
        for steps in given.steps:
            plan = PLANS[name](steps, max(given.batches))
            rate = check(plan)
            for batch in given.batches:
                lines.append(line(plan, rate, batch, given))
                print(lines[-1], flush=True)
    if given.write:
        write_atomic(given.write, "\n".join([*lines, ""]).encode())


def opening(given: argparse.Namespace) -> list[str]:
    """What the page says before its table."""
    packages = ", ".join(f"{name} {version}" for name, version in versions().items())
    load = f", load {os.getloadavg()[0]:.1f} at the start" if hasattr(os, "getloadavg") else ""
    return [
        "# Speed of networks that step",
        "",
        "Printed by `python tests/benchmarks/bench_stepping.py --write docs/benchmarks_steps.md`.",
        *textwrap.wrap(READING.strip(), 100),
        "",
        f"{packages}; kernels {engine.kind()}, {given.threads} threads, {given.rounds} rounds; "
        f"{os.cpu_count()} cores{load}.",
        "",
    ]


def check(plan: Plan) -> float:
    """Share of neuron-steps that spike; scores must be the reference's and SpikingJelly's."""
    from spikingjelly.activation_based import functional

    made, x = network(plan), plan.samples[:2]
    found = made.run(x, "numba")
    assert (found.scores == made.run(x, "numpy").scores).all()
    module = jelly(plan)
    with torch.inference_mode():
        functional.reset_net(module)
        assert (module(torch.from_numpy(x)).numpy() == found.scores).all()
    neurons = made.neurons
    spikes = sum(found.spikes[layer] for layer in neurons)
    return float(spikes / (sum(neurons.values()) * plan.steps * len(x)))


def line(plan: Plan, rate: float, batch: int, given: argparse.Namespace) -> str:
    """One row of the table."""
    times = measure(contenders(plan, batch, given), given)
    ours, onnx = times[OURS], [plan.steps * each for each in times["onnx"]]
    best = min(("jelly", "jelly channels last"), key=lambda name: statistics.median(times[name]))
    cells = [plan.name, str(plan.steps), f"{rate:.2f}", str(batch), milliseconds(ours)]
    for other in (times[best], onnx):
        cells += [milliseconds(other), ratio(ours, other)]
    return f"| {' | '.join(cells)} |"


def milliseconds(times: list[float]) -> str:
    return f"{1000 * statistics.median(times):.3g}"


def ratio(ours: list[float], other: list[float]) -> str:
    """Median and quartiles of the ratios of each round."""
    found = [mine / theirs for mine, theirs in zip(ours, other, strict=True)]
    low, middle, high = statistics.quantiles(found, n=4)
    return f"{middle:.3f} ({low:.3f} to {high:.3f})"


def contenders(plan: Plan, batch: int, given: argparse.Namespace) -> dict[str, Run]:
    """What is compared, ready to run."""
    from spikingjelly.activation_based import functional

    made, x = network(plan), np.ascontiguousarray(plan.samples[:batch])
    runs: dict[str, Run] = {OURS: lambda: made.run(x, "numba")}
    for name, form in (
        ("jelly", torch.contiguous_format),
        ("jelly channels last", torch.channels_last),
    ):
        module = jelly(plan).to(memory_format=form)
        tensor = torch.from_numpy(x).to(memory_format=form)

        def run(module=module, tensor=tensor) -> object:
            functional.reset_net(module)
            return module(tensor)

        runs[name] = run
    runs["onnx"] = onnx_run(plan, x, given.threads)
    return runs


def onnx_run(plan: Plan, x: np.ndarray, threads: int) -> Run:
    """The plain network in ONNX Runtime, one pass."""
    import onnxruntime

    file, settings = io.BytesIO(), onnxruntime.SessionOptions()
    torch.onnx.export(plain(plan), torch.from_numpy(x), file, dynamo=False)
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        file.getvalue(), settings, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: x})


def measure(runs: dict[str, Run], given: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of each contender in each round, after two rounds to warm up."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    with torch.inference_mode():
        for number in range(given.rounds + 2):
            for name, run in runs.items():
                time.sleep(given.gap)
                start = time.perf_counter()
                run()
                spent = time.perf_counter() - start
                if number > 1:
                    times[name].append(spent)
    return times


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=PLANS, default=list(PLANS))
    parser.add_argument("--steps", type=int, nargs="+", default=[4, 16])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 64])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--gap", type=float, default=0.05)
    parser.add_argument("--write", type=Path)
    return parser.parse_args()


if __name__ == "__main__":
    main()
