"""Speed of the engines beside the network they came from, and beside other spiking libraries.

One command prints the whole table: `python tests/benchmarks/bench_engines.py`. Every contender
takes the same float32 images and returns scores; `contenders.py` says how they are timed. PyTorch
and ONNX Runtime run the source network with batch norms folded, PyTorch channels_last. A ratio is
the time of engine `numba`, best kernels, over the contender's, of the same round in the same
process: median over rounds, and its quartiles.

Three environments take part, each a Python with torch and this package: this one, a current one,
and one with SpikingJelly, which needs Python 3.11. Where one is absent a line says how to make
it. Lava runs where it is installed (Python 3.10).
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
import textwrap
import time
from dataclasses import dataclass, field
from pathlib import Path

from onespike_lava.models import names
from onespike_lava.system.files import write_atomic

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
BEST = "numba "
READING = """
`numba` is engine `numba` of this package with its kinds of kernels, through `Network.run`: float32
images in, int64 scores out. PyTorch (channels_last) and ONNX Runtime run the source network,
batch norms folded; int8 is what ONNX Runtime's own tools make of it (QDQ, weights int8 per channel,
values uint8). ResNet-18 has drawn weights. Networks that step have no source that ONNX Runtime
runs: `bench_stepping.py` compares their kinds, here they are timed alone. SpikingJelly runs its
rate-coded conversion for as many steps as there are phases, of large images up to 16. Runs below
30 ms are timed in a row, with warm caches and threads awake: behind an idle gap the second thread
of a virtual machine may come some milliseconds late. Of Lava's models one sample is timed, start
and end of the child included, and what each further one of a stream takes. The last column is the
time of the best kernels over that line's, round by round: median and quartiles.
"""
"""What the page says of its columns."""

PROCESSOR_TIME = """
Times are not of the wall, but of the processor for the one thread that each contender has (of Lava
for all of its processes), so that other work on the machine hardly counts.
"""
RECIPES = {
    "current": "torch torchvision onnx onnxruntime sympy",
    "spikingjelly": "torch spikingjelly==2.0.0",
}
"""Environment -> what it needs besides this package."""

AVX2 = {
    "NUMBA_CPU_NAME": "haswell",
    "NUMBA_CPU_FEATURES": "+sse4.2,+popcnt,+bmi,+bmi2,+avx,+avx2,+fma",
    "ATEN_CPU_CAPABILITY": "avx2",
    "ONEDNN_MAX_CPU_ISA": "AVX2",
}
"""Settings that keep our kernels and PyTorch's to AVX2; ONNX Runtime has no such setting."""


@dataclass
class Measured:
    """What one environment measured: its versions, its lines, and networks that it lacks."""

    name: str
    versions: dict[str, str] = field(default_factory=dict)
    kinds: list[str] = field(default_factory=list)
    lines: list[dict] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def main() -> None:
    """Measure in every environment that is there, print the table, write the page."""
    given = arguments()
    found = []
    for name in ("this", *RECIPES):
        python = sys.executable if name == "this" else getattr(given, name)
        if not Path(python).is_file():
            found.append(Measured(name, notes=[how_to_get(name)]))
        else:
            found.append(run_environment(name, python, given))
    text = page(found, given)
    print(text)
    if given.write:
        given.write.parent.mkdir(parents=True, exist_ok=True)
        write_atomic(given.write, text.encode())


def how_to_get(name: str) -> str:
    """The line for an environment that is absent."""
    folder = f".venv-{name}"
    return (
        f"Environment `{name}` is absent; make it with `python3.11 -m venv {folder} && "
        f"{folder}/bin/pip install -e . {RECIPES[name]}`, or give `--{name} PYTHON`."
    )


def run_environment(name: str, python: str, given: argparse.Namespace) -> Measured:
    """Run `contenders.py` there and gather what it prints."""
    command = [python, str(HERE / "contenders.py"), "--rounds", str(given.rounds)]
    command += ["--networks", *given.networks, "--batches", *map(str, given.batches)]
    command += ["--threads", str(given.threads), "--gap", str(given.gap)]
    command += ["--processor-time"] * given.processor_time
    command += ["--numpy"] * given.numpy + ["--only-jelly"] * (name == "spikingjelly")
    command += ["--lava", str(given.lava)] if name == "this" else []
    measured = Measured(name)
    settings = {**os.environ, "OMP_NUM_THREADS": str(given.threads)}
    settings |= AVX2 if given.avx2 else {}
    with (
        tempfile.TemporaryFile("w+") as errors,
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, env=settings
        ) as process,
    ):
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("{"):
                take(measured, json.loads(line))
        if process.wait():
            errors.seek(0)
            last = errors.read().strip().splitlines()[-1:]
            measured.notes.append(f"Environment `{name}` stopped early: {''.join(last)}")
    return measured


def take(measured: Measured, fields: dict) -> None:
    """One line of `contenders.py`."""
    if "versions" in fields:
        measured.versions, measured.kinds = fields["versions"], fields["kinds"]
    elif "missing" in fields:
        measured.notes.append(f"{fields['network']}: skipped, {fields['missing']}")
    else:
        measured.lines.append(fields)
        middle = statistics.median(fields["times"]) * 1e3
        print(
            f"{measured.name:13} {fields['network']:10} {fields['batch']:4} "
            f"{fields['contender']:24} {middle:10.2f} ms",
            file=sys.stderr,
            flush=True,
        )


def page(found: list[Measured], given: argparse.Namespace) -> str:
    """The results page."""
    lines = [
        "# Benchmarks of one thread" if given.processor_time else "# Benchmarks",
        "",
        f"Printed on {time.strftime('%Y-%m-%d')} by `{command_line()}`.",
        "",
        f"{processor()}, {os.cpu_count()} cores, {given.threads} threads, {given.rounds} rounds, "
        f"load at the end {os.getloadavg()[0]:.1f}.",
        "",
        *textwrap.dedent(READING).strip().splitlines(),
        *textwrap.dedent(PROCESSOR_TIME if given.processor_time else "").strip().splitlines(),
    ]
    notes = [f"- {note}" for measured in found for note in measured.notes]
    lines += ["", *notes] if notes else []
    for measured in found:
        if measured.lines:
            lines += ["", *table(measured)]
    return "\n".join(lines) + "\n"


def command_line() -> str:
    """The command that printed the page, without paths of the machine."""
    words = []
    for word in sys.argv[1:]:
        folder = Path(word)
        words.append(folder.name if folder.is_absolute() else word)
    return shlex.join(["python", "tests/benchmarks/bench_engines.py", *words])


def processor() -> str:
    """Model of the processor."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.is_file() else []
    names = [line.split(":")[1].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def table(measured: Measured) -> list[str]:
    """The table of one environment."""
    versions = ", ".join(f"{name} {version}" for name, version in measured.versions.items())
    title = {"this": "This environment", "current": "Current", "spikingjelly": "SpikingJelly"}
    rows = [
        f"## {title[measured.name]}",
        "",
        f"{versions}; kernels {', '.join(measured.kinds)}.",
        "",
        "| network | batch | contender | ms, median | quartiles | ms a sample | ours / this |",
        "|---|---|---|---|---|---|---|",
    ]
    return rows + [row(line, measured) for line in measured.lines]


def row(line: dict, measured: Measured) -> str:
    """One line of the table."""
    times = [1e3 * second for second in line["times"]]
    middle, batch = statistics.median(times), line["batch"]
    cells = [line["network"], str(batch), line["contender"], f"{middle:.2f}", quartiles(times, 2)]
    cells += [f"{middle / batch:.3f}", ratio(line, measured)]
    return f"| {' | '.join(cells)} |"


def quartiles(values: list[float], digits: int) -> str:
    """First and third quartile, where there are enough values for any."""
    if len(values) < 3:
        return ""
    low, _, high = statistics.quantiles(values, n=4)
    return f"{low:.{digits}f} .. {high:.{digits}f}"


def ratio(line: dict, measured: Measured) -> str:
    """Our best kernels' time over this one's."""
    if line["contender"].startswith(BEST) or "Lava" in line["contender"]:
        return ""
    best = f"{BEST}{measured.kinds[0]}"
    where = (line["network"], line["batch"], best)
    own = next(
        other["times"]
        for other in measured.lines
        if (other["network"], other["batch"], other["contender"]) == where
    )
    ratios = [a / b for a, b in zip(own, line["times"], strict=False)]
    return f"**{statistics.median(ratios):.3f}** ({quartiles(ratios, 3)})"


def networks() -> list[str]:
    """All: those with a source to compare with first, then those that step."""
    first = ["digits", "resnet20", "vgg", "resnet18"]
    return first + [name for name in names() if name not in first]


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15, help="timed rounds of each line")
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 16, 64, 256])
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--gap", type=float, default=0.05, help="idle seconds before each run")
    parser.add_argument("--networks", nargs="+", default=networks())
    parser.add_argument("--numpy", action="store_true", help="engine numpy too, which is slow")
    parser.add_argument("--lava", type=int, default=8, help="samples for Lava; 0 leaves it out")
    parser.add_argument(
        "--processor-time", action="store_true", help="of one thread, for a busy machine"
    )
    parser.add_argument("--avx2", action="store_true", help="as on a processor without AVX-512")
    for name in RECIPES:
        python = ROOT / f".venv-{name}" / "bin" / "python"
        parser.add_argument(f"--{name}", default=str(python), help="Python of the environment")
    parser.add_argument("--write", type=Path, help="also write the table into this file")
    given = parser.parse_args()
    if given.processor_time and given.threads != 1:
        parser.error("--processor-time: that of one thread; give --threads 1")
    return given


if __name__ == "__main__":
    main()
