"""Arrays in `.npy` and `.npz` files: nothing is unpickled, nothing is larger than it is stored.

A header is believed only where the file holds what it declares, and an archive only where it
does not swell up, before memory is asked for.
"""

from __future__ import annotations

import os
import warnings
import zipfile
from dataclasses import dataclass
from math import prod
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from onespike_lava.errors import DataError, OneSpikeError
from onespike_lava.system.files import check_file
from onespike_lava.system.kinds import mistaken

SOUND = "save it with numpy.savez"

SWELLING = 100
"""Most bytes that an archive may unpack for each that it holds, above `UNPACKED`."""

UNPACKED = 2**26
"""Bytes that any array may unpack to."""

MAGIC = b"\x93NUMPY"


class explained:  # noqa: N801  (reads like contextlib's)
    """Turns what reading an unsound file raises into one line."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> None:
        # zipfile, its decompressors and NumPy's parser of headers raise nearly everything
        if kind and issubclass(kind, Exception) and not issubclass(kind, OneSpikeError):
            reason = f"not a sound .npy or .npz file of plain arrays; {SOUND}"
            raise DataError(f"{self.path}: {mistaken(self.path, 'data') or reason}") from None


@dataclass(frozen=True)
class Header:
    """What a stream of an array holds from here on; `by_columns` where the first axis is last."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    by_columns: bool

    @property
    def size(self) -> int:
        """Bytes of the array."""
        return prod(self.shape) * self.dtype.itemsize

    def read(self, stream: IO[bytes]) -> NDArray[Any]:
        """The whole array."""
        array = np.frombuffer(stream.read(self.size), self.dtype)
        return array.reshape(self.shape, order="F" if self.by_columns else "C")


def archive(path: str | os.PathLike[str]) -> zipfile.ZipFile:
    """The archive at `path`; `DataError` where there is no file."""
    check_file(path)
    return zipfile.ZipFile(path)


def member(held: zipfile.ZipFile, path: str | os.PathLike[str], name: str) -> zipfile.ZipInfo:
    """Where an array stands in an archive; `DataError` where it does not, or swells up."""
    if f"{name}.npy" not in held.NameToInfo:
        if reason := mistaken(path, "data"):
            raise DataError(f"{path}: {reason}")
        names = [each.removesuffix(".npy") for each in held.namelist()[:5]]
        raise DataError(
            f"{path}: holds {', '.join(names) or 'nothing'}, no array {name!r}; save it under "
            "that name"
        )
    found = held.getinfo(f"{name}.npy")
    if found.file_size > max(UNPACKED, SWELLING * found.compress_size):
        raise DataError(
            f"{path}: {name} unpacks to {found.file_size} bytes, more than {SWELLING} times the "
            f"{found.compress_size} in the file; {SOUND}, unpacked"
        )
    return found


def header(stream: IO[bytes], path: str | os.PathLike[str], name: str, size: int) -> Header:
    """Shape and type of an array of plain values; leaves the stream where they begin.

    size : of the whole stream, in bytes; `DataError` where the array is not of that size
    """
    version = np.lib.format.read_magic(stream)  # type: ignore[no-untyped-call]
    read = {
        (1, 0): np.lib.format.read_array_header_1_0,
        (2, 0): np.lib.format.read_array_header_2_0,
    }
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of files that Python 2 wrote
        shape, by_columns, dtype = read[version](stream)  # type: ignore[no-untyped-call]
    if dtype.hasobject or not dtype.itemsize or min(shape, default=0) < 0:
        raise ValueError(dtype)
    found = Header(shape, dtype, by_columns and len(shape) > 1)
    if size != stream.tell() + found.size:
        raise DataError(f"{path}: {name} is not of the size it declares; {SOUND}")
    return found
