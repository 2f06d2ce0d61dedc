"""What the package requires: the page says all of it, and the base needs nothing else."""

import os
import re
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import numpy as np
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from onespike_lava.netx import save
from tests import ROOT
from tests.networks import random_network, random_samples

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
BASE = PROJECT["project"]["dependencies"]
PAGE = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")


def test_the_page_lists_every_requirement():
    parts = {
        "base": BASE,
        "build": PROJECT["build-system"]["requires"],
        **PROJECT["project"]["optional-dependencies"],
    }
    expected = {(part, each) for part, known in parts.items() for each in known}
    rows = re.findall(r"^\| (\S+) \| `([^`]+)` \| (.*?) ?\| (.*?) ?\|$", PAGE, re.MULTILINE)
    assert {row[:2] for row in rows} == expected
    assert len(rows) == len(expected)
    named = set()
    for part, requirement, purpose, reason in rows:
        name = Requirement(requirement).name
        assert purpose or (part, name) in named, requirement
        assert reason or name == "onespike-lava", requirement
        named.add((part, name))


def closure(requirements):
    """Names of all distributions that requirements bring here, without extras."""
    found, todo = set(), list(requirements)
    while todo:
        each = Requirement(todo.pop())
        name = canonicalize_name(each.name)
        if name in found or (each.marker and not each.marker.evaluate({"extra": ""})):
            continue
        found.add(name)
        todo += metadata.requires(name) or []
    return found


def test_the_base_install_is_what_the_page_says():
    along = re.findall(r"`([\w-]+)`", re.search(r"^Brought along: .*$", PAGE, re.MULTILINE)[0])
    expected = {canonicalize_name(Requirement(each).name) for each in BASE} | {*along}
    if sys.platform != "win32":
        expected -= {"colorama"}
    assert closure(BASE) == expected


BLOCKED = """
import sys
allowed = set(sys.argv[1].split(","))

class Blocked:
    @staticmethod
    def find_spec(name, path=None, target=None):
        if name.partition(".")[0] not in allowed | sys.stdlib_module_names:
            raise ModuleNotFoundError(f"blocked: {name}", name=name)

for name in [*sys.modules]:
    if name.partition(".")[0] not in allowed | sys.stdlib_module_names | {"__main__"}:
        del sys.modules[name]
sys.meta_path.insert(0, Blocked)
"""

COMMANDS = [
    "import onespike_lava; onespike_lava.load; onespike_lava.save",
    "--version",
    "--help",
    "inspect x.net --json",
    "check x.net",
    "evaluate x.net --data d.npz --engine numpy --workers 2",
    "evaluate x.net --data d.npz --engine numba",
    "run x.net --input d.npz -o o.npz",
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("base")
    network = random_network(1, phases=8)
    save(network, place / "x.net")
    np.savez(place / "d.npz", x=random_samples(network, 4), y=np.zeros(4, int))
    return place


def blocked(folder, body):
    """Run code where no third-party module but those of the base can be imported."""
    names = closure(BASE)
    files = [file for name in names for file in metadata.files(name) or ()]
    modules = {Path(file).parts[0].partition(".")[0] for file in files}
    script = folder / "blocked.py"
    script.write_text(f"{BLOCKED}\nif __name__ == '__main__':\n    {body}\n")
    words = [
        sys.executable,
        str(script),
        ",".join(modules | {"onespike_lava", "exporters", "tests"}),
    ]
    places = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        words, cwd=folder, env=places, capture_output=True, text=True, check=False
    )


def test_the_base_imports_nothing_else(folder):
    runs = [f"    call({line.split()!r})" for line in COMMANDS[1:]]
    code = "\n".join(
        [
            COMMANDS[0],
            "    from onespike_lava.cli import main",
            "    def call(words):",
            "        try: main(words)",
            "        except SystemExit as end: assert not end.code, words",
            *runs,
        ]
    )
    done = blocked(folder, code)
    assert done.returncode == 0, done.stderr
    assert (folder / "o.npz").exists()


@pytest.mark.parametrize("name", ["pytest", "hypothesis", "packaging"])
def test_the_block_holds(folder, name):
    """What is installed here, and not of the base, cannot be imported behind the block."""
    done = blocked(folder, f"import {name}")
    assert f"blocked: {name}" in done.stderr
