"""The tutorials of Lava."""

from __future__ import annotations

import pytest

pytest.importorskip("lava.magma", reason="lava-nc is not installed (Python 3.10 only)")
pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from tests.tutorials import FOLDER, run

pytestmark = pytest.mark.lava

TUTORIALS = sorted(FOLDER.glob("[0-9]*_lava_*.py"))


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial(path, tmp_path):
    run(path, tmp_path)


def test_there_are_tutorials():
    assert len(TUTORIALS) >= 2
