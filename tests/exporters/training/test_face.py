"""What `exporters.training` gives by name."""

import subprocess
import sys

import pytest

torch = pytest.importorskip("torch")

from exporters import training  # noqa: E402


def test_every_name_is_there():
    for name in training.__all__:
        assert getattr(training, name).__module__.startswith("exporters.training.")
    assert sorted(training.__all__) == sorted(set(training.__all__))
    with pytest.raises(AttributeError, match=r"training' has no attribute 'X'"):
        _ = training.X


def test_importing_it_loads_no_torch():
    code = "import exporters.training, sys; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
