"""What stands beside the code and must keep up with it."""

import re

from onespike_lava import __version__
from tests import ROOT


def test_citation_names_this_version():
    text = (ROOT / "CITATION.cff").read_text()
    assert re.search(r"^version: (\S+)$", text, re.MULTILINE)[1] == __version__
    licence = (ROOT / "LICENSE").read_text()
    assert "BSD 3-Clause" in licence
    assert "the onespike-lava authors" in licence
    assert "name: the onespike-lava authors" in text


def test_the_tests_that_pages_name_are_there():
    text = "".join(path.read_text() for path in (ROOT / "tests").rglob("*.py"))
    defined = set(re.findall(r"^def (test_\w+)\(", text, re.MULTILINE))
    for path in (ROOT / "docs").glob("*.md"):
        assert set(re.findall(r"`(test_\w+)`", path.read_text())) <= defined, path.name


def test_every_tutorial_has_a_page():
    scripts = {path.stem for path in (ROOT / "tutorials").glob("[0-9]*.py")}
    pages = {path.stem for path in (ROOT / "docs" / "tutorials").glob("[0-9]*.ipynb")}
    assert scripts == pages


def test_every_concept_is_in_the_index():
    index = (ROOT / "docs" / "index.md").read_text()
    for folder in ("concepts", "reference"):
        for path in (ROOT / "docs" / folder).glob("*.md"):
            assert f"\n{folder}/{path.stem}\n" in index
