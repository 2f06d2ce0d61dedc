"""What importing costs, and by which doors optional parts enter."""

import ast
import subprocess
import sys
from functools import cache

import pytest

from tests import ROOT

HEAVY = ("torch", "lava", "onnx", "sklearn", "nir")


@pytest.mark.parametrize("module", ["onespike_lava", "exporters", "onespike_lava.cli"])
def test_importing_loads_no_optional_part(module):
    code = f"import {module}, sys; print([name for name in {HEAVY!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@cache
def imports(path):
    """Absolute names that a module imports anywhere in it, type checking blocks left out."""
    return tuple(_imports(ast.parse(path.read_text())))


def _imports(tree):
    for node in ast.walk(tree):
        if isinstance(node, ast.If) and getattr(node.test, "id", "") == "TYPE_CHECKING":
            node.body = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.Call) and getattr(node.func, "id", "") == "need":
            yield node.args[0].value
        elif isinstance(node, ast.ImportFrom):
            parts = (node.module or "").split(".")
            for alias in node.names:
                whole = ROOT.joinpath(*parts, alias.name)
                inner = whole.is_dir() or whole.with_suffix(".py").is_file()
                yield ".".join([*parts, alias.name] if inner else parts)


def modules(package):
    return sorted((ROOT / package).rglob("*.py"))


def test_the_library_never_imports_the_compiler():
    for path in modules("onespike_lava"):
        assert not [name for name in imports(path) if name.split(".")[0] == "exporters"], path


def test_the_library_does_not_name_the_compiler():
    """Not in texts either: its commands come in by entry points."""
    for path in [*modules("onespike_lava"), *(ROOT / "onespike_lava").rglob("*.md")]:
        assert "exporters" not in path.read_text(), path


@pytest.mark.parametrize(
    ("package", "doors"),
    [
        ("lava", ("onespike_lava/processes/",)),
        (
            "torch",
            (
                "exporters/frontends/torch/",
                "exporters/frontends/spiking/",
                "exporters/frontends/slayer/",
                "exporters/stepping/twin.py",
                "exporters/training/",
                "exporters/finetuning/",
                "exporters/gcn/tracing.py",
                "exporters/gcn/table.py",
                "exporters/frontends/read.py",
                "exporters/cli/operators.py",
            ),
        ),
        ("onnx", ("exporters/frontends/onnx/", "exporters/frontends/read.py")),
        ("matplotlib", ("onespike_lava/report/drawing.py",)),
        ("jinja2", ("onespike_lava/report/page.py",)),
        ("nir", ("exporters/nir/",)),
        ("tqdm", ("onespike_lava/system/bars.py",)),
    ],
)
def test_optional_parts_enter_through_few_doors(package, doors):
    for path in [*modules("onespike_lava"), *modules("exporters")]:
        place = path.relative_to(ROOT).as_posix()
        if any(name.split(".")[0] == package for name in imports(path)):
            assert place.startswith(doors), place
