"""Words completed by a real bash, with the script that `onespike completion bash` prints."""

import os
import re
import resource
import shutil
import subprocess
import sys

import pytest

from onespike_lava.cli import commands, main
from tests import permissions

BASH = shutil.which("bash")
ASK = """
eval "$(onespike completion bash)"
complete -p onespike || exit
compopt() {{ echo "by the shell: $2"; }}
COMP_WORDS=({words}) COMP_CWORD={place}
_onespike_completion onespike
printf '%s\\n' "${{COMPREPLY[@]}}"
"""
HEAVY = ("numpy", "h5py", "torch", "onnx", "lava")
SECONDS = 0.3
"""Of the processor, for a word."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("completion")
    for name in (
        "a.net",
        "b.onnx",
        "c.npz",
        "d.npy",
        "e.txt",
        ".f.net",
        "nets/g.net",
        "odd/h i.net",
    ):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).touch()
    command = folder / "bin" / "onespike"
    command.parent.mkdir()
    command.write_text(
        f"#!/bin/sh\nexec {sys.executable} -c 'from onespike_lava.cli import main; main()' \"$@\"\n"
    )
    command.chmod(0o755)
    return folder


@pytest.fixture
def complete(folder):
    """What bash offers at the end of a line, in which the last word is begun."""

    def offered(*words):
        script = ASK.format(words=" ".join(map(repr, words)), place=len(words) - 1)
        done = subprocess.run(
            [BASH, "--norc", "-c", script],
            cwd=folder, env={"PATH": f"{folder / 'bin'}:/usr/bin:/bin"},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stderr == ""
        first, *found = done.stdout.splitlines()
        assert first == "complete -o nosort -F _onespike_completion onespike"
        return [each for each in found if each]

    return offered


@pytest.mark.skipif(BASH is None, reason="no bash here")
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        (("",), list(commands())),
        (("ev",), ["evaluate"]),
        (("evaluate", "a.net", "--en"), ["--engine"]),
        (("evaluate", "a.net", "--engine", "nu"), ["numpy", "numba"]),
        (("export", "b.onnx", "--weighting", ""), ["graded", "membrane"]),
        (("evaluate", ""), ["bin/", "nets/", "odd/", "a.net"]),
        (("evaluate", "./a"), ["./a.net"]),
        (("evaluate", "."), [".f.net"]),
        (("evaluate", "nets/"), ["nets/g.net"]),
        (("evaluate", "ne"), ["by the shell: dirnames"]),
        (("evaluate", "odd/"), ["by the shell: default"]),
        (("evaluate", "none/"), []),
        (("evaluate", "a.net", "--data", ""), ["bin/", "nets/", "odd/", "c.npz", "d.npy"]),
        (("export", "b"), ["bin/", "b.onnx"]),
        (("completion", ""), ["bash", "zsh", "fish"]),
    ],
)
def test_bash_completes(complete, words, wanted):
    assert complete("onespike", *words) == wanted


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux")
@pytest.mark.parametrize("options", ["inspect ", "tune -o "])
@pytest.mark.parametrize("word", ["~nosuchuser/", "closed/", os.fsdecode(b"\xff"), "none/a"])
def test_what_cannot_be_looked_into_is_no_traceback(tmp_path, word, options):
    (tmp_path / "closed").mkdir()
    (tmp_path / "closed" / "a.net").touch()
    (tmp_path / "closed").chmod(0o444)
    line = f"onespike {options}{word}"
    asked = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
    done = subprocess.run(
        [sys.executable, "-c", "from onespike_lava.cli import main; main([])"],
        cwd=tmp_path,
        env={**os.environ, **asked, "_ONESPIKE_COMPLETE": "bash_complete"},
        stderr=subprocess.PIPE,
        preexec_fn=permissions.obey,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_scripts_name_the_command(shell, capsys):
    with pytest.raises(SystemExit) as end:
        main(["completion", shell])
    text = capsys.readouterr().out
    assert end.value.code == 0
    assert f"_ONESPIKE_COMPLETE={shell}_complete" in text
    assert re.search(r"\bonespike\b", text)


@pytest.mark.parametrize("name", commands())
def test_completing_loads_no_arrays(name):
    code = (
        "import os, sys; os.environ |= {'_ONESPIKE_COMPLETE': 'bash_complete', 'COMP_CWORD': '2', "
        f"'COMP_WORDS': 'onespike {name} --'}}\n"
        "from onespike_lava.cli import main\n"
        "try: main([])\n"
        "except SystemExit: pass\n"
        f"print([each for each in {HEAVY!r} if each in sys.modules])"
    )
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    assert after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime < SECONDS
    assert "plain,--help" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
