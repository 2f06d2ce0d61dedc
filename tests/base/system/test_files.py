"""Writing and reading files: full disks, folders that cannot be written, kills, two at once.

`python tests/faults/kill.py` kills whole commands.
"""

import os
import re
import resource
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest

from onespike_lava.errors import DataError, OneSpikeError
from onespike_lava.netx import load, to_bytes
from onespike_lava.system import files
from onespike_lava.system.files import scratch, write_atomic
from tests.folders import names
from tests.networks import random_network

pytestmark = pytest.mark.skipif(files.fcntl is None, reason="needs POSIX")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("folder", "is a folder"),
        ("pipe", "is no regular file"),
        ("socket", "is no regular file"),
        ("dangling", "No such file or directory"),
        ("circle", "Too many levels of symbolic links"),
        ("nowhere/a.net", "No such file or directory"),
        ("old.net/a.net", "Not a directory"),
        ("a" * 260, "File name too long"),
    ],
)
def test_paths_that_take_no_file(tmp_path, name, reason):
    (tmp_path / "old.net").write_bytes(b"old")
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    os.mknod(tmp_path / "socket", stat.S_IFSOCK | 0o600)
    (tmp_path / "dangling").symlink_to("nowhere/a.net")
    (tmp_path / "circle").symlink_to("circle")
    before = names(tmp_path)
    with pytest.raises(DataError) as error:
        write_atomic(tmp_path / name, b"new")
    assert str(error.value) == f"{tmp_path / name}: cannot be written ({reason}); give another path"
    assert names(tmp_path) == before
    assert (tmp_path / "old.net").read_bytes() == b"old"


def test_links_are_followed(tmp_path):
    (tmp_path / "here").mkdir()
    (tmp_path / "old.net").write_bytes(b"old")
    for link, end in {"a": "../old.net", "b": "../fresh.net"}.items():
        (tmp_path / "here" / link).symlink_to(end)
        write_atomic(tmp_path / "here" / link, link.encode())
        assert (tmp_path / "here" / link).is_symlink()
    assert (tmp_path / "old.net").read_bytes() == b"a"
    assert (tmp_path / "fresh.net").read_bytes() == b"b"
    assert names(tmp_path / "here") == ["a", "b"]


def test_what_killed_writers_left_goes_with_the_next(tmp_path):
    left = [".a.net.0123abcd.part", ".a.net.ffffffff.part"]
    kept = [".a.net.swp", ".a.net.0123abcd.part.gz", ".b.net.0123abcd.part", ".axnet.01234567.part"]
    for name in left + kept:
        (tmp_path / name).write_bytes(b"")
    held = os.open(tmp_path / ".a.net.00000000.part", os.O_CREAT | os.O_RDWR)
    files.fcntl.flock(held, files.fcntl.LOCK_EX)
    write_atomic(tmp_path / "a.net", b"new")
    assert names(tmp_path) == sorted(["a.net", ".a.net.00000000.part", *kept])
    os.close(held)
    write_atomic(tmp_path / "a.net", b"new")
    assert names(tmp_path) == sorted(["a.net", *kept])


@pytest.fixture
def temporary(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_scratch_folder_that_a_sweep_took_is_made_anew(temporary, monkeypatch):
    """Before its maker could hold it."""
    made, make = [], tempfile.mkdtemp

    def swept(**options):
        made.append(make(**options))
        if len(made) == 1:
            Path(made[0]).rmdir()
        return made[-1]

    monkeypatch.setattr(tempfile, "mkdtemp", swept)
    with scratch() as folder:
        assert [str(folder)] == made[1:]


def test_scratch_folders_of_killed_runs_go_with_the_next(temporary):
    (temporary / "onespike-results").mkdir()
    (temporary / "onespike-scratch-of-mine").mkdir()
    code = "from onespike_lava.system.files import scratch\nimport os\nwith scratch() as f:\n"
    code += "    (f / 'x').write_bytes(b'1')\n    os.kill(os.getpid(), 9)"
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(names(temporary)) == 3
    with scratch() as one, scratch() as two:
        assert names(temporary) == sorted(
            [one.name, two.name, "onespike-results", "onespike-scratch-of-mine"]
        )
    assert names(temporary) == ["onespike-results", "onespike-scratch-of-mine"]


WRITER = """
import sys
from onespike_lava.system.files import write_atomic
print(flush=True)
while True:
    for letter in b"ab":
        write_atomic(sys.argv[1], bytes([letter]) * 2_000_000)
"""


def test_a_writer_killed_at_any_moment(tmp_path):
    target, found = tmp_path / "a.net", set()
    target.write_bytes(b"a" * 2_000_000)
    for number in range(8):
        words = [sys.executable, "-c", WRITER, str(target)]
        with subprocess.Popen(words, stdout=subprocess.PIPE) as writer:
            writer.stdout.readline()
            time.sleep(0.01 + 0.0037 * number)
            writer.kill()
        found.add(target.read_bytes())
    assert found <= {b"a" * 2_000_000, b"b" * 2_000_000}
    write_atomic(target, b"new")
    assert names(tmp_path) == ["a.net"]


def test_two_writers_at_once(tmp_path):
    target, contents = tmp_path / "a.net", [bytes([65 + n]) * 300_000 for n in range(3)]
    target.write_bytes(contents[0])
    mask = os.umask(0o022)

    def write(content):
        for _ in range(40):
            write_atomic(target, content)

    threads = [threading.Thread(target=write, args=(content,)) for content in contents]
    try:
        for thread in threads:
            thread.start()
        seen = set()
        while any(thread.is_alive() for thread in threads):
            seen.add(target.read_bytes())
        assert seen <= set(contents)
        assert names(tmp_path) == ["a.net"]
        assert target.stat().st_mode & 0o777 == 0o644
        assert os.umask(0o022) == 0o022
    finally:
        os.umask(mask)


def test_a_file_that_changes_while_it_is_read(tmp_path):
    """Replaced it is the one or the other; cut short it may be an error, never a third network."""
    path = tmp_path / "a.net"
    networks = [random_network(seed, phases=8) for seed in (1, 2)]
    contents = [to_bytes(network) for network in networks]
    write_atomic(path, contents[0])
    going = threading.Event()

    def change():
        number = 0
        while not going.is_set():
            number += 1
            write_atomic(path, contents[number % 2])
            if number % 3 == 0:
                path.write_bytes(contents[0][: 997 * number % len(contents[0])])

    def read():
        try:
            return to_bytes(load(path))
        except OneSpikeError:
            return "refused"

    thread = threading.Thread(target=change)
    thread.start()
    try:
        seen = {read() for _ in range(25)}
    finally:
        going.set()
        thread.join()
    assert len(seen) > 1
    assert seen <= {*contents, "refused"}


def test_a_file_size_limit_leaves_the_old_file(tmp_path):
    target = tmp_path / "a.net"
    target.write_bytes(b"old")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(DataError, match=r"a\.net: cannot be written \(File too large\); give"):
            write_atomic(target, b"x" * 200_000)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert target.read_bytes() == b"old"
    assert names(tmp_path) == ["a.net"]


@pytest.fixture
def disk(tmp_path):
    """A file system of 512 KB; calling it makes it read-only."""

    def mount(*words):
        done = subprocess.run(["mount", *words], capture_output=True, check=False)
        return done.returncode == 0

    place = tmp_path / "disk"
    place.mkdir()
    if not mount("-t", "tmpfs", "-o", "size=512k", "tmpfs", str(place)):
        pytest.skip("needs the right to mount")
    try:
        yield place, lambda: mount("-o", "remount,ro", str(place))
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_leaves_the_old_file(disk):
    place, _ = disk
    (place / "a.net").write_bytes(b"old" * 50_000)
    with pytest.raises(DataError, match=r"a\.net: cannot be written \(No space left on device\)"):
        write_atomic(place / "a.net", b"x" * 400_000)
    assert (place / "a.net").read_bytes() == b"old" * 50_000
    assert names(place) == ["a.net"]


def test_a_read_only_folder_leaves_the_old_file(disk):
    place, read_only = disk
    (place / "a.net").write_bytes(b"old")
    assert read_only()
    for name in ("a.net", "b.net"):
        with pytest.raises(DataError, match=r"cannot be written \(Read-only file system\); give"):
            write_atomic(place / name, b"new")
    assert names(place) == ["a.net"]


def test_a_full_temporary_folder_is_named(disk, monkeypatch):
    place, read_only = disk
    monkeypatch.setattr(tempfile, "tempdir", str(place))
    message = rf"^{re.escape(str(place))}: cannot be written \(.*\); free some space, or set TMPDIR"
    with pytest.raises(DataError, match=message), scratch() as folder:
        files.reserve(folder / "x", 2**20)
    assert names(place) == []
    assert read_only()
    with pytest.raises(DataError, match=r"cannot be written \(Read-only file system\)"), scratch():
        pass
