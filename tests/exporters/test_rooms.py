"""What the compiler does in one place only; its rooms are tested with all in `tests/base`."""

import re

import pytest

from tests import ROOT

MODULES = sorted((ROOT / "exporters").rglob("*.py"))


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


def test_windows_become_indices_in_one_place():
    """`Window` of the core turns strides and dilations into slices; here nobody does."""
    found = re.compile(r"sliding_window_view|::(down|across|beside|stride)|: ?stride\]")
    assert not [path.name for path in MODULES if found.search(path.read_text())]
