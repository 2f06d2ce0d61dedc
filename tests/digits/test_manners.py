"""Manners of the command line: JSON alone, words completed, ends by signal, quick first words."""

import json
import os
import pty
import signal
import subprocess
import time

import pytest

from onespike_lava.cli import commands, main
from tests import interrupts

pytestmark = pytest.mark.alone  # seconds, signals, and all shared memory of the machine

MANY = 60_000
"""Samples that keep a command busy until a signal ends it."""

LAVA = pytest.mark.lava
FIRST = 1.0
"""Seconds until a person sees something."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("manners")
    interrupts.prepare(folder, MANY)
    return folder


def needs(words):
    """Skip where a part is not installed that a command line needs."""
    for word, module in (("digits.onnx", "onnx"), ("lava", "lava.magma"), ("report", "jinja2")):
        if word in words:
            pytest.importorskip(module, reason=f"{module} is not installed")


JSON = {
    "export": ("digits.onnx", "--calibration", "test.npz", "-o", "a.net"),
    "evaluate": ("digits.net", "--data", "test.npz"),
    "run": ("digits.net", "--input", "test.npz", "-o", "a.npz"),
    "verify": ("digits.net", "--data", "test.npz", "--limit", "2"),
    "inspect": ("digits.net",),
    "check": ("digits.net", "--data", "test.npz", "--stock"),
    "report": ("digits.net", "--data", "test.npz", "-o", "a.html"),
    "tune": (
        *("digits.onnx", "--calibration", "test.npz", "--data", "test.npz", "-o", "tuned"),
        *("--phases", "8", "--wait", "T", "--correct", "none", "--rounding", "nearest"),
    ),
    "finetune": (
        *("digits.onnx", "--data", "test.npz", "-o", "few.net"),
        *("--epochs", "1", "--stages", "1"),
    ),
    "convert": ("digits.net", "-o", "a.nir"),
    "operators": (),
    "explain": ("threshold", "shift"),
}
"""Every command whose output a script may read."""

KEYS = {
    "export": {"output", "phases", "base", "wait", "layers", "account", "clipped", "rounding"},
    "run": {"output", "samples", "engine", "wait", "phases", "spikes"},
    "operators": {"onnx", "torch"},
    "convert": {"source", "output", "unknown_to_others"},
}
"""What stands in it, of commands that other tests do not read."""


def test_every_command_has_json_or_prints_a_script():
    assert set(JSON) == set(commands()) - {"completion"}


@pytest.mark.parametrize("name", JSON)
def test_json_stands_alone_on_stdout_and_stderr_is_quiet(name, folder, monkeypatch, capfd):
    parts = {"report": "jinja2", "convert": "nir", "finetune": "torch"}
    pytest.importorskip(parts.get(name, "numpy"))
    pytest.importorskip("onnx" if "digits.onnx" in JSON[name] else "numpy")
    monkeypatch.chdir(folder)
    with pytest.raises(SystemExit) as end:
        main([name, *JSON[name], "--json"])
    out, err = capfd.readouterr()
    assert end.value.code in (0, None)
    found = json.loads(out, parse_constant=pytest.fail)  # NaN and Infinity are not JSON
    assert KEYS.get(name, set()) <= set(found)
    assert not err.replace("\n", "") or interrupts.NOTE in err or "warning: " in err


SIGNALS = [
    ("export", signal.SIGTERM, False),
    ("evaluate on 2", signal.SIGINT, True),
    pytest.param("evaluate in lava", signal.SIGTERM, True, marks=LAVA),
    pytest.param("evaluate in lava", signal.SIGINT, False, marks=LAVA),
    ("report", signal.SIGINT, True),
    ("tune", signal.SIGTERM, True),
]


@pytest.mark.parametrize(("name", "number", "group"), SIGNALS)
def test_a_signal_ends_a_command_at_once_and_cleanly(name, number, group, folder):
    words = interrupts.COMMANDS[name]
    needs(words)
    found = interrupts.end(words, folder, number, after=1.5, group=group)
    assert found is not None, "done before"
    assert found.faults(number, late=4.0) == []  # some 0.3 s on an idle machine


WATCHED = ["export", "evaluate", "evaluate in lava", "verify", "check", "report", "run", "tune"]


@pytest.mark.parametrize("name", WATCHED)
def test_a_person_soon_sees_what_goes_on(name, folder):
    words = interrupts.COMMANDS[name]
    needs(words)
    ours, theirs = pty.openpty()
    start = time.perf_counter()
    with subprocess.Popen(
        [*interrupts.ONESPIKE, *words],
        cwd=folder, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True,
    ) as process:  # fmt: skip
        os.close(theirs)
        first = os.read(ours, 1000).decode()
        seconds = time.perf_counter() - start
        os.killpg(process.pid, signal.SIGKILL)
    os.close(ours)
    assert first.startswith(f"onespike: reading {words[1]}")
    assert seconds < FIRST
