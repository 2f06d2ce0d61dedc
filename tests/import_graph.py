"""Which way imports point: `python tests/import_graph.py [--modules]`.

Prints rooms (packages), the level of each and what it imports, arrows in all, and circles: none.
A room's level is one above the highest that it imports. Imports for types alone count too; a
package's `__init__` counts as a module of its own.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
PACKAGES = ("onespike_lava", "exporters")

Graph = dict[str, set[str]]


def module_name(path: Path) -> str:
    """Dotted name of a module's file; a package's `__init__` is the package."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


def imported(path: Path) -> Iterator[str]:
    """Modules of this project that a file imports anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            for each in node.names:
                inner = ROOT.joinpath(*(node.module or "").split("."), each.name)
                there = inner.is_dir() or inner.with_suffix(".py").is_file()
                yield f"{node.module}.{each.name}" if there else str(node.module)


def modules() -> Graph:
    """Module -> the modules of the project that it imports."""
    files = {module_name(p): p for package in PACKAGES for p in (ROOT / package).rglob("*.py")}
    return {
        name: {each for each in imported(path) if each in files and each != name}
        for name, path in sorted(files.items())
    }


def rooms(graph: Mapping[str, set[str]], depth: int = 2) -> Graph:
    """Room -> rooms that it imports; a room is a package of the first `depth` names, or a module.

    The face of a top-level package (its `__init__`) is no room: it names what others have.
    """
    found: Graph = {}
    for name, others in graph.items():
        if name in PACKAGES:
            continue
        room = ".".join(name.split(".")[:depth])
        here = found.setdefault(room, set())
        here |= {".".join(each.split(".")[:depth]) for each in others if each not in PACKAGES}
        here.discard(room)
    return found


def circle(graph: Mapping[str, set[str]]) -> list[str]:
    """A way round, from a name back to it; empty where there is none."""
    done: set[str] = set()

    def visit(name: str, trail: tuple[str, ...]) -> list[str]:
        if name in trail:
            return [*trail[trail.index(name) :], name]
        if name not in done:
            for other in sorted(graph.get(name, ())):
                found = visit(other, (*trail, name))
                if found:
                    return found
            done.add(name)
        return []

    return next((found for name in graph if (found := visit(name, ()))), [])


def levels(graph: Mapping[str, set[str]]) -> dict[str, int]:
    """Name -> one above the highest that it imports, 0 where it imports none; needs no circle."""
    known: dict[str, int] = {}

    def level(name: str) -> int:
        if name not in known:
            known[name] = 1 + max((level(each) for each in graph[name]), default=-1)
        return known[name]

    return {name: level(name) for name in graph}


def main() -> None:
    """Print the graph."""
    every = modules()
    graph = every if "--modules" in sys.argv else rooms(every)
    for what, found in (("modules", every), ("rooms", rooms(every))):
        print(f"circle of {what}: {' -> '.join(circle(found)) or 'none'}")
    if circle(graph):
        sys.exit(1)
    high = levels(graph)
    for name in sorted(graph, key=lambda each: (-high[each], each)):
        print(f"{high[name]:3d}  {name}: {', '.join(sorted(graph[name])) or '-'}")
    arrows = sum(map(len, graph.values()))
    print(f"{len(graph)} names, {max(high.values()) + 1} levels, {arrows} arrows")


if __name__ == "__main__":
    main()
