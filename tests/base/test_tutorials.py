"""The tutorials that need the base install alone."""

import pytest

from tests.tutorials import FOLDER, run

TUTORIALS = sorted(path for path in FOLDER.glob("[0-9]*.py") if "_lava_" not in path.name)


@pytest.mark.parametrize("path", TUTORIALS, ids=lambda path: path.stem)
def test_tutorial(path, tmp_path):
    run(path, tmp_path)
