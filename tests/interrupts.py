"""Long commands of `onespike` ended by real signals: what each leaves, and how soon it ends.

Run as `python -m tests.interrupts [TRIALS]` to try every command at random moments; each line is
a trial, and the last says how many left something or ended late.
"""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

ROOT = Path(__file__).resolve().parents[1]
DIGITS = ROOT / "netx_models" / "digits"
ONESPIKE = (sys.executable, "-c", "from onespike_lava.cli import main; main()")
SAYS = {signal.SIGINT: "onespike: interrupted", signal.SIGTERM: "onespike: terminated"}
NOTE = "onespike: compiling kernels"
OLD = b"the old file"

COMMANDS: dict[str, tuple[str, ...]] = {
    "export": ("export", "digits.onnx", "--calibration", "many.npz", "-o", "out"),
    "run": ("run", "digits.net", "--input", "many.npz", "-o", "out", "--engine", "numpy"),
    "evaluate": ("evaluate", "digits.net", "--data", "many.npz"),
    "evaluate on 2": ("evaluate", "digits.net", "--data", "many.npz", "--workers", "2"),
    "evaluate in lava": ("evaluate", "digits.net", "--data", "many.npz", "--engine", "lava"),
    "verify": ("verify", "digits.net", "--data", "many.npz", "--limit", "20000"),
    "check": ("check", "digits.net", "--data", "many.npz"),
    "report": ("report", "digits.net", "--data", "many.npz", "--model", "digits.onnx", "-o", "out"),
    "tune": (
        *("tune", "digits.onnx", "--calibration", "test.npz", "--data", "many.npz"),
        *("-o", "results", "--workers", "2"),
    ),
}
"""Commands that take some seconds here, with files that `prepare` makes."""


def prepare(folder: Path, samples: int) -> None:
    """The digits network and data, `samples` of them as `many.npz`."""
    random = np.random.RandomState(0)
    for name, number in (("test", 100), ("many", samples)):
        x = (random.randint(0, 17, (number, 1, 8, 8)) / 16).astype(np.float32)
        np.savez(folder / f"{name}.npz", x=x, y=random.randint(0, 10, number))
    for name in ("digits.net", "digits.onnx"):
        (folder / name).write_bytes((DIGITS / name).read_bytes())


@dataclass
class Trial:
    """How a command ended.

    seconds : from the signal to the end
    left    : processes and files that it left
    """

    code: int
    out: str
    err: str
    seconds: float
    left: list[str] = field(default_factory=list)

    def faults(self, number: int, late: float) -> list[str]:
        """What is wrong with the end that a signal brought."""
        lines = [line for line in self.err.splitlines() if line and NOTE not in line]
        found = list(self.left)
        if self.code != 128 + number:
            found.append(f"exit {self.code}")
        if lines != [SAYS[signal.Signals(number)]]:
            found.append(f"stderr {self.err[-2000:]!r}")
        if self.out:
            found.append(f"stdout {self.out[:200]!r}")
        if self.seconds > late:
            found.append(f"took {self.seconds:.1f} s")
        return found


def end(words: Sequence[str], folder: Path, number: int, after: float, group: bool) -> Trial | None:
    """Run a command in a folder and end it by a signal; None where it was done before.

    after : seconds
    group : signal the whole process group, as a terminal does, else the process alone
    """
    (folder / "out").write_bytes(OLD)
    scratch = folder / "scratch"
    scratch.mkdir(exist_ok=True)
    before = listing(folder)
    mark = f"{os.getpid()}-{random.random()}"
    environment = {**os.environ, "TMPDIR": str(scratch), "ONESPIKE_TRIAL": mark}
    with subprocess.Popen(
        [*ONESPIKE, *words],
        cwd=folder, env=environment, start_new_session=True, text=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, preexec_fn=heard,
    ) as process:  # fmt: skip
        time.sleep(after)
        if process.poll() is not None or select.select([process.stdout], [], [], 0)[0]:
            process.kill()
            return None
        start = time.perf_counter()
        (os.killpg if group else os.kill)(process.pid, number)
        try:
            out, err = process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            out, err = process.communicate()
        found = Trial(process.returncode, out, err, time.perf_counter() - start)
    time.sleep(0.2)
    found.left += [f"process {each}" for each in marked(mark)]
    found.left += sorted(listing(folder) - before)
    if (folder / "out").read_bytes() != OLD:
        found.left.append("another out")
    return found


def heard() -> None:
    """In a child: signals end it, though a shell may have started the tests to ignore Ctrl-C."""
    for number in SAYS:
        signal.signal(number, signal.SIG_DFL)


def listing(folder: Path) -> set[str]:
    """Files below a folder, but for the results of a search, and shared memory of no process."""
    blocks, used = {each.name for each in Path("/dev/shm").glob("psm_*")}, ""
    for maps in Path("/proc").glob("[0-9]*/maps"):
        with suppress(OSError):  # it ended
            used += maps.read_text()
    names = {f"shared memory {name}" for name in blocks if name not in used}
    inside = (each.relative_to(folder).as_posix() for each in folder.rglob("*"))
    return names | {name for name in inside if not name.startswith("results")}


def marked(mark: str) -> list[str]:
    """Processes with that mark in their environment."""
    found = []
    for each in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it ended
            if mark.encode() in (each / "environ").read_bytes():
                found.append((each / "cmdline").read_bytes().replace(b"\0", b" ").decode())
    return found


def main(trials: int) -> None:
    """Try every command so many times."""
    bad = 0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder, 20_000)
        for trial in range(trials):
            for command, words in COMMANDS.items():
                number = random.choice(list(SAYS))
                after, group = random.uniform(0.3, 5), trial % 2 == 0
                found = end(words, folder, number, after, group)
                where = f"{command}, {number.name} after {after:.2f} s, {('alone', 'group')[group]}"
                if found is None:
                    print(f"{where}: done before")
                    continue
                faults = found.faults(number, late=2.0)
                bad += bool(faults)
                print(f"{where}: {found.seconds:.2f} s {'; '.join(faults)}", flush=True)
    print(f"{bad} ends with a fault")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
