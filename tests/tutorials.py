"""Tutorials run from top to bottom; each ends in an assertion of its headline.

`python -m tests.tutorials` runs all of them and prints how long each takes.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "tutorials"

LIMIT = 120
"""Seconds of a tutorial."""


def run(path: Path, folder: Path) -> None:
    """Run a tutorial as a script in a folder; it must succeed within two minutes.

    What it has started, Lava's processes say, ends with it.
    """
    with subprocess.Popen(
        [sys.executable, path],
        cwd=folder,
        env={**os.environ, "MPLBACKEND": "Agg"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            _, errors = process.communicate(timeout=LIMIT)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            raise
    assert process.returncode == 0, errors[-2000:]


def main() -> None:
    """Print a table of seconds."""
    print("| tutorial | seconds |\n|---|---:|")
    for path in sorted(FOLDER.glob("[0-9]*.py")):
        with tempfile.TemporaryDirectory() as folder:
            start = time.perf_counter()
            run(path, Path(folder))
        print(f"| {path.stem} | {time.perf_counter() - start:.0f} |", flush=True)


if __name__ == "__main__":
    main()
