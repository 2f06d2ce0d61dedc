"""Arrays of a data file, read part by part: files larger than the memory, and many readers."""

from __future__ import annotations

import hashlib
import io
import os
from dataclasses import dataclass, field, replace
from math import prod
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.data.npy import SOUND, archive, explained, header, member
from onespike_lava.data.samples import FILE_LIMIT
from onespike_lava.errors import DataError

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
        with explained(path), archive(path) as held:
            found = member(held, path, name)
            with held.open(found) as stream:
                head = header(stream, path, name, found.file_size)
            if not head.shape:
                raise DataError(f"{path}: {name} is a single value; {SOUND} as an array")
        return cls(str(Path(path).absolute()), name, head.shape, head.dtype, found.CRC)

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
        with explained(self.path):
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
            held = archive(self.path)
            found = member(held, self.path, self.name)
            if self.check != found.CRC:
                raise DataError(
                    f"{self.path}: {self.name} is another one than at the start; leave the file "
                    "alone, and give all processes and machines the same"
                )
            stream = held.open(found)
            head = header(stream, self.path, self.name, found.file_size)
            self._stream, self._first = stream, stream.tell()
            if head.by_columns:  # no part of it lies together
                self._stream, self._first = io.BytesIO(head.read(stream).tobytes()), 0
        return self._stream

    def __getstate__(self) -> dict[str, Any]:
        """What another process needs: it opens the file itself."""
        return self.__dict__ | {"_stream": None}


def column(path: str | os.PathLike[str], name: str) -> NDArray[Any] | None:
    """A small array of a file, whole; None where the file holds none of that name."""
    with explained(path), archive(path) as held:
        if f"{name}.npy" not in held.NameToInfo:
            return None
    rows = Rows.of(path, name)
    if prod(rows.shape) * rows.dtype.itemsize > FILE_LIMIT:
        raise DataError(f"{path}: {name} exceeds the limit of {FILE_LIMIT} bytes; use fewer")
    return rows[:]
