"""`onespike tune` on the default model as a user types it: alone, killed, on a cluster."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import ExitStack

import numpy as np
import pytest

from exporters.tuning.store import POINTS
from onespike_lava import load
from onespike_lava.evaluation.sharding import evaluate_file
from onespike_lava.evaluation.tally import evaluate
from onespike_lava.system import jobs
from tests import DIGITS
from tests.digits.conftest import module

pytest.importorskip("onnx")

GRID = ["--phases=6,8", "--correct=none,bias", "--rounding=nearest", "--wait=0.75T,T"]
"""Eight points."""


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """`calibration.npz` and `validation.npz`: training images that calibration does not see."""
    pytest.importorskip("sklearn")
    folder = tmp_path_factory.mktemp("data")
    module("data").write(folder)
    return folder


def words(data, folder, *more):
    """The command line of a search."""
    given = ["--calibration", data / "calibration.npz", "--data", data / "validation.npz"]
    typed = ["tune", DIGITS / "digits.onnx", *given, "-o", folder, *GRID, "--json", *more]
    return [str(word) for word in typed]


def onespike(*given, **options):
    """A process of the command line, its stdout read."""
    command = [sys.executable, "-c", "from onespike_lava.cli import main; main()", *given]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **options)


def found(process, expected=0):
    """What it prints as JSON."""
    text, _ = process.communicate(timeout=120)
    assert process.returncode == expected
    return json.loads(text)


@pytest.fixture(scope="module")
def undisturbed(data, tmp_path_factory):
    folder = tmp_path_factory.mktemp("tuned")
    return found(onespike(*words(data, folder, "--plot", folder / "plot.svg"))), folder


def test_the_best_is_made_by_the_line_that_is_printed(undisturbed, data):
    outcome, folder = undisturbed
    assert len(outcome["points"]) == outcome["measured"] == 8
    assert (folder / "plot.svg").read_bytes().startswith(b"<?xml")
    line = shlex.split(outcome["command"])
    assert line[:2] == ["onespike", "export"]
    net = line[line.index("-o") + 1]
    found(onespike(*line[1:], "--json"))
    validation = np.load(data / "validation.npz")
    best = next(each for each in outcome["points"] if each["key"] == outcome["best"])
    again = evaluate(load(net), validation["x"], validation["y"])
    assert 100 * again.correct / len(validation["y"]) == best["accuracy"]


def finished(folder):
    """Keys of the points on disk, in whole lines."""
    try:
        content = (folder / POINTS).read_bytes()
    except FileNotFoundError:
        return []
    return [json.loads(line)["key"] for line in content[: content.rfind(b"\n") + 1].splitlines()]


@pytest.mark.parametrize(("workers", "done"), [("1", 7), ("2", 3)])
def test_a_killed_search_goes_on(undisturbed, data, tmp_path, workers, done):
    """It is killed when it has its third conversion; `done` pieces of work must be on disk then."""
    expected, _ = undisturbed
    with onespike(*words(data, tmp_path, "--workers", workers), start_new_session=True) as process:
        end = time.monotonic() + 60
        while len(list(tmp_path.glob("nets/[!.]*"))) < 3:
            assert process.poll() is None, "it ended before it was killed"
            assert time.monotonic() < end
            time.sleep(0.005)
        os.kill(process.pid, signal.SIGKILL)
    kept = finished(tmp_path)
    assert len(kept) >= done
    outcome = found(onespike(*words(data, tmp_path, "--workers", workers)))
    assert finished(tmp_path)[: len(kept)] == kept
    assert len(finished(tmp_path)) == len(set(finished(tmp_path)))
    points = {each["key"] for each in expected["points"]}
    assert outcome["measured"] == len(points - set(kept)) < 8
    for name in ("points", "ann", "best", "pareto"):
        assert outcome[name] == expected[name]
    assert not list(tmp_path.glob("nets/.*"))


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    """Address of a Dask scheduler with two workers, each a process."""
    distributed = pytest.importorskip("distributed")
    folder = tmp_path_factory.mktemp("cluster")
    address = folder / "scheduler.json"
    given = ["--scheduler-file", str(address)]
    with ExitStack() as stack:

        def start(name, *more):
            command = [sys.executable, "-m", f"distributed.cli.dask_{name}", *given, *more]
            process = subprocess.Popen(
                command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            stack.callback(process.wait, 20)
            stack.callback(process.terminate)

        start("scheduler", "--port", "0", "--no-dashboard")
        for _ in range(2):
            start("worker", "--nthreads", "1", "--no-dashboard", "--no-nanny")
        end = time.monotonic() + 30
        while not address.exists():
            assert time.monotonic() < end
            time.sleep(0.05)
        known = json.loads(address.read_text())["address"]
        with distributed.Client(known, set_as_default=False) as client:
            client.wait_for_workers(2, timeout=60)  # a crew would begin with the first
        yield known


def test_a_cluster_finds_the_same(undisturbed, cluster, data, tmp_path):
    expected, _ = undisturbed
    outcome = found(onespike(*words(data, tmp_path, "--scheduler", cluster)))
    assert {**outcome, "command": ""} == {**expected, "command": ""}


def test_a_cluster_evaluates_the_same(cluster, network, data):
    validation = np.load(data / "validation.npz")
    alone = evaluate(network, validation["x"], validation["y"])
    with jobs.crew(scheduler=cluster) as crew:
        assert crew.width == 2
    shared = evaluate_file(network, data / "validation.npz", scheduler=cluster)
    assert (shared.predictions == alone.predictions).all()
    for name in ("correct", "spikes", "energy"):
        assert getattr(shared, name) == getattr(alone, name)
