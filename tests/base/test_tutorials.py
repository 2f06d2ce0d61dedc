"""The tutorials that need no Lava, and all of them as notebooks."""

import json
import re

import pytest

from tests import ROOT
from tests.tutorials import FOLDER, run

ALL = sorted(FOLDER.glob("[0-9]*.py"))
PAGES = ROOT / "docs" / "tutorials"

LARGEST = 2**18
"""Bytes of a page with its pictures."""

TUTORIALS = [path for path in ALL if "_lava_" not in path.name]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial(path, tmp_path):
    run(path, tmp_path)


def test_numbers_have_no_gap():
    assert [path.name[:2] for path in ALL] == [f"{number:02}" for number in range(16)]


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_renders_as_a_notebook(path):
    jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
    text = path.read_text()
    assert "Path(__file__)" not in text  # a notebook has none
    cells = jupytext.reads(text, fmt="py:percent").cells
    assert len(cells) == len(re.findall(r"^# %%", text, re.MULTILINE))
    assert cells[0].cell_type == "markdown"
    assert cells[0].source.startswith("# ")
    for cell in cells:
        assert cell.source.strip()
        if cell.cell_type == "code":
            compile(cell.source, path.name, "exec")
    assert "assert" in cells[-1].source


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.stem)
def test_its_page_is_the_script_as_it_ran(path):
    """`make notebooks` makes the pages anew."""
    jupytext = pytest.importorskip("jupytext", reason="jupytext is not installed")
    page = json.loads((PAGES / f"{path.stem}.ipynb").read_text(encoding="utf-8"))
    script = jupytext.reads(path.read_text(), fmt="py:percent").cells
    shown = ["".join(cell["source"]) for cell in page["cells"]]
    assert shown[0].startswith(script[0].source.partition("\n")[0])
    assert shown[1:] == [cell.source for cell in script[1:]]
    outputs = [each for cell in page["cells"] for each in cell.get("outputs", ())]
    assert "error" not in {each["output_type"] for each in outputs}
    assert outputs
    text = json.dumps([{**each, "data": _texts(each)} for each in outputs])
    assert not re.search(r"(?<![\w.])/(home|root|tmp|work|usr|farm)/", text)
    assert "; this tutorial needs" not in text
    assert len(json.dumps(page)) < LARGEST


def _texts(output):
    """Data of an output that are no pictures."""
    return {kind: each for kind, each in output.get("data", {}).items() if "image" not in kind}
