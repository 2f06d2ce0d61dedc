"""What the command line says where disks are full, paths are odd, or memory is short: one line."""

import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from onespike_lava.cli import main, options
from onespike_lava.errors import DataError
from onespike_lava.netx import to_bytes
from onespike_lava.system import files
from onespike_lava.system.files import write_atomic
from tests import ROOT, permissions
from tests.folders import names
from tests.networks import random_network, random_samples

pytestmark = pytest.mark.skipif(files.fcntl is None, reason="needs POSIX")

linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")


@pytest.fixture(scope="module")
def inputs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("inputs")
    network = random_network(1, phases=8)
    write_atomic(folder / "x.net", to_bytes(network))
    np.save(folder / "x.npy", random_samples(network, 2).astype(np.float32))
    return folder


def onespike(folder, *words, env=None, **options):
    code = f"from onespike_lava.cli import main\nmain({list(words)!r})"
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=folder,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT), **(env or {})},
        check=False,
        **options,
    )


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs /dev/full")
def test_output_on_a_full_disk_is_one_line(inputs):
    with Path("/dev/full").open("w") as full:
        done = onespike(inputs, "inspect", "x.net", stdout=full)
    said = "onespike: output: cannot be written (No space left on device); free some space\n"
    assert (done.returncode, done.stderr) == (2, said)


@linux
@pytest.mark.parametrize("words", [("inspect", "x.net"), ("inspect", "--help")])
def test_output_that_takes_nothing_is_one_line(inputs, words):
    with Path(os.devnull).open() as unwritable:
        done = onespike(inputs, *words, stdout=unwritable)
    said = "onespike: output: cannot be written (Bad file descriptor); give another place\n"
    assert (done.returncode, done.stderr) == (2, said)


def test_memory_that_runs_out_is_one_line(inputs, monkeypatch, capsys):
    def exhausted(*_):
        raise MemoryError("no 3 GiB")

    monkeypatch.setattr("onespike_lava.netx.load", exhausted)
    with pytest.raises(SystemExit) as end:
        main(["inspect", str(inputs / "x.net")])
    said = "onespike: memory: exhausted (no 3 GiB); take a smaller network or fewer samples, or"
    assert end.value.code == 2
    assert capsys.readouterr().err.startswith(said)


@linux
@pytest.mark.parametrize("encoding", ["utf-8:strict", "ascii:strict"])
def test_paths_that_no_encoding_holds_are_shown_with_escapes(inputs, tmp_path, encoding):
    path = os.fsencode(tmp_path) + b"/\xff.npz"
    words = ("run", "x.net", "--input", "x.npy", "--engine", "numpy", "-o", os.fsdecode(path))
    done = onespike(inputs, *words, stdout=subprocess.PIPE, env={"PYTHONIOENCODING": encoding})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path}/\\udcff.npz: 2 samples, 8 layers\n"
    assert Path(os.fsdecode(path)).exists()


def test_text_from_files_tells_a_terminal_nothing(tmp_path, capsys):
    sly, shown = "a\x1b]0;pwn\x07\n\u202eb", r"a\x1b]0;pwn\x07\n\u202eb"
    network = replace(random_network(1, phases=8), provenance=(("source", sly),))
    write_atomic(tmp_path / "x.net", to_bytes(network))
    with pytest.raises(SystemExit):
        main(["inspect", str(tmp_path / "x.net")])
    options.echo(f"another than {sly}")
    out = capsys.readouterr().out
    assert out.count(shown) == 2
    assert all(each.isprintable() or each == "\n" for each in out)


def test_json_without_finite_figures_is_refused():
    with pytest.raises(DataError, match=r"json: holds no infinite figures and no NaN.*; leave"):
        options.print_json({"a": float("inf")})


def test_the_command_line_on_an_odd_path(inputs):
    os.mkfifo(inputs / "pipe.npz")
    words = ("run", "x.net", "--input", "x.npy", "--engine", "numpy", "-o", "pipe.npz")
    done = onespike(inputs, *words, stdout=subprocess.DEVNULL, timeout=60)
    said = "onespike: pipe.npz: cannot be written (is no regular file); give another path\n"
    assert (done.returncode, done.stderr) == (2, said)
    assert names(inputs) == ["pipe.npz", "x.net", "x.npy"]


@linux
@pytest.mark.parametrize(
    ("words", "name"),
    [
        (("inspect", "x.net"), "x.net"),
        (("run", "x.net", "--input", "x.npy", "-o", "y.npz"), "x.net"),
        (("run", "x.net", "--input", "x.npy", "-o", "y.npz"), "x.npy"),
    ],
)
def test_a_file_without_permission_is_one_line(inputs, tmp_path, words, name):
    for file in ("x.net", "x.npy"):
        shutil.copy(inputs / file, tmp_path)
    (tmp_path / name).chmod(0)
    done = onespike(tmp_path, *words, preexec_fn=permissions.obey)
    said = f"onespike: {name}: cannot be read (Permission denied); give another path\n"
    assert (done.returncode, done.stderr) == (2, said)


@linux
def test_a_folder_without_permission_is_one_line(inputs, tmp_path):
    (tmp_path / "old.npz").write_bytes(b"old")
    tmp_path.chmod(0o555)
    for name in ("old.npz", "new.npz"):
        words = ("run", "x.net", "--input", "x.npy", "--engine", "numpy", "-o", tmp_path / name)
        done = onespike(inputs, *map(str, words), preexec_fn=permissions.obey)
        reason = "cannot be written (Permission denied); give another path"
        assert (done.returncode, done.stderr) == (2, f"onespike: {tmp_path / name}: {reason}\n")
    assert names(tmp_path) == ["old.npz"]
    assert (tmp_path / "old.npz").read_bytes() == b"old"
