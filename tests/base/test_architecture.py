"""The map of the house and the house itself; which way imports point; tests beside them."""

import ast
import re

import pytest

from tests import ROOT
from tests.import_graph import circle, levels, modules, rooms

MAP = (ROOT / "docs" / "architecture.md").read_text()
MODULES = modules()
ROOMS = rooms(MODULES)


def test_no_circles():
    """Not among modules, nor among rooms; imports for types alone count."""
    assert circle(MODULES) == []
    assert circle(ROOMS) == []
    assert max(levels(ROOMS).values()) > 5


def test_a_circle_is_found():
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"a"}}) == ["a", "b", "c", "a"]
    assert levels({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == {"a": 2, "b": 1, "c": 0}


def test_the_map_lists_every_room_above_those_that_it_imports():
    section = MAP.split("## Packages")[1].split("\n## ")[0]
    lines = re.findall(r"^\| (`[^|]+`) \|", section, re.MULTILINE)
    listed = [re.findall(r"`([\w.]+)`", line) for line in lines]
    order = {room: place for place, line in enumerate(listed) for room in line}
    assert set(order) == set(ROOMS)
    for room, others in ROOMS.items():
        for other in others:
            assert order[room] < order[other] or room == other, (room, other)


def defined(path):
    """Names that a module defines, methods of its classes among them."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, (ast.ClassDef, ast.FunctionDef)):
            found.add(node.name)
        elif isinstance(node, ast.Assign):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.add(node.target.id)
    return found


def test_what_the_map_names_is_there():
    rows = re.findall(r"^\| [^|]+ \| `([\w/]+\.py)` \| `(\w+)` \|$", MAP, re.MULTILINE)
    assert len(rows) >= 12
    for path, name in rows:
        assert name in defined(ROOT / path), (path, name)


def test_paths_in_the_text_exist():
    places = [ROOT, ROOT / "onespike_lava", ROOT / "exporters"]
    for path in set(re.findall(r"`([\w/]+\.py)", MAP)):
        assert any((place / path).is_file() for place in places), path


@pytest.mark.parametrize("package", ["onespike_lava", "exporters"])
def test_rooms_are_small(package):
    """A module has at most 300 lines, a folder 12 modules."""
    for folder in [ROOT / package, *(ROOT / package).rglob("*/")]:
        files = list(folder.glob("*.py"))
        assert len(files) <= 12, folder
        for path in files:
            assert len(path.read_text().splitlines()) <= 300, path


@pytest.mark.parametrize("package", ["onespike_lava", "exporters"])
def test_the_face_of_a_package_lists_its_modules(package):
    """Each `__init__` is a table of contents."""
    for face in (ROOT / package).rglob("__init__.py"):
        inner = {path.stem for path in face.parent.glob("*.py")} - {"__init__", "__main__"}
        text = face.read_text()
        process = {"process", "models", "ncmodels"} >= inner
        if face.parent.name != package and inner and not process:
            missing = [name for name in sorted(inner) if not re.search(rf"\b{name}\b", text)]
            assert not missing, (face, missing)


ELSEWHERE = {"onespike_lava/processes": "lava"}
"""Rooms whose tests need more than the base install."""


@pytest.mark.parametrize(
    ("package", "mirror"), [("onespike_lava", "base"), ("exporters", "exporters")]
)
def test_tests_mirror_the_rooms(package, mirror):
    """Each room has tests in a folder of its name, and no folder is named after nothing."""
    tests, top = ROOT / "tests", ROOT / package
    packages = {face.parent.relative_to(top) for face in top.rglob("__init__.py")}
    for room in (each for each in packages if len(each.parts) == 1):
        folder = tests / ELSEWHERE.get(f"{package}/{room}", f"{mirror}/{room}")
        assert list(folder.rglob("test_*.py")), folder
    folders = {path.parent.relative_to(tests / mirror) for path in (tests / mirror).rglob("*.py")}
    assert folders <= packages


def test_test_modules_are_short_and_share_through_helpers():
    """At most 300 lines; what two modules need stands in a third that holds no tests."""
    for path in (ROOT / "tests").rglob("test_*.py"):
        text = path.read_text()
        assert len(text.splitlines()) <= 300, path
        assert not re.search(r"^ *from tests\.\S*test_\w+ import", text, re.MULTILINE), path
