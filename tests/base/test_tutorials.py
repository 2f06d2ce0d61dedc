"""The tutorials that need no Lava, and all of them as notebooks."""

import re

import pytest

from tests.tutorials import FOLDER, run

ALL = sorted(FOLDER.glob("[0-9]*.py"))
TUTORIALS = [path for path in ALL if "_lava_" not in path.name]


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial(path, tmp_path):
    run(path, tmp_path)


def test_numbers_have_no_gap():
    assert [path.name[:2] for path in ALL] == [f"{number:02}" for number in range(1, 14)]


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
