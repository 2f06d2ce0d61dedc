"""Data read part by part: rows, digests, files that are unsound."""

import pickle

import numpy as np
import pytest

from onespike_lava.data.rows import Rows, column
from onespike_lava.errors import DataError


@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
@pytest.mark.parametrize("columns_first", [False, True])
def test_rows_are_those_of_the_array(tmp_path, save, columns_first):
    x = np.random.default_rng(0).normal(size=(50, 3, 4))
    save(tmp_path / "a.npz", x=np.asfortranarray(x) if columns_first else x, y=np.arange(50))
    rows = Rows.of(tmp_path / "a.npz", "x")
    assert (len(rows), rows.shape, rows.dtype) == (50, x.shape, x.dtype)
    assert (rows[7:19] == x[7:19]).all()
    assert (rows[0:50] == x).all()
    part = pickle.loads(pickle.dumps(rows.part(slice(10, 30)).part(slice(5, None))))
    assert len(part) == 15
    assert (part[3:99] == x[18:30]).all()
    assert (column(tmp_path / "a.npz", "y") == np.arange(50)).all()
    assert column(tmp_path / "a.npz", "mask") is None


def test_the_digest_is_that_of_the_content(tmp_path):
    x = np.random.default_rng(0).normal(size=(50, 3, 4))
    np.savez(tmp_path / "a.npz", x=x)
    np.savez_compressed(tmp_path / "b.npz", x=np.asfortranarray(x))
    np.savez(tmp_path / "c.npz", x=x + (np.arange(50) == 30)[:, None, None] * 1e-9)
    a, b, c = (Rows.of(tmp_path / f"{name}.npz").digest() for name in "abc")
    assert a == b != c


def test_another_file_under_the_same_path_is_refused(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((5, 2)))
    rows = Rows.of(tmp_path / "a.npz")
    np.savez(tmp_path / "a.npz", x=np.ones((5, 2)))
    with pytest.raises(DataError, match=r"a\.npz: x is another one than at the start; leave the"):
        rows[0:2]


def test_unsound_files_are_named(tmp_path):
    np.savez(tmp_path / "a.npz", x=np.zeros((5, 2)))
    whole = (tmp_path / "a.npz").read_bytes()
    for content in (b"", whole[:100], whole.replace(b"(5, 2)", b"(9, 2)")):
        (tmp_path / "b.npz").write_bytes(content)
        with pytest.raises(DataError, match=r"b\.npz: .*; save it with numpy\.savez"):
            Rows.of(tmp_path / "b.npz")[0:5]
    with pytest.raises(DataError, match=r"a\.npz: holds x, no array 'y'; save it under that name"):
        Rows.of(tmp_path / "a.npz", "y")
