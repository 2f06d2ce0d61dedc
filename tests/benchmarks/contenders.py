"""One environment's part of `bench_engines.py`: times contenders in turn, prints JSON lines.

Whatever this Python has takes part: engine `numba` by kernel kind, engine `numpy`, PyTorch, ONNX
Runtime, SpikingJelly's conversion, Lava's two models. Each takes the same float32 images and
returns scores. Contenders run in turn in one process, with idle gaps so that no library's
spinning threads disturb the next.
"""

from __future__ import annotations

import argparse
import io
import json
import platform
import sys
import time
from collections.abc import Callable, Iterator
from importlib.metadata import distributions
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
import torch

from onespike_lava.data.encoding import encode
from onespike_lava.engines.numba import engine
from onespike_lava.errors import OneSpikeError
from tests.benchmarks.models import CASES, Case, MissingDataError, of_layers

Run = Callable[[], object]
PACKAGES = ("numpy", "numba", "torch", "onnxruntime", "spikingjelly", "lava-nc")
SLOW_SECONDS, FEWEST = 0.5, 3
"""A contender that takes so long is run in this many rounds only."""


def main() -> None:
    """Print versions, then one line for each network, batch and contender."""
    given = arguments()
    torch.set_num_threads(given.threads)
    say(versions=versions(), kinds=engine.kinds())
    for name in given.networks:
        try:
            case = CASES[name](max(given.batches))
        except MissingDataError as missing:
            say(network=name, missing=str(missing))
            continue
        check(case)
        for batch in given.batches:
            runs = contenders(case, batch, given)
            for contender, times in measure(runs, given).items():
                say(network=case.name, batch=batch, contender=contender, times=times)
        try:
            for contender, seconds in lava(case, given.lava):
                say(network=case.name, batch=given.lava, contender=contender, times=[seconds])
        except OneSpikeError as error:
            say(network=name, missing=str(error))


def say(**fields: object) -> None:
    """One JSON line."""
    print(json.dumps(fields), flush=True)


def versions() -> dict[str, str]:
    """Versions of Python and of what is installed of the packages."""
    here = {package.metadata["Name"]: package.version for package in distributions()}
    found = {name: here[name] for name in PACKAGES if name in here}
    return {"python": platform.python_version(), **found}


def check(case: Case) -> None:
    """Every kind of kernels gives the reference's scores, or there is nothing to compare."""
    expected = case.network.run(case.samples[:4], "reference").scores
    for kind in engine.kinds():
        found = ours(case, case.samples[:4], kind)()
        assert (found.scores == expected).all()  # type: ignore[attr-defined]


def ours(case: Case, x: np.ndarray, kind: str | None) -> Run:
    """Engine `numba` with one kind of kernels, or engine `numpy`."""

    def run() -> object:
        engine.WANTED = kind or ""
        return case.network.run(x, "numba" if kind else "numpy")

    return run


def contenders(case: Case, batch: int, given: argparse.Namespace) -> dict[str, Run]:
    """What is compared here, ready to run."""
    x, found = np.ascontiguousarray(case.samples[:batch]), versions()
    runs = {f"numba {kind}": ours(case, x, kind) for kind in engine.kinds()}
    if given.numpy:
        runs["numpy"] = ours(case, x, None)
    if "onnxruntime" in found and not given.only_jelly:
        runs["ONNX Runtime fp32"] = onnx_run(case, x, given.threads)
    if not given.only_jelly:
        module = case.folded.to(memory_format=torch.channels_last)
        tensor = torch.from_numpy(x).to(memory_format=torch.channels_last)
        runs["PyTorch fp32"] = lambda: module(tensor)
    if "spikingjelly" in found:
        runs[f"SpikingJelly, {case.network.phases} steps"] = jelly_run(case, x)
    return runs


def onnx_run(case: Case, x: np.ndarray, threads: int) -> Run:
    """The folded network in ONNX Runtime."""
    import onnxruntime

    file, settings = io.BytesIO(), onnxruntime.SessionOptions()
    module = case.folded.to(memory_format=torch.contiguous_format)
    torch.onnx.export(module, torch.from_numpy(x), file, dynamo=False)
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(
        file.getvalue(), settings, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: x})


def jelly_run(case: Case, x: np.ndarray) -> Run:
    """SpikingJelly's rate coding of the folded network, one forward pass a step, as many as T."""
    from spikingjelly.activation_based import ann2snn, functional

    seen = torch.from_numpy(case.samples[:32])
    recipe = ann2snn.RateCodingRecipe(dataloader=[(seen, torch.zeros(len(seen)))])
    network = ann2snn.Converter(recipe).convert(of_layers(case.folded)).eval()
    tensor = torch.from_numpy(x)

    def run() -> object:
        functional.reset_net(network)
        return sum(network(tensor) for _ in range(case.network.phases))

    return run


def measure(runs: dict[str, Run], given: argparse.Namespace) -> dict[str, list[float]]:
    """Seconds of each contender in each round, after two rounds to warm up."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    slow: set[str] = set()
    with torch.inference_mode():
        for number in range(given.rounds + 2):
            for name, run in runs.items():
                if name in slow and number >= FEWEST + 2:
                    continue
                time.sleep(given.gap)
                start = time.perf_counter()
                run()
                spent = time.perf_counter() - start
                if spent > SLOW_SECONDS:
                    slow.add(name)
                if number > 1:
                    times[name].append(spent)
    return times


def lava(case: Case, samples: int) -> Iterator[tuple[str, float]]:
    """Seconds of one whole run of each of Lava's models, start and end included."""
    if not samples or "lava-nc" not in versions():
        return
    from onespike_lava.processes import engine as lava_engine

    network, x = case.network, case.samples[:samples]
    data, expected = encode(network.input, x).integers, network.run(x).scores
    for model in lava_engine.MODELS:
        start = time.perf_counter()
        result = lava_engine.run_model(network, data, network.wait, False, model)
        yield f"Lava {model}", time.perf_counter() - start
        assert (result.scores == expected).all()


def arguments() -> argparse.Namespace:
    """The command line, as `bench_engines.py` gives it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 64, 256])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--gap", type=float, default=0.05)
    parser.add_argument("--numpy", action="store_true")
    parser.add_argument("--only-jelly", action="store_true")
    parser.add_argument("--lava", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
