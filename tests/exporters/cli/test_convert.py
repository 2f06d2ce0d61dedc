"""`onespike convert`."""

import pytest

pytest.importorskip("nir", reason="nir is not installed")

from onespike_lava.cli import main
from tests.exporters.nir.networks import MODELS


def test_command_line(tmp_path, capsys):
    source, there, back = MODELS[0], tmp_path / "net.nir", tmp_path / "net.net"
    for words in ((source, there), (there, back)):
        with pytest.raises(SystemExit) as end:
            main(["convert", str(words[0]), "-o", str(words[1])])
        assert end.value.code == 0
    captured = capsys.readouterr()
    assert "other tools do not know: thresholds: fall from phase to phase" in captured.err
    assert back.read_bytes() == source.read_bytes()
    with pytest.raises(SystemExit) as end:
        main(["convert", str(source), "-o", str(back)])
    assert end.value.code == 2
    assert "is not from .net to .nir or back" in capsys.readouterr().err
