"""How the compiler's modules hang together: one direction even for types, small rooms."""

import ast
import re

import pytest

from tests import ROOT

MODULES = sorted((ROOT / "exporters").rglob("*.py"))
LONGEST, MOST = 300, 12


def imports(path):
    """Modules of `exporters` that a module names in an import, those for types alone too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                whole = f"{node.module}.{alias.name}"
                found = ROOT.joinpath(*whole.split("."))
                inner = found.is_dir() or found.with_suffix(".py").is_file()
                yield whole if inner else str(node.module)


def test_no_circle_even_for_types():
    """A package's face may name what stands behind it, for whoever asks: it is no room itself."""
    graph = {}
    for path in MODULES:
        if path.name != "__init__.py":
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            graph[name] = {each for each in imports(path) if each.split(".")[0] == "exporters"}
    faces = {
        ".".join(path.parent.relative_to(ROOT).parts): set(imports(path))
        for path in MODULES
        if path.name == "__init__.py"
    }
    done: set[str] = set()

    def visit(name, trail):
        assert name not in trail, " -> ".join([*trail, name])
        if name not in done:
            for other in graph.get(name, faces.get(name, ())):
                visit(other, (*trail, name))
            done.add(name)

    for name in graph:
        visit(name, ())


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_modules_are_short(path):
    assert len(path.read_text().splitlines()) <= LONGEST


def test_folders_are_small():
    folders = {path.parent for path in MODULES}
    assert not [each for each in folders if len(list(each.glob("*.py"))) > MOST]


def test_one_loop_reads_traces():
    pytest.importorskip("torch")
    from exporters.frontends.torch import fx
    from exporters.frontends.torch.reading import Reading
    from exporters.gcn import tracing

    assert issubclass(fx._Reader, Reading)
    assert issubclass(tracing._Reader, Reading)
    walks = [path.name for path in MODULES if "map_aggregate" in path.read_text()]
    assert walks == ["models.py", "reading.py"]


def test_sources_are_made_in_one_place():
    made = [path.name for path in MODULES if re.search(r"\bSource\($", path.read_text(), re.M)]
    assert not made
