"""Progress bars where a person watches: at a terminal, in a notebook, and nowhere else."""

import os
import pty
import subprocess
import sys
import textwrap

import pytest

from tests import ROOT

SCRIPT = """
    from onespike_lava import Bars

    bars = Bars()
    for step in range(4):
        bars("first", step, 3)
    bars("second", 0, 0)
    with Bars() as bars:
        bars("third", 1, 3)
    print("done")
"""
CODE = textwrap.dedent(SCRIPT)
PLACES = {**os.environ, "PYTHONPATH": str(ROOT)}


def test_a_script_that_nobody_watches_is_quiet():
    words = [sys.executable, "-c", CODE]
    done = subprocess.run(words, env=PLACES, capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("done\n", "")


def test_a_terminal_shows_bars():
    ours, theirs = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", CODE], env=PLACES, stderr=theirs) as process:
        os.close(theirs)
        process.wait()
    shown = os.read(ours, 2**16).decode()
    os.close(ours)
    lines = [line.strip("\r").split("\r")[-1] for line in shown.strip().split("\n") if line.strip()]
    assert len(lines) == 2
    assert lines[0].startswith("first")
    assert "100%" in lines[0]
    assert "3/3" in lines[0]
    assert lines[1].startswith("third")  # cut off, and yet a line
    assert "1/3" in lines[1]


NO_WIDGETS = "import sys; sys.modules['ipywidgets'] = None\n"

MANY = """
from onespike_lava import Bars

bars = Bars()
for step in range(200_001):
    bars("many", step, 200_000)
"""


def in_a_notebook(code, folder):
    """Outputs of a cell that a kernel ran."""
    nbformat = pytest.importorskip("nbformat", reason="nbformat is not installed")
    nbclient = pytest.importorskip("nbclient", reason="nbclient is not installed")
    pytest.importorskip("ipykernel", reason="ipykernel is not installed")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)])
    nbclient.NotebookClient(book, timeout=60).execute(cwd=str(folder))
    return book.cells[0].outputs


def written(outputs):
    """What a cell wrote to stdout and stderr."""
    return "".join(each.get("text", "") for each in outputs)


def test_a_notebook_without_widgets_shows_bars_as_text(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    text = written(in_a_notebook(NO_WIDGETS + CODE, tmp_path))
    assert "100%" in text
    assert "third" in text
    assert "Warning" not in text


def test_a_notebook_with_widgets_shows_bars_as_such(tmp_path, monkeypatch):
    pytest.importorskip("ipywidgets", reason="ipywidgets is not installed")
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    outputs = in_a_notebook(CODE, tmp_path)
    widgets = [each for each in outputs if each.output_type == "display_data"]
    assert len(widgets) == 2
    assert "first" in widgets[0].data["text/plain"]
    assert written(outputs) == "done\n"


@pytest.mark.parametrize("first", ["", NO_WIDGETS], ids=["as installed", "no widgets"])
def test_many_steps_in_a_notebook_are_one_line_that_changes_now_and_then(
    tmp_path, monkeypatch, first
):
    monkeypatch.setenv("PYTHONPATH", str(ROOT), prepend=os.pathsep)
    outputs = in_a_notebook(first + MANY, tmp_path)
    text = written(outputs)
    assert text.count("\n") <= 1
    assert text.count("\r") < 200  # ten a second at most
    assert sum(each.output_type == "display_data" for each in outputs) <= 1


def test_the_library_shows_them():
    code = """
        import numpy as np
        from onespike_lava import Bars
        from tests.networks import random_network, random_samples

        network = random_network(1)
        network.run(random_samples(network, 9), engine="reference", progress=Bars())
    """
    ours, theirs = pty.openpty()
    words = [sys.executable, "-c", textwrap.dedent(code)]
    with subprocess.Popen(words, env=PLACES, stderr=theirs) as process:
        os.close(theirs)
        process.wait()
    shown = os.read(ours, 2**16).decode()
    os.close(ours)
    assert "9/9" in shown
