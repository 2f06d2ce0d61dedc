"""What the scripts of this folder share: runs by name, measured once, kept as they come.

Each script has a list of runs, the most telling first. Results are added to
`netx_models/results/training-NAME.json` as runs end; a second call goes on where a first was
stopped, within a run too. `--work` names the folder for unfinished runs, `--only` runs whose
name holds a text, `--list` shows what there is.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import time
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from numpy.typing import NDArray

HERE = Path(__file__).resolve().parent
MODELS = HERE.parent
RESULTS = MODELS / "results"
sys.path[:0] = [str(MODELS), str(MODELS / "digits"), str(MODELS.parent)]

from exporters.training.plan import Result  # noqa: E402
from onespike_lava import Network  # noqa: E402
from onespike_lava.engines.result import Run  # noqa: E402
from onespike_lava.evaluation.comparison import first_difference  # noqa: E402
from onespike_lava.system.files import write_atomic  # noqa: E402

SEEDS = (0, 1, 2)

Train = Callable[[Path], Mapping[str, Any]]
"""Trains with this file for what is unfinished, gives what is to be kept."""


def main(name: str, about: str, runs: Mapping[str, Train]) -> None:
    """The command line of a script."""
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument("--work", type=Path, default=HERE / "work", help="unfinished runs")
    parser.add_argument("--only", default="", metavar="TEXT", help="runs whose name holds it")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="show the runs and whether they ended")
    given = parser.parse_args()
    torch.set_num_threads(given.threads)
    chosen = {key: run for key, run in runs.items() if given.only in key}
    file = RESULTS / f"training-{name}.json"
    for key, run in chosen.items():
        known = read(name)
        if key in known:
            print(f"{key}: {summary(known[key])}")
        elif given.list:
            print(f"{key}: not yet")
        else:
            start = time.monotonic()
            work = given.work / name / f"{key.replace('/', '_')}.pt"
            found = {**run(work), "made": versions(), "wall": round(time.monotonic() - start, 1)}
            kept = {**read(name), key: found}
            ordered = {each: kept[each] for each in (*runs, *kept) if each in kept}
            write_atomic(file, (json.dumps(ordered, indent=1) + "\n").encode())
            work.unlink(missing_ok=True)
            print(f"{key}: {summary(found)}", flush=True)


def read(name: str) -> dict[str, Any]:
    """What is known of a script's runs."""
    file = RESULTS / f"training-{name}.json"
    return json.loads(file.read_text()) if file.exists() else {}


def kept(result: Result) -> dict[str, Any]:
    """What of a training goes into the results."""
    return {
        "last": result.last,
        "best": result.best,
        "best_epoch": result.best_epoch,
        "loss": [round(epoch["loss"] or 0.0, 4) for epoch in result.epochs],
        "seconds": round(result.seconds, 1),
    }


def equal(network: Network, x: NDArray[Any], expected: Run | None = None) -> list[str]:
    """Engines that send what the reference sends for samples, and score so; others are an error.

    expected : the reference's recorded run of these samples, which is run unless given
    """
    expected = expected or network.run(x, "reference", record=True)
    found = ["reference"]
    for engine in ("numba", *(["lava"] if find_spec("lava") else [])):
        difference = first_difference(network.run(x, engine, record=True), expected)
        if difference is not None:
            raise RuntimeError(f"engine {engine} differs from the reference: {difference}")
        found.append(engine)
    return found


def summary(found: Mapping[str, Any]) -> str:
    """A run in one line."""
    best = "" if found.get("best") is None else f", best epoch {100 * found['best']:.2f}"
    return f"last epoch {100 * found['last']:.2f} %{best}, {found['seconds']:.0f} s"


def versions() -> str:
    """Day and versions."""
    return f"{time.strftime('%Y-%m-%d')}, torch {torch.__version__}, {platform.machine()}"
