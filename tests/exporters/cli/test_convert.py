"""`onespike convert`."""

import json

import pytest

pytest.importorskip("nir", reason="nir is not installed")

import nir

from onespike_lava import load
from tests import DIGITS
from tests.exporters.nir.foreign.graphs import drawn
from tests.exporters.nir.stepping import DT, sayable_network

GIVEN = ("--steps", 7, "--dt", DT, "--reset", "zero", "--if-r", "second")


def test_command_line(tmp_path, onespike):
    source, there, back = DIGITS / "digits.net", tmp_path / "net.nir", tmp_path / "net.net"
    code, _, err = onespike("convert", source, "-o", there)
    assert code == 0
    assert "other tools do not know: thresholds: fall from phase to phase" in err
    assert onespike("convert", there, "-o", back)[0] == 0
    assert back.read_bytes() == source.read_bytes()
    code, _, err = onespike("convert", source, "-o", back)
    assert code == 2
    assert "is not from .net to .nir or back" in err


def test_a_network_that_steps_is_written_with_its_step(tmp_path, onespike):
    source, there, back = (tmp_path / name for name in ("a.net", "b.nir", "c.net"))
    from onespike_lava.netx import save

    save(sayable_network(3), source)
    code, _, err = onespike("convert", source, "-o", there, "--dt", "0.001", "--if-r", "step")
    assert code == 0
    assert "dt: 0.001 seconds a step, r of an integrator is its gain in a step" in err
    assert onespike("convert", there, "-o", back)[0] == 0
    assert back.read_bytes() == source.read_bytes()
    code, _, err = onespike("convert", source, "-o", there, "--reset", "zero", "--spikes", "one")
    assert code == 2
    assert "reset, spikes: serves NIR files alone that are read; leave out" in err
    code, _, err = onespike(
        "convert", source, "-o", tmp_path / "d.net", "--to", "onespike", "--dt", 1
    )
    assert code == 2
    assert "dt: serves NIR files alone" in err


def test_files_of_other_tools(tmp_path, onespike):
    source, there = tmp_path / "other.nir", tmp_path / "net.net"
    nir.write(source, drawn(3))
    code, _, err = onespike("convert", source, "-o", there)
    assert code == 2
    assert "give --steps T, --dt SECONDS, --if-r second|step, --reset zero|subtract" in err
    code, out, err = onespike("convert", source, "-o", there, *GIVEN)
    assert code == 0
    assert "assumed: reset: to v_reset\n" in err
    assert out == f"{there}: the network of {source}\n"
    assert dict(load(there).provenance)["nir_steps"] == "a sample has 7"
    code, out, _ = onespike("convert", source, "-o", there, *GIVEN, "--take", "sum", "--json")
    assert code == 0
    assert "scores: sum of the potentials of all steps" in json.loads(out)["assumed"]
    for words, text in (
        (("--spikes", "3"), "v_reset is not 0, which has no meaning"),
        (("--spikes", "few"), "spikes: 'few' is not one, many or 2..255"),
        (("--dt", "nan"), "dt: nan is no length of a step"),
    ):
        code, _, err = onespike("convert", source, "-o", there, *GIVEN, *words)
        assert code == 2
        assert text in err
