"""Arrays of a data file, read part by part: files larger than the memory, and many readers."""

from __future__ import annotations

import hashlib
import io
import os
import zipfile
import zlib
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.data import FILE_LIMIT
from onespike_lava.errors import DataError

SOUND = "save it with numpy.savez"
HASHED = 2**20
"""Bytes that are read at a time for a digest."""


@dataclass
class Rows:
    """Rows `start..stop` of an array in a `.npz` file, slice by slice in rising order.

    path, name : of the file, and of the array in it
    shape      : of the rows, the first axis counts them
    check      : CRC-32 of the whole array in the file, so that another process, or machine, can
                 tell that it reads the same
    """

    path: str
    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    check: int
    start: int = 0
    _stream: IO[bytes] | None = field(default=None, repr=False, compare=False)
    _first: int = field(default=0, repr=False, compare=False)

    @classmethod
    def of(cls, path: str | os.PathLike[str], name: str = "x") -> Rows:
        """All rows of a file's array; `DataError` where there is none that can be read so."""
        with _explained(path), _archive(path) as archive:
            member = _member(archive, str(path), name)
            with archive.open(member) as stream:
                shape, dtype, _ = _header(stream, str(path), name)
                start = stream.tell()
            if member.file_size != start + prod(shape) * dtype.itemsize:
                raise DataError(f"{path}: {name} is not of the size it declares; {SOUND}")
        return cls(str(Path(path).absolute()), name, shape, dtype, member.CRC)

    def __len__(self) -> int:
        return self.shape[0]

    def part(self, rows: slice) -> Rows:
        """Some of the rows, to be read on their own."""
        start, stop, _ = rows.indices(len(self))
        shape = (max(0, stop - start), *self.shape[1:])
        return replace(self, shape=shape, start=self.start + start, _stream=None)

    def __getitem__(self, rows: slice) -> NDArray[Any]:
        """The rows of a slice as an array."""
        start, stop, _ = rows.indices(len(self))
        size = prod(self.shape[1:]) * self.dtype.itemsize
        with _explained(self.path):
            stream = self._opened()
            stream.seek(self._first + (self.start + start) * size)
            content = stream.read((stop - start) * size)
        if len(content) != (stop - start) * size:
            raise DataError(f"{self.path}: ends within {self.name}; {SOUND}")
        return np.frombuffer(content, self.dtype).reshape(stop - start, *self.shape[1:])

    def digest(self) -> str:
        """SHA-256 of type, shape and content, however the file compresses them."""
        total = hashlib.sha256(repr((self.dtype.str, self.shape)).encode())
        step = max(1, HASHED // max(1, prod(self.shape[1:]) * self.dtype.itemsize))
        for start in range(0, len(self), step):
            total.update(self[start : start + step].tobytes())
        return total.hexdigest()

    def _opened(self) -> IO[bytes]:
        if self._stream is None:
            archive = _archive(self.path)
            member = _member(archive, self.path, self.name)
            if self.check != member.CRC:
                raise DataError(
                    f"{self.path}: {self.name} is another one than at the start; leave the file "
                    "alone, and give all processes and machines the same"
                )
            stream = archive.open(member)
            shape, dtype, by_columns = _header(stream, self.path, self.name)
            self._stream, self._first = stream, stream.tell()
            if by_columns:  # no part of it lies together
                columns = np.frombuffer(stream.read(), dtype).reshape(shape, order="F")
                self._stream, self._first = io.BytesIO(columns.tobytes()), 0
        return self._stream

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs: it opens the file itself."""
        return self.__dict__ | {"_stream": None}


class _explained:  # noqa: N801  (reads like contextlib's)
    """Turns what reading an unsound file raises into one line."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        broken = (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error)
        if kind is not None and issubclass(kind, (*broken, OSError, NotImplementedError)):
            raise DataError(
                f"{self.path}: not a sound .npy or .npz file of plain arrays; {SOUND}"
            ) from None


def _archive(path: str | os.PathLike[str]) -> zipfile.ZipFile:
    if not Path(path).is_file():
        state = "is a folder" if Path(path).is_dir() else "does not exist"
        raise DataError(f"{path}: {state}; give the path of a file")
    return zipfile.ZipFile(path)


def _member(archive: zipfile.ZipFile, path: str, name: str) -> zipfile.ZipInfo:
    held = archive.namelist()
    if f"{name}.npy" not in held:
        names = ", ".join(each.removesuffix(".npy") for each in held) or "nothing"
        raise DataError(f"{path}: holds {names}, no array {name!r}; save it under that name")
    return archive.getinfo(f"{name}.npy")


def _header(stream: IO[bytes], path: str, name: str) -> tuple[tuple[int, ...], np.dtype[Any], bool]:
    """Shape and type of an array of plain numbers, and whether its columns come first.

    Leaves the stream where the numbers begin.
    """
    version = np.lib.format.read_magic(stream)  # type: ignore[no-untyped-call]
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    shape, by_columns, dtype = read[version](stream)  # type: ignore[no-untyped-call]
    if dtype.hasobject:
        raise ValueError("objects")
    if not shape:
        raise DataError(f"{path}: {name} is a single value; {SOUND} as an array")
    return shape, dtype, by_columns and len(shape) > 1


def column(path: str | os.PathLike[str], name: str) -> NDArray[Any] | None:
    """A small array of a file, whole; None where the file holds none of that name."""
    with _explained(path), _archive(path) as archive:
        if f"{name}.npy" not in archive.namelist():
            return None
    rows = Rows.of(path, name)
    if prod(rows.shape) * rows.dtype.itemsize > FILE_LIMIT:
        raise DataError(f"{path}: {name} exceeds the limit of {FILE_LIMIT} bytes; use fewer")
    return rows[:]
