"""Lava enters through one door, which says so when it is shut."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests import ROOT


def python(script: str) -> str:
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=50)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_import_does_not_load_lava():
    loaded = "sorted({'lava', 'multiprocessing.context'} & set(sys.modules))"
    script = f"import sys, onespike_lava.running, onespike_lava.cli; print({loaded})"
    assert python(script) == "[]"


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        ("sys.modules['lava'] = None", "is not installed"),
        ("sys.meta_path.insert(0, Broken())", "cannot be imported (broken)"),
    ],
)
def test_missing_lava_is_one_line(block, reason):
    if "broken" in reason:
        pytest.importorskip("lava", reason="lava-nc is not installed (Python 3.10 only)")
    script = f"""
import sys
from onespike_lava import OneSpikeError
class Broken:
    def find_spec(self, name, *_):
        if name == "lava.magma.runtime":
            raise TypeError("broken")
{block}
try:
    import onespike_lava.processes
except OneSpikeError as error:
    print(type(error).__name__, error)
"""
    assert python(script) == (
        f"MissingPartError engine lava: lava-nc {reason}; install it with "
        "`pip install 'onespike-lava[lava]'` on Python 3.10, or take another engine"
    )
