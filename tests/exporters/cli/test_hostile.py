"""Hostile files of each class through the command line.

`python tests/hostile/try_files.py` tries all of them, and measures time and memory.
"""

import sys

import pytest

pytest.importorskip("onnx")

from onespike_lava.cli import main
from tests.hostile import data_files, net_containers, net_files, onnx_files
from tests.hostile.doors import lines
from tests.hostile.doors import prepare as prepare_folder
from tests.hostile.running import judged

SLOW = ("fifty thousand keys", "ten thousand layers", "thousand links in each of five groups")
SLOW += ("one array under ten thousand names", "hundred thousand members", "gigabytes in bzip2")
SLOW += ("gigabytes deflated", "four thousand", "million empty nodes", "doubled")
SUPERUSER = ("no permission",)
"""What root reads all the same: `tests/base/cli/test_faults.py` has it."""
OPENED = (".net", ".npz", ".npy", ".onnx")


def cases():
    makers = (
        net_files.none,
        net_containers.containers,
        data_files.arrays,
        data_files.objects,
        data_files.bombs,
        onnx_files.outside,
        onnx_files.structures,
        onnx_files.constants,
        onnx_files.joins,
    )
    every = (case for make in makers for case in make())
    return [case for case in every if case.name not in SLOW + SUPERUSER and case.suffix in OPENED]


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="pipes and holes of Linux")
@pytest.mark.parametrize("case", cases(), ids=lambda case: f"{case.group}: {case.name}")
def test_a_hostile_file_is_one_line_and_exit_2(case, tmp_path, capsys):
    prepare_folder(tmp_path)
    words = lines(case.write(tmp_path), tmp_path)[0]
    with pytest.raises(SystemExit) as end:
        main(words)
    code, err = int(end.value.code or 0), capsys.readouterr().err
    assert judged(case, code, err, (tmp_path / "trapped").exists()) == "", err


def test_the_judge_sees_faults():
    """What it calls sound is so: else nothing above would fail."""
    case = next(net_files.none())
    assert judged(case, 2, "onespike: a.net: odd; export it again\n", False) == ""
    for code, err, trapped, fault in (
        (0, "", False, "exit 0"),
        (1, "onespike: a.net: odd; again\n", False, "exit 1"),
        (2, "Traceback (most recent call last):\n", False, "a traceback"),
        (2, "onespike: a.net: odd\n", False, "no way out"),
        (2, "onespike: a.net: odd; again\nmore\n", False, "2 lines on stderr"),
        (2, "onespike: \x1b[2J; again\n", False, "1 lines on stderr"),
        (2, "onespike: a.net: odd; again\n", True, "something was unpickled"),
    ):
        assert judged(case, code, err, trapped) == fault
