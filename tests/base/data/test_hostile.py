"""Hostile data files: arrays or one line, and no more memory than they are worth."""

import io
import zipfile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from onespike_lava.data import npy
from onespike_lava.data.rows import Rows
from onespike_lava.data.samples import load_samples
from onespike_lava.errors import DataError
from tests.lines import check_line


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=300), st.integers(0, 400), st.booleans())
def test_changed_data_files_are_arrays_or_an_error(tmp_path_factory, raw, at, packed):
    path = tmp_path_factory.getbasetemp() / "changed.npz"
    buffer = io.BytesIO()
    np.savez(buffer, x=np.zeros((2, 3))) if packed else np.save(buffer, np.zeros((2, 3)))
    content = buffer.getvalue()
    path.write_bytes(content[:at] + raw + content[at + len(raw) :])
    array_or_one_line(lambda: load_samples(path, labels=False).x)
    array_or_one_line(lambda: Rows.of(path)[0:2])


def array_or_one_line(read):
    try:
        assert read().dtype.kind != "O"
    except DataError as error:
        check_line(error)


def test_archives_that_swell_up(tmp_path, monkeypatch):
    monkeypatch.setattr(npy, "UNPACKED", 1000)
    np.savez_compressed(tmp_path / "a.npz", x=np.zeros((1000, 1000)))
    for read in (lambda p: load_samples(p, labels=False), Rows.of):
        with pytest.raises(DataError, match=r"a.npz: x unpacks to 8000128 bytes, more than 100 "):
            read(tmp_path / "a.npz")


@pytest.mark.parametrize("shape", [(2**40, 1), (-1, -6), (2**62, 2**62)])
def test_headers_that_declare_what_is_not_there(tmp_path, shape):
    text = f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    content = b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + bytes(48)
    (tmp_path / "a.npy").write_bytes(content)
    with zipfile.ZipFile(tmp_path / "a.npz", "w") as archive:
        archive.writestr("x.npy", content)
    for name in ("a.npy", "a.npz"):
        with pytest.raises(DataError, match=f"{name}: "):
            load_samples(tmp_path / name, labels=False)
    with pytest.raises(DataError, match=r"a.npz: "):
        Rows.of(tmp_path / "a.npz")
