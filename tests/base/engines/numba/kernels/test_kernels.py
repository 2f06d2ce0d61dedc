"""What is compiled: rows of operations, and the key by which a compiled walk is kept."""

import ast
import shutil
from pathlib import Path

import pytest
from numba import njit

from onespike_lava.engines.numba.kernels import operations, walk
from onespike_lava.engines.numba.kernels.loops import operate
from onespike_lava.engines.numba.kernels.operations import OPERATIONS, Connect
from onespike_lava.engines.numba.kernels.rows import PARAMETERS, fields, holds, rows_of
from tests.base.engines.numba import twins
from tests.import_graph import imported

MODULES = sorted(path.relative_to(walk.SOURCES) for path in walk.SOURCES.rglob("*.py"))


@pytest.fixture(scope="module")
def program():
    """One operation of each class, its fields all different."""
    made = []
    for place, operation in enumerate(OPERATIONS):
        numbers = range(100 * place, 100 * place + len(operation._fields))
        made.append(operation(*numbers))
    return made


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.__name__)
def test_compiled_code_reads_what_was_written(operation, program):
    rows = rows_of(program)

    @njit
    def read(row):
        return holds(operation, row), fields(operation, row)

    assert rows.shape == (len(OPERATIONS), PARAMETERS)
    for written, row in zip(program, rows, strict=True):
        held, found = read(row)
        assert held == twins.holds(operation, row) == (type(written) is operation)
        assert found == twins.fields(operation, row)
        assert type(found) is operation
        assert not held or found == written


def test_a_row_of_no_operation_is_not_written():
    with pytest.raises(ValueError, match="not in tuple"):
        rows_of([(1, 2, 3)])


def test_each_operation_has_one_loop():
    """What is asked for in `operate` and in the walk: every operation, once."""
    asked = [
        node.args[0].id
        for module in (operate, walk)
        for node in ast.walk(ast.parse(Path(module.__file__).read_text()))
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "holds"
    ]
    assert sorted(asked) == sorted(operation.__name__ for operation in OPERATIONS)
    assert Connect.__name__ in asked


def test_every_record_is_an_operation():
    records = [each for each in vars(operations).values() if hasattr(each, "_fields")]
    assert set(records) == set(OPERATIONS)


@pytest.fixture
def copied(tmp_path):
    """The engine's modules in a folder of their own."""
    for path in MODULES:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(walk.SOURCES / path, tmp_path / path)
    return tmp_path


def test_a_change_in_any_module_changes_the_key(copied):
    versions = {walk.version_of(copied)}
    assert versions == {walk.version_of(walk.SOURCES)}
    for path in MODULES:
        text = (copied / path).read_bytes()
        (copied / path).write_bytes(text + b"#")
        versions.add(walk.version_of(copied))
        (copied / path).write_bytes(text)
    assert len(MODULES) > 20
    assert len(versions) == 1 + len(MODULES)
    assert walk.version_of(copied) == walk.version_of(walk.SOURCES)


def test_a_module_added_removed_renamed_or_moved_changes_the_key(copied):
    path = copied / "kernels" / "tile.py"
    versions = [walk.version_of(copied)]
    for new in (path.with_name("tiles.py"), copied / "tiles.py", copied / "run" / "tiles.py"):
        path = path.rename(new)
        versions.append(walk.version_of(copied))
    path.unlink()
    versions.append(walk.version_of(copied))
    (copied / "kernels" / "empty.py").touch()
    versions.append(walk.version_of(copied))
    assert len(set(versions)) == len(versions)


def test_text_that_moves_from_one_module_to_the_next_changes_the_key(tmp_path):
    versions = set()
    for one, two in (("x = 1\n", "y = 2\n"), ("x = 1\ny = 2\n", ""), ("", "x = 1\ny = 2\n")):
        (tmp_path / "a.py").write_text(one)
        (tmp_path / "b.py").write_text(two)
        versions.add(walk.version_of(tmp_path))
    assert len(versions) == 3


def test_the_key_is_what_the_walk_closes_over(monkeypatch, copied):
    """The number reaches compiled code, hence Numba's key."""
    seen = []
    monkeypatch.setattr(walk, "SOURCES", copied)
    monkeypatch.setattr(walk, "_compiled", lambda made, _: made)
    monkeypatch.setattr(walk, "njit", lambda **_: seen.append)
    (copied / "kernels" / "job.py").write_text("")
    walk.walker.__wrapped__("portable")
    assert inside(seen[0]) == {"kind": "portable", "version": walk.version_of(copied)}
    assert walk.version_of(copied) != walk.version_of(Path(walk.__file__).parents[1])


def inside(function):
    cells = (cell.cell_contents for cell in function.__closure__)
    return dict(zip(function.__code__.co_freevars, cells, strict=True))


ROOMS = {"kernels": ("kernels",), "plan": ("kernels", "plan"), "run": ("kernels", "plan", "run")}


@pytest.mark.parametrize("room", ROOMS)
def test_rooms_import_one_way(room):
    here = "onespike_lava.engines.numba."
    allowed = tuple(here + other + "." for other in ROOMS[room])
    for path in (walk.SOURCES / room).rglob("*.py"):
        own = [name for name in imported(path) if name.startswith(here)]
        assert all(name.startswith(allowed) for name in own), path


def test_kernels_import_nothing_that_the_key_does_not_cover():
    for path in (walk.SOURCES / "kernels").rglob("*.py"):
        for name in imported(path):
            own = name.startswith("onespike_lava.engines.numba.kernels.")
            assert own or not name.startswith(("onespike_lava", ".")), path
