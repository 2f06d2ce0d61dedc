"""Exports and searches on disks that are full, and two exports to one path."""

import subprocess
import tempfile
import threading

import pytest

import exporters
from exporters.tuning.store import POINTS, Store
from onespike_lava.errors import DataError
from onespike_lava.netx import to_bytes
from tests.sources import cnn, images


@pytest.fixture
def disk(tmp_path):
    """A file system of 256 KB."""
    place = tmp_path / "disk"
    place.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(place)]
    if subprocess.run(words, capture_output=True, check=False).returncode:
        pytest.skip("needs the right to mount")
    try:
        yield place
    finally:
        subprocess.run(["umount", str(place)], check=True)


def test_a_correction_on_a_full_disk_is_an_error(disk, monkeypatch):
    """Memory in files ends with a line, not with a signal."""
    monkeypatch.setattr(tempfile, "tempdir", str(disk))
    with pytest.raises(DataError, match=r"cannot be written .*; free some space, or set TMPDIR"):
        exporters.convert(cnn(), images(500), correct="weights")
    assert list(disk.iterdir()) == []


def test_tune_on_a_full_disk_loses_nothing(disk):
    with Store(disk, {"model": "m"}) as store:

        def fill():
            while True:
                store.add(f"k{len(store.known)}", {"value": "x" * 3000})

        with pytest.raises(DataError, match=r"cannot be written .*nothing finished is lost"):
            fill()
        known = dict(store.known)
    assert not (disk / POINTS).read_bytes().endswith(b"\n")
    with Store(disk, {"model": "m"}) as store:
        assert store.known == known
    assert len(known) > 50


def test_two_exports_to_one_path(tmp_path):
    path, graph, x, networks = tmp_path / "a.net", cnn(), images(20), {}

    def export(phases):
        for _ in range(2):
            networks[phases] = exporters.export(graph, x, path, phases=phases, correct="none")

    threads = [threading.Thread(target=export, args=(phases,)) for phases in (4, 6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert path.read_bytes() in {to_bytes(network) for network in networks.values()}
    assert list(tmp_path.iterdir()) == [path]
