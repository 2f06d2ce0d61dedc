"""Tutorials run from top to bottom; each ends in an assertion of its headline."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "tutorials"


def run(path: Path, folder: Path) -> None:
    """Run a tutorial as a script in a folder; it must succeed within two minutes."""
    done = subprocess.run(
        [sys.executable, path],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
