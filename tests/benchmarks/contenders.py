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
import os
import platform
import sys
import tempfile
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

ROUND_SECONDS = 0.03
"""A contender is run so long in each round, behind one run that wakes it: short ones many times."""

SMALL = 1000
"""A network whose batches go up to so many has samples that both models of Lava take."""

LARGE = 16
"""Most samples of other networks that SpikingJelly takes at a time, in seconds."""


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
        if case.folded is None and given.only_jelly:
            continue
        check(case)
        for batch in (batch for batch in given.batches if batch <= case.most):
            runs = contenders(case, batch, given)
            for contender, times in measure(runs, given).items():
                say(network=case.name, batch=batch, contender=contender, times=times)
        try:
            for contender, seconds in lava(case, given.lava, given.processor_time):
                say(network=case.name, batch=1, contender=contender, times=[seconds])
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
    """Every kind of kernels gives the reference's scores, or there is nothing to compare.

    Of large samples or many steps, for which the loops of the reference would take hours, those of
    engine numpy.
    """
    loops = case.most >= SMALL and case.folded is not None
    yardstick, few = ("reference", 4) if loops else ("numpy", 1)
    expected = case.network.run(case.samples[:few], yardstick).scores
    for kind in engine.kinds():
        found = ours(case, case.samples[:few], kind)()
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
    if case.folded is None:
        return runs
    if "onnxruntime" in found and not given.only_jelly:
        runs["ONNX Runtime fp32"] = onnx_run(exported(case), x, given.threads)
        runs["ONNX Runtime int8"] = onnx_run(quantized(case), x, given.threads)
    if not given.only_jelly:
        module = case.folded.to(memory_format=torch.channels_last)
        tensor = torch.from_numpy(x).to(memory_format=torch.channels_last)
        runs["PyTorch fp32"] = lambda: module(tensor)
    if "spikingjelly" in found and given.only_jelly and (case.most >= SMALL or batch <= LARGE):
        runs[f"SpikingJelly, {case.network.phases} steps"] = jelly_run(case, x)
    return runs


def onnx_run(model: bytes, x: np.ndarray, threads: int) -> Run:
    """A network in ONNX Runtime."""
    import onnxruntime

    settings = onnxruntime.SessionOptions()
    settings.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name
    return lambda: session.run(None, {name: x})


MODELS: dict[tuple[str, str], bytes] = {}
"""ONNX models by network and number type, made once."""


def exported(case: Case) -> bytes:
    """The folded network as an ONNX model of any batch."""
    if (case.name, "fp32") not in MODELS:
        file, axes = io.BytesIO(), {"x": {0: "batch"}}
        module = case.folded.to(memory_format=torch.contiguous_format)
        given = {"input_names": ["x"], "dynamic_axes": axes, "dynamo": False}
        torch.onnx.export(module, torch.from_numpy(case.samples[:2]), file, **given)
        MODELS[case.name, "fp32"] = file.getvalue()
    return MODELS[case.name, "fp32"]


def quantized(case: Case) -> bytes:
    """The same in int8 as ONNX Runtime makes it: QDQ, weights int8 per channel, values uint8."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    if (case.name, "int8") not in MODELS:
        with tempfile.TemporaryDirectory() as folder:
            plain, ready, made = (Path(folder) / f"{name}.onnx" for name in "abc")
            plain.write_bytes(exported(case))
            quant_pre_process(plain, ready)
            quantization.quantize_static(
                ready,
                made,
                Calibration(case.samples[:64]),
                quant_format=quantization.QuantFormat.QDQ,
                per_channel=True,
                activation_type=quantization.QuantType.QUInt8,
                weight_type=quantization.QuantType.QInt8,
            )
            MODELS[case.name, "int8"] = made.read_bytes()
    return MODELS[case.name, "int8"]


class Calibration:
    """Samples in batches, as the quantiser asks for them."""

    def __init__(self, samples: np.ndarray):
        self.batches = iter([{"x": samples[at : at + 8]} for at in range(0, len(samples), 8)])

    def get_next(self) -> dict[str, np.ndarray] | None:
        """The next batch, None behind the last."""
        return next(self.batches, None)

    def __iter__(self) -> Iterator[dict[str, np.ndarray]]:
        return self.batches

    def __next__(self) -> dict[str, np.ndarray]:
        return next(self.batches)


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
                spent = time_of(run, CLOCKS[given.processor_time])
                if spent > SLOW_SECONDS:
                    slow.add(name)
                if number > 1:
                    times[name].append(spent)
    return times


CLOCKS = {False: time.perf_counter, True: time.thread_time}
"""On the wall, or of the processor for the calling thread, which tells more on a busy machine."""


def time_of(run: Run, clock: Callable[[], float]) -> float:
    """Seconds of a run; of a short one the mean of some in a row, with warm caches."""
    start = clock()
    run()
    spent = clock() - start
    if spent > ROUND_SECONDS:
        return spent
    start, count = clock(), 0
    while (spent := clock() - start) < ROUND_SECONDS:
        run()
        count += 1
    return spent / count


def seconds_of(processor_time: bool) -> float:
    """The clock, or what this process and its ended children have used of the processor."""
    return sum(os.times()[:4]) if processor_time else time.perf_counter()


def lava(case: Case, samples: int, processor_time: bool) -> Iterator[tuple[str, float]]:
    """Seconds of a run of one sample in each of Lava's models, start and end included, and of each
    further sample of a stream: `samples` of the hierarchy, eight times as many of the leaf. Of two
    starts the shorter counts: the first one loads more.

    Of large samples one goes through the leaf, no more.
    """
    if not samples or "lava-nc" not in versions():
        return
    from onespike_lava.processes import engine as lava_engine

    network, large = case.network, case.most < SMALL
    counts = {"leaf": (1, 1, 1 + 8 * samples), "hierarchy": (1, 1, 1 + samples)}
    counts = {"leaf": (1,)} if large else counts
    for model in counts:
        spent = []
        for count in counts[model]:
            x = np.resize(case.samples, (count, *case.samples.shape[1:]))
            data = encode(network.input, x, network.phases).integers
            expected = network.run(x).scores
            start = seconds_of(processor_time)
            result = lava_engine.run_model(network, data, network.wait, False, model)
            spent.append((count, seconds_of(processor_time) - start))
            assert (result.scores == expected).all()
        first, (most, whole) = min(spent)[1], spent[-1]
        yield f"Lava {model}, start and one sample", first
        if most > 1:
            yield f"Lava {model}, a further sample", (whole - first) / (most - 1)


def arguments() -> argparse.Namespace:
    """The command line, as `bench_engines.py` gives it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 64, 256])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--gap", type=float, default=0.05)
    parser.add_argument("--numpy", action="store_true")
    parser.add_argument("--processor-time", action="store_true")
    parser.add_argument("--only-jelly", action="store_true")
    parser.add_argument("--lava", type=int, default=0)
    return parser.parse_args()


if __name__ == "__main__":
    main()
