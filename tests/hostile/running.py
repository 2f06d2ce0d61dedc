"""A hostile file through the command line: in one process with many others, or in its own."""

from __future__ import annotations

import contextlib
import io
import multiprocessing
import os
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path

from onespike_lava.cli import main
from tests import permissions
from tests.hostile.case import DIGITS, Case
from tests.hostile.doors import Words, lines, prepare

SECONDS, MEGABYTES = 5.0, 500.0
"""What a file may cost."""

CEILING = 12 * 2**30
"""Address space of a process that reads a hostile file, so that a fault spares the machine."""

PATIENCE = 60
"""Seconds after which a process counts as hanging."""

SERVED = 100
"""Files that one process reads, so that what libraries keep of earlier ones counts little."""

NOTES = re.compile(r"onespike: (compil|kernels)|warning: |other tools do not know: ")
"""Lines on stderr that are no error."""


@dataclass(frozen=True)
class Outcome:
    """What a command made of a file.

    seconds   : of the processor that it took
    megabytes : the most memory that its process held
    fault              : what is wrong with that, empty where nothing is
    said               : its last lines on stderr
    """

    case: Case
    command: str
    seconds: float
    megabytes: float
    fault: str
    said: str = ""


def judged(case: Case, code: int, err: str, trapped: bool) -> str:
    """What is wrong with an answer; empty where nothing is."""
    if trapped:
        return "something was unpickled"
    if "Traceback" in err:
        return "a traceback"
    said = [line for line in err.splitlines() if not NOTES.match(line)]
    if code in (0, 1) and case.sound:
        return f"{len(said)} lines on stderr" if said else ""
    if code != 2:
        return f"exit {code}"
    if len(said) != 1 or not said[0].startswith("onespike: ") or not said[0].isprintable():
        return f"{len(said)} lines on stderr"
    return "" if "; " in said[0] else "no way out"


def costly(seconds: float, megabytes: float) -> str:
    """What is wrong with what a file cost; empty where nothing is."""
    if seconds > SECONDS:
        return f"{seconds:.1f} s"
    return f"{megabytes:.0f} MB" if megabytes > MEGABYTES else ""


def apart(case: Case) -> Iterator[Outcome]:
    """Every command that reads the file, each in a process of its own."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        prepare(folder)
        path = case.write(folder)
        for words in lines(path, folder):
            yield _process(case, words, folder)


def _process(case: Case, words: Words, folder: Path) -> Outcome:
    program = [sys.executable, "-c", "from onespike_lava.cli import main; main()", *words]
    paths = [str(DIGITS.parents[1]), str(DIGITS), str(folder)]
    with (folder / "stderr").open("w") as err:
        process = subprocess.Popen(
            program,
            stdout=subprocess.DEVNULL,
            stderr=err,
            cwd=folder,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(paths)},
            preexec_fn=_limited,
        )
        signal.signal(signal.SIGALRM, lambda *_: process.kill())
        signal.alarm(PATIENCE)
        _, status, usage = os.wait4(process.pid, 0)
        signal.alarm(0)
    process.returncode = os.waitstatus_to_exitcode(status)
    seconds, megabytes = usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024
    said = (folder / "stderr").read_text(errors="replace")
    fault = judged(case, process.returncode, said, _trapped(folder)) or costly(seconds, megabytes)
    return Outcome(case, words[0], seconds, megabytes, fault, said.strip()[-400:])


def together(cases: Sequence[Case]) -> Iterator[Outcome]:
    """The quickest command on each file; what ends or stops the process costs one file."""
    done = 0
    while done < len(cases):
        receiver, sender = multiprocessing.Pipe(duplex=False)
        child = os.fork()
        end = min(done + SERVED, len(cases))
        if child == 0:
            _work(cases[done:end], sender)
        sender.close()
        with contextlib.suppress(EOFError):
            while done < end and receiver.poll(PATIENCE):
                yield Outcome(cases[done], *receiver.recv())
                done += 1
        os.kill(child, signal.SIGKILL)
        _, status = os.waitpid(child, 0)
        if done < end:
            yield Outcome(cases[done], "", 0, 0, f"ends or stops the process, status {status}")
            done += 1


def _work(cases: Sequence[Case], sender: Connection) -> None:
    """Answer every case through the pipe, and end this process."""
    _limited()
    try:
        with tempfile.TemporaryDirectory() as name:
            home = Path(name)
            prepare(home)
            sys.path[:0] = [str(DIGITS), str(home)]
            os.chdir(home)
            for number, case in enumerate(cases):
                folder = home / str(number)
                folder.mkdir()
                sender.send(_answer(case, folder, home))
                shutil.rmtree(folder)
    except BaseException:
        traceback.print_exc()
    finally:
        os._exit(0)


def _answer(case: Case, folder: Path, home: Path) -> tuple[str, float, float, str, str]:
    path = case.write(folder)
    words = lines(path, home)[0]
    err, code = io.StringIO(), 0
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    begun = time.process_time()
    with contextlib.redirect_stderr(err), contextlib.redirect_stdout(io.StringIO()):
        try:
            main(words)
        except SystemExit as end:
            code = int(end.code or 0)
        except BaseException:
            traceback.print_exc()
            code = 1
    seconds, megabytes = time.process_time() - begun, _peak()
    said = err.getvalue()
    fault = judged(case, code, said, _trapped(folder)) or costly(seconds, megabytes)
    return words[0], seconds, megabytes, fault, said.strip()[-400:]


def _limited() -> None:
    permissions.obey()
    resource.setrlimit(resource.RLIMIT_AS, (CEILING, CEILING))


def _trapped(folder: Path) -> bool:
    return (folder / "trapped").exists()


def _peak() -> float:
    """Most memory that this process held since the peak began anew, in MB."""
    found = re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())
    assert found is not None
    return int(found[1]) / 1024
