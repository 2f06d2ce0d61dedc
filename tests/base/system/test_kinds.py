"""Slips at the keyboard: files of another kind, outputs that are inputs, words misspelt."""

import shutil

import numpy as np
import pytest

from onespike_lava import load
from onespike_lava.cli import main
from onespike_lava.data.samples import load_samples
from onespike_lava.errors import DataError, FormatError, OptionError
from onespike_lava.netx import save
from onespike_lava.system.files import keep_inputs
from onespike_lava.system.kinds import KINDS, OWN, WAYS, mistaken
from onespike_lava.system.names import meant
from tests.networks import random_network, random_samples

TRAIN = "a file of torch.save"


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    network = random_network(1, phases=8)
    save(network, "a.net")
    np.savez("x.npz", x=random_samples(network, 4))
    return tmp_path


def said(words, capsys):
    with pytest.raises(SystemExit) as end:
        main([str(word) for word in words])
    out, err = capsys.readouterr()
    assert (end.value.code, out) == (2, "")
    return err.rstrip("\n")


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["exprt"], "onespike: No such command 'exprt'; did you mean export? see onespike --help"),
        (["evalute", "a.net"], "onespike: No such command 'evalute'; did you mean evaluate? see "
         "onespike --help"),
        (["a.net"], "onespike: No such command 'a.net'; see onespike --help"),
        (["evaluate", "b.onnx", "--data", "x.npz"], "onespike: b.onnx: is an ONNX file, a source "
         "network; make a .net file of it with onespike export"),
        (["inspect", "b.pt"], f"onespike: b.pt: is {TRAIN}; onespike export makes a .net file of "
         "the network that it belongs to"),
        (["check", "b.nir"], "onespike: b.nir: is a NIR file; make a .net file of it with onespike "
         "convert"),
        (["inspect", "x.npz"], "onespike: x.npz: is a file of arrays; give the .net file"),
        (["run", "a.net", "--input", "a.net", "-o", "o.npz"], "onespike: a.net: is a converted "
         "network; give samples as an .npz file with x and y"),
        (["export", "a.net", "--calibration", "x.npz", "-o", "b.net"], "onespike: a.net: is a "
         "converted network; give the network that it was made of"),
        (["inspect", "none.onnx"], "onespike: none.onnx: does not exist; give the path of a file"),
    ],
)  # fmt: skip
def test_a_slip_is_told_what_it_is(folder, words, message, capsys):
    for name in ("b.onnx", "b.pt", "b.nir"):
        (folder / name).write_bytes(b"anything")
    assert said(words, capsys) == message


def test_an_ending_is_no_proof(folder):
    shutil.copy("a.net", "b.onnx")
    assert load("b.onnx").layers == load("a.net").layers


def test_a_huge_file_of_another_kind_is_named(folder):
    with (folder / "b.onnx").open("wb") as stream:
        stream.truncate(200_000_000)
    with pytest.raises(FormatError, match=r"^b\.onnx: is an ONNX file"):
        load("b.onnx")


def test_archives_of_another_kind_are_named(folder):
    np.savez("archive.npz", data=np.zeros(3))
    (folder / "archive.npz").rename("b.pt")
    with pytest.raises(DataError) as error:
        load_samples("b.pt", labels=True)
    assert str(error.value) == f"b.pt: is {TRAIN}; give samples as an .npz file with x and y"


def test_every_kind_has_a_way_out_in_every_place():
    for wanted, ways in WAYS.items():
        assert set(ways) <= {"", *KINDS}
        for ending in KINDS:
            found = mistaken(f"a{ending.upper()}", wanted)
            assert (found is None) == (ending in OWN[wanted])
    assert mistaken("a.dat", "net") is None
    assert mistaken("folder.net/a", "net") is None


def test_names_that_were_meant():
    assert meant("phase", ["phases", "base"]) == "; did you mean phases?"
    assert meant("zzz", ["phases", "base"]) == ""


@pytest.mark.parametrize("spelling", ["x.npz", "./x.npz", "absolute", "link", "hard link"])
def test_an_output_that_is_an_input_is_refused_however_it_is_spelt(folder, spelling, capsys):
    path = {"absolute": folder / "x.npz"}.get(spelling, spelling)
    if spelling == "link":
        path = folder / "other.npz"
        path.symlink_to("x.npz")
    elif spelling == "hard link":
        path = folder / "other.npz"
        path.hardlink_to(folder / "x.npz")
    before = (folder / "x.npz").read_bytes()
    found = said(["run", "a.net", "--input", "x.npz", "-o", path], capsys)
    assert found == f"onespike: output: {path} is the input itself; give another path"
    assert (folder / "x.npz").read_bytes() == before


def test_an_output_in_place_of_a_file_of_another_kind_is_refused(folder, capsys):
    before = (folder / "a.net").read_bytes()
    shutil.copy("a.net", "b.net")
    words = ["run", "a.net", "--input", "x.npz", "-o"]
    assert said([*words, "a.net"], capsys) == (
        "onespike: output: a.net is the network itself; give another path"
    )
    assert said([*words, "b.net"], capsys) == (
        "onespike: output: b.net is a converted network, which would be lost; give a path that "
        "ends in .npz"
    )
    assert (folder / "a.net").read_bytes() == (folder / "b.net").read_bytes() == before
    keep_inputs({"output": ("new.net", ".npz")}, {})  # nothing is lost there
    keep_inputs({"output": (None, ".npz"), "plot": ("p.svg", ".svg")}, {"data": None})


def test_the_python_call_keeps_files_of_other_kinds(folder):
    before = (folder / "x.npz").read_bytes()
    with pytest.raises(OptionError) as error:
        save(load("a.net"), "x.npz")
    assert str(error.value) == (
        "path: x.npz is a file of arrays, which would be lost; give a path that ends in .net"
    )
    assert (folder / "x.npz").read_bytes() == before


def test_two_outputs_are_two_files():
    outputs = {"output": ("a.npz", ".npz"), "features": ("./a.npz", ".npz")}
    with pytest.raises(OptionError) as error:
        keep_inputs(outputs, {})
    assert str(error.value) == "features: ./a.npz is the output itself; give another path"
