"""What stands beside the code and must keep up with it."""

import inspect
import re
import subprocess
import sys

import pytest

import exporters
import onespike_lava
from onespike_lava import __version__
from onespike_lava.glossary import LINK
from tests import ROOT

ARXIV = "arXiv:2403.08786"


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


def entries(page):
    """Pages of the toctrees of a page, as paths."""
    text = page.read_text()
    blocks = re.findall(r"^```\{toctree\}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if line and line[0] != ":"]
    return [(page.parent / f"{line}.md").resolve() for line in lines if "*" not in line]


def test_there_is_one_way_through_the_pages():
    """Five entries at the side, and each page under one of them."""
    docs = ROOT / "docs"
    top = entries(docs / "index.md")
    assert [page.relative_to(docs).as_posix() for page in top] == [
        "start.md",
        "guides.md",
        "concepts/index.md",
        "reference/index.md",
        "measurements.md",
    ]
    known, seen = [], list(top)
    while seen:
        known.append(seen.pop())
        seen += [page for page in entries(known[-1]) if page.suffix == ".md" and page.is_file()]
    assert len(known) == len(set(known))
    pages = {page for page in docs.rglob("*.md") if "_build" not in page.parts}
    assert {page for page in pages if page.parent.name != "tutorials"} == {
        page for page in (*known, docs / "index.md") if page.parent.name != "tutorials"
    }


NAMED = re.compile(r"\b(Eqs?\.|Tables?|Figs?\.|Secs?\.|Algorithm) ?[0-9IVX]+\b")
OF_THE_PAPER = re.compile(r"\b(Eq\. [1-6]|Tables? [IVX]+|Secs?\. [IVX]+(-[A-Z]\d?)?|Alg\. 1)\b")
LINKED = re.compile(r"\]\(https://(arxiv\.org/abs/[\d.]+|doi\.org/\S+)\)")


def test_who_names_an_equation_or_a_table_links_the_paper():
    cards = (ROOT / "netx_models").glob("*/CARD.md")
    named = 0
    scripts = (ROOT / "tutorials").glob("*.py")
    for page in [*(ROOT / "docs").rglob("*.md"), *cards, *scripts, ROOT / "README.md"]:
        text = page.read_text()
        if "_build" not in page.parts and NAMED.search(text) and page.name != "glossary.md":
            assert LINKED.search(text), page
            named += 1
        if "_build" not in page.parts and OF_THE_PAPER.search(text):
            assert LINK in text, page
    assert named >= 8


@pytest.mark.parametrize("package", [onespike_lava, exporters], ids=lambda each: each.__name__)
def test_docstrings_that_name_an_equation_name_the_paper(package):
    """Of a package its convention, of what it exports each by itself."""
    if package is exporters:
        pytest.importorskip("torch")  # some of what it exports trains networks
    assert ARXIV in package.__doc__
    for name in package.__all__:
        found = getattr(package, name)
        for each in (found, *vars(found).values()) if inspect.isclass(found) else (found,):
            text = inspect.getdoc(each) or ""
            assert not OF_THE_PAPER.search(text) or ARXIV in text, (name, each)


def test_pages_of_reference_name_the_paper():
    for page in (ROOT / "docs" / "reference").glob("*.md"):
        assert "automodule" not in page.read_text() or LINK in page.read_text(), page


def test_links_of_built_pages_are_looked_up(tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (tmp_path / "out.txt").write_text("")
    good = (
        '<a id="here" href="other.html#there">x</a><a href="#here">x</a><a href="https://x.y">x</a>'
    )
    (site / "index.html").write_text(good)
    (site / "other.html").write_text('<p id="there"><a href="index.html">x</a>')
    command = [sys.executable, ROOT / "docs" / "links.py"]
    found = subprocess.run([*command, site], capture_output=True, text=True)
    assert (found.returncode, found.stdout) == (
        0,
        "2 pages, 3 links among them, 0 lead nowhere; 1 to the web\n",
    )
    for wrong in ("gone.html", "other.html#gone", "#gone", "../out.txt"):
        (site / "index.html").write_text(good + f'<a href="{wrong}">x</a>')
        found = subprocess.run([*command, site], capture_output=True, text=True)
        assert found.returncode == 1
        assert f"index.html: {wrong}: leads nowhere" in found.stdout
    assert "give one" in subprocess.run(command, capture_output=True, text=True).stderr


def test_links_to_files_lead_somewhere():
    """Sphinx holds those within `docs` and their anchors; cards and README are on their own."""
    pages = [*ROOT.glob("*.md"), *(ROOT / "netx_models").rglob("*.md"), *ROOT.glob("docs/**/*.md")]
    seen = 0
    for page in pages:
        if "_build" in page.parts:
            continue
        for target in re.findall(r"\]\((?!\w+:|#)([^)#\s]+)(?:#[^)]*)?\)", page.read_text()):
            assert (page.parent / target).exists(), (page, target)
            seen += 1
    assert seen > 100
