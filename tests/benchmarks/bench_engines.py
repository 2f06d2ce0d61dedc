"""Speed of the engines beside the network they came from (`python tests/benchmarks/...`).

One command prints the table: `python tests/benchmarks/bench_engines.py`.

Every contender takes the same float images and returns scores. Contenders are run in turn in
one process, with idle gaps so that no library's spinning threads disturb the next; a ratio is
the median over rounds of the quotient within a round, the spread its quartiles.
"""

from __future__ import annotations

import argparse
import io
import os
import platform
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))
parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--rounds", type=int, default=15, help="timed rounds of each line")
parser.add_argument("--batches", type=int, nargs="+", default=[1, 64, 256])
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--gap", type=float, default=0.05, help="idle seconds before each run")
parser.add_argument("--only", help="name of one network")
parser.add_argument("--numpy", action="store_true", help="engine numpy too, which is slow")
OPTIONS = parser.parse_args()
os.environ["OMP_NUM_THREADS"] = str(OPTIONS.threads)  # before any library reads it

import numba  # noqa: E402
import numpy as np  # noqa: E402
import torch  # noqa: E402

from onespike_lava.engines import numba as engine  # noqa: E402
from tests.benchmarks.models import Case, MissingDataError, digits, resnet20, vgg  # noqa: E402

Run = Callable[[], object]


def main() -> None:
    """Print the table."""
    torch.set_num_threads(OPTIONS.threads)
    print_machine()
    for make in (digits, resnet20, vgg):
        if OPTIONS.only not in (None, make.__name__):
            continue
        try:
            case = make(max(OPTIONS.batches))
        except MissingDataError as missing:
            print(f"{make.__name__}: skipped, {missing}")
            continue
        check(case)
        for batch in OPTIONS.batches:
            print_lines(case.name, batch, measure(contenders(case, batch)))


def print_machine() -> None:
    """Processor, threads and versions."""
    model = platform.processor() or platform.machine()
    if Path("/proc/cpuinfo").is_file():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((s.split(":")[1].strip() for s in lines if s.startswith("model name")), model)
    versions = {"python": platform.python_version(), "numpy": np.__version__}
    versions |= {"numba": numba.__version__, "torch": torch.__version__, **onnx_version()}
    print(
        f"{time.strftime('%Y-%m-%d')}  {model}, {OPTIONS.threads} threads, {os.cpu_count()} cores"
    )
    print("  ".join(f"{name} {version}" for name, version in versions.items()))
    print(f"kernels here: {', '.join(engine.kinds())}; {OPTIONS.rounds} rounds")


def onnx_version() -> dict[str, str]:
    """Version of ONNX Runtime where it is installed."""
    try:
        import onnxruntime
    except ImportError:
        return {}
    return {"onnxruntime": onnxruntime.__version__}


def check(case: Case) -> None:
    """Every engine gives the same scores, or there is nothing to compare."""
    expected = case.network.run(case.samples[:8], "reference").scores
    for kind in engine.kinds():
        assert (ours(case, case.samples[:8], kind)().scores == expected).all()  # type: ignore[attr-defined]


def ours(case: Case, x: np.ndarray, kind: str | None) -> Run:
    """Engine `numba` with one kind of kernels, or engine `numpy`."""

    def run() -> object:
        os.environ["ONESPIKE_KERNEL"] = kind or ""
        return case.network.run(x, "numba" if kind else "numpy")

    return run


def contenders(case: Case, batch: int) -> dict[str, Run]:
    """What is compared, ready to run."""
    x = np.ascontiguousarray(case.samples[:batch])
    runs = {f"numba {kind}": ours(case, x, kind) for kind in engine.kinds()}
    if OPTIONS.numpy:
        runs["numpy"] = ours(case, x, None)
    module = case.folded.to(memory_format=torch.channels_last)
    tensor = torch.from_numpy(x).to(memory_format=torch.channels_last)
    runs["PyTorch fp32"] = lambda: module(tensor)
    if onnx_version():
        runs["ONNX Runtime fp32"] = onnx_run(case, x)
    return runs


def onnx_run(case: Case, x: np.ndarray) -> Run:
    """The folded network in ONNX Runtime."""
    import onnxruntime

    file, settings = io.BytesIO(), onnxruntime.SessionOptions()
    module = case.folded.to(memory_format=torch.contiguous_format)
    torch.onnx.export(module, torch.from_numpy(x), file, dynamo=False)
    settings.intra_op_num_threads = OPTIONS.threads
    session = onnxruntime.InferenceSession(
        file.getvalue(), settings, providers=["CPUExecutionProvider"]
    )
    name = session.get_inputs()[0].name
    case.folded.to(memory_format=torch.channels_last)
    return lambda: session.run(None, {name: x})


def measure(runs: dict[str, Run]) -> dict[str, list[float]]:
    """Seconds of each contender in each round, after two rounds to warm up."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    with torch.inference_mode():
        for number in range(OPTIONS.rounds + 2):
            for name, run in runs.items():
                time.sleep(OPTIONS.gap)
                start = time.perf_counter()
                run()
                if number > 1:
                    times[name].append(time.perf_counter() - start)
    return times


def print_lines(name: str, batch: int, times: dict[str, list[float]]) -> None:
    """One line per contender: median time, and its ratio to each library with quartiles."""
    others = [other for other in ("PyTorch fp32", "ONNX Runtime fp32") if other in times]
    for contender, own in times.items():
        line = (
            f"{name:10s} batch {batch:4d}  {contender:18s} {statistics.median(own) * 1e3:9.2f} ms"
        )
        for other in others if contender not in others else ():
            ratios = [a / b for a, b in zip(own, times[other], strict=True)]
            low, middle, high = statistics.quantiles(ratios, n=4)
            line += f"   {middle:5.2f} ({low:.2f}..{high:.2f}) of {other}"
        print(line, flush=True)


if __name__ == "__main__":
    main()
