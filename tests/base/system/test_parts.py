"""Optional parts: absent, hidden by a script or a folder of the user's, or broken."""

import os
import subprocess
import sys

import pytest

from onespike_lava.errors import MissingPartError
from onespike_lava.system.parts import need

RUN = """
import sys
from onespike_lava.errors import OneSpikeError
try:
    {code}
except OneSpikeError as error:
    print(type(error).__name__, error)
"""

LOADED = "open('ran', 'w').close()\n"
"""A script of the user's, which nobody asked to run."""

CASES = {
    "lava": ("import onespike_lava.processes", "engine lava", "lava-nc"),
    "onnx": (
        "from exporters.frontends.read import read; read('m.onnx', (3,))",
        "m.onnx",
        "onnx",
    ),
    "torch": (
        "from exporters.frontends.torch.factory import load_factory; load_factory('m:make')",
        "m:make",
        "torch",
    ),
    "scipy": (
        "from exporters.gcn.source import as_adjacency; as_adjacency(None)",
        "adjacency",
        "scipy",
    ),
    "nir": ("from exporters import read_nir; read_nir('m.nir')", "m.nir", "nir"),
    "matplotlib": (
        "from onespike_lava.report.drawing import style; style()",
        "report",
        "matplotlib",
    ),
    "numba": (
        "from onespike_lava.running import _engine; _engine('numba')",
        "engine numba",
        "numba",
    ),
}


def run(code, folder):
    done = subprocess.run(
        [sys.executable, "-c", RUN.format(code=code)],
        cwd=folder,  # which `-c` puts first on the path
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path[1:])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert not done.stderr
    return done.stdout.strip()


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("kind", ["script", "folder"])
def test_what_hides_a_part_is_named(name, kind, tmp_path):
    code, who, title = CASES[name]
    place = tmp_path / (f"{name}.py" if kind == "script" else name)
    if kind == "script":
        place.write_text(LOADED)
    else:
        place.mkdir()
        (place / "__init__.py").write_text("")
    assert run(code, tmp_path) == (
        f"MissingPartError {who}: {place} takes the place of {title}, since it is called {name}; "
        "rename it"
    )
    assert not (tmp_path / "ran").exists()


def test_parts_that_are_absent_or_broken(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(MissingPartError) as error:
        need("no_such_part.core", "engine x", extra="x")
    assert str(error.value) == (
        "engine x: no_such_part is not installed; run pip install 'onespike-lava[x]'"
    )
    (tmp_path / "broken_part").mkdir()
    (tmp_path / "broken_part" / "__init__.py").write_text("import no_such_library")
    with pytest.raises(MissingPartError) as error:
        need("broken_part.core", "engine x", title="broken", way="mend it")
    assert str(error.value) == (
        "engine x: broken cannot be imported (No module named 'no_such_library'); mend it"
    )
    (tmp_path / "plain_folder").mkdir()
    with pytest.raises(MissingPartError, match=r"plain_folder takes the place of plain_folder"):
        need("plain_folder.core", "engine x", extra="x")
