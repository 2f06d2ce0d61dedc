"""Kill -9 at random moments of real commands: what stands afterwards, and what the next run does.

    python tests/faults/kill.py --kills 200

The digits network is exported (to a new file, over an old one), tuned (alone, with two workers)
and evaluated with two workers. Most moments are spread evenly over a command's whole duration;
every fourth is aimed: the first unfinished file that appears after a random moment, if one does.
After each kill the command is run once more, to its end. Exits with 1 on any failure; needs Linux
and scikit-learn. Numba's cache is a folder of its own, filled before.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

DIGITS = Path(__file__).parents[2] / "netx_models" / "digits"
ONESPIKE = str(Path(sys.executable).with_name("onespike"))
PATIENCE = 10.0
"""Seconds in which the children of a killed process must be gone."""

CALIBRATION = 100
"""Images, so that the commands are quick."""

AIMED = 4
"""Every so many kills waits for a file that is being written."""

EXPORT = ["export", str(DIGITS / "digits.onnx"), "--calibration", "calibration.npz"]
TUNE = ["tune", str(DIGITS / "digits.onnx"), "--calibration", "calibration.npz"]
TUNE += ["--data", "test.npz", "--phases", "4,6", "--wait", "0.5T,T", "--limit", "200"]
EVALUATE = ["evaluate", "old.net", "--data", "test.npz", "--json", "--workers", "2"]


class FaultError(AssertionError):
    """What a kill must not leave."""


@dataclass
class World:
    """A folder with the inputs, another for temporary files, and how commands run in them."""

    root: Path
    expected: dict[str, bytes] = field(default_factory=dict)

    @property
    def folder(self) -> Path:
        return self.root / "work"

    @property
    def temporary(self) -> Path:
        return self.root / "tmp"

    def start(self, words: list[str], output: str = "stdout.json") -> subprocess.Popen[bytes]:
        """The command in a session of its own, its results in a file."""
        places = {"TMPDIR": str(self.temporary), "NUMBA_CACHE_DIR": str(self.root / "numba")}
        with (self.folder / output).open("wb") as stream:
            return subprocess.Popen(
                [ONESPIKE, *words],
                cwd=self.folder,
                stdout=stream,
                stderr=subprocess.DEVNULL,
                env={**os.environ, **places},
                start_new_session=True,
            )

    def finish(self, words: list[str], output: str = "stdout.json") -> float:
        """Run a command to its end; seconds."""
        start = time.monotonic()
        if self.start(words, output).wait() != 0:
            raise FaultError(f"onespike {' '.join(words)} fails")
        return time.monotonic() - start

    def files(self) -> Iterator[Path]:
        for place in (self.folder, self.temporary):
            yield from place.rglob("*")

    def unfinished(self) -> set[str]:
        """Files and scratch folders that are being written, or were."""
        names = (str(path.relative_to(self.root)) for path in self.files())
        return {name for name in names if re.search(r"\.part$|onespike-scratch-[^/]*$", name)}


@dataclass(frozen=True)
class Trial:
    """A command, what stands before it, and what is checked after a kill.

    judge : old, new, absent or part of the result that stands after a kill; raises `FaultError`
    after : checks the complete run that follows
    """

    name: str
    words: list[str]
    before: Callable[[World], object]
    judge: Callable[[World], str]
    after: Callable[[World], object]


def one_of(world: World, name: str, *states: str) -> str:
    """Which of the expected contents a file has; a state without content is that of no file."""
    path = world.folder / name
    found = path.read_bytes() if path.exists() else None
    for state in states:
        if found == world.expected.get(state):
            return state
    raise FaultError(f"{name} is none of {', '.join(states)}: {len(found or b'')} bytes")


def clear(world: World) -> None:
    (world.folder / "new.net").unlink(missing_ok=True)


def place_old(world: World) -> None:
    (world.folder / "new.net").write_bytes(world.expected["old"])


def clear_tuned(world: World) -> None:
    shutil.rmtree(world.folder / "tuned", ignore_errors=True)


def points(world: World) -> list[dict[str, object]]:
    """Whole lines of what tune has kept, without times."""
    path = world.folder / "tuned" / "points.jsonl"
    content = path.read_bytes() if path.exists() else b""
    world.expected["lines"] = content[: content.rfind(b"\n") + 1]
    records = [json.loads(line) for line in world.expected["lines"].splitlines()]
    return [{k: v for k, v in each.items() if k != "seconds"} for each in records]


def by_key(records: list[dict[str, object]]) -> bytes:
    return json.dumps(sorted(records, key=lambda each: str(each["key"]))).encode()


def judge_tuned(world: World) -> str:
    """Every whole line is one of the undisturbed run's, and every network whole."""
    found = points(world)
    whole = json.loads(world.expected["tuned"])
    if any(each not in whole for each in found):
        raise FaultError("a point is not the undisturbed run's")
    for path in (world.folder / "tuned").glob("nets/*.net"):
        one_of(world, f"tuned/nets/{path.name}", path.name)
    return "absent" if not found else "new" if len(found) == len(whole) else "part"


def tuned_after(world: World) -> None:
    """Nothing is lost, nothing measured anew, and the result that of an undisturbed run."""
    lines = world.expected["lines"]
    if not (world.folder / "tuned" / "points.jsonl").read_bytes().startswith(lines):
        raise FaultError("points of the killed run are lost")
    if by_key(points(world)) != world.expected["tuned"]:
        raise FaultError("points are measured twice, or differ from the undisturbed run's")
    if result(world) != world.expected["result"]:
        raise FaultError("the result is not that of an undisturbed run")
    for path in (world.folder / "tuned").glob("nets/*.net"):
        one_of(world, f"tuned/nets/{path.name}", path.name)


def result(world: World) -> bytes:
    found = json.loads((world.folder / "stdout.json").read_bytes())
    found.pop("measured", None)
    return json.dumps(found).encode()


def trials(only: str = "") -> list[Trial]:
    """Commands whose names begin so; of what `tune` keeps a part may stand."""
    export, over = [*EXPORT, "-o", "new.net"], lambda world: one_of(world, "new.net", "old", "new")
    tune = [*TUNE, "-o", "tuned", "--json"]

    def new(world: World) -> str:
        return one_of(world, "new.net", "new")

    def printed(world: World) -> str:
        one_of(world, "old.net", "old")
        return {"evaluated": "new"}.get(
            one_of(world, "stdout.json", "nothing", "evaluated"), "absent"
        )

    known = [
        Trial("export", export, clear, lambda w: one_of(w, "new.net", "absent", "new"), new),
        Trial("export over a file", export, place_old, over, new),
        Trial("tune", tune, clear_tuned, judge_tuned, tuned_after),
        Trial("tune --workers 2", [*tune, "--workers", "2"], clear_tuned, judge_tuned, tuned_after),
        Trial("evaluate --workers 2", EVALUATE, clear_tuned, printed, printed),
    ]
    return [trial for trial in known if trial.name.startswith(only)]


def prepare(root: Path) -> World:
    """Inputs and what undisturbed runs give; kernels compiled."""
    world = World(root)
    for place in (world.folder, world.temporary):
        place.mkdir()
    subprocess.run([sys.executable, str(DIGITS / "data.py"), str(world.folder)], check=True)
    with np.load(world.folder / "calibration.npz") as data:
        np.savez(world.folder / "calibration.npz", x=data["x"][:CALIBRATION])
    world.finish([*EXPORT, "--phases", "8", "-o", "old.net"])
    world.finish([*EXPORT, "-o", "new.net"])
    for name in ("old", "new"):
        world.expected[name] = (world.folder / f"{name}.net").read_bytes()
    world.finish([*TUNE, "-o", "tuned", "--json"])
    world.expected["tuned"], world.expected["result"] = by_key(points(world)), result(world)
    for path in (world.folder / "tuned" / "nets").iterdir():
        world.expected[path.name] = path.read_bytes()
    world.finish(EVALUATE)
    world.expected["evaluated"] = (world.folder / "stdout.json").read_bytes()
    world.expected["nothing"] = b""
    return world


def session(leader: int) -> list[int]:
    """Processes of a session that still run."""
    found = []
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _, _, owner = path.read_text().rpartition(")")[2].split()[:4]
        except OSError:
            continue
        if int(owner) == leader and state != "Z":
            found.append(int(path.parent.name))
    return found


def kill(world: World, trial: Trial, moment: float, aimed: bool) -> float | None:
    """Start the command and kill it; its seconds where it had ended before."""
    known, start = world.unfinished(), time.monotonic()
    process = world.start(trial.words)
    end = time.monotonic() + moment
    while process.poll() is None and (aimed or time.monotonic() < end):
        if aimed and time.monotonic() >= end and world.unfinished() - known:
            break
        time.sleep(0 if aimed else min(0.002, max(0.0, end - time.monotonic())))
    process.send_signal(signal.SIGKILL)
    lasted = None if process.wait() == -signal.SIGKILL else time.monotonic() - start
    end = time.monotonic() + PATIENCE
    while session(process.pid):
        if time.monotonic() > end:
            raise FaultError("processes outlive the killed one")
        time.sleep(0.02)
    return lasted


def main() -> int:
    """Kill, look, run again, and print what was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--only", default="", metavar="BEGIN", help="of a command's name")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    chance, start = random.Random(options.seed), time.monotonic()
    known = trials(options.only)
    counts = {trial.name: Counter[str]() for trial in known}
    with tempfile.TemporaryDirectory(prefix="kill-") as folder, suppress(KeyboardInterrupt):
        campaign(prepare(Path(folder)), known, options.kills, chance, counts)
    print_counts(counts)
    total = sum(found["kills"] for found in counts.values())
    print(f"{total} kills in {time.monotonic() - start:.0f} s, seed {options.seed}")
    failed = any(found["failures"] for found in counts.values())
    return 1 if failed or total < options.kills else 0


COLUMNS = {"kills": 7, "old": 6, "new": 6, "part": 6, "absent": 8}
COLUMNS |= {"unfinished": 12, "left": 6, "failures": 10}


def print_counts(counts: dict[str, Counter[str]]) -> None:
    """What stood after the kills; unfinished files then, and those left after the next run."""
    print(f"{'command':22}" + "".join(f"{name:>{width}}" for name, width in COLUMNS.items()))
    for command, found in counts.items():
        cells = (f"{found[name]:>{width}}" for name, width in COLUMNS.items())
        print(f"{command:22}" + "".join(cells))


def campaign(
    world: World,
    known: list[Trial],
    kills: int,
    chance: random.Random,
    counts: dict[str, Counter[str]],
) -> None:
    """So many kills, the commands in turn, counted for each of them."""
    seconds = {}
    for trial in known:
        trial.before(world)
        seconds[trial.name] = world.finish(trial.words)
    done = 0
    for trial in itertools.cycle(known):
        if done == kills:
            return
        found = counts[trial.name]
        trial.before(world)
        length = seconds[trial.name]
        try:
            found["tries"] += 1
            aimed = found["tries"] % AIMED == 0
            lasted = kill(world, trial, chance.uniform(0, length), aimed)
            if lasted is not None:
                seconds[trial.name] = lasted
                continue
            done += 1
            found["kills"] += 1
            found["unfinished"] += len(world.unfinished())
            found[trial.judge(world)] += 1
            seconds[trial.name] = world.finish(trial.words)
            trial.after(world)
            if left := world.unfinished() | {str(p) for p in world.temporary.iterdir()}:
                found["left"] += len(left)
                raise FaultError(f"left behind: {', '.join(sorted(left))}")
        except FaultError as error:
            found["failures"] += 1
            print(f"kill {done}, {trial.name}: {error}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
